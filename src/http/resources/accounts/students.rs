//! Owns the route of `/students`: counsellors look up students to talk or meet with.

use crate::{
    http::{
        error::ApiResult,
        input::page::{Page, PageQuery},
    },
    services::{
        Context,
        accounts::students::{StudentItem, list_students},
        shared::requester::Requester,
    },
};
use actix_web::{HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;

/// The query of a list.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct StudentListQuery {
    /// Words that name or login contain, in any case.
    #[schemars(length(min = 0, max = 120))]
    query: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

/// `GET /students`: students whose name or login contains all the words.
pub async fn list(
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    query: web::Query<StudentListQuery>,
) -> ApiResult {
    let StudentListQuery { query, page } = query.into_inner();
    let limit = page.limit()?;
    let found = list_students(&context, &user, query.as_deref(), page.after()?, limit.saturating_add(1)).await?;
    Ok(HttpResponse::Ok().json(Page::new(found, limit, |last: &StudentItem| last.id.clone(), |student| student)))
}
