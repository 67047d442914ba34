//! What stands around conversations: the counsellors' private notes, prepared answers, what students hide, and who looked when.

use super::{BackendResult, PersonRow, Store, Tx, columns::Columns, sql::Sql};
use crate::domain::ids::{CannedReplyId, ConversationId, NoteId, UserId};
use sqlx::any::AnyRow;
use std::collections::HashSet;

/// The owner of the prepared answers of the whole school.
const SCHOOL: &str = "school";
const CANNED: &str = "SELECT id, owner_key, shortcut, body FROM canned_replies";

/// A counsellor's note about a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteRow {
    /// Its id.
    pub id: NoteId,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Who wrote it.
    pub author: PersonRow,
    /// What it says.
    pub body: String,
    /// When it was written.
    pub created_at_ms: i64,
}

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

/// What a student hides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChatPreferences {
    /// Nobody sees that they are typing.
    pub hide_typing: bool,
    /// Nobody sees what they have read.
    pub hide_read_receipts: bool,
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
    /// Lists the notes about a conversation, oldest first.
    pub async fn list_notes(&self, conversation: ConversationId) -> BackendResult<Vec<NoteRow>> {
        let sql = Sql::new(
            "SELECT n.id, n.author_id, u.name AS author_name, n.body, n.created_at_ms FROM private_notes n JOIN users u ON u.id = n.author_id \
             WHERE n.conversation_id = ? ORDER BY n.id",
        );
        let read = |row: &AnyRow| {
            Ok(NoteRow {
                id: row.id("id")?,
                conversation_id: conversation,
                author: PersonRow { id: row.id("author_id")?, name: row.text("author_name")? },
                body: row.text("body")?,
                created_at_ms: row.int("created_at_ms")?,
            })
        };
        self.fetch_all(sql.bind(conversation)).await?.iter().map(read).collect()
    }

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
        let sql = Sql::new(
            "INSERT INTO canned_replies (id, owner_key, shortcut, body, created_by, created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
        );
        let sql = sql.bind(reply.id).bind(reply.owner_key()).bind(&reply.shortcut).bind(&reply.body);
        self.insert(sql.bind(author).bind(now_ms).bind(now_ms)).await
    }

    /// Writes shortcut and text of a prepared answer; `false` when its owner has another one with this shortcut. An unknown id changes nothing.
    pub async fn update_canned_reply(&self, reply: &CannedReplyRow, now_ms: i64) -> BackendResult<bool> {
        let sql = Sql::new("UPDATE canned_replies SET shortcut = ?, body = ?, updated_at_ms = ? WHERE id = ?");
        self.insert(sql.bind(&reply.shortcut).bind(&reply.body).bind(now_ms).bind(reply.id)).await
    }

    /// Removes a prepared answer; `false` when there is none.
    pub async fn delete_canned_reply(&self, id: CannedReplyId) -> BackendResult<bool> {
        Ok(self.execute(Sql::new("DELETE FROM canned_replies WHERE id = ?").bind(id)).await? > 0)
    }

    /// Returns what a student hides; nothing when they never chose.
    pub async fn chat_preferences(&self, user: UserId) -> BackendResult<ChatPreferences> {
        let sql = Sql::new("SELECT hide_typing, hide_read_receipts FROM chat_preferences WHERE user_id = ?").bind(user);
        let Some(row) = self.fetch_optional(sql).await? else { return Ok(ChatPreferences::default()) };
        Ok(ChatPreferences { hide_typing: row.int("hide_typing")? != 0, hide_read_receipts: row.int("hide_read_receipts")? != 0 })
    }

    /// Keeps what a student hides.
    pub async fn set_chat_preferences(&self, user: UserId, preferences: ChatPreferences) -> BackendResult<()> {
        let sql = Sql::new(
            "INSERT INTO chat_preferences (user_id, hide_typing, hide_read_receipts) VALUES (?, ?, ?) \
             ON CONFLICT (user_id) DO UPDATE SET hide_typing = excluded.hide_typing, hide_read_receipts = excluded.hide_read_receipts",
        );
        let sql = sql.bind(user).bind(i64::from(preferences.hide_typing)).bind(i64::from(preferences.hide_read_receipts));
        self.execute(sql).await.map(drop)
    }

    /// Returns which of these conversations a user has looked into on `day` (`YYYY-MM-DD` of the school).
    pub async fn viewed_conversations(&self, user: UserId, day: &str, among: &[ConversationId]) -> BackendResult<HashSet<ConversationId>> {
        let sql = Sql::new("SELECT conversation_id FROM conversation_views WHERE user_id = ? AND day = ? AND conversation_id IN ");
        let rows = self.fetch_all(sql.bind(user).bind(day).push_list(among.iter().copied())).await?;
        rows.iter().map(|row| row.id("conversation_id")).collect()
    }

    /// Forgets who looked on days before `day`; the audit trail keeps it. Returns how many rows went.
    pub async fn trim_conversation_views(&self, day: &str) -> BackendResult<u64> {
        self.execute(Sql::new("DELETE FROM conversation_views WHERE day < ?").bind(day)).await
    }
}

impl Tx {
    /// Adds a note.
    pub async fn insert_note(&mut self, note: &NoteRow) -> BackendResult<()> {
        let sql = Sql::new("INSERT INTO private_notes (id, conversation_id, author_id, body, created_at_ms) VALUES (?, ?, ?, ?, ?)");
        let sql = sql.bind(note.id).bind(note.conversation_id).bind(note.author.id).bind(&note.body).bind(note.created_at_ms);
        self.execute(sql).await.map(drop)
    }

    /// Notes that a user looked into a conversation on `day`; `false` when that is known.
    pub async fn insert_conversation_view(&mut self, user: UserId, day: &str, conversation: ConversationId) -> BackendResult<bool> {
        let sql = Sql::new("INSERT INTO conversation_views (user_id, day, conversation_id) VALUES (?, ?, ?)");
        self.insert(sql.bind(user).bind(day).bind(conversation)).await
    }
}

fn read_canned(row: &AnyRow) -> BackendResult<CannedReplyRow> {
    let owner_key = row.text("owner_key")?;
    let owner = if owner_key == SCHOOL { None } else { Some(row.id("owner_key")?) };
    Ok(CannedReplyRow { id: row.id("id")?, owner, shortcut: row.text("shortcut")?, body: row.text("body")? })
}
