//! Owns the port to uploaded files: a folder of this machine ([`disk`], the embedded default) or S3
//! ([`s3`]). Called by `services`, `demo` and `app`. An object is written once and never changed,
//! so a key always stands for the same bytes.

pub mod disk;
pub mod s3;

use super::BackendResult;
use crate::{
    config::Config,
    domain::files::file_key::FileKey,
    wire::{content_disposition::Disposition, signature::SecretKey},
};
use async_trait::async_trait;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// How long a signed link works, in s (product rule: 1 h).
pub const LINK_LIFETIME_S: u64 = 3600;

/// A complete local file to store.
#[derive(Debug, Clone, Copy)]
pub struct NewFile<'a> {
    /// The key.
    pub key: &'a FileKey,
    /// The local file with the bytes. A disk store on the same file system moves it away.
    pub path: &'a Path,
    /// Its size, in bytes.
    pub size_bytes: u64,
    /// Its kind.
    pub content_type: &'a str,
    /// SHA-256 of its bytes, 64 lower-case hex digits.
    pub sha256: &'a str,
}

/// The properties of a link.
#[derive(Debug, Clone, Copy)]
pub struct LinkOptions<'a> {
    /// Show or save.
    pub disposition: Disposition,
    /// The name a saved file gets.
    pub file_name: &'a str,
    /// The kind the answer declares.
    pub content_type: &'a str,
    /// Life of the link from `now_ms`, in s.
    pub expires_in_s: u64,
    /// The present, in ms since 1970 UTC.
    pub now_ms: i64,
    /// Origin of this server, for links that it serves itself (`https://school.example`). Empty:
    /// the link is relative to it.
    pub base_url: &'a str,
}

/// A link that works without a login until it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedLink {
    /// The address.
    pub url: String,
    /// Until when, in ms since 1970 UTC.
    pub expires_at_ms: i64,
}

/// A stored object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Its key as the store spells it.
    pub key: String,
    /// When it was written, in ms since 1970 UTC.
    pub modified_at_ms: i64,
}

/// The parts of a link that this server signed, as a client sent them back.
#[derive(Debug, Clone, Copy)]
pub struct LinkClaim<'a> {
    /// The object.
    pub key: &'a FileKey,
    /// `expires` of the query, as text.
    pub expires: &'a str,
    /// `disposition` of the query.
    pub disposition: &'a str,
    /// `name` of the query.
    pub name: &'a str,
    /// `signature` of the query.
    pub signature: &'a str,
}

/// The file of this machine to which a valid link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedFile {
    /// Its path.
    pub path: PathBuf,
    /// Identifies its bytes; the key without its folder.
    pub tag: String,
}

/// The port to uploaded files.
#[async_trait]
pub trait Files: Send + Sync {
    /// Stores a local file. After `Ok` the bytes survive a crash. The caller must not use a key
    /// twice.
    async fn put_file(&self, file: &NewFile<'_>) -> BackendResult<()>;

    /// Stores a short text, such as a mark for operators to read. Writing it again is allowed.
    async fn put_text(&self, key: &FileKey, text: &str) -> BackendResult<()>;

    /// Removes an object; an unknown key is no error.
    async fn delete(&self, key: &FileKey) -> BackendResult<()>;

    /// Says whether an object exists.
    async fn exists(&self, key: &FileKey) -> BackendResult<bool>;

    /// Lists at most `limit` objects whose key begins with `prefix` and sorts after `after`, in the
    /// order of their keys.
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> BackendResult<Vec<StoredObject>>;

    /// Makes a link to an object, which need not exist.
    async fn signed_url(&self, key: &FileKey, options: &LinkOptions<'_>) -> BackendResult<SignedLink>;

    /// Says whether the store can be used now.
    async fn check(&self) -> BackendResult<()>;

    /// Returns the origins, besides this server, from which pages load files.
    fn connect_sources(&self) -> Vec<String>;

    /// Returns the local file of a link that this server signed; `None` for a wrong or expired
    /// link, and for stores whose links lead elsewhere.
    fn open_link(&self, claim: &LinkClaim<'_>, now_ms: i64) -> Option<LinkedFile>;

    /// Removes the remains of crashed writes from before `before_ms` and returns how many. Stores
    /// without such remains do nothing.
    async fn remove_remains(&self, before_ms: i64) -> BackendResult<u64>;
}

/// Opens the store that the settings name: S3 with `s3.bucket`, else the folder `files` under
/// `data_dir`. Fails when the folder cannot be made.
pub fn connect(config: &Config, secret: &SecretKey) -> BackendResult<Arc<dyn Files>> {
    if config.s3.bucket.is_empty() {
        return Ok(Arc::new(disk::DiskFiles::open(config.data_dir.join("files"), secret)?));
    }
    Ok(Arc::new(s3::S3Files::new(&config.s3)))
}
