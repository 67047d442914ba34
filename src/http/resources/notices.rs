//! Owns the routes of `/notices`: list, read one, read all.

use crate::{
    domain::{ids::NoticeId, text::FieldError},
    http::{
        error::ApiResult,
        input::{language::language_of, page::PageQuery},
    },
    services::{
        Context, ServiceResult,
        notices::{self, NoticeQuery},
        shared::requester::Requester,
    },
};
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;

/// The query of a list.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct NoticeListQuery {
    /// Default: all.
    #[schemars(extend("enum" = ["unread", "all"]))]
    state: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

impl NoticeListQuery {
    fn read(self, request: &HttpRequest) -> ServiceResult<NoticeQuery> {
        let page = self.page;
        let unread_only = match self.state.as_deref() {
            None | Some("all") => false,
            Some("unread") => true,
            Some(_) => return Err(FieldError::new("state", "unknown_value", "unread or all").into()),
        };
        Ok(NoticeQuery { unread_only, after: page.after()?, limit: page.limit()?, language: language_of(request) })
    }
}

/// `GET /notices`: newest first, with the unread count.
pub async fn list(
    request: HttpRequest,
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    query: web::Query<NoticeListQuery>,
) -> ApiResult {
    let query = query.into_inner().read(&request)?;
    Ok(HttpResponse::Ok().json(notices::list_notices(&context, &user, query).await?))
}

/// `POST /notices/{id}/read`: the new unread count.
pub async fn read(context: web::Data<Context>, Requester { principal: user, .. }: Requester, id: web::Path<NoticeId>) -> ApiResult {
    Ok(HttpResponse::Ok().json(notices::read_notice(&context, &user, *id).await?))
}

/// `POST /notices/read-all`: the new unread count.
pub async fn read_all(context: web::Data<Context>, Requester { principal: user, .. }: Requester) -> ApiResult {
    Ok(HttpResponse::Ok().json(notices::read_all_notices(&context, &user).await?))
}
