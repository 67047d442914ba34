//! The only `ResponseError`: makes problem+json (RFC 9457) of every failure. Nothing of a cause ever reaches a client; causes of the server's own
//! failures are logged once, by [`super::request_id`].

use super::request_id;
use crate::{domain::text::FieldError, services::ServiceError};
use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;

/// What is wrong with one field, as the client reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldProblem {
    /// Name or path of the field.
    pub field: String,
    /// `required`, `too_short`, `too_long`, `control_character`, `unknown_value`, `type`, `overlapping`, `unavailable`.
    pub code: &'static str,
    /// One English sentence.
    pub message: String,
}

impl From<&FieldError> for FieldProblem {
    fn from(error: &FieldError) -> Self {
        Self { field: error.field.to_owned(), code: error.code, message: error.message.clone() }
    }
}

/// Why a request is not answered with what it asked for.
#[derive(Debug)]
pub enum ApiError {
    /// A use case refused or failed.
    Service(ServiceError),
    /// The request does not read: a stable code of the 4xx table of the contract and a sentence without user data.
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
    /// Makes the error of a request that does not read.
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
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Service(error) => service_code(error),
            Self::Request { code, .. } => code,
            Self::Fields(_) => "validation",
            Self::MethodNotAllowed(_) => "method_not_allowed",
        }
    }

    /// Returns the server's own failure, for the log; `None` for what the client did.
    #[must_use]
    pub const fn failure(&self) -> Option<&ServiceError> {
        match self {
            Self::Service(error @ ServiceError::Broken(_)) => Some(error),
            _ => None,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Request { detail, .. } => detail.clone(),
            _ => detail_of(self.code()).to_owned(),
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

/// The body of every error answer.
#[derive(Debug, Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    code: &'static str,
    detail: String,
    errors: Vec<FieldProblem>,
    request_id: String,
    #[serde(flatten)]
    facts: Option<&'a Map<String, Value>>,
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Service(ServiceError::Conflict { .. } | ServiceError::ConflictWith { .. }) => StatusCode::CONFLICT,
            _ => status_of(self.code()),
        }
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
        if status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        let body = serde_json::to_string(&problem).unwrap_or_default();
        response.content_type("application/problem+json").body(body)
    }
}

const fn service_code(error: &ServiceError) -> &'static str {
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

/// The table of codes: which status goes with which code. Conflicts are 409 by their kind; other codes of use cases that stand nowhere here are 422.
fn status_of(code: &str) -> StatusCode {
    match code {
        "request.malformed" => StatusCode::BAD_REQUEST,
        "auth.required" | "auth.invalid_credentials" => StatusCode::UNAUTHORIZED,
        "auth.cross_site" | "access.denied" => StatusCode::FORBIDDEN,
        "not_found" => StatusCode::NOT_FOUND,
        "method_not_allowed" => StatusCode::METHOD_NOT_ALLOWED,
        "request.timeout" => StatusCode::REQUEST_TIMEOUT,
        "request.too_large" | "materials.file_too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        "request.media_type" | "materials.file_type" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "rate_limited" | "auth.too_many_attempts" => StatusCode::TOO_MANY_REQUESTS,
        "internal" => StatusCode::INTERNAL_SERVER_ERROR,
        "unavailable" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// One English sentence per code; what users see is translated by the web UI from the code.
fn detail_of(code: &str) -> &'static str {
    match code {
        "auth.required" => "sign in first",
        "auth.invalid_credentials" => "login or password is wrong",
        "auth.too_many_attempts" => "too many failed attempts; wait before trying again",
        "access.denied" => "this role may not do this",
        "not_found" => "there is nothing here, or nothing for you",
        "method_not_allowed" => "this path does not answer this method",
        "rate_limited" => "too many requests; wait before trying again",
        "validation" => "some fields are not acceptable; see errors",
        "users.login_taken" => "this login name is in use",
        "appointments.slot_taken" => "this time is taken; see alternatives",
        "appointments.illegal_transition" => "this cannot be done with the appointment as it stands",
        "appointments.video_closed" => "the video room is open only around a confirmed appointment",
        "conflict" => "the request does not fit the present state; load it again",
        "idempotency.key_reused" => "this idempotency key was used with another request",
        "materials.file_too_large" => "the file is larger than 10 MiB",
        "materials.file_type" => "the file is not a PDF",
        "materials.file_encrypted" => "the PDF is encrypted",
        "materials.file_unsafe" => "the PDF carries scripts, launch actions, embedded files or appended data",
        "materials.file_unreadable" => "the PDF does not read",
        "unavailable" => "a part of the service is not reachable; try again soon",
        "internal" => "something went wrong on our side",
        _ => "the request was refused",
    }
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
        assert_eq!((status, &body["code"], &body["status"]), (422, &"validation".into(), &422.into()));
        assert_eq!(body["errors"], serde_json::json!([{"field":"title","code":"required","message":"this field is required"}]));
        for key in ["type", "title", "detail", "request_id"] {
            assert!(body[key].is_string(), "{key}");
        }
    }

    #[actix_web::test]
    async fn facts_of_a_conflict_stand_beside_its_members() {
        let facts = serde_json::json!({ "alternatives": [1] }).as_object().unwrap().clone();
        let (status, _, body) = problem(ServiceError::ConflictWith { code: "appointments.slot_taken", facts }.into()).await;
        assert_eq!((status, &body["code"], &body["alternatives"]), (409, &"appointments.slot_taken".into(), &serde_json::json!([1])));
        let (status, _, body) = problem(ServiceError::Conflict { code: "appointments.illegal_transition" }.into()).await;
        assert_eq!((status, body.as_object().unwrap().len()), (409, 7));
    }

    #[actix_web::test]
    async fn waits_are_told_in_whole_seconds() {
        let error = ServiceError::TooMany { code: "auth.too_many_attempts", retry_after_ms: 1_001 };
        let (status, retry, _) = problem(error.into()).await;
        assert_eq!((status, retry.as_deref()), (429, Some("2")));
    }

    #[actix_web::test]
    async fn causes_never_reach_the_client() {
        let cause = ServiceError::Broken(BackendError::Files("secret path /srv/x".into()));
        let (status, _, body) = problem(cause.into()).await;
        assert_eq!(status, 500);
        assert!(!body.to_string().contains("secret"));
        let lost = ServiceError::Broken(BackendError::Database(sqlx::Error::PoolTimedOut));
        let (status, retry, body) = problem(lost.into()).await;
        assert_eq!((status, retry.as_deref(), &body["code"]), (503, Some("2"), &"unavailable".into()));
    }

    #[actix_web::test]
    async fn every_code_of_the_contract_has_its_status() {
        let table = [
            ("request.malformed", 400),
            ("materials.file_too_large", 413),
            ("materials.file_type", 415),
            ("request.timeout", 408),
            ("materials.file_unsafe", 422),
            ("idempotency.key_reused", 422),
        ];
        for (code, status) in table {
            let (answered, _, body) = problem(ServiceError::invalid(code).into()).await;
            assert_eq!((answered, &body["code"]), (status, &code.into()));
        }
    }
}
