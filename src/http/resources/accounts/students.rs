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
use serde::Deserialize;

/// The query of a list.
#[derive(Debug, Deserialize)]
pub struct StudentListQuery {
    query: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

/// `GET /students`: students whose name or login contains all the words.
pub async fn list(
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    query: web::Query<StudentListQuery>,
) -> ApiResult {
    let StudentListQuery { query, after, limit } = query.into_inner();
    let page = PageQuery { after, limit };
    let limit = page.limit()?;
    let found = list_students(&context, &user, query.as_deref(), page.after()?, limit.saturating_add(1)).await?;
    Ok(HttpResponse::Ok().json(Page::new(found, limit, |last: &StudentItem| last.id.clone(), |student| student)))
}
