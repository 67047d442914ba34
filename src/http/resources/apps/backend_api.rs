//! Owns the HTTP API of Pusher, for backends of connected apps: `/apps/{app_id}/…`
//! (docs/pusher-protocol.md, section 2.8). Called by the route table. Must not read a body before
//! the signature of its request holds.
//!
//! - Bodies of answers equal what the vendors' SDKs expect, byte for byte where they compare them.

use crate::{
    domain::{ids::AppId, live::channel::ChannelName},
    http::{
        error::{ApiError, ApiResult},
        input::json_body::{declared_length, read_body},
    },
    services::{
        Context,
        apps::{
            backend_api::{self, ChannelCounts, CountsByChannel},
            table::App,
        },
    },
    wire::{
        api_signature::{Claims, NotSigned, SignedRequest},
        trigger::{Attributes, Trigger, TriggerError, parse_batch, parse_event},
    },
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Bytes, Data, Path, Payload, Query},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// Largest body, in bytes: ten events of the largest data, with every character escaped.
const LARGEST_BODY_BYTES: usize = 8 * 1024 * 1024;
/// Longest id of a user, in characters: the SDKs' own limit.
const LONGEST_USER_ID: usize = 200;

/// The answer to what tells nothing: exactly `{}`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Nothing {}

/// What a published event is answered with.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Published {
    /// What was asked about its channels, by name; left out when nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CountsByChannel")]
    channels: Option<CountsByChannel>,
}

/// What a published batch is answered with.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct PublishedBatch {
    /// What was asked about the channel of each event; left out when nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<ChannelCounts>")]
    batch: Option<Vec<ChannelCounts>>,
}

/// What is asked about channels.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ChannelListQuery {
    /// Only channels whose names begin so.
    #[serde(default)]
    filter_by_prefix: String,
    /// `subscription_count`; `user_count` with a prefix that begins with `presence-`.
    #[serde(default)]
    info: String,
}

/// What is asked about one channel.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ChannelQuery {
    /// `subscription_count`, `user_count` (presence), `cache` (cache channels).
    #[serde(default)]
    info: String,
}

/// A request whose signature was verified.
struct Signed {
    app: Arc<App>,
    body: Bytes,
}

impl Signed {
    /// Receives a request of the app with this id, or of the app of its key. The signature is
    /// verified before the body is read, so that strangers cannot make the server hold megabytes.
    /// Fails with 401 for every reason alike, with 403 when the app is disabled, and with 413 and
    /// 408.
    async fn receive(context: &Context, request: &HttpRequest, app_id: Option<&AppId>, payload: Payload) -> Result<Self, ApiError> {
        let query = request.query_string();
        let claims = Claims::read(query, context.clock.now_ms() / 1000).map_err(refuse)?;
        let app = backend_api::find_app(context, app_id, &claims).map_err(refuse)?;
        let signed = SignedRequest { method: request.method().as_str(), path: request.uri().path(), query };
        claims.verify(&app.secret, signed).map_err(refuse)?;
        let body = read_body(payload.into_inner(), declared_length(request), LARGEST_BODY_BYTES).await?;
        claims.verify_body(&body).map_err(refuse)?;
        if !app.is_enabled {
            return Err(ApiError::request("apps.disabled", "this app is disabled"));
        }
        Ok(Self { app, body })
    }

    fn payload_limit(&self) -> usize {
        self.app.rules.limits.payload_bytes as usize
    }
}

fn refuse(reason: NotSigned) -> ApiError {
    ApiError::request("apps.not_signed", reason.to_string())
}

fn malformed(detail: impl Into<String>) -> ApiError {
    ApiError::request("request.malformed", detail)
}

/// Returns the error of an event that cannot be published.
pub(super) fn refuse_trigger(error: TriggerError) -> ApiError {
    match error {
        TriggerError::Malformed(detail) => malformed(detail),
        TriggerError::TooLarge { .. } => ApiError::request("request.too_large", error.to_string()),
    }
}

/// Answers with JSON that must not be cached.
fn answer(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}

fn answer_or_refuse(told: Result<impl Serialize, &'static str>) -> ApiResult {
    told.map(|body| answer(&body)).map_err(malformed)
}

/// Reads the attributes requested about channels. Called after the signature check, so that a
/// stranger learns nothing from its mistakes.
fn query_of<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, ApiError> {
    Query::from_query(request.query_string()).map(Query::into_inner).map_err(|_| malformed("the query does not read"))
}

fn channel_of(name: &str) -> Result<ChannelName, ApiError> {
    ChannelName::parse(name).map_err(|invalid| malformed(invalid.to_string()))
}

