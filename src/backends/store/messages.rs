//! Owns messages: numbered per conversation, unique per sender by the id the client chose, with the
//! texts from before an edit. Called by the use cases of conversations; must not check membership.
//!
//! - The log follows the message: after an edit or a deletion, a client that catches up does not
//!   get the old text.

use super::{
    BackendResult, FileRow, Store, Tx,
    columns::Columns,
    conversations::of_member,
    materials::{read_file, set_file},
    sql::{Sql, Values, searchable},
};
use crate::domain::{
    conversations::conversation::{Participant, Side},
    ids::{ConversationId, LogId, MessageId, UserId},
};
use sqlx::any::AnyRow;

const MESSAGE: &str = "SELECT m.id, m.conversation_id, m.seq, m.sender_id, m.client_id, m.fingerprint, m.body, m.file_key, m.file_name, m.file_size_bytes, \
     m.file_content_type, m.file_sha256, m.created_at_ms, m.edited_at_ms, m.deleted_at_ms FROM messages m";

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// Its id, equal to that of its log row.
    pub id: MessageId,
    /// Where it stands.
    pub conversation_id: ConversationId,
    /// Its number there, from 1 without gaps.
    pub seq: i64,
    /// Who wrote it.
    pub sender_id: UserId,
    /// The id the client gave it; unique per sender.
    pub client_id: String,
    /// Tells a repeat from another message under the same client id; 64 hex digits.
    pub fingerprint: String,
    /// What it says; empty when deleted.
    pub body: String,
    /// Its file; none when deleted.
    pub file: Option<FileRow>,
    /// When it was written.
    pub created_at_ms: i64,
    /// When it was edited last.
    pub edited_at_ms: Option<i64>,
    /// When it was deleted.
    pub deleted_at_ms: Option<i64>,
}

/// What a message said before an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageEditRow {
    /// The text that was replaced.
    pub body: String,
    /// When.
    pub edited_at_ms: i64,
}

/// Which part of a conversation is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryRange {
    /// The newest messages with a number below this one.
    Before(i64),
    /// The oldest messages with a number above this one.
    After(i64),
}

impl Store {
    /// Finds a message of a conversation.
    pub async fn find_message(&self, conversation: ConversationId, id: MessageId) -> BackendResult<Option<MessageRow>> {
        self.fetch_optional(one(conversation, id)).await?.as_ref().map(read).transpose()
    }

    /// Finds the message a sender wrote under a client's id, in any conversation.
    pub async fn find_message_by_client_id(&self, sender: UserId, client_id: &str) -> BackendResult<Option<MessageRow>> {
        let sql = Sql::new(MESSAGE).push(" WHERE m.sender_id = ? AND m.client_id = ?").bind(sender).bind(client_id);
        self.fetch_optional(sql).await?.as_ref().map(read).transpose()
    }

    /// Returns up to `limit` messages of a part of a conversation, by rising number.
    pub async fn list_messages(&self, conversation: ConversationId, range: HistoryRange, limit: u32) -> BackendResult<Vec<MessageRow>> {
        let sql = Sql::new(MESSAGE).push(" WHERE m.conversation_id = ?").bind(conversation);
        let sql = match range {
            HistoryRange::Before(seq) => sql.push(" AND m.seq < ? ORDER BY m.seq DESC LIMIT ?").bind(seq),
            HistoryRange::After(seq) => sql.push(" AND m.seq > ? ORDER BY m.seq LIMIT ?").bind(seq),
        };
        let mut rows = self.fetch_all(sql.bind(limit)).await?;
        if matches!(range, HistoryRange::Before(_)) {
            rows.reverse();
        }
        rows.iter().map(read).collect()
    }

    /// Returns the number of the first message written at `at_ms` or later; `None` when there is
    /// none.
    pub async fn first_seq_since(&self, conversation: ConversationId, at_ms: i64) -> BackendResult<Option<i64>> {
        let sql = Sql::new("SELECT MIN(seq) AS first FROM messages WHERE conversation_id = ? AND created_at_ms >= ?");
        self.fetch_one(sql.bind(conversation).bind(at_ms)).await?.maybe_int("first")
    }

    /// Finds messages that contain the words of `query`, newest first, those behind `after`, in the
    /// conversations `who` is in now.
    pub async fn search_messages(
        &self,
        who: Participant,
        query: &str,
        after: Option<MessageId>,
        limit: u32,
    ) -> BackendResult<Vec<MessageRow>> {
        let sql = Sql::new(MESSAGE)
            .push(" JOIN conversations c ON c.id = m.conversation_id WHERE m.deleted_at_ms IS NULL")
            .push(of_member(who.side))
            .bind(who.user_id)
            .push_words("m.search_text", Some(query))
            .push_if(" AND m.id < ?", after)
            .push(" ORDER BY m.id DESC LIMIT ?")
            .bind(limit);
        self.fetch_all(sql).await?.iter().map(read).collect()
    }

    /// Returns what a message said before its edits, oldest first.
    pub async fn list_message_edits(&self, message: MessageId) -> BackendResult<Vec<MessageEditRow>> {
        let sql = Sql::new("SELECT body, edited_at_ms FROM message_edits WHERE message_id = ? ORDER BY id").bind(message);
        let read = |row: &AnyRow| Ok(MessageEditRow { body: row.text("body")?, edited_at_ms: row.int("edited_at_ms")? });
        self.fetch_all(sql).await?.iter().map(read).collect()
    }
}

