//! Owns the threads of students with the companion. Called by the use cases of the companion; must
//! not check whose thread it is.

use super::{
    BackendResult, Store, Tx,
    columns::Columns,
    sql::{Sql, Values},
};
use crate::domain::ids::{MessageId, ThreadId, UserId};
use sqlx::any::AnyRow;

const THREAD: &str = "SELECT id, student_id, title, created_at_ms, last_message_at_ms FROM companion_threads";

/// A thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadRow {
    /// Its id.
    pub id: ThreadId,
    /// Whose it is.
    pub student_id: UserId,
    /// What it is about; empty until something was asked.
    pub title: String,
    /// When it was made.
    pub created_at_ms: i64,
    /// When something was last asked or answered: what lists are sorted by.
    pub last_message_at_ms: i64,
}

impl Store {
    /// Adds a thread.
    pub async fn insert_thread(&self, thread: &ThreadRow) -> BackendResult<()> {
        let row = Values::new()
            .set("id", thread.id)
            .set("student_id", thread.student_id)
            .set("title", &thread.title)
            .set("created_at_ms", thread.created_at_ms)
            .set("last_message_at_ms", thread.last_message_at_ms);
        self.execute(Sql::insert("companion_threads", row)).await.map(drop)
    }

    /// Finds a thread.
    pub async fn find_thread(&self, id: ThreadId) -> BackendResult<Option<ThreadRow>> {
        self.fetch_optional(Sql::new(THREAD).push(" WHERE id = ?").bind(id)).await?.as_ref().map(read).transpose()
    }

    /// Lists a student's threads, the one with the newest message first, those behind `after`.
    pub async fn list_threads(&self, student: UserId, after: Option<&ThreadRow>, limit: u32) -> BackendResult<Vec<ThreadRow>> {
        let mut sql = Sql::new(THREAD).push(" WHERE student_id = ?").bind(student);
        if let Some(after) = after {
            sql = sql.push(" AND (last_message_at_ms < ? OR (last_message_at_ms = ? AND id < ?))");
            sql = sql.bind(after.last_message_at_ms).bind(after.last_message_at_ms).bind(after.id);
        }
        let sql = sql.push(" ORDER BY last_message_at_ms DESC, id DESC LIMIT ?").bind(limit);
        self.fetch_all(sql).await?.iter().map(read).collect()
    }

    /// Names a thread; an unknown one changes nothing.
    pub async fn rename_thread(&self, id: ThreadId, title: &str) -> BackendResult<()> {
        self.execute(Sql::new("UPDATE companion_threads SET title = ? WHERE id = ?").bind(title).bind(id)).await.map(drop)
    }
}

impl Tx {
    /// Notes that something was asked or answered at `now_ms`, and holds the thread until the
    /// transaction ends. Gives it `title` if it has none. `false`: there is no such thread.
    pub async fn touch_thread(&mut self, id: ThreadId, title: Option<&str>, now_ms: i64) -> BackendResult<bool> {
        let sql = Sql::new(
            "UPDATE companion_threads SET last_message_at_ms = CASE WHEN last_message_at_ms > ? THEN last_message_at_ms ELSE ? END, \
             title = CASE WHEN title = '' THEN ? ELSE title END WHERE id = ?",
        );
        let sql = sql.bind(now_ms).bind(now_ms).bind(title.unwrap_or_default()).bind(id);
        Ok(self.execute(sql).await? > 0)
    }

    /// Removes a thread with all that was said in it; what the log tells of its answers is emptied.
    /// `false`: it was gone.
    pub async fn delete_thread(&mut self, id: ThreadId) -> BackendResult<bool> {
        let answers = self.fetch_all(Sql::new("SELECT id FROM companion_answers WHERE thread_id = ?").bind(id)).await?;
        let answers = answers.iter().map(|row| row.id("id")).collect::<BackendResult<Vec<MessageId>>>()?;
        if !answers.is_empty() {
            let empty = Sql::new("UPDATE log SET data = ? WHERE id IN ").bind(r#"{"deleted":true}"#).push_list(answers);
            self.execute(empty).await?;
        }
        Ok(self.execute(Sql::new("DELETE FROM companion_threads WHERE id = ?").bind(id)).await? > 0)
    }
}

fn read(row: &AnyRow) -> BackendResult<ThreadRow> {
    Ok(ThreadRow {
        id: row.id("id")?,
        student_id: row.id("student_id")?,
        title: row.text("title")?,
        created_at_ms: row.int("created_at_ms")?,
        last_message_at_ms: row.int("last_message_at_ms")?,
    })
}
