//! Sessions, login delays, cached values.

/// Sessions, login delays, cached values.
pub trait Cache: Send + Sync {}
