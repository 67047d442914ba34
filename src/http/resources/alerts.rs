//! `/alerts`: warnings about students, for counsellors and admins.

use crate::{
    domain::{ids::AlertId, text::FieldError},
    http::{
        error::{ApiError, ApiResult},
        input::{
            credentials::{SignedIn, actor_of},
            page::PageQuery,
        },
    },
    services::{
        Context, ServiceResult,
        alerts::{self, AlertQuery, AlertScope},
    },
};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

/// The query of a list.
#[derive(Debug, Deserialize)]
pub struct ListQuery {
    state: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

impl ListQuery {
    fn read(self) -> ServiceResult<AlertQuery> {
        let page = PageQuery { after: self.after, limit: self.limit };
        let scope = match self.state.as_deref() {
            None | Some("" | "open") => AlertScope::Open,
            Some("acknowledged") => AlertScope::Acknowledged,
            Some("all") => AlertScope::All,
            Some(_) => return Err(FieldError::new("state", "unknown_value", "open, acknowledged or all").into()),
        };
        Ok(AlertQuery { scope, after: page.after()?, limit: page.limit()? })
    }
}

fn parse_id(text: &str) -> ApiResult<AlertId> {
    AlertId::parse(text).map_err(|_| ApiError::not_found())
}

/// `GET /alerts`: newest first, with the number of open ones.
pub async fn list(request: HttpRequest, context: web::Data<Context>, SignedIn(user): SignedIn, query: web::Query<ListQuery>) -> ApiResult {
    let actor = actor_of(&user, &request, &context.config);
    let query = query.into_inner().read()?;
    Ok(HttpResponse::Ok().json(alerts::list_alerts(&context, actor, query).await?))
}

/// `POST /alerts/{id}/acknowledge`: the warning as it is now; it names who was first.
pub async fn acknowledge(request: HttpRequest, context: web::Data<Context>, SignedIn(user): SignedIn, id: web::Path<String>) -> ApiResult {
    let actor = actor_of(&user, &request, &context.config);
    Ok(HttpResponse::Ok().json(alerts::acknowledge_alert(&context, actor, parse_id(&id)?).await?))
}

/// `POST /alerts/{id}/chat`: the conversation of this counsellor with the student; acknowledges too.
pub async fn chat(request: HttpRequest, context: web::Data<Context>, SignedIn(user): SignedIn, id: web::Path<String>) -> ApiResult {
    let actor = actor_of(&user, &request, &context.config);
    let conversation = alerts::open_chat(&context, actor, parse_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(json!({ "conversation_id": conversation })))
}
