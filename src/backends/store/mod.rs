//! The database.

/// The database.
#[derive(Debug, Clone)]
pub struct Store;
