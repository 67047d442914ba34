//! Owns private notes of counsellors about conversations. Called by the use cases of conversations;
//! must not decide who may read one.

use super::{
    BackendResult, PersonRow, Store, Tx,
    columns::Columns,
    sql::{Sql, Values},
};
use crate::domain::ids::{ConversationId, NoteId};
use sqlx::any::AnyRow;

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
}

impl Tx {
    /// Adds a note.
    pub async fn insert_note(&mut self, note: &NoteRow) -> BackendResult<()> {
        let row = Values::new()
            .set("id", note.id)
            .set("conversation_id", note.conversation_id)
            .set("author_id", note.author.id)
            .set("body", &note.body)
            .set("created_at_ms", note.created_at_ms);
        let sql = Sql::insert("private_notes", row);
        self.execute(sql).await.map(drop)
    }
}