fn attributes_of(text: &str) -> Result<Attributes, ApiError> {
    Attributes::parse(text).map_err(malformed)
}

/// `POST /apps/{app_id}/events`
pub async fn post_event(context: Data<Context>, request: HttpRequest, app_id: Path<AppId>, payload: Payload) -> ApiResult {
    let signed = Signed::receive(&context, &request, Some(&app_id), payload).await?;
    let trigger = parse_event(&signed.body, signed.payload_limit()).map_err(refuse_trigger)?;
    let told = backend_api::trigger(&context, &signed.app, std::slice::from_ref(&trigger)).await?;
    Ok(answer(&Published { channels: told.into_iter().next().filter(|_| !trigger.info.is_empty()) }))
}

/// `POST /apps/{app_id}/batch_events`
pub async fn post_batch(context: Data<Context>, request: HttpRequest, app_id: Path<AppId>, payload: Payload) -> ApiResult {
    let signed = Signed::receive(&context, &request, Some(&app_id), payload).await?;
    let triggers = parse_batch(&signed.body, signed.payload_limit()).map_err(refuse_trigger)?;
    if triggers.is_empty() {
        return Ok(answer(&Nothing {}));
    }
    let told = backend_api::trigger(&context, &signed.app, &triggers).await?;
    let is_asked = triggers.iter().any(|trigger| !trigger.info.is_empty());
    let batch = is_asked.then(|| triggers.iter().zip(told).map(|(trigger, channels)| only_channel(trigger, channels)).collect());
    Ok(answer(&PublishedBatch { batch }))
}

/// Returns the attributes of the one channel of a batch event.
fn only_channel(trigger: &Trigger, mut channels: CountsByChannel) -> ChannelCounts {
    trigger.channels.first().and_then(|channel| channels.remove(channel.as_str())).unwrap_or_default()
}

/// `GET /apps/{app_id}/channels`
pub async fn list_channels(context: Data<Context>, request: HttpRequest, app_id: Path<AppId>, payload: Payload) -> ApiResult {
    let signed = Signed::receive(&context, &request, Some(&app_id), payload).await?;
    let query: ChannelListQuery = query_of(&request)?;
    let info = attributes_of(&query.info)?;
    answer_or_refuse(backend_api::list_channels(&context, &signed.app, &query.filter_by_prefix, info).await?)
}

/// `GET /apps/{app_id}/channels/{channel}`
pub async fn read_channel(context: Data<Context>, request: HttpRequest, path: Path<(AppId, String)>, payload: Payload) -> ApiResult {
    let (app_id, channel) = path.into_inner();
    let signed = Signed::receive(&context, &request, Some(&app_id), payload).await?;
    let query: ChannelQuery = query_of(&request)?;
    let (channel, info) = (channel_of(&channel)?, attributes_of(&query.info)?);
    answer_or_refuse(backend_api::read_channel(&context, &signed.app, channel, info).await?)
}

/// `GET /apps/{app_id}/channels/{channel}/users`
pub async fn list_users(context: Data<Context>, request: HttpRequest, path: Path<(AppId, String)>, payload: Payload) -> ApiResult {
    let (app_id, channel) = path.into_inner();
    let signed = Signed::receive(&context, &request, Some(&app_id), payload).await?;
    answer_or_refuse(backend_api::list_users(&context, &signed.app, channel_of(&channel)?).await?)
}

/// `POST /apps/{app_id}/users/{user_id}/terminate_connections`
pub async fn end_user(context: Data<Context>, request: HttpRequest, path: Path<(AppId, String)>, payload: Payload) -> ApiResult {
    let (app_id, user_id) = path.into_inner();
    end_sockets(&context, &request, Some(&app_id), &user_id, payload).await
}

/// `POST /users/{user_id}/terminate_connections`: the form that Python's SDK 3.3.4 sends; the key
/// names the app.
pub async fn end_user_by_key(context: Data<Context>, request: HttpRequest, user_id: Path<String>, payload: Payload) -> ApiResult {
    end_sockets(&context, &request, None, &user_id, payload).await
}

async fn end_sockets(context: &Context, request: &HttpRequest, app_id: Option<&AppId>, user_id: &str, payload: Payload) -> ApiResult {
    let signed = Signed::receive(context, request, app_id, payload).await?;
    if user_id.is_empty() || user_id.chars().count() > LONGEST_USER_ID || user_id.chars().any(char::is_control) {
        return Err(malformed("the user id has 1 to 200 characters"));
    }
    backend_api::end_user(context, &signed.app, user_id).await?;
    Ok(answer(&Nothing {}))
}
