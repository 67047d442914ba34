//! `/admin/apps/{id}/console` and `/admin/apps/{id}/events`: watching a connected app, and publishing to it by hand.

use super::{backend_api::refuse_trigger, manage::app_id};
use crate::{
    domain::access::Action,
    http::{
        error::ApiResult,
        input::{
            credentials::{SignedIn, require},
            json_body::JsonBody,
        },
        resources::accounts::sign_in::origin_of,
    },
    services::{Context, apps::console},
    wire::trigger::Trigger,
};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{json, value::RawValue};

/// An event an admin publishes.
#[derive(Debug, Deserialize)]
pub struct NewEvent {
    channels: Vec<String>,
    name: String,
    /// Text as it is; other JSON as its text.
    data: Option<Box<RawValue>>,
}

/// `POST /admin/apps/{id}/console`: lines come on the channel for a minute; a repeat keeps them coming.
pub async fn watch(context: web::Data<Context>, request: HttpRequest, SignedIn(user): SignedIn, id: web::Path<String>) -> ApiResult {
    let origin = origin_of(&request, &context.config);
    Ok(HttpResponse::Ok().json(console::watch(&context, &user, &app_id(&id), &origin).await?))
}

/// `POST /admin/apps/{id}/events`
pub async fn send_event(
    context: web::Data<Context>,
    request: HttpRequest,
    SignedIn(user): SignedIn,
    id: web::Path<String>,
    payload: web::Payload,
) -> ApiResult {
    require(&user, Action::ManageApps)?;
    let NewEvent { channels, name, data } = JsonBody::receive(&request, payload.into_inner()).await?.value;
    let app = console::find_enabled(&context, &user, &app_id(&id))?;
    let limit = app.rules.limits.payload_bytes as usize;
    let event = Trigger::read(name, &channels, data.as_deref(), limit).map_err(refuse_trigger)?;
    console::send_event(&context, &user, &app, &event, &origin_of(&request, &context.config)).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}
