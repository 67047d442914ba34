//! Owns the routes of `/help`, for everybody, and of its hotlines, for admins.

use crate::{
    domain::{access::Action, risk::hotline::HotlineForm},
    http::{
        error::ApiResult,
        input::{credentials::require, json_body::JsonBody, language::language_of, page::Items},
    },
    services::{Context, help, shared::requester::Requester},
};
use actix_web::{HttpRequest, HttpResponse, http::header, web};
use schemars::JsonSchema;
use serde::Deserialize;

/// Short enough that a corrected number reaches everybody within minutes; a browser shows its
/// stored card while it is offline.
const KEPT_FOR: &str = "public, max-age=300, stale-if-error=86400";

/// The body of `PUT /admin/hotlines`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct HotlinesBody {
    /// The whole list.
    items: Vec<HotlineForm>,
}

/// `GET /help`: the help card. Needs no login.
pub async fn read_card(request: HttpRequest, context: web::Data<Context>) -> ApiResult {
    let card = help::card(&context, language_of(&request)).await;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, KEPT_FOR)).insert_header((header::VARY, "Accept-Language")).json(card))
}

/// `GET /admin/hotlines`: the hotlines in both languages.
pub async fn list_hotlines(context: web::Data<Context>, Requester { principal: user, .. }: Requester) -> ApiResult {
    Ok(HttpResponse::Ok().json(Items { items: help::list_hotlines(&context, &user).await? }))
}

/// `PUT /admin/hotlines`: replaces the whole list.
pub async fn put_hotlines(request: HttpRequest, context: web::Data<Context>, requester: Requester, payload: web::Payload) -> ApiResult {
    require(&requester.principal, Action::ManageHotlines)?;
    let body: HotlinesBody = JsonBody::receive(&request, payload.into_inner()).await?.value;
    Ok(HttpResponse::Ok().json(Items { items: help::put_hotlines(&context, &requester, &body.items).await? }))
}
