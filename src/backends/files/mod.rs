//! Uploaded files.

/// Uploaded files.
pub trait Files: Send + Sync {}
