//! Owns the id of the request that is being answered. Called by [`super::request_trace`], which
//! makes and marks it, and by `http/error.rs`, which puts it into the problem body. Must not be
//! read outside of a request: the id is empty there.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// Name of the header that carries the id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: String;
}

/// Makes the id of a new request.
#[must_use]
pub fn generate() -> String {
    Uuid::now_v7().as_simple().to_string()
}

/// Returns the id of the request that is being answered; empty outside of one.
#[must_use]
pub fn current() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// Runs `answer` with `id` as the id of the request.
pub async fn within<T>(id: String, answer: impl Future<Output = T>) -> T {
    CURRENT.scope(id, answer).await
}

/// Runs `answer`, which is not async, with `id` as the id of the request.
pub fn within_now<T>(id: String, answer: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(id, answer)
}

/// Writes the id of the current request into the headers of its answer.
pub fn mark(headers: &mut HeaderMap) {
    if let Ok(value) = HeaderValue::from_str(&current()) {
        headers.insert(REQUEST_ID, value);
    }
}
