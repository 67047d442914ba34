//! Owns the answers to failures: [`ApiError`], the only `ResponseError`, and the table of error
//! codes. Called by every handler, extractor and middleware that refuses a request. Must not show a
//! client the cause of a failure.
//!
//! - Every answer is problem+json (RFC 9457).
//! - [`super::middleware::request_trace`] logs each of the server's own failures once.

use super::middleware::request_id;
use crate::{
    domain::text::FieldError,
    services::{ServiceError, appointments::SlotItem},
};
use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;

/// The stable codes of [`FieldProblem`].
const FIELD_CODES: [&str; 9] =
    ["required", "too_short", "too_long", "control_character", "unknown_value", "type", "overlapping", "unavailable", "login_taken"];

/// What is wrong with one field, as the client reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldProblem {
    /// Name or path of the field.
    pub field: String,
    /// Stable name of what is wrong.
    #[schemars(extend("enum" = FIELD_CODES))]
    pub code: &'static str,
    /// One English sentence.
    pub message: String,
}

impl From<&FieldError> for FieldProblem {
    fn from(error: &FieldError) -> Self {
        Self { field: error.field.to_owned(), code: error.code, message: error.message.clone() }
    }
}

/// The reason why a request fails.
#[derive(Debug)]
pub enum ApiError {
    /// A use case refused or failed.
    Service(ServiceError),
    /// The request cannot be read: a stable code (a 4xx of [`CODES`]) and a sentence without user
    /// data.
    Request {
        /// `request.malformed`, `request.too_large`, …
        code: &'static str,
        /// One English sentence.
        detail: String,
    },
    /// Fields of the wrong type, found while reading the body (422 `validation`).
    Fields(Vec<FieldProblem>),
    /// The path exists, the method does not; carries the methods that do (`GET, POST`).
    MethodNotAllowed(String),
}

/// Result of a handler.
pub type ApiResult<T = HttpResponse> = Result<T, ApiError>;

impl ApiError {
    /// Makes the error of a request that cannot be read.
    pub fn request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Request { code, detail: detail.into() }
    }

    /// Makes the answer to an unknown path or id.
    #[must_use]
    pub const fn not_found() -> Self {
        Self::Service(ServiceError::NotFound)
    }

    /// Returns the stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Service(error) => service_code(error),
            Self::Request { code, .. } => code,
            Self::Fields(_) => "validation",
            Self::MethodNotAllowed(_) => "method_not_allowed",
        }
    }

    /// Returns the server's own failure, for the log; `None` when the client is at fault.
    #[must_use]
    pub const fn failure(&self) -> Option<&ServiceError> {
        match self {
            Self::Service(error @ ServiceError::Broken(_)) => Some(error),
            _ => None,
        }
    }

    /// Returns one English sentence that says what is wrong, without user data.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Request { detail, .. } => detail.clone(),
            _ => spec_of(self.code()).detail.to_owned(),
        }
    }

    fn fields(&self) -> Vec<FieldProblem> {
        match self {
            Self::Service(ServiceError::Invalid { errors, .. }) => errors.iter().map(FieldProblem::from).collect(),
            Self::Fields(fields) => fields.clone(),
            _ => Vec::new(),
        }
    }

    fn facts(&self) -> Option<&Map<String, Value>> {
        match self {
            Self::Service(ServiceError::ConflictWith { facts, .. }) => Some(facts),
            _ => None,
        }
    }

    /// Returns whole seconds after which a retry makes sense.
    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Service(ServiceError::TooMany { retry_after_ms, .. }) => Some(retry_after_ms.div_ceil(1000).max(1)),
            _ if self.code() == "unavailable" => Some(2),
            _ => None,
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl std::error::Error for ApiError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Service(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl From<FieldError> for ApiError {
    fn from(error: FieldError) -> Self {
        Self::Service(error.into())
    }
}

/// RFC 9457: the body of every error answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct Problem<'a> {
    /// Always `about:blank`: `code` says more.
    r#type: &'static str,
    /// The reason phrase of the status.
    title: &'a str,
    /// The HTTP status.
    #[schemars(with = "i32")]
    status: u16,
    /// Stable; see the table of codes.
    code: &'static str,
    /// One English sentence.
    detail: String,
    /// With `validation`: what is wrong, per field.
    errors: Vec<FieldProblem>,
    /// As in `X-Request-Id`.
    request_id: String,
    #[serde(flatten)]
    #[schemars(with = "Option<ConflictFacts>")]
    facts: Option<&'a Map<String, Value>>,
}

