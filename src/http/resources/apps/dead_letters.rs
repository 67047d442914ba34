//! Owns the routes of `/admin/apps/{id}/webhooks` and `/admin/apps/{id}/dead-letters`: the state of
//! an app's webhooks, and the ones that could not be delivered.

use crate::{
    domain::{
        access::Action,
        ids::{AppId, WebhookEventId},
    },
    http::{
        error::{ApiError, ApiResult, FieldProblem},
        input::{
            credentials::require,
            json_body::JsonBody,
            page::{Page, PageQuery},
        },
    },
    services::{
        Context,
        apps::dead_letters::{self, DeadLetterItem},
        shared::requester::Requester,
    },
};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

/// Most letters named in one request.
const MOST_IDS: usize = 1000;

/// Which letters to send again.
#[derive(Debug, Deserialize)]
pub struct Replay {
    /// Left out: all.
    ids: Option<Vec<WebhookEventId>>,
}

/// `GET /admin/apps/{id}/webhooks`
pub async fn list_webhooks(context: web::Data<Context>, Requester { principal: user, .. }: Requester, id: web::Path<AppId>) -> ApiResult {
    let items = dead_letters::list_webhooks(&context, &user, &id).await?;
    Ok(HttpResponse::Ok().json(json!({ "items": items, "next": null })))
}

/// `GET /admin/apps/{id}/dead-letters`
pub async fn list(
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    id: web::Path<AppId>,
    page: web::Query<PageQuery>,
) -> ApiResult {
    let limit = page.limit()?;
    let found = dead_letters::list(&context, &user, &id, page.after()?, limit + 1).await?;
    Ok(HttpResponse::Ok().json(Page::new(found, limit, |letter: &DeadLetterItem| letter.id().to_string(), |letter| letter)))
}

/// `POST /admin/apps/{id}/dead-letters/replay`
pub async fn replay(
    context: web::Data<Context>,
    request: HttpRequest,
    requester: Requester,
    id: web::Path<AppId>,
    payload: web::Payload,
) -> ApiResult {
    require(&requester.principal, Action::ManageApps)?;
    let body: JsonBody<Replay> = JsonBody::receive(&request, payload.into_inner()).await?;
    let ids = body.value.ids.as_deref();
    if ids.is_some_and(|ids| ids.len() > MOST_IDS) {
        let message = format!("at most {MOST_IDS} ids");
        return Err(ApiError::Fields(vec![FieldProblem { field: "ids".to_owned(), code: "too_long", message }]));
    }
    let replayed = dead_letters::replay(&context, &requester, &id, ids).await?;
    Ok(HttpResponse::Ok().json(json!({ "replayed": replayed })))
}
