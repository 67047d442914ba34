//! Owns what a student hides in chats: typing, and read receipts. Called by the use cases of
//! conversations; must not apply the wish itself.

use super::{BackendResult, Store, columns::Columns, sql::Sql};
use crate::domain::ids::UserId;

/// What a student hides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChatPreferences {
    /// Nobody sees that they are typing.
    pub hide_typing: bool,
    /// Nobody sees what they have read.
    pub hide_read_receipts: bool,
}

impl Store {
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
}
