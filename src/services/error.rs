//! Owns the one error of all use cases. `http/error.rs` turns it into problem+json.

use crate::{backends::BackendError, domain::text::FieldError};
use serde_json::{Map, Value};

/// The reason why a use case failed. `code` is stable and part of the API.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The request is not valid (422, or 413/415 by code).
    #[error("invalid: {code}")]
    Invalid {
        /// `validation`, `materials.file_type`, …
        code: &'static str,
        /// The errors per field; may be empty.
        errors: Vec<FieldError>,
    },
    /// The request has no login, or the credentials are wrong (401).
    #[error("unauthenticated: {code}")]
    Unauthenticated {
        /// `auth.required` or `auth.invalid_credentials`.
        code: &'static str,
    },
    /// The role may not do this (403).
    #[error("denied")]
    Denied,
    /// Unknown, or not visible to this user (404). Both get the same answer.
    #[error("not found")]
    NotFound,
    /// The request conflicts with the present state (409).
    #[error("conflict: {code}")]
    Conflict {
        /// `users.login_taken`, …
        code: &'static str,
    },
    /// As [`ServiceError::Conflict`], with facts that help the client (409).
    #[error("conflict: {code}")]
    ConflictWith {
        /// `appointments.slot_taken`, …
        code: &'static str,
        /// Further members of the problem's JSON, such as `alternatives`. Shown to the requester
        /// only.
        facts: Map<String, Value>,
    },
    /// Too many requests (429).
    #[error("too many attempts")]
    TooMany {
        /// `auth.too_many_attempts` or `rate_limited`.
        code: &'static str,
        /// When to try again, in ms from now.
        retry_after_ms: u64,
    },
    /// A backend failed (500/503). Logged where the request is answered; the client does not see
    /// it.
    #[error("broken")]
    Broken(#[from] BackendError),
}

impl ServiceError {
    /// Makes the error of a request with invalid fields.
    #[must_use]
    pub fn validation(errors: Vec<FieldError>) -> Self {
        Self::Invalid { code: "validation", errors }
    }

    /// Makes an `Invalid` without field errors.
    #[must_use]
    pub const fn invalid(code: &'static str) -> Self {
        Self::Invalid { code, errors: Vec::new() }
    }

    /// Makes the error of a state that should not exist; `what` goes to the log.
    #[must_use]
    pub const fn internal(what: &'static str) -> Self {
        Self::Broken(BackendError::Internal(what))
    }

    /// Says whether the database ended the transaction because of another one (deadlock,
    /// serialisation failure): nothing was written, and it can be tried again.
    #[must_use]
    pub fn is_contention(&self) -> bool {
        matches!(self, Self::Broken(error) if error.is_deadlock())
    }

    /// Says whether a backend is out of reach for now (503), as opposed to a fault of this server
    /// (500).
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Broken(error) => error.is_outage(),
            _ => false,
        }
    }
}

impl From<FieldError> for ServiceError {
    fn from(error: FieldError) -> Self {
        Self::validation(vec![error])
    }
}

impl From<std::io::Error> for ServiceError {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error.into())
    }
}

/// Result of a use case.
pub type ServiceResult<T> = Result<T, ServiceError>;
