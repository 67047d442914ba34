//! Owns conversations: members, state, and number of the last message. Called by the use cases of
//! conversations and alerts; must not decide which change is allowed.
//!
//! - Every use case that changes a conversation writes its row first, which holds the row until the
//!   transaction ends. So message numbers have no gaps, and a transfer and a message never cross.

use super::{
    BackendResult, Marks, PersonRow, Store, Tx,
    columns::Columns,
    sql::{Sql, Values, searchable},
};
use crate::domain::{
    conversations::conversation::{ConversationState, ListPosition, Participant, Side},
    ids::{ConversationId, UserId},
};
use sqlx::any::AnyRow;

/// A conversation with all that either side is shown of it. Private notes are not part of it, on
/// purpose.
const VIEW: &str = "SELECT c.id, c.student_id, s.name AS student_name, c.counsellor_id, k.name AS counsellor_name, c.state, c.subject, c.last_seq, \
     c.last_message_at_ms, c.waiting_since_ms, c.created_at_ms, c.closed_at_ms, m.sender_id AS last_sender_id, m.body AS last_body, \
     m.file_name AS last_file_name, m.created_at_ms AS last_created_at_ms, m.deleted_at_ms AS last_deleted_at_ms, \
     COALESCE(sw.delivered_seq, 0) AS student_delivered, COALESCE(sw.read_seq, 0) AS student_read, \
     COALESCE(kw.delivered_seq, 0) AS counsellor_delivered, COALESCE(kw.read_seq, 0) AS counsellor_read, \
     COALESCE(p.hide_read_receipts, 0) AS hides_read_receipts, \
     (SELECT COUNT(*) FROM messages n WHERE n.conversation_id = c.id AND n.seq > COALESCE(sw.read_seq, 0) AND n.sender_id <> c.student_id \
     AND n.deleted_at_ms IS NULL) AS student_unread, \
     (SELECT COUNT(*) FROM messages n WHERE n.conversation_id = c.id AND n.seq > COALESCE(kw.read_seq, 0) AND n.sender_id = c.student_id \
     AND n.deleted_at_ms IS NULL) AS counsellor_unread \
     FROM conversations c JOIN users s ON s.id = c.student_id LEFT JOIN users k ON k.id = c.counsellor_id \
     LEFT JOIN messages m ON m.conversation_id = c.id AND m.seq = c.last_seq \
     LEFT JOIN conversation_watermarks sw ON sw.conversation_id = c.id AND sw.user_id = c.student_id \
     LEFT JOIN conversation_watermarks kw ON kw.conversation_id = c.id AND kw.user_id = c.counsellor_id \
     LEFT JOIN chat_preferences p ON p.user_id = c.student_id WHERE 1 = 1";
const HEAD: &str = "SELECT id, student_id, counsellor_id, state, last_seq FROM conversations WHERE id = ?";

/// The newest message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastMessageRow {
    /// Its number.
    pub seq: i64,
    /// Who wrote it.
    pub sender_id: UserId,
    /// What it says; empty when deleted.
    pub body: String,
    /// The name of its file.
    pub file_name: Option<String>,
    /// When it was written.
    pub created_at_ms: i64,
    /// Whether it was deleted.
    pub is_deleted: bool,
}

/// A conversation as both sides see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationRow {
    /// Its id.
    pub id: ConversationId,
    /// The student.
    pub student: PersonRow,
    /// The counsellor; `None` in the queue.
    pub counsellor: Option<PersonRow>,
    /// Where it stands.
    pub state: ConversationState,
    /// What it is about.
    pub subject: Option<String>,
    /// Number of the newest message; 0 without any.
    pub last_seq: i64,
    /// The newest message.
    pub last_message: Option<LastMessageRow>,
    /// When the newest message was written, or without any when it was made: what lists are sorted
    /// by.
    pub last_message_at_ms: i64,
    /// How far the student got.
    pub student_marks: Marks,
    /// How far the counsellor got.
    pub counsellor_marks: Marks,
    /// How many messages the student has not read.
    pub student_unread: i64,
    /// How many messages of the student the counsellor has not read.
    pub counsellor_unread: i64,
    /// Whether the student hides what they have read.
    pub hides_read_receipts: bool,
    /// Since when it is in the queue.
    pub waiting_since_ms: Option<i64>,
    /// When it was made.
    pub created_at_ms: i64,
    /// When it was closed.
    pub closed_at_ms: Option<i64>,
}

