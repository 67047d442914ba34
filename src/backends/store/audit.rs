//! Owns the audit trail. Called by every use case that changes something; must not change or remove
//! a line: no function here does.

use super::{
    BackendResult, Store, Tx,
    columns::Columns,
    sql::{Sql, Values},
};
use crate::domain::ids::{AuditId, UserId};
use serde_json::Value;
use sqlx::any::AnyRow;

/// What somebody did.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry<'a> {
    /// Who; `None` for strangers and the server itself.
    pub actor_id: Option<UserId>,
    /// What, such as `material.created`.
    pub action: &'a str,
    /// What kind of thing it was done to, such as `material`.
    pub target_kind: Option<&'a str>,
    /// The id of that thing.
    pub target_id: Option<String>,
    /// From which address.
    pub address: Option<String>,
    /// Further facts, never secrets or texts of students. A `title` names the target in lists after
    /// it is gone.
    pub data: Value,
    /// When.
    pub at_ms: i64,
}

/// A line of the audit trail with the names of who acted and of the user it was done to.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditView {
    /// Its id; lists continue after it.
    pub id: AuditId,
    /// When.
    pub at_ms: i64,
    /// Who, and the display name.
    pub actor: Option<(UserId, String)>,
    /// What.
    pub action: String,
    /// What kind of thing it was done to.
    pub target_kind: Option<String>,
    /// The id of that thing.
    pub target_id: Option<String>,
    /// The display name of a target that is a user.
    pub target_name: Option<String>,
    /// From which address.
    pub address: Option<String>,
    /// Further facts.
    pub data: Value,
}

/// Which lines of the trail are wanted; `None` lets everything through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only what this user did.
    pub actor_id: Option<UserId>,
    /// Only what was done to things of this kind, such as `conversation`.
    pub target_kind: Option<String>,
    /// Only what was done to the thing with this id.
    pub target_id: Option<String>,
}

impl Tx {
    /// Adds a line in this transaction.
    pub async fn append_audit(&mut self, entry: &AuditEntry<'_>) -> BackendResult<()> {
        self.execute(insert(entry)).await.map(drop)
    }
}

impl Store {
    /// Adds a line by itself.
    pub async fn append_audit(&self, entry: &AuditEntry<'_>) -> BackendResult<()> {
        self.execute(insert(entry)).await.map(drop)
    }

    /// Lists the trail, newest first, lines before `after` that `filter` lets through.
    pub async fn list_audit(&self, filter: &AuditFilter, after: Option<AuditId>, limit: u32) -> BackendResult<Vec<AuditView>> {
        let sql = Sql::new(
            "SELECT a.id, a.at_ms, a.actor_id, u.name AS actor_name, a.action, a.target_kind, a.target_id, t.name AS target_name, a.address, a.data \
             FROM audit a LEFT JOIN users u ON u.id = a.actor_id LEFT JOIN users t ON a.target_kind = 'user' AND t.id = a.target_id WHERE 1 = 1",
        )
        .push_if(" AND a.actor_id = ?", filter.actor_id)
        .push_if(" AND a.target_kind = ?", filter.target_kind.as_deref())
        .push_if(" AND a.target_id = ?", filter.target_id.as_deref())
        .push_if(" AND a.id < ?", after)
        .push(" ORDER BY a.id DESC LIMIT ?")
        .bind(limit);
        self.fetch_all(sql).await?.iter().map(read).collect()
    }
}

fn insert(entry: &AuditEntry<'_>) -> Sql {
    let row = Values::new()
        .set("id", AuditId::generate())
        .set("at_ms", entry.at_ms)
        .set("actor_id", entry.actor_id)
        .set("action", entry.action)
        .set("target_kind", entry.target_kind)
        .set("target_id", entry.target_id.as_deref())
        .set("address", entry.address.as_deref())
        .set("data", entry.data.to_string());
    Sql::insert("audit", row)
}

fn read(row: &AnyRow) -> BackendResult<AuditView> {
    let actor_id: Option<UserId> = row.maybe_id("actor_id")?;
    Ok(AuditView {
        id: row.id("id")?,
        at_ms: row.int("at_ms")?,
        actor: actor_id.zip(row.maybe_text("actor_name")?),
        action: row.text("action")?,
        target_kind: row.maybe_text("target_kind")?,
        target_id: row.maybe_text("target_id")?,
        target_name: row.maybe_text("target_name")?,
        address: row.maybe_text("address")?,
        data: row.json("data")?,
    })
}