impl Tx {
    /// Takes the next number of a conversation for a message of a member written at `at_ms`, and
    /// holds the conversation until this transaction ends. `None`: not a member, or closed; nothing
    /// changed.
    pub async fn take_seq(&mut self, conversation: ConversationId, sender: Participant, at_ms: i64) -> BackendResult<Option<i64>> {
        let take = Sql::new(
            "UPDATE conversations SET last_seq = last_seq + 1, last_message_at_ms = CASE WHEN last_message_at_ms > ? THEN last_message_at_ms ELSE ? END \
             WHERE id = ? AND state <> 'closed'",
        );
        let take = take.bind(at_ms).bind(at_ms).bind(conversation).push(match sender.side {
            Side::Student => " AND student_id = ?",
            Side::Counsellor => " AND counsellor_id = ?",
        });
        if self.execute(take.bind(sender.user_id)).await? == 0 {
            return Ok(None);
        }
        let taken = Sql::new("SELECT last_seq FROM conversations WHERE id = ?").bind(conversation);
        self.fetch_one(taken).await?.int("last_seq").map(Some)
    }

    /// Adds a message under a number from [`Tx::take_seq`]. `false`: the sender wrote one under
    /// this client id before; then the transaction is of no more use and must be dropped.
    pub async fn insert_message(&mut self, message: &MessageRow) -> BackendResult<bool> {
        let file = message.file.as_ref();
        let row = Values::new()
            .set("id", message.id)
            .set("conversation_id", message.conversation_id)
            .set("seq", message.seq)
            .set("sender_id", message.sender_id)
            .set("client_id", &message.client_id)
            .set("fingerprint", &message.fingerprint)
            .set("body", &message.body)
            .set("search_text", searchable_text(&message.body, file))
            .set("created_at_ms", message.created_at_ms);
        let sql = Sql::insert("messages", set_file(row, file));
        // Without a savepoint, which would cost two more round trips per message: a repeat is found
        // before the transaction nearly always.
        self.insert_or_end(sql).await
    }

    /// Finds a message of a conversation. Hold the conversation to keep others from changing it.
    pub async fn find_message(&mut self, conversation: ConversationId, id: MessageId) -> BackendResult<Option<MessageRow>> {
        self.fetch_optional(one(conversation, id)).await?.as_ref().map(read).transpose()
    }

    /// Writes the text of an edited message and keeps the one before. `event` is the log row that
    /// will announce it.
    pub async fn edit_message(&mut self, before: &MessageRow, body: &str, event: LogId, now_ms: i64) -> BackendResult<()> {
        let keep = Sql::new("INSERT INTO message_edits (id, message_id, body, edited_at_ms) VALUES (?, ?, ?, ?)");
        self.execute(keep.bind(event).bind(before.id).bind(&before.body).bind(now_ms)).await?;
        let change = Sql::new("UPDATE messages SET body = ?, search_text = ?, edited_at_ms = ? WHERE id = ?");
        let search_text = searchable_text(body, before.file.as_ref());
        self.execute(change.bind(body).bind(search_text).bind(now_ms).bind(before.id)).await.map(drop)
    }

    /// Makes a message a tombstone: text, file and earlier texts go, its place stays. Call
    /// [`Tx::rewrite_message_log`] before.
    pub async fn delete_message(&mut self, id: MessageId, now_ms: i64) -> BackendResult<()> {
        self.execute(Sql::new("DELETE FROM message_edits WHERE message_id = ?").bind(id)).await?;
        let clear = Sql::new(
            "UPDATE messages SET body = '', search_text = '', file_key = NULL, file_name = NULL, file_size_bytes = NULL, file_content_type = NULL, \
             file_sha256 = NULL, deleted_at_ms = ? WHERE id = ?",
        );
        self.execute(clear.bind(now_ms).bind(id)).await.map(drop)
    }

    /// Replaces what the log says of a message so far: its creation and its edits.
    pub async fn rewrite_message_log(&mut self, id: MessageId, data: &str) -> BackendResult<()> {
        let edits = self.fetch_all(Sql::new("SELECT id FROM message_edits WHERE message_id = ?").bind(id)).await?;
        let edits = edits.iter().map(|row| row.text("id")).collect::<BackendResult<Vec<_>>>()?;
        let rows = edits.into_iter().chain([id.to_string()]);
        self.execute(Sql::new("UPDATE log SET data = ? WHERE id IN ").bind(data).push_list(rows)).await.map(drop)
    }
}

fn one(conversation: ConversationId, id: MessageId) -> Sql {
    Sql::new(MESSAGE).push(" WHERE m.id = ? AND m.conversation_id = ?").bind(id).bind(conversation)
}

/// Returns what a search finds a message by: its text and the name of its file.
fn searchable_text(body: &str, file: Option<&FileRow>) -> String {
    searchable(&[body, file.map_or("", |file| file.name.as_str())])
}

fn read(row: &AnyRow) -> BackendResult<MessageRow> {
    Ok(MessageRow {
        id: row.id("id")?,
        conversation_id: row.id("conversation_id")?,
        seq: row.int("seq")?,
        sender_id: row.id("sender_id")?,
        client_id: row.text("client_id")?,
        fingerprint: row.text("fingerprint")?,
        body: row.text("body")?,
        file: row.maybe_text("file_key")?.map(|key| read_file(row, key)).transpose()?,
        created_at_ms: row.int("created_at_ms")?,
        edited_at_ms: row.maybe_int("edited_at_ms")?,
        deleted_at_ms: row.maybe_int("deleted_at_ms")?,
    })
}
