//! Owns which member of staff looked into which conversation on which day. Called by the use cases
//! of conversations, which write one audit line a day; must not write that line itself.

use super::{BackendResult, Store, Tx, columns::Columns, sql::Sql};
use crate::domain::ids::{ConversationId, UserId};
use std::collections::HashSet;

impl Store {
    /// Returns which of these conversations a user has looked into on `day` (`YYYY-MM-DD` of the
    /// school).
    pub async fn viewed_conversations(&self, user: UserId, day: &str, among: &[ConversationId]) -> BackendResult<HashSet<ConversationId>> {
        let sql = Sql::new("SELECT conversation_id FROM conversation_views WHERE user_id = ? AND day = ? AND conversation_id IN ");
        let rows = self.fetch_all(sql.bind(user).bind(day).push_list(among.iter().copied())).await?;
        rows.iter().map(|row| row.id("conversation_id")).collect()
    }

    /// Forgets who looked on days before `day`; the audit trail keeps it. Returns how many rows
    /// went.
    pub async fn trim_conversation_views(&self, day: &str) -> BackendResult<u64> {
        self.execute(Sql::new("DELETE FROM conversation_views WHERE day < ?").bind(day)).await
    }
}

impl Tx {
    /// Records that a user looked into a conversation on `day`; `false` when that is known.
    pub async fn insert_conversation_view(&mut self, user: UserId, day: &str, conversation: ConversationId) -> BackendResult<bool> {
        let sql = Sql::new("INSERT INTO conversation_views (user_id, day, conversation_id) VALUES (?, ?, ?)");
        self.insert(sql.bind(user).bind(day).bind(conversation)).await
    }
}