/// What the answer to a conflict tells besides: `facts` of [`ServiceError::ConflictWith`].
#[derive(Debug, JsonSchema)]
#[expect(dead_code, reason = "use cases make the facts; here is their shape")]
struct ConflictFacts {
    /// With `appointments.slot_taken`: at most 3, free for both.
    alternatives: Vec<SlotItem>,
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(spec_of(self.code()).status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let problem = Problem {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("error"),
            status: status.as_u16(),
            code: self.code(),
            detail: self.detail(),
            errors: self.fields(),
            request_id: request_id::current(),
            facts: self.facts(),
        };
        let mut response = HttpResponse::build(status);
        if let Some(seconds) = self.retry_after_s() {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Self::MethodNotAllowed(allowed) = self {
            response.insert_header((header::ALLOW, allowed.as_str()));
        }
        if status == StatusCode::UPGRADE_REQUIRED {
            response.insert_header((header::UPGRADE, "websocket")).insert_header((header::SEC_WEBSOCKET_VERSION, "13"));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        let body = serde_json::to_string(&problem).unwrap_or_default();
        response.content_type("application/problem+json").body(body)
    }
}

fn service_code(error: &ServiceError) -> &'static str {
    match error {
        ServiceError::Invalid { code, .. }
        | ServiceError::Unauthenticated { code }
        | ServiceError::Conflict { code }
        | ServiceError::ConflictWith { code, .. }
        | ServiceError::TooMany { code, .. } => code,
        ServiceError::Denied => "access.denied",
        ServiceError::NotFound => "not_found",
        ServiceError::Broken(_) if error.is_outage() => "unavailable",
        ServiceError::Broken(_) => "internal",
    }
}

/// An error code of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeSpec {
    /// Stable name.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// One English sentence; what users see is translated by the web UI from the code.
    pub detail: &'static str,
}

const fn spec(code: &'static str, status: u16, detail: &'static str) -> CodeSpec {
    CodeSpec { code, status, detail }
}

/// The table of codes, ordered by status. A new code needs a line here; the OpenAPI document lists
/// the table.
pub const CODES: &[CodeSpec] = &[
    spec("request.malformed", 400, "the request does not read"),
    spec("auth.required", 401, "sign in first"),
    spec("auth.invalid_credentials", 401, "login or password is wrong"),
    spec("apps.not_signed", 401, "the request is not signed by this app"),
    spec("auth.cross_site", 403, "changes are taken from this site's own pages only"),
    spec("access.denied", 403, "this role may not do this"),
    spec("apps.disabled", 403, "this app is disabled"),
    spec("not_found", 404, "there is nothing here, or nothing for you"),
    spec("method_not_allowed", 405, "this path does not answer this method"),
    spec("request.timeout", 408, "the body came too slowly"),
    spec("users.login_taken", 409, "this login name is in use"),
    spec("conflict", 409, "the request does not fit the present state; load it again"),
    spec("appointments.slot_taken", 409, "this time is taken; see alternatives"),
    spec("appointments.too_many", 409, "this student has as many appointments ahead as the school allows"),
    spec("appointments.illegal_transition", 409, "this cannot be done with the appointment as it stands"),
    spec("appointments.video_closed", 409, "the video room is open only around a confirmed appointment"),
    spec("conversations.closed", 409, "the conversation is closed; open it again first"),
    spec("conversations.illegal_transition", 409, "the conversation cannot go there from where it stands"),
    spec("messages.client_id_reused", 409, "this client id belongs to another message of yours"),
    spec("companion.busy", 409, "an answer of this thread is still growing"),
    spec("companion.client_id_reused", 409, "this client id belongs to another question of yours"),
    spec("messages.too_late", 409, "messages can be edited for 15 minutes"),
    spec("request.too_large", 413, "the body is too large"),
    spec("materials.file_too_large", 413, "the file is larger than 10 MiB"),
    spec("request.media_type", 415, "the body is not of the kind this path takes"),
    spec("materials.file_type", 415, "the file is of a kind that is not taken here"),
    spec("validation", 422, "some fields are not acceptable; see errors"),
    spec("materials.file_encrypted", 422, "the PDF is encrypted"),
    spec("materials.file_unsafe", 422, "the file carries scripts, launch actions, embedded files or appended data"),
    spec("materials.file_unreadable", 422, "the file does not read, or its picture is too large to show"),
    spec("idempotency.key_reused", 422, "this idempotency key was used with another request"),
    spec("request.upgrade_required", 426, "this address is a WebSocket"),
    spec("rate_limited", 429, "too many requests; wait before trying again"),
    spec("auth.too_many_attempts", 429, "too many failed attempts; wait before trying again"),
    spec("companion.daily_limit", 429, "no more answers today; help is never limited"),
    spec("internal", 500, "something went wrong on our side"),
    spec("unavailable", 503, "a part of the service is not reachable; try again soon"),
];

