//! Owns the routes of `/canned-replies`: prepared answers of a counsellor and of the school.

use crate::{
    domain::{
        ids::CannedReplyId,
        shape::{Text, given},
    },
    http::{
        error::ApiResult,
        input::{idempotency::idempotent, json_body::JsonBody, page::Items},
    },
    services::{
        Context,
        conversations::{self, CannedScope, NewCannedReply},
        shared::requester::Requester,
    },
};
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;

/// The body of a new prepared answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct AddBody {
    /// Of `a-z 0-9 -`.
    #[schemars(length(min = 1, max = 32))]
    shortcut: String,
    /// What it says.
    #[schemars(length(min = 1, max = 2_000))]
    body: String,
    /// `school`: everybody's, written by counsellors and admins. `own`: a counsellor's.
    scope: CannedScope,
}

/// The body of a change.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct CannedReplyEditBody {
    /// Of `a-z 0-9 -`.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Text", length(min = 1, max = 32))]
    shortcut: Option<String>,
    /// What it says.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Text", length(min = 1, max = 2_000))]
    body: Option<String>,
}

/// `GET /canned-replies`: the school's and the counsellor's own, by shortcut.
pub async fn list(context: web::Data<Context>, Requester { principal: user, .. }: Requester) -> ApiResult {
    let items = conversations::list_canned_replies(&context, &user).await?;
    Ok(HttpResponse::Ok().json(Items { items }))
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
