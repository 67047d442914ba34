//! Owns logins when the database keeps them (the embedded cache). Called by `backends/cache`; must
//! not see a token in clear, only its hash.

use super::{
    BackendResult, Store,
    columns::Columns,
    sql::{Sql, Values},
};
use crate::domain::ids::{LoginId, UserId};
use sqlx::any::AnyRow;

const COLUMNS: &str = "SELECT id, user_id, token_hash, created_at_ms, last_seen_at_ms, expires_at_ms, user_agent, address FROM logins";

/// A login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRow {
    /// Its id.
    pub id: LoginId,
    /// Whose it is.
    pub user_id: UserId,
    /// SHA-256 of the token, 64 hex digits; the token itself is nowhere.
    pub token_hash: String,
    /// When it began.
    pub created_at_ms: i64,
    /// Last request.
    pub last_seen_at_ms: i64,
    /// When it ends in any case.
    pub expires_at_ms: i64,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
    /// Where it was begun from.
    pub address: Option<String>,
}

impl Store {
    /// Adds a login.
    pub async fn insert_login(&self, login: &LoginRow) -> BackendResult<()> {
        let row = Values::new()
            .set("id", login.id)
            .set("user_id", login.user_id)
            .set("token_hash", &login.token_hash)
            .set("created_at_ms", login.created_at_ms)
            .set("last_seen_at_ms", login.last_seen_at_ms)
            .set("expires_at_ms", login.expires_at_ms)
            .set("user_agent", login.user_agent.as_deref())
            .set("address", login.address.as_deref());
        let sql = Sql::insert("logins", row);
        self.execute(sql).await.map(drop)
    }

    /// Finds a login by the hash of its token, expired or not.
    pub async fn find_login(&self, token_hash: &str) -> BackendResult<Option<LoginRow>> {
        let sql = Sql::new(COLUMNS).push(" WHERE token_hash = ?").bind(token_hash);
        self.fetch_optional(sql).await?.as_ref().map(read).transpose()
    }

    /// Lists a user's logins that have not expired at `now_ms`, newest first.
    pub async fn list_logins(&self, user: UserId, now_ms: i64) -> BackendResult<Vec<LoginRow>> {
        let sql = Sql::new(COLUMNS).push(" WHERE user_id = ? AND expires_at_ms > ? ORDER BY id DESC").bind(user).bind(now_ms);
        self.fetch_all(sql).await?.iter().map(read).collect()
    }

    /// Finds logins by their ids, expired or not, in no order.
    pub async fn logins_by_id(&self, ids: impl IntoIterator<Item = LoginId>) -> BackendResult<Vec<LoginRow>> {
        self.fetch_all(Sql::new(COLUMNS).push(" WHERE id IN ").push_list(ids)).await?.iter().map(read).collect()
    }

    /// Notes a request of a login; an older time never replaces a newer one.
    pub async fn touch_login(&self, id: LoginId, now_ms: i64) -> BackendResult<()> {
        let sql = Sql::new("UPDATE logins SET last_seen_at_ms = ? WHERE id = ? AND last_seen_at_ms < ?").bind(now_ms).bind(id).bind(now_ms);
        self.execute(sql).await.map(drop)
    }

    /// Ends one login of a user; `false` when there is none.
    pub async fn delete_login(&self, user: UserId, id: LoginId) -> BackendResult<bool> {
        let sql = Sql::new("DELETE FROM logins WHERE id = ? AND user_id = ?").bind(id).bind(user);
        Ok(self.execute(sql).await? > 0)
    }

    /// Ends all logins of a user and returns which.
    pub async fn delete_logins_of(&self, user: UserId) -> BackendResult<Vec<LoginId>> {
        let mut tx = self.begin().await?;
        let rows = tx.fetch_all(Sql::new("SELECT id FROM logins WHERE user_id = ? ORDER BY id").bind(user)).await?;
        let ids = rows.iter().map(|row| row.id("id")).collect::<BackendResult<Vec<LoginId>>>()?;
        if !ids.is_empty() {
            tx.execute(Sql::new("DELETE FROM logins WHERE user_id = ?").bind(user)).await?;
        }
        tx.commit().await?;
        Ok(ids)
    }

    /// Removes logins that expired at `now_ms` or were last used before `idle_before_ms`; returns
    /// how many.
    pub async fn delete_expired_logins(&self, now_ms: i64, idle_before_ms: i64) -> BackendResult<u64> {
        let sql = Sql::new("DELETE FROM logins WHERE expires_at_ms <= ? OR last_seen_at_ms < ?").bind(now_ms).bind(idle_before_ms);
        self.execute(sql).await
    }
}

fn read(row: &AnyRow) -> BackendResult<LoginRow> {
    Ok(LoginRow {
        id: row.id("id")?,
        user_id: row.id("user_id")?,
        token_hash: row.text("token_hash")?,
        created_at_ms: row.int("created_at_ms")?,
        last_seen_at_ms: row.int("last_seen_at_ms")?,
        expires_at_ms: row.int("expires_at_ms")?,
        user_agent: row.maybe_text("user_agent")?,
        address: row.maybe_text("address")?,
    })
}
