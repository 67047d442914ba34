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
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most letters named in one request.
const MOST_IDS: usize = 1000;

/// Which letters to send again.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Replay {
    /// Left out: all.
    #[serde(default)]
    #[schemars(with = "Vec<WebhookEventId>")]
    ids: Option<Vec<WebhookEventId>>,
}

/// The answer to who sent letters again.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Replayed {
    /// How many are back in their queues.
    replayed: u64,
}

/// `GET /admin/apps/{id}/webhooks`
pub async fn list_webhooks(context: web::Data<Context>, Requester { principal: user, .. }: Requester, id: web::Path<AppId>) -> ApiResult {
    Ok(HttpResponse::Ok().json(Page::only(dead_letters::list_webhooks(&context, &user, &id).await?)))
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
    Ok(HttpResponse::Ok().json(Replayed { replayed }))
}
