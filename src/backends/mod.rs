//! The ports to the outside world, each with an embedded default: database, bus, cache, census,
//! files, companion. Called by `services`, `actors`, `demo` and `app`. May import `domain`, `wire`
//! and `config`; must not import actix.

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

/// A failure of a backend. It is logged, and never shown to a client.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The database refused or is out of reach.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// Redis refused or is out of reach.
    #[error("redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// The file store refused or is out of reach.
    #[error("files: {0}")]
    Files(String),
    /// A file or pipe of this machine failed.
    #[error("io: {0}")]
    Io(#[from] std::io::Error),
    /// Stored data cannot be parsed.
    #[error("corrupt {what}")]
    Corrupt {
        /// The column, key or file.
        what: &'static str,
    },
    /// An unexpected failure inside this process, such as a lost worker thread.
    #[error("internal: {0}")]
    Internal(&'static str),
}

impl BackendError {
    /// Says whether the backend is out of reach for now, as opposed to a refusal or a fault.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Database(error) => store::is_outage(error),
            Self::Redis(_) => true,
            Self::Io(error) => is_disk_outage(error),
            Self::Files(_) | Self::Corrupt { .. } | Self::Internal(_) => false,
        }
    }

    /// Says whether the database ended a transaction so that another one could go on. Repeated from
    /// its beginning, it can succeed. PostgreSQL and MySQL report this with SQLSTATE 40001 or
    /// 40P01. SQLite has one writer at a time, so it has no deadlocks.
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
