//! Owns how far each side of a conversation has received and read it. Called by the use cases of
//! conversations; must not lower a mark: marks only rise.

use super::{BackendResult, Store, Tx, columns::Columns, conversations::of_member, sql::Sql};
use crate::domain::{
    conversations::conversation::{Participant, Side},
    ids::{ConversationId, UserId},
};

/// How far one side got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// Everything up to here reached a device.
    pub delivered_seq: i64,
    /// Everything up to here was read.
    pub read_seq: i64,
}

impl Store {
    /// Counts what somebody has not read in all own conversations, closed ones included.
    pub async fn count_unread_messages(&self, who: Participant) -> BackendResult<i64> {
        let sql = Sql::new(
            "SELECT COUNT(*) AS unread FROM conversations c LEFT JOIN conversation_watermarks w ON w.conversation_id = c.id AND w.user_id = ? \
             JOIN messages m ON m.conversation_id = c.id AND m.seq > COALESCE(w.read_seq, 0) AND m.deleted_at_ms IS NULL \
             WHERE c.last_seq > COALESCE(w.read_seq, 0)",
        );
        let sql = sql.bind(who.user_id).push(of_member(who.side)).bind(who.user_id).push(match who.side {
            Side::Student => " AND m.sender_id <> c.student_id",
            Side::Counsellor => " AND m.sender_id = c.student_id",
        });
        self.fetch_one(sql).await?.int("unread")
    }

    /// Moves somebody's watermarks up to these numbers; never back. The caller has seen that the
    /// messages are there.
    pub async fn raise_marks(&self, id: ConversationId, user: UserId, marks: Marks) -> BackendResult<()> {
        let sql = Sql::new(
            "INSERT INTO conversation_watermarks (conversation_id, user_id, delivered_seq, read_seq) VALUES (?, ?, ?, ?) \
             ON CONFLICT (conversation_id, user_id) DO UPDATE SET delivered_seq = CASE WHEN excluded.delivered_seq > \
             conversation_watermarks.delivered_seq THEN excluded.delivered_seq ELSE conversation_watermarks.delivered_seq END, \
             read_seq = CASE WHEN excluded.read_seq > conversation_watermarks.read_seq THEN excluded.read_seq ELSE \
             conversation_watermarks.read_seq END",
        );
        self.execute(sql.bind(id).bind(user).bind(marks.delivered_seq).bind(marks.read_seq)).await.map(drop)
    }
}

impl Tx {
    /// Lets a new counsellor begin where the former one was, so that nothing the student saw as
    /// read becomes unread.
    pub async fn hand_marks_over(&mut self, id: ConversationId, from: UserId, to: UserId) -> BackendResult<()> {
        let sql = Sql::new(
            "INSERT INTO conversation_watermarks (conversation_id, user_id, delivered_seq, read_seq) \
             SELECT conversation_id, ?, delivered_seq, read_seq FROM conversation_watermarks f WHERE f.conversation_id = ? AND f.user_id = ? \
             ON CONFLICT (conversation_id, user_id) DO UPDATE SET delivered_seq = excluded.delivered_seq, read_seq = excluded.read_seq",
        );
        self.execute(sql.bind(to).bind(id).bind(from)).await.map(drop)
    }
}
