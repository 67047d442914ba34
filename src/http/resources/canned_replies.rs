//! Owns the routes of `/canned-replies`: prepared answers of a counsellor and of the school.

use crate::{
    domain::ids::CannedReplyId,
    http::{
        error::ApiResult,
        input::{idempotency::idempotent, json_body::JsonBody},
    },
    services::{
        Context,
        conversations::{self, CannedScope, NewCannedReply},
        shared::requester::Requester,
    },
};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

/// The body of a new prepared answer.
#[derive(Debug, Deserialize)]
pub struct AddBody {
    shortcut: String,
    body: String,
    scope: CannedScope,
}

/// The body of a change.
#[derive(Debug, Deserialize)]
pub struct CannedReplyEditBody {
    shortcut: Option<String>,
    body: Option<String>,
}

/// `GET /canned-replies`: the school's and the counsellor's own, by shortcut.
pub async fn list(context: web::Data<Context>, Requester { principal: user, .. }: Requester) -> ApiResult {
    let items = conversations::list_canned_replies(&context, &user).await?;
    Ok(HttpResponse::Ok().json(json!({ "items": items })))
}

/// `POST /canned-replies`: 201 with the answer.
pub async fn add(
    request: HttpRequest,
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    body: JsonBody<AddBody>,
) -> ApiResult {
    let AddBody { shortcut, body: text, scope } = body.value;
    let new = NewCannedReply { shortcut, body: text, scope };
    let add = || async { Ok(HttpResponse::Created().json(conversations::add_canned_reply(&context, &user, &new).await?)) };
    idempotent(&context, &user, &request, &body.bytes, add).await
}

/// `PATCH /canned-replies/{id}`: changes the given fields.
pub async fn edit(
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    id: web::Path<CannedReplyId>,
    body: JsonBody<CannedReplyEditBody>,
) -> ApiResult {
    let CannedReplyEditBody { shortcut, body } = body.value;
    let reply = conversations::change_canned_reply(&context, &user, *id, shortcut.as_deref(), body.as_deref()).await?;
    Ok(HttpResponse::Ok().json(reply))
}

/// `DELETE /canned-replies/{id}`: 204.
pub async fn delete(context: web::Data<Context>, Requester { principal: user, .. }: Requester, id: web::Path<CannedReplyId>) -> ApiResult {
    conversations::delete_canned_reply(&context, &user, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
