//! Owns the port to data that nearly every request reads and that nodes share: logins, counters of
//! failed logins, cached values. Called by `services`. Without Redis, logins are in the database
//! and the rest in memory ([`local`]); with Redis, all of it is there ([`redis`]).

pub mod local;
pub mod redis;

use super::{BackendResult, store::LoginRow};
use crate::domain::ids::{LoginId, UserId};
use async_trait::async_trait;

/// A login's use is recorded at most this often, in ms.
pub const TOUCH_INTERVAL_MS: i64 = 60_000;

/// A cached value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedValue {
    /// The text that was put.
    pub text: String,
    /// When it was put, ms since 1970 UTC.
    pub stored_at_ms: i64,
}

/// The recent failures of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failures {
    /// How many, within the window.
    pub count: u64,
    /// The last time, ms since 1970 UTC; 0 when never.
    pub last_at_ms: i64,
}

/// The state of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginState {
    /// It is valid.
    Live,
    /// It was ended, or it expired.
    Over,
    /// The backend lost its data after the login began, and does not know it.
    Lost,
}

/// Logins, counters of failed logins, cached values. The backend has its own clock, and never
/// returns what has expired by it.
#[async_trait]
pub trait Cache: Send + Sync {
    /// Stores a new login until it expires or is unused for too long.
    async fn put_login(&self, login: &LoginRow) -> BackendResult<()>;

    /// Finds a login by the hash of its token; `None` when it is unknown or has ended.
    async fn find_login(&self, token_hash: &str) -> BackendResult<Option<LoginRow>>;

    /// Records that a login was used. Does nothing when a use was recorded within
    /// [`TOUCH_INTERVAL_MS`], and never revives an ended login.
    async fn touch_login(&self, login: &LoginRow) -> BackendResult<()>;

    /// Returns the state of each login, in their order. Records no use.
    async fn login_states(&self, logins: &[(UserId, LoginId)]) -> BackendResult<Vec<LoginState>>;

    /// Lists a user's valid logins, newest first.
    async fn list_logins(&self, user: UserId) -> BackendResult<Vec<LoginRow>>;

    /// Ends one login of a user; `false` when there is none.
    async fn delete_login(&self, user: UserId, login: LoginId) -> BackendResult<bool>;

    /// Ends all logins of a user and returns how many there were.
    async fn delete_logins_of(&self, user: UserId) -> BackendResult<usize>;

    /// Returns a cached value; `None` when there is none or it has expired.
    async fn get_value(&self, key: &str) -> BackendResult<Option<CachedValue>>;

    /// Stores a value for `ttl_ms`, replacing an older one.
    async fn put_value(&self, key: &str, text: &str, ttl_ms: u64) -> BackendResult<()>;

    /// Forgets a value.
    async fn delete_value(&self, key: &str) -> BackendResult<()>;

    /// Returns the recent failures of `key`.
    async fn failures(&self, key: &str) -> BackendResult<Failures>;

    /// Counts a failure of `key` and returns the new count. The counter starts again at 1 when the
    /// last failure is more than `window_ms` ago.
    async fn record_failure(&self, key: &str, now_ms: i64, window_ms: i64) -> BackendResult<Failures>;

    /// Forgets the failures of `key`.
    async fn clear_failures(&self, key: &str) -> BackendResult<()>;

    /// Removes ended logins, where the backend does not do so by itself; returns how many.
    async fn sweep(&self) -> BackendResult<u64>;

    /// Fails when the backend does not answer.
    async fn ping(&self) -> BackendResult<()>;
}

/// Says whether a login has ended at `now_ms`: expired, or unused for `idle_ms`.
const fn is_over(login: &LoginRow, now_ms: i64, idle_ms: i64) -> bool {
    login.expires_at_ms <= now_ms || login.last_seen_at_ms.saturating_add(idle_ms) <= now_ms
}

/// Says whether a use of a login must be recorded, because the last recorded one is too old.
const fn is_touch_due(login: &LoginRow, now_ms: i64) -> bool {
    now_ms - login.last_seen_at_ms >= TOUCH_INTERVAL_MS
}
