//! Owns the choice of the language of an answer. Called by handlers that answer with texts.

use crate::domain::language::Language;
use actix_web::{HttpRequest, http::header};

/// Returns the language that the client prefers; Indonesian when the client names none.
#[must_use]
pub fn language_of(request: &HttpRequest) -> Language {
    let header = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Language::preferred(header.unwrap_or_default())
}