/// Finds a code in the table. A code that is missing there is answered with 422 in production and
/// fails every test that meets it.
fn spec_of(code: &'static str) -> CodeSpec {
    let found = CODES.iter().find(|spec| spec.code == code).copied();
    debug_assert!(found.is_some(), "error code {code} is not in the table of http/error.rs");
    found.unwrap_or_else(|| spec(code, 422, "the request was refused"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backends::BackendError;
    use actix_web::body::to_bytes;

    async fn problem(error: ApiError) -> (u16, Option<String>, serde_json::Value) {
        let response = error.error_response();
        let status = response.status().as_u16();
        assert_eq!(response.headers().get(header::CONTENT_TYPE).unwrap(), "application/problem+json");
        let retry = response.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned());
        let body = to_bytes(response.into_body()).await.unwrap();
        (status, retry, serde_json::from_slice(&body).unwrap())
    }

    #[actix_web::test]
    async fn field_errors_are_listed() {
        let errors = vec![FieldError::new("title", "required", "this field is required")];
        let (status, _, body) = problem(ServiceError::validation(errors).into()).await;
        assert_eq!(status, 422);
        assert_eq!(body["code"], "validation");
        assert_eq!(body["status"], 422);
        assert_eq!(body["errors"], serde_json::json!([{"field":"title","code":"required","message":"this field is required"}]));
        for key in ["type", "title", "detail", "request_id"] {
            assert!(body[key].is_string(), "{key}");
        }
    }

    #[actix_web::test]
    async fn facts_of_a_conflict_stand_beside_its_members() {
        let facts = serde_json::json!({ "alternatives": [1] }).as_object().unwrap().clone();
        let (status, _, body) = problem(ServiceError::ConflictWith { code: "appointments.slot_taken", facts }.into()).await;
        assert_eq!(status, 409);
        assert_eq!(body["code"], "appointments.slot_taken");
        assert_eq!(body["alternatives"], serde_json::json!([1]));
        let (status, _, body) = problem(ServiceError::Conflict { code: "appointments.illegal_transition" }.into()).await;
        assert_eq!(status, 409);
        assert_eq!(body.as_object().unwrap().len(), 7);
    }

    #[actix_web::test]
    async fn waits_are_told_in_whole_seconds() {
        let error = ServiceError::TooMany { code: "auth.too_many_attempts", retry_after_ms: 1_001 };
        let (status, retry, _) = problem(error.into()).await;
        assert_eq!(status, 429);
        assert_eq!(retry.as_deref(), Some("2"));
    }

    #[actix_web::test]
    async fn causes_never_reach_the_client() {
        let cause = ServiceError::Broken(BackendError::Files("secret path /srv/x".into()));
        let (status, _, body) = problem(cause.into()).await;
        assert_eq!(status, 500);
        assert!(!body.to_string().contains("secret"));
        let lost = ServiceError::Broken(BackendError::Database(sqlx::Error::PoolTimedOut));
        let (status, retry, body) = problem(lost.into()).await;
        assert_eq!(status, 503);
        assert_eq!(retry.as_deref(), Some("2"));
        assert_eq!(body["code"], "unavailable");
    }

    #[actix_web::test]
    async fn every_code_is_answered_with_its_status_and_stands_once_in_the_table() {
        for CodeSpec { code, status, detail } in CODES {
            let (answered, _, body) = problem(ServiceError::invalid(code).into()).await;
            assert_eq!(answered, *status);
            assert_eq!(body["code"], *code);
            assert_eq!(body["detail"], *detail);
            assert_eq!(CODES.iter().filter(|other| other.code == *code).count(), 1, "{code}");
        }
    }

    #[test]
    fn the_page_about_the_api_names_only_codes_that_exist() {
        let page = include_str!("../../docs/api.md");
        let errors = page.split("## Errors").nth(1).unwrap().split("\n## ").next().unwrap();
        let named = errors.split('`').skip(1).step_by(2).filter(|word| word.contains('.'));
        let unknown: Vec<_> = named.filter(|word| CODES.iter().all(|spec| spec.code != *word)).collect();
        assert!(unknown.is_empty(), "docs/api.md names codes that do not exist: {unknown:?}");
    }

    /// Without this test, a user could be the first to find a code that the table lacks.
    #[test]
    fn every_code_that_the_sources_name_is_in_the_table() {
        let makers =
            ["ServiceError::invalid(\"", "ApiError::request(\"", "Conflict { code: \"", "Unauthenticated { code: \"", "TooMany { code: \""];
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        let mut found = 0;
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                for code in makers.iter().flat_map(|maker| text.split(maker).skip(1)).filter_map(|rest| rest.split('"').next()) {
                    // A function name that occurs as a string in this test is no code.
                    let is_code = code.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'.' | b'_'));
                    assert!(!is_code || CODES.iter().any(|spec| spec.code == code), "{} names {code}", path.display());
                    found += usize::from(is_code);
                }
            }
        }
        assert!(found > 20, "only {found} codes found: are they made in another way now?");
    }
}