/// What a change of a conversation is decided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConversationHead {
    /// Its id.
    pub id: ConversationId,
    /// The student.
    pub student_id: UserId,
    /// The counsellor; `None` in the queue.
    pub counsellor_id: Option<UserId>,
    /// Where it stands.
    pub state: ConversationState,
    /// Number of the newest message.
    pub last_seq: i64,
}

/// Where a conversation is to stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// New state.
    pub state: ConversationState,
    /// Who has it.
    pub counsellor_id: Option<UserId>,
    /// Unique while it is live; `None` when closed.
    pub open_key: Option<String>,
    /// Since when it is in the queue.
    pub waiting_since_ms: Option<i64>,
    /// When it was closed.
    pub closed_at_ms: Option<i64>,
}

/// Which conversations a list shows.
#[derive(Debug, Clone, Default)]
pub struct ConversationFilter {
    /// Only closed ones (`true`), or only live ones.
    pub is_closed: bool,
    /// Words that the subject, or name or login of either side contain, in any case.
    pub query: Option<String>,
}

impl ConversationHead {
    /// Says on which side an account is a member.
    #[must_use]
    pub fn has_member(&self, who: Participant) -> bool {
        match who.side {
            Side::Student => self.student_id == who.user_id,
            Side::Counsellor => self.counsellor_id == Some(who.user_id),
        }
    }
}

/// Returns the condition that `who` is a member; binds one value.
pub(super) const fn of_member(side: Side) -> &'static str {
    match side {
        Side::Student => " AND c.student_id = ?",
        Side::Counsellor => " AND c.counsellor_id = ?",
    }
}

impl Store {
    /// Finds a conversation.
    pub async fn find_conversation(&self, id: ConversationId) -> BackendResult<Option<ConversationRow>> {
        self.fetch_optional(view_of(id)).await?.as_ref().map(read).transpose()
    }

    /// Finds those of some conversations that somebody is in now, in no order.
    pub async fn find_conversations(&self, who: Participant, ids: &[ConversationId]) -> BackendResult<Vec<ConversationRow>> {
        let sql = Sql::new(VIEW).push(of_member(who.side)).bind(who.user_id).push(" AND c.id IN ").push_list(ids.iter().copied());
        self.fetch_all(sql).await?.iter().map(read).collect()
    }

    /// Finds what a change of a conversation would be decided by, without holding it: enough to
    /// know who is in it.
    pub async fn find_conversation_head(&self, id: ConversationId) -> BackendResult<Option<ConversationHead>> {
        self.fetch_optional(Sql::new(HEAD).bind(id)).await?.as_ref().map(read_head).transpose()
    }

    /// Finds the live conversation that holds an open key.
    pub async fn find_live_conversation(&self, open_key: &str) -> BackendResult<Option<ConversationRow>> {
        let sql = Sql::new(VIEW).push(" AND c.open_key = ?").bind(open_key);
        self.fetch_optional(sql).await?.as_ref().map(read).transpose()
    }

    /// Lists the conversations somebody is in, by newest message, those behind `after`.
    pub async fn list_conversations(
        &self,
        who: Participant,
        filter: &ConversationFilter,
        after: Option<ListPosition>,
        limit: u32,
    ) -> BackendResult<Vec<ConversationRow>> {
        let mut sql = Sql::new(VIEW).push(of_member(who.side)).bind(who.user_id).push(if filter.is_closed {
            " AND c.state = 'closed'"
        } else {
            " AND c.state <> 'closed'"
        });
        sql = sql.push_words("CONCAT(c.search_text, ' ', s.search_text, ' ', COALESCE(k.search_text, ''))", filter.query.as_deref());
        if let Some(ListPosition { at_ms, id }) = after {
            sql = sql.push(" AND (c.last_message_at_ms < ? OR (c.last_message_at_ms = ? AND c.id < ?))").bind(at_ms).bind(at_ms).bind(id);
        }
        let sql = sql.push(" ORDER BY c.last_message_at_ms DESC, c.id DESC LIMIT ?").bind(limit);
        self.fetch_all(sql).await?.iter().map(read).collect()
    }

