//! Owns the first answer of a creating request under its `Idempotency-Key`, per user and key.
//! Called by `services/shared/idempotency.rs`; must not run the request.

use super::{
    BackendError, BackendResult, Store,
    columns::Columns,
    sql::{Sql, Values},
};
use crate::domain::ids::UserId;

/// After this long an unfinished request is taken for dead and its key may be used again.
const ABANDONED_AFTER_MS: i64 = 120_000;

/// What a request with a key is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reservation {
    /// Go on; then finish or release.
    New,
    /// The first request is still running.
    InProgress,
    /// The key was used for another request.
    Mismatch,
    /// Answer as the first time.
    Replay {
        /// HTTP status.
        status: u16,
        /// Body.
        body: String,
    },
}

/// The status kept under a key that was closed unused. No answer that is kept has one like it:
/// refused work frees its key.
const CLOSED_STATUS: i64 = 422;

/// What became of a request with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyFate {
    /// Nothing was done under it, and a request that arrives from now on is refused.
    Closed,
    /// The request is still running, or nobody knows what became of it.
    Unsettled,
    /// The request was done; this was the answer.
    Done {
        /// HTTP status.
        status: u16,
        /// Body.
        body: String,
    },
}

impl Store {
    /// Closes a key that no request holds, so that one that is still on its way is refused when it
    /// arrives. Of a key that is held it returns what became of the request. `fingerprint` (at most
    /// 64 characters) must be that of no other request. An unfinished request stays unsettled
    /// however old it is.
    pub async fn close_idempotency(&self, user: UserId, key: &str, fingerprint: &str, now_ms: i64) -> BackendResult<KeyFate> {
        let row = Values::new()
            .set("user_id", user)
            .set("request_key", key)
            .set("fingerprint", fingerprint)
            .set("status", CLOSED_STATUS)
            .set("body", "")
            .set("created_at_ms", now_ms);
        if self.insert(Sql::insert("idempotency", row)).await? {
            return Ok(KeyFate::Closed);
        }
        let find = Sql::new("SELECT status, body FROM idempotency WHERE user_id = ? AND request_key = ?");
        let Some(row) = self.fetch_optional(find.bind(user).bind(key)).await? else {
            // Released between the two statements: the client may ask again.
            return Ok(KeyFate::Unsettled);
        };
        match row.maybe_int("status")? {
            None => Ok(KeyFate::Unsettled),
            Some(CLOSED_STATUS) => Ok(KeyFate::Closed),
            Some(status) => {
                let status = u16::try_from(status).map_err(|_| BackendError::Corrupt { what: "status" })?;
                Ok(KeyFate::Done { status, body: row.maybe_text("body")?.unwrap_or_default() })
            }
        }
    }

    /// Reserves a key (at most 255 characters) for the request with this fingerprint (at most 64
    /// characters).
    pub async fn reserve_idempotency(&self, user: UserId, key: &str, fingerprint: &str, now_ms: i64) -> BackendResult<Reservation> {
        let insert = Sql::new("INSERT INTO idempotency (user_id, request_key, fingerprint, created_at_ms) VALUES (?, ?, ?, ?)");
        if self.insert(insert.bind(user).bind(key).bind(fingerprint).bind(now_ms)).await? {
            return Ok(Reservation::New);
        }
        let find = Sql::new("SELECT fingerprint, status, body, created_at_ms FROM idempotency WHERE user_id = ? AND request_key = ?");
        let Some(row) = self.fetch_optional(find.bind(user).bind(key)).await? else {
            // Released between the two statements: the client may repeat at once.
            return Ok(Reservation::InProgress);
        };
        let begun_at_ms = row.int("created_at_ms")?;
        let status = row.maybe_int("status")?;
        if status.is_none() && begun_at_ms < now_ms.saturating_sub(ABANDONED_AFTER_MS) {
            return self.take_over(user, key, fingerprint, (begun_at_ms, now_ms)).await;
        }
        if row.text("fingerprint")? != fingerprint {
            return Ok(Reservation::Mismatch);
        }
        let Some(status) = status else {
            return Ok(Reservation::InProgress);
        };
        let status = u16::try_from(status).map_err(|_| BackendError::Corrupt { what: "status" })?;
        Ok(Reservation::Replay { status, body: row.maybe_text("body")?.unwrap_or_default() })
    }

    /// Takes the key of a dead request, unless another request was faster. `times`: when the dead
    /// one began, and now.
    async fn take_over(&self, user: UserId, key: &str, fingerprint: &str, times: (i64, i64)) -> BackendResult<Reservation> {
        let (begun_at_ms, now_ms) = times;
        let sql = Sql::new(
            "UPDATE idempotency SET fingerprint = ?, created_at_ms = ? WHERE user_id = ? AND request_key = ? AND status IS NULL AND created_at_ms = ?",
        )
        .bind(fingerprint)
        .bind(now_ms)
        .bind(user)
        .bind(key)
        .bind(begun_at_ms);
        Ok(if self.execute(sql).await? > 0 { Reservation::New } else { Reservation::InProgress })
    }

    /// Keeps the answer of a request for repeats of it.
    pub async fn finish_idempotency(&self, user: UserId, key: &str, status: u16, body: &str) -> BackendResult<()> {
        let sql = Sql::new("UPDATE idempotency SET status = ?, body = ? WHERE user_id = ? AND request_key = ? AND status IS NULL");
        self.execute(sql.bind(i64::from(status)).bind(body).bind(user).bind(key)).await.map(drop)
    }

    /// Frees the key of a request that failed in a way worth repeating.
    pub async fn release_idempotency(&self, user: UserId, key: &str) -> BackendResult<()> {
        let sql = Sql::new("DELETE FROM idempotency WHERE user_id = ? AND request_key = ? AND status IS NULL");
        self.execute(sql.bind(user).bind(key)).await.map(drop)
    }

    /// Forgets keys reserved before `before_ms`; returns how many.
    pub async fn trim_idempotency(&self, before_ms: i64) -> BackendResult<u64> {
        self.execute(Sql::new("DELETE FROM idempotency WHERE created_at_ms < ?").bind(before_ms)).await
    }
}
