//! The outside world, each seam with its embedded default first: database, bus, cache, census, files, companion.
//! May import: `domain`, `wire`, `config`. Never actix.

pub mod bus;
pub mod cache;
pub mod census;
pub mod companion;
mod expiring_map;
pub mod files;
pub mod private_path;
pub mod redis_link;
pub mod store;
pub mod webhook_post;

/// A backend did not do what it was asked. Goes to the log, never to a client.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The database refused or is gone.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// Redis refused or is gone.
    #[error("redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// The file store refused or is gone.
    #[error("files: {0}")]
    Files(String),
    /// A file or pipe of this machine failed.
    #[error("io: {0}")]
    Io(#[from] std::io::Error),
    /// Stored data does not read as what was written.
    #[error("corrupt {what}")]
    Corrupt {
        /// Which column, key or file.
        what: &'static str,
    },
    /// Something unexpected inside this process, such as a lost worker thread.
    #[error("internal: {0}")]
    Internal(&'static str),
}

impl BackendError {
    /// Says whether the backend is out of reach for now, as opposed to having refused or broken something.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Database(error) => store::is_outage(error),
            Self::Redis(_) => true,
            Self::Io(error) => is_disk_outage(error),
            Self::Files(_) | Self::Corrupt { .. } | Self::Internal(_) => false,
        }
    }

    /// Says whether the database gave a transaction up so that another one could go on: done again from its beginning, it can succeed.
    /// PostgreSQL and MySQL say so with SQLSTATE 40001 or 40P01. SQLite has one writer at a time and nothing to give up.
    #[must_use]
    pub fn is_deadlock(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        error.code().is_some_and(|code| matches!(code.as_ref(), "40001" | "40P01"))
    }
}

/// Says whether the disk, and not the request, is the cause: full, over its quota, read-only, or
/// failing (EIO, 5).
fn is_disk_outage(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem) || error.raw_os_error() == Some(5)
}

/// Result of a backend call.
pub type BackendResult<T> = Result<T, BackendError>;