    /// Lists the queue, longest waiting first, those behind `after`.
    pub async fn list_waiting(&self, after: Option<ListPosition>, limit: u32) -> BackendResult<Vec<ConversationRow>> {
        let mut sql = Sql::new(VIEW).push(" AND c.state = 'waiting'");
        if let Some(ListPosition { at_ms, id }) = after {
            sql = sql.push(" AND (c.waiting_since_ms > ? OR (c.waiting_since_ms = ? AND c.id > ?))").bind(at_ms).bind(at_ms).bind(id);
        }
        let sql = sql.push(" ORDER BY c.waiting_since_ms, c.id LIMIT ?").bind(limit);
        self.fetch_all(sql).await?.iter().map(read).collect()
    }

    /// Counts the queue.
    pub async fn count_waiting(&self) -> BackendResult<i64> {
        self.fetch_one(Sql::new("SELECT COUNT(*) AS waiting FROM conversations WHERE state = 'waiting'")).await?.int("waiting")
    }

    /// Returns the front of the queue for a counsellor, conversation and student: longest waiting
    /// first, without students the counsellor talks with already.
    pub async fn front_of_queue(&self, counsellor: UserId, limit: u32) -> BackendResult<Vec<(ConversationId, UserId)>> {
        let sql = Sql::new(
            "SELECT c.id, c.student_id FROM conversations c WHERE c.state = 'waiting' AND NOT EXISTS (SELECT 1 FROM conversations o \
             WHERE o.student_id = c.student_id AND o.counsellor_id = ? AND o.state = 'open') ORDER BY c.waiting_since_ms, c.id LIMIT ?",
        );
        let rows = self.fetch_all(sql.bind(counsellor).bind(limit)).await?;
        rows.iter().map(|row| Ok((row.id("id")?, row.id("student_id")?))).collect()
    }

    /// Returns the conversations somebody is in now, by newest message, at most `limit`.
    pub async fn conversation_ids_of(&self, who: Participant, limit: u32) -> BackendResult<Vec<ConversationId>> {
        let sql = Sql::new("SELECT c.id FROM conversations c WHERE 1 = 1").push(of_member(who.side)).bind(who.user_id);
        let rows = self.fetch_all(sql.push(" ORDER BY c.last_message_at_ms DESC, c.id DESC LIMIT ?").bind(limit)).await?;
        rows.iter().map(|row| row.id("id")).collect()
    }

    /// Says whether an account is in a conversation now, on either side.
    pub async fn is_in_conversation(&self, id: ConversationId, user: UserId) -> BackendResult<bool> {
        let sql = Sql::new("SELECT COUNT(*) AS found FROM conversations WHERE id = ? AND (student_id = ? OR counsellor_id = ?)");
        Ok(self.fetch_one(sql.bind(id).bind(user).bind(user)).await?.int("found")? > 0)
    }
}

impl Tx {
    /// Adds a conversation without messages; `false` when its open key is taken.
    pub async fn insert_conversation(&mut self, conversation: &ConversationRow, open_key: Option<&str>) -> BackendResult<bool> {
        let row = Values::new()
            .set("id", conversation.id)
            .set("student_id", conversation.student.id)
            .set("counsellor_id", conversation.counsellor.as_ref().map(|person| person.id))
            .set("state", conversation.state)
            .set("subject", conversation.subject.as_deref())
            .set("search_text", searchable(&[conversation.subject.as_deref().unwrap_or_default()]))
            .set("open_key", open_key)
            .set("last_seq", 0)
            .set("last_message_at_ms", conversation.created_at_ms)
            .set("waiting_since_ms", conversation.waiting_since_ms)
            .set("created_at_ms", conversation.created_at_ms)
            .set("closed_at_ms", conversation.closed_at_ms);
        let sql = Sql::insert("conversations", row);
        self.insert(sql).await
    }

    /// Finds a conversation as this transaction has made it.
    pub async fn find_conversation(&mut self, id: ConversationId) -> BackendResult<Option<ConversationRow>> {
        self.fetch_optional(view_of(id)).await?.as_ref().map(read).transpose()
    }

