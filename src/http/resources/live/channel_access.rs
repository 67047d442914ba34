//! Owns the description of a user's channels for the web UI, and the signing endpoints of Pusher
//! clients. Called by the route table. Must not answer a failed look-up as a refusal.

use crate::{
    domain::ids::SocketId,
    http::{
        error::{ApiError, ApiResult, FieldProblem},
        input::json_body::{declared_length, read_body},
        sockets::refusal,
    },
    services::{Context, ServiceError, live::channel_access, shared::requester::Requester},
};
use actix_web::{HttpRequest, HttpResponse, http::header, web};
use schemars::JsonSchema;
use serde_json::Value;
use std::collections::BTreeMap;

/// Most channels signed in one request.
const MAX_CHANNELS: usize = 100;
/// Largest body, in bytes: the most channels, with the longest names and every character
/// form-escaped.
const LARGEST_AUTH_BYTES: usize = 128 * 1024;

/// `GET /api/v1/realtime`
pub async fn describe(Requester { principal, .. }: Requester, context: web::Data<Context>) -> ApiResult {
    Ok(HttpResponse::Ok().json(channel_access::describe(&context, context.apps.built_in(), &principal).await?))
}

/// `POST /broadcasting/auth` and `/pusher/auth`: form or JSON. With `channel_name[]` (or a JSON
/// list) the answer is a map in which a refused channel is `null`.
pub async fn authorise_channels(
    Requester { principal, .. }: Requester,
    request: HttpRequest,
    payload: web::Payload,
    context: web::Data<Context>,
) -> ApiResult {
    let fields = AuthFields::receive(&request, payload).await?;
    let sign = async |channel: &str| {
        channel_access::authorise_channel(&context, context.apps.built_in(), &principal, &fields.socket_id, channel).await
    };
    if !fields.is_batch {
        let channel = fields.channels.first().ok_or_else(|| wrong("channel_name", "required", "this field is required"))?;
        return Ok(HttpResponse::Ok().json(sign(channel).await?));
    }
    if fields.channels.len() > MAX_CHANNELS {
        return Err(wrong("channel_name", "too_long", "at most 100 channels"));
    }
    let mut proofs = BTreeMap::new();
    for channel in &fields.channels {
        let proof = match sign(channel).await {
            Ok(proof) => Some(proof),
            Err(ServiceError::Denied) => None,
            // This is no refusal: after one, the client would stay away from a channel that is its
            // own.
            Err(error) => return Err(error.into()),
        };
        proofs.insert(channel.as_str(), proof);
    }
    Ok(HttpResponse::Ok().json(proofs))
}

/// `POST /broadcasting/user-auth`
pub async fn authorise_user(
    Requester { principal, .. }: Requester,
    request: HttpRequest,
    payload: web::Payload,
    context: web::Data<Context>,
) -> ApiResult {
    let fields = AuthFields::receive(&request, payload).await?;
    Ok(HttpResponse::Ok().json(channel_access::authorise_user(context.apps.built_in(), &principal, &fields.socket_id)?))
}

/// `GET /app/{key}` without an upgrade.
pub async fn upgrade_required() -> ApiResult {
    Err(refusal::upgrade_required())
}

/// The fields with which Pusher clients ask for the proof of one channel.
#[derive(Debug, JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "`AuthFields` reads forms, JSON and lists; here is the shape of one channel")]
pub struct ChannelAuthBody {
    /// The socket, as `pusher:connection_established` named it.
    socket_id: String,
    /// The channel it wants to join.
    channel_name: String,
}

/// The fields with which Pusher clients ask for the proof of a user.
#[derive(Debug, JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "`AuthFields` reads forms and JSON; here is the shape")]
pub struct UserAuthBody {
    /// The socket, as `pusher:connection_established` named it.
    socket_id: String,
}

/// The fields that Pusher clients post, as a form or as JSON.
#[derive(Debug, Default, PartialEq, Eq)]
struct AuthFields {
    /// A socket id, once received.
    socket_id: String,
    channels: Vec<String>,
    is_batch: bool,
}

impl AuthFields {
    /// Reads the body within the limits of every small body, then its fields. Errors: 413, 408, 400
    /// `request.malformed`, 422 with the field.
    async fn receive(request: &HttpRequest, payload: web::Payload) -> Result<Self, ApiError> {
        let body = read_body(payload.into_inner(), declared_length(request), LARGEST_AUTH_BYTES).await?;
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let fields = if content_type.starts_with("application/json") { Self::from_json(&body) } else { Self::from_form(&body) }?;
        if fields.socket_id.is_empty() {
            return Err(wrong("socket_id", "required", "this field is required"));
        }
        if SocketId::parse(&fields.socket_id).is_none() {
            return Err(wrong("socket_id", "type", "this is not the id of a socket"));
        }
        Ok(fields)
    }

    fn from_json(body: &[u8]) -> Result<Self, ApiError> {
        let value: Value = serde_json::from_slice(body).map_err(|_| malformed())?;
        let text = |value: &Value, field| value.as_str().map(str::to_owned).ok_or_else(|| wrong(field, "type", "this must be text"));
        let socket_id = value.get("socket_id").map_or_else(|| Ok(String::new()), |id| text(id, "socket_id"))?;
        let (channels, is_batch) = match value.get("channel_name") {
            Some(Value::Array(list)) => (list.iter().map(|item| text(item, "channel_name")).collect::<Result<_, _>>()?, true),
            Some(channel) => (vec![text(channel, "channel_name")?], false),
            None => (Vec::new(), false),
        };
        Ok(Self { socket_id, channels, is_batch })
    }

    fn from_form(body: &[u8]) -> Result<Self, ApiError> {
        let text = std::str::from_utf8(body).map_err(|_| malformed())?;
        let pairs = web::Query::<Vec<(String, String)>>::from_query(text).map_err(|_| malformed())?.into_inner();
        let mut fields = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "socket_id" => fields.socket_id = value,
                "channel_name" => fields.channels.push(value),
                _ if name.starts_with("channel_name[") => {
                    fields.channels.push(value);
                    fields.is_batch = true;
                }
                _ => {}
            }
        }
        Ok(fields)
    }
}

fn malformed() -> ApiError {
    ApiError::request("request.malformed", "the body is neither a form nor JSON")
}

fn wrong(field: &str, code: &'static str, message: &str) -> ApiError {
    ApiError::Fields(vec![FieldProblem { field: field.to_owned(), code, message: message.to_owned() }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_json_read_alike() {
        let one = AuthFields { socket_id: "1.2".into(), channels: vec!["private-a".into()], is_batch: false };
        assert_eq!(AuthFields::from_form(b"socket_id=1.2&channel_name=private-a&extra=1").unwrap(), one);
        let json = br#"{"socket_id":"1.2","channel_name":"private-a"}"#;
        assert_eq!(AuthFields::from_json(json).unwrap().channels, ["private-a"]);
        let many = AuthFields::from_form(b"socket_id=1.2&channel_name%5B0%5D=a&channel_name[]=b").unwrap();
        assert_eq!(many.channels, ["a", "b"]);
        assert!(many.is_batch);
        assert_eq!(AuthFields::from_json(br#"{"socket_id":1}"#).unwrap_err().code(), "validation");
        assert_eq!(AuthFields::from_json(b"{").unwrap_err().code(), "request.malformed");
    }
}
