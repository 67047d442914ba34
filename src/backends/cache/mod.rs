//! What is looked up on nearly every request and may be shared by nodes: logins, failed-login counters, cached values. Embedded default:
//! logins in the database, the rest in this process ([`local`]); with Redis everything is there ([`redis`]).

pub mod local;
pub mod redis;

use super::{BackendResult, store::LoginRow};
use crate::domain::ids::{LoginId, UserId};
use async_trait::async_trait;

/// A login's last request is noted at most this often, in ms.
pub const TOUCH_INTERVAL_MS: i64 = 60_000;

/// A cached value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedValue {
    /// What was put.
    pub text: String,
    /// When it was put, ms since 1970 UTC.
    pub stored_at_ms: i64,
}

/// How often something failed lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failures {
    /// How often, within the window.
    pub count: u64,
    /// The last time, ms since 1970 UTC; 0 when never.
    pub last_at_ms: i64,
}

/// What is known of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginState {
    /// It holds.
    Live,
    /// It was ended, or ran out.
    Over,
    /// The backend lost its memory after the login began and knows nothing of it.
    Lost,
}

/// Logins, failed-login counters, cached values. "Now" is the clock the backend was made with, so that what is over is never returned.
#[async_trait]
pub trait Cache: Send + Sync {
    /// Keeps a new login until it expires or idles out.
    async fn put_login(&self, login: &LoginRow) -> BackendResult<()>;

    /// Finds a login by the hash of its token; `None` when it is unknown or over.
    async fn find_login(&self, token_hash: &str) -> BackendResult<Option<LoginRow>>;

    /// Notes that a login was used. Does nothing when that was noted within [`TOUCH_INTERVAL_MS`], and never revives an ended login.
    async fn touch_login(&self, login: &LoginRow) -> BackendResult<()>;

    /// Says of each of some logins whether it holds, in their order. Notes no use.
    async fn login_states(&self, logins: &[(UserId, LoginId)]) -> BackendResult<Vec<LoginState>>;

    /// Lists a user's logins that are not over, newest first.
    async fn list_logins(&self, user: UserId) -> BackendResult<Vec<LoginRow>>;

    /// Ends one login of a user; `false` when there is none.
    async fn delete_login(&self, user: UserId, login: LoginId) -> BackendResult<bool>;

    /// Ends all logins of a user and returns how many there were.
    async fn delete_logins_of(&self, user: UserId) -> BackendResult<usize>;

    /// Returns a cached value; `None` when there is none or its time is over.
    async fn get_value(&self, key: &str) -> BackendResult<Option<CachedValue>>;

    /// Keeps a value for `ttl_ms`, replacing an older one.
    async fn put_value(&self, key: &str, text: &str, ttl_ms: u64) -> BackendResult<()>;

    /// Forgets a value.
    async fn delete_value(&self, key: &str) -> BackendResult<()>;

    /// Returns how often `key` failed lately.
    async fn failures(&self, key: &str) -> BackendResult<Failures>;

    /// Counts a failure of `key` and returns the new count. The counter starts anew `window_ms` after the last failure.
    async fn record_failure(&self, key: &str, now_ms: i64, window_ms: i64) -> BackendResult<Failures>;

    /// Forgets the failures of `key`.
    async fn clear_failures(&self, key: &str) -> BackendResult<()>;

    /// Removes logins that are over, where the backend does not do so by itself; returns how many.
    async fn sweep(&self) -> BackendResult<u64>;

    /// Asks for a sign of life.
    async fn ping(&self) -> BackendResult<()>;
}

/// Says whether a login is over at `now_ms`: expired, or unused for `idle_ms`.
const fn is_over(login: &LoginRow, now_ms: i64, idle_ms: i64) -> bool {
    login.expires_at_ms <= now_ms || login.last_seen_at_ms.saturating_add(idle_ms) <= now_ms
}

/// Says whether the last noted use of a login is recent enough to leave it at that.
const fn is_touch_due(login: &LoginRow, now_ms: i64) -> bool {
    now_ms - login.last_seen_at_ms >= TOUCH_INTERVAL_MS
}