    /// Finds a conversation and keeps others from changing it until this transaction ends.
    pub async fn lock_conversation(&mut self, id: ConversationId) -> BackendResult<Option<ConversationHead>> {
        // Writing a row locks it on all engines; SQLite has no SELECT … FOR UPDATE.
        self.execute(Sql::new("UPDATE conversations SET last_seq = last_seq WHERE id = ?").bind(id)).await?;
        self.fetch_optional(Sql::new(HEAD).bind(id)).await?.as_ref().map(read_head).transpose()
    }

    /// Puts a conversation somewhere else; `false` when its new open key is taken: there is a live
    /// one of the kind.
    pub async fn set_standing(&mut self, id: ConversationId, standing: &Standing) -> BackendResult<bool> {
        let sql = Sql::new(
            "UPDATE conversations SET state = ?, counsellor_id = ?, open_key = ?, waiting_since_ms = ?, closed_at_ms = ? WHERE id = ?",
        )
        .bind(standing.state)
        .bind(standing.counsellor_id)
        .bind(standing.open_key.as_deref())
        .bind(standing.waiting_since_ms)
        .bind(standing.closed_at_ms)
        .bind(id);
        Ok(self.execute_unless_taken(sql).await?.is_some())
    }

    /// Takes a waiting conversation for a counsellor; `false` when it waits no longer, or the
    /// counsellor talks with the student already.
    pub async fn take_waiting(&mut self, id: ConversationId, counsellor: UserId, open_key: &str) -> BackendResult<bool> {
        let sql = Sql::new(
            "UPDATE conversations SET state = 'open', counsellor_id = ?, open_key = ?, waiting_since_ms = NULL WHERE id = ? AND state = 'waiting'",
        );
        let rows = self.execute_unless_taken(sql.bind(counsellor).bind(open_key).bind(id)).await?;
        Ok(rows.is_some_and(|rows| rows > 0))
    }
}

fn view_of(id: ConversationId) -> Sql {
    Sql::new(VIEW).push(" AND c.id = ?").bind(id)
}

fn read_head(row: &AnyRow) -> BackendResult<ConversationHead> {
    Ok(ConversationHead {
        id: row.id("id")?,
        student_id: row.id("student_id")?,
        counsellor_id: row.maybe_id("counsellor_id")?,
        state: row.conversation_state()?,
        last_seq: row.int("last_seq")?,
    })
}

pub(super) fn read(row: &AnyRow) -> BackendResult<ConversationRow> {
    let counsellor_id: Option<UserId> = row.maybe_id("counsellor_id")?;
    let counsellor = counsellor_id.zip(row.maybe_text("counsellor_name")?).map(|(id, name)| PersonRow { id, name });
    let last_sender_id = row.maybe_id("last_sender_id")?;
    Ok(ConversationRow {
        id: row.id("id")?,
        student: PersonRow { id: row.id("student_id")?, name: row.text("student_name")? },
        counsellor,
        state: row.conversation_state()?,
        subject: row.maybe_text("subject")?,
        last_seq: row.int("last_seq")?,
        last_message: last_sender_id.map(|sender_id| read_last_message(row, sender_id)).transpose()?,
        last_message_at_ms: row.int("last_message_at_ms")?,
        student_marks: Marks { delivered_seq: row.int("student_delivered")?, read_seq: row.int("student_read")? },
        counsellor_marks: Marks { delivered_seq: row.int("counsellor_delivered")?, read_seq: row.int("counsellor_read")? },
        student_unread: row.int("student_unread")?,
        counsellor_unread: row.int("counsellor_unread")?,
        hides_read_receipts: row.int("hides_read_receipts")? != 0,
        waiting_since_ms: row.maybe_int("waiting_since_ms")?,
        created_at_ms: row.int("created_at_ms")?,
        closed_at_ms: row.maybe_int("closed_at_ms")?,
    })
}

fn read_last_message(row: &AnyRow, sender_id: UserId) -> BackendResult<LastMessageRow> {
    Ok(LastMessageRow {
        seq: row.int("last_seq")?,
        sender_id,
        body: row.text("last_body")?,
        file_name: row.maybe_text("last_file_name")?,
        created_at_ms: row.int("last_created_at_ms")?,
        is_deleted: row.maybe_int("last_deleted_at_ms")?.is_some(),
    })
}
