//! Owns the answer to an upgrade that opens no socket. Called by both transports and, without an
//! upgrade, by the route of `/app/{key}`. Must not differ from other answers.
//!
//! - The raw transport writes this answer to the stream itself, outside of the application. It
//!   still has a problem body, an id, the headers of every answer, and a measurement.

use crate::http::{
    error::ApiError,
    middleware::{
        request_trace::answer_beside,
        security_headers::{ContentPolicy, insert_headers},
    },
};
use actix_http::ws::HandshakeError;
use actix_web::{HttpResponse, body::MessageBody as _, http::Method};
use std::io::Write as _;

/// The route label under which refusals are measured.
const ROUTE: &str = "/app/{key}";

/// Returns the error of a handshake that is malformed.
#[must_use]
pub fn handshake_error(error: &HandshakeError) -> ApiError {
    match error {
        HandshakeError::GetMethodRequired => ApiError::MethodNotAllowed("GET".to_owned()),
        HandshakeError::BadWebsocketKey => ApiError::request("request.malformed", "the handshake has no key"),
        _ => upgrade_required(),
    }
}

/// Returns the error of a request to a socket's address that is no upgrade to WebSocket version
/// 13.
#[must_use]
pub fn upgrade_required() -> ApiError {
    ApiError::request("request.upgrade_required", "this address is a WebSocket, version 13")
}

/// Returns the whole answer as bytes for the stream; the connection closes after it.
#[must_use]
pub fn refusal(method: &Method, error: ApiError, policy: &ContentPolicy) -> Vec<u8> {
    let mut response = answer_beside(method, ROUTE, || HttpResponse::from_error(error));
    insert_headers(response.headers_mut(), Some(policy));
    let status = response.status();
    let (response, body) = response.into_parts();
    let body = body.try_into_bytes().unwrap_or_default();
    let mut text = Vec::with_capacity(1024 + body.len());
    // Writing to memory does not fail.
    let _ = write!(text, "HTTP/1.1 {} {}\r\n", status.as_u16(), status.canonical_reason().unwrap_or("Error"));
    for (name, value) in response.headers() {
        let _ = write!(text, "{name}: ");
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    let _ = write!(text, "content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    if method != Method::HEAD {
        text.extend_from_slice(&body);
    }
    text
}
