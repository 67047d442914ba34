//! Owns accounts. Called by the use cases of accounts; must not see a password, only its hash.

use super::{
    BackendResult, Store, Tx,
    columns::Columns,
    sql::{Sql, Values, searchable},
};
use crate::domain::{ids::UserId, principal::Role};
use sqlx::any::AnyRow;
use std::collections::HashSet;

const COLUMNS: &str = "SELECT id, login, name, role, password_hash, disabled_at_ms, last_login_at_ms, created_at_ms FROM users";

/// Somebody with the display name of the account; the name is ignored when written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// The account.
    pub id: UserId,
    /// Display name.
    pub name: String,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Its id.
    pub id: UserId,
    /// Login name, unique.
    pub login: String,
    /// Display name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Argon2id, PHC text.
    pub password_hash: String,
    /// When it was disabled; `None` while it may log in.
    pub disabled_at_ms: Option<i64>,
    /// Last login.
    pub last_login_at_ms: Option<i64>,
    /// When it was made.
    pub created_at_ms: i64,
}

/// Which accounts a list shows.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// Words that login or name contain, in any case.
    pub query: Option<String>,
    /// Only this role.
    pub role: Option<Role>,
    /// Only disabled (`true`) or only active (`false`) accounts.
    pub disabled: Option<bool>,
}

/// What changes on an account; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// New display name.
    pub name: Option<String>,
    /// New role.
    pub role: Option<Role>,
    /// New password hash.
    pub password_hash: Option<String>,
    /// `Some(Some(at))` disables, `Some(None)` enables.
    pub disabled_at_ms: Option<Option<i64>>,
}

impl Store {
    /// Finds an account by id.
    pub async fn find_user(&self, id: UserId) -> BackendResult<Option<UserRow>> {
        let sql = Sql::new(COLUMNS).push(" WHERE id = ?").bind(id);
        self.fetch_optional(sql).await?.as_ref().map(read).transpose()
    }

    /// Finds an account by its exact login name.
    pub async fn find_user_by_login(&self, login: &str) -> BackendResult<Option<UserRow>> {
        let sql = Sql::new(COLUMNS).push(" WHERE login = ?").bind(login);
        self.fetch_optional(sql).await?.as_ref().map(read).transpose()
    }

    /// Returns which of some accounts exist and are not disabled.
    pub async fn enabled_users(&self, ids: impl IntoIterator<Item = UserId>) -> BackendResult<HashSet<UserId>> {
        let sql = Sql::new("SELECT id FROM users WHERE disabled_at_ms IS NULL AND id IN ").push_list(ids);
        self.fetch_all(sql).await?.iter().map(|row| row.id("id")).collect()
    }

    /// Lists accounts, newest first, those before `after`.
    pub async fn list_users(&self, filter: &UserFilter, after: Option<UserId>, limit: u32) -> BackendResult<Vec<UserRow>> {
        let disabled = match filter.disabled {
            Some(true) => " AND disabled_at_ms IS NOT NULL",
            Some(false) => " AND disabled_at_ms IS NULL",
            None => "",
        };
        let sql = Sql::new(COLUMNS)
            .push(" WHERE 1 = 1")
            .push_if(" AND role = ?", filter.role)
            .push(disabled)
            .push_words("search_text", filter.query.as_deref())
            .push_if(" AND id < ?", after)
            .push(" ORDER BY id DESC LIMIT ?")
            .bind(limit);
        self.fetch_all(sql).await?.iter().map(read).collect()
    }
}

impl Tx {
    /// Adds an account; `false` when the login name is taken.
    pub async fn insert_user(&mut self, user: &UserRow) -> BackendResult<bool> {
        let row = Values::new()
            .set("id", user.id)
            .set("login", &user.login)
            .set("name", &user.name)
            .set("search_text", searchable(&[&user.login, &user.name]))
            .set("role", user.role)
            .set("password_hash", &user.password_hash)
            .set("disabled_at_ms", user.disabled_at_ms)
            .set("last_login_at_ms", user.last_login_at_ms)
            .set("created_at_ms", user.created_at_ms);
        let sql = Sql::insert("users", row);
        self.insert(sql).await
    }

    /// Changes an account; `false` when there is none.
    pub async fn update_user(&mut self, id: UserId, change: &UserChange) -> BackendResult<bool> {
        let Some(row) = self.fetch_optional(Sql::new(COLUMNS).push(" WHERE id = ?").bind(id)).await? else {
            return Ok(false);
        };
        let login = row.text("login")?;
        let search_text = change.name.as_deref().map(|name| searchable(&[&login, name]));
        let sql = Sql::new("UPDATE users SET id = id")
            .push_if(", name = ?", change.name.as_deref())
            .push_if(", search_text = ?", search_text)
            .push_if(", role = ?", change.role)
            .push_if(", password_hash = ?", change.password_hash.as_deref())
            .push_if(", disabled_at_ms = ?", change.disabled_at_ms)
            .push(" WHERE id = ?")
            .bind(id);
        Ok(self.execute(sql).await? > 0)
    }

    /// Returns the admins who can sign in. Locks their rows until the transaction ends: the next
    /// caller waits, and then sees the change of this one.
    pub async fn hold_active_admins(&mut self) -> BackendResult<Vec<UserId>> {
        // A write that changes nothing is the lock that all engines have.
        let lock = Sql::new("UPDATE users SET role = role WHERE role = ? AND disabled_at_ms IS NULL");
        self.execute(lock.bind(Role::Admin)).await?;
        let held = Sql::new("SELECT id FROM users WHERE role = ? AND disabled_at_ms IS NULL");
        self.fetch_all(held.bind(Role::Admin)).await?.iter().map(|row| row.id("id")).collect()
    }

    /// Notes a login.
    pub async fn set_last_login(&mut self, id: UserId, now_ms: i64) -> BackendResult<()> {
        self.execute(Sql::new("UPDATE users SET last_login_at_ms = ? WHERE id = ?").bind(now_ms).bind(id)).await.map(drop)
    }
}

fn read(row: &AnyRow) -> BackendResult<UserRow> {
    Ok(UserRow {
        id: row.id("id")?,
        login: row.text("login")?,
        name: row.text("name")?,
        role: row.role()?,
        password_hash: row.text("password_hash")?,
        disabled_at_ms: row.maybe_int("disabled_at_ms")?,
        last_login_at_ms: row.maybe_int("last_login_at_ms")?,
        created_at_ms: row.int("created_at_ms")?,
    })
}
