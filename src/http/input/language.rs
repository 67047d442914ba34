//! Which language an answer is written in.

use crate::domain::language::Language;
use actix_web::{HttpRequest, http::header};

/// Returns the language the client prefers; Indonesian when it does not say.
#[must_use]
pub fn language_of(request: &HttpRequest) -> Language {
    let header = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Language::preferred(header.unwrap_or_default())
}
