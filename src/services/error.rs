//! The one error of all use cases. `http/error.rs` makes problem+json of it.

use crate::{backends::BackendError, domain::text::FieldError};
use serde_json::{Map, Value};

/// Why a use case did not happen. `code` is stable and part of the contract.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The request cannot be carried out as it stands (422, or 413/415 by code).
    #[error("invalid: {code}")]
    Invalid {
        /// `validation`, `materials.file_type`, …
        code: &'static str,
        /// What is wrong, per field; may be empty.
        errors: Vec<FieldError>,
    },
    /// Nobody is signed in, or the credentials are wrong (401).
    #[error("unauthenticated: {code}")]
    Unauthenticated {
        /// `auth.required` or `auth.invalid_credentials`.
        code: &'static str,
    },
    /// The role may not do this (403).
    #[error("denied")]
    Denied,
    /// Unknown, or not this user's (404): the same answer.
    #[error("not found")]
    NotFound,
    /// The state of the world is against it (409).
    #[error("conflict: {code}")]
    Conflict {
        /// `users.login_taken`, …
        code: &'static str,
    },
    /// As [`ServiceError::Conflict`], with facts that help the client on (409).
    #[error("conflict: {code}")]
    ConflictWith {
        /// `appointments.slot_taken`, …
        code: &'static str,
        /// Members that stand beside the problem's own, such as `alternatives`. Meant for the one who asked.
        facts: Map<String, Value>,
    },
    /// Too early or too much (429).
    #[error("too many attempts")]
    TooMany {
        /// `auth.too_many_attempts` or `rate_limited`.
        code: &'static str,
        /// When to come back, in ms from now.
        retry_after_ms: u64,
    },
    /// A backend failed (500/503); logged where it is answered, never shown.
    #[error("broken")]
    Broken(#[from] BackendError),
}

impl ServiceError {
    /// Makes the error of a request with bad fields.
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

    /// Says whether the database ended the work because it was in the way of other work: nothing was written, and trying again makes sense.
    #[must_use]
    pub fn is_contention(&self) -> bool {
        matches!(self, Self::Broken(error) if error.is_deadlock())
    }

    /// Says whether a part of the service is out of reach for now (503), as opposed to a fault of ours (500).
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
