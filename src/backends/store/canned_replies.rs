//! Owns the prepared answers of counsellors and of the school. Called by the use cases of
//! conversations; must not decide who may edit which.

use super::{
    BackendResult, Store,
    columns::Columns,
    sql::{Sql, Values},
};
use crate::domain::ids::{CannedReplyId, UserId};
use sqlx::any::AnyRow;

/// The owner of the prepared answers of the whole school.
const SCHOOL: &str = "school";
const CANNED: &str = "SELECT id, owner_key, shortcut, body FROM canned_replies";

/// A prepared answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CannedReplyRow {
    /// Its id.
    pub id: CannedReplyId,
    /// The counsellor it belongs to; `None` for the school's.
    pub owner: Option<UserId>,
    /// What is typed behind `/`; unique per owner.
    pub shortcut: String,
    /// What it says.
    pub body: String,
}

impl CannedReplyRow {
    fn owner_key(&self) -> String {
        owner_key(self.owner)
    }
}

fn owner_key(owner: Option<UserId>) -> String {
    owner.map_or_else(|| SCHOOL.to_owned(), |owner| owner.to_string())
}

impl Store {
    /// Lists the school's prepared answers, and those of `owner`, by shortcut.
    pub async fn list_canned_replies(&self, owner: Option<UserId>) -> BackendResult<Vec<CannedReplyRow>> {
        let sql = Sql::new(CANNED).push(" WHERE owner_key IN (?, ?) ORDER BY shortcut, id").bind(SCHOOL).bind(owner_key(owner));
        self.fetch_all(sql).await?.iter().map(read_canned).collect()
    }

    /// Finds a prepared answer.
    pub async fn find_canned_reply(&self, id: CannedReplyId) -> BackendResult<Option<CannedReplyRow>> {
        let sql = Sql::new(CANNED).push(" WHERE id = ?").bind(id);
        self.fetch_optional(sql).await?.as_ref().map(read_canned).transpose()
    }

    /// Adds a prepared answer; `false` when its owner has one with this shortcut.
    pub async fn insert_canned_reply(&self, reply: &CannedReplyRow, author: UserId, now_ms: i64) -> BackendResult<bool> {
        let row = Values::new()
            .set("id", reply.id)
            .set("owner_key", reply.owner_key())
            .set("shortcut", &reply.shortcut)
            .set("body", &reply.body)
            .set("created_by", author)
            .set("created_at_ms", now_ms)
            .set("updated_at_ms", now_ms);
        self.insert(Sql::insert("canned_replies", row)).await
    }

    /// Writes shortcut and text of a prepared answer; `false` when its owner has another one with
    /// this shortcut. An unknown id changes nothing.
    pub async fn update_canned_reply(&self, reply: &CannedReplyRow, now_ms: i64) -> BackendResult<bool> {
        let sql = Sql::new("UPDATE canned_replies SET shortcut = ?, body = ?, updated_at_ms = ? WHERE id = ?");
        self.insert(sql.bind(&reply.shortcut).bind(&reply.body).bind(now_ms).bind(reply.id)).await
    }

    /// Removes a prepared answer; `false` when there is none.
    pub async fn delete_canned_reply(&self, id: CannedReplyId) -> BackendResult<bool> {
        Ok(self.execute(Sql::new("DELETE FROM canned_replies WHERE id = ?").bind(id)).await? > 0)
    }
}

fn read_canned(row: &AnyRow) -> BackendResult<CannedReplyRow> {
    let owner_key = row.text("owner_key")?;
    let owner = if owner_key == SCHOOL { None } else { Some(row.id("owner_key")?) };
    Ok(CannedReplyRow { id: row.id("id")?, owner, shortcut: row.text("shortcut")?, body: row.text("body")? })
}
