//! Owns id, span and measurement of every request, and the log of the server's own failures. Called
//! by actix-web for every request, and by the raw transport's refusals through [`answer_beside`].
//! Must not log a failure twice.
//!
//! - Only `path_prefix` runs outside of this middleware.

use super::request_id;
use crate::{
    http::error::ApiError,
    telemetry::{self, error_line},
};
use actix_web::{
    Error, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{Method, StatusCode},
    middleware::Next,
};
use std::time::Instant;
use tracing::{Instrument as _, field};

/// Runs the inner middlewares and the handler inside the request's id and span. They answer their
/// own failures, so an error that arrives here comes from the framework, which answers it.
pub async fn trace_request<B: MessageBody + 'static>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let id = request_id::generate();
    let method = request.method().clone();
    let started = Instant::now();
    let span = tracing::info_span!(
        "http.request",
        http.method = %method, http.route = field::Empty, http.status = field::Empty, http.latency_ms = field::Empty, request.id = %id,
    );
    let answer = async {
        let mut response = next.call(request).await.inspect_err(|error| log_failure(Some(error)))?;
        let route = response.request().match_pattern().unwrap_or_else(|| "unmatched".to_owned());
        let status = response.status().as_u16();
        let latency = started.elapsed();
        let span = tracing::Span::current();
        span.record("http.route", route.as_str()).record("http.status", status);
        span.record("http.latency_ms", u64::try_from(latency.as_millis()).unwrap_or(u64::MAX));
        log_failure(response.response().error());
        tracing::debug!("answered");
        measure(&method, route, response.status(), started);
        request_id::mark(response.headers_mut());
        Ok(response)
    };
    request_id::within(id, answer.instrument(span)).await
}

/// Gives an answer that is made outside of the application the id and the measurement that
/// [`trace_request`] gives inside.
pub fn answer_beside(method: &Method, route: &'static str, answer: impl FnOnce() -> HttpResponse) -> HttpResponse {
    let started = Instant::now();
    let id = request_id::generate();
    let response = request_id::within_now(id, || {
        let mut response = answer();
        request_id::mark(response.headers_mut());
        response
    });
    measure(method, route.to_owned(), response.status(), started);
    response
}

fn measure(method: &Method, route: String, status: StatusCode, started: Instant) {
    metrics::histogram!(
        telemetry::HTTP_REQUEST_DURATION, "method" => method_label(method), "route" => route, "status" => status.as_u16().to_string()
    )
    .record(started.elapsed().as_secs_f64());
}

/// Returns the label of a method. All methods that the server does not answer share one label, so
/// that strangers cannot fill the memory with labels.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

/// Logs a failure of the server's own with all its causes.
fn log_failure(error: Option<&Error>) {
    let Some(error) = error else { return };
    let Some(api_error) = error.as_error::<ApiError>() else {
        if error.as_response_error().status_code().is_server_error() && error.as_error::<InternalError<String>>().is_none() {
            tracing::error!(error = %error, "request failed");
        }
        return;
    };
    match api_error.failure() {
        Some(failure) => tracing::error!(error = error_line(failure), "request failed"),
        None => tracing::debug!(code = api_error.code(), "request refused"),
    }
}
