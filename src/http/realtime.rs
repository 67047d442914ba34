//! Where the web UI learns what to listen to, and the signing endpoints of Pusher clients.

use super::{
    error::{ApiError, ApiResult},
    session::SignedIn,
};
use crate::services::{Context, ServiceError, apps::Apps, realtime};
use actix_web::{HttpRequest, HttpResponse, http::header, web};
use serde_json::Value;
use std::collections::BTreeMap;

/// Most channels signed in one request.
const MAX_CHANNELS: usize = 100;

/// `GET /api/v1/realtime`
pub async fn describe(SignedIn(principal): SignedIn, context: web::Data<Context>, apps: web::Data<Apps>) -> ApiResult {
    Ok(HttpResponse::Ok().json(realtime::describe(&context, apps.built_in(), &principal).await?))
}

/// `POST /broadcasting/auth` and `/pusher/auth`: form or JSON. With `channel_name[]` (or a JSON list) the answer is a map, and a channel that is
/// refused is `null` in it.
pub async fn authorise_channels(
    SignedIn(principal): SignedIn,
    request: HttpRequest,
    body: web::Bytes,
    context: web::Data<Context>,
    apps: web::Data<Apps>,
) -> ApiResult {
    let fields = AuthFields::read(&request, &body)?;
    let sign = async |channel: &str| realtime::authorise_channel(&context, apps.built_in(), &principal, &fields.socket_id, channel).await;
    if !fields.is_batch {
        let channel = fields.channels.first().ok_or_else(malformed)?;
        return Ok(HttpResponse::Ok().json(sign(channel).await?));
    }
    if fields.channels.len() > MAX_CHANNELS {
        return Err(malformed());
    }
    let mut proofs = BTreeMap::new();
    for channel in &fields.channels {
        proofs.insert(channel.as_str(), sign(channel).await.ok());
    }
    Ok(HttpResponse::Ok().json(proofs))
}

/// `POST /broadcasting/user-auth`
pub async fn authorise_user(SignedIn(principal): SignedIn, request: HttpRequest, body: web::Bytes, apps: web::Data<Apps>) -> ApiResult {
    let fields = AuthFields::read(&request, &body)?;
    Ok(HttpResponse::Ok().json(realtime::authorise_user(apps.built_in(), &principal, &fields.socket_id)?))
}

/// `GET /app/{key}` without an upgrade.
pub async fn upgrade_required() -> ApiResult {
    Ok(HttpResponse::UpgradeRequired().insert_header((header::UPGRADE, "websocket")).finish())
}

/// What Pusher clients post, as a form or as JSON.
#[derive(Debug, Default, PartialEq, Eq)]
struct AuthFields {
    socket_id: String,
    channels: Vec<String>,
    is_batch: bool,
}

impl AuthFields {
    fn read(request: &HttpRequest, body: &[u8]) -> Result<Self, ApiError> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let fields = if content_type.starts_with("application/json") { Self::from_json(body) } else { Self::from_form(body) };
        fields.filter(|fields| !fields.socket_id.is_empty()).ok_or_else(malformed)
    }

    fn from_json(body: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(body).ok()?;
        let socket_id = value.get("socket_id")?.as_str()?.to_owned();
        let (channels, is_batch) = match value.get("channel_name") {
            Some(Value::String(channel)) => (vec![channel.clone()], false),
            Some(Value::Array(list)) => (list.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>()?, true),
            Some(_) => return None,
            None => (Vec::new(), false),
        };
        Some(Self { socket_id, channels, is_batch })
    }

    fn from_form(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok()?;
        let pairs = web::Query::<Vec<(String, String)>>::from_query(text).ok()?.into_inner();
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
        Some(fields)
    }
}

fn malformed() -> ApiError {
    ServiceError::invalid("validation").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_json_read_alike() {
        let one = AuthFields { socket_id: "1.2".into(), channels: vec!["private-a".into()], is_batch: false };
        assert_eq!(AuthFields::from_form(b"socket_id=1.2&channel_name=private-a&extra=1"), Some(one));
        let json = br#"{"socket_id":"1.2","channel_name":"private-a"}"#;
        assert_eq!(AuthFields::from_json(json).unwrap().channels, ["private-a"]);
        let many = AuthFields::from_form(b"socket_id=1.2&channel_name%5B0%5D=a&channel_name[]=b").unwrap();
        assert_eq!((many.channels, many.is_batch), (vec!["a".to_owned(), "b".to_owned()], true));
        assert!(AuthFields::from_json(br#"{"socket_id":1}"#).is_none());
    }
}
