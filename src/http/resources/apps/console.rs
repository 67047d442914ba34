//! Owns the routes of `/admin/apps/{id}/console` and `/admin/apps/{id}/events`: an admin watches a
//! connected app, and publishes an event to it by hand.

use super::backend_api::{Nothing, refuse_trigger};
use crate::{
    domain::{access::Action, ids::AppId, shape::Anything},
    http::{
        error::ApiResult,
        input::{credentials::require, json_body::JsonBody},
    },
    services::{Context, apps::console, shared::requester::Requester},
    wire::trigger::{MAX_EVENT_NAME, Trigger},
};
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::RawValue;

/// An event an admin publishes.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct NewEvent {
    /// 1 to 100.
    channels: Vec<String>,
    /// Its name.
    #[schemars(length(min = 1, max = MAX_EVENT_NAME))]
    name: String,
    /// Text as it is; other JSON as its text.
    #[schemars(with = "Anything")]
    data: Option<Box<RawValue>>,
}

/// `POST /admin/apps/{id}/console`: starts to publish lines on the channel for a minute; a repeat
/// prolongs it.
pub async fn watch(context: web::Data<Context>, requester: Requester, id: web::Path<AppId>) -> ApiResult {
    Ok(HttpResponse::Ok().json(console::watch(&context, &requester, &id).await?))
}

/// `POST /admin/apps/{id}/events`
pub async fn send_event(
    context: web::Data<Context>,
    request: HttpRequest,
    requester: Requester,
    id: web::Path<AppId>,
    payload: web::Payload,
) -> ApiResult {
    require(&requester.principal, Action::ManageApps)?;
    let NewEvent { channels, name, data } = JsonBody::receive(&request, payload.into_inner()).await?.value;
    let app = console::find_enabled(&context, &requester.principal, &id)?;
    let limit = app.rules.limits.payload_bytes as usize;
    let event = Trigger::read(name, &channels, data.as_deref(), limit).map_err(refuse_trigger)?;
    console::send_event(&context, &requester, &app, &event).await?;
    Ok(HttpResponse::Ok().json(Nothing {}))
}
