//! Reads columns of a row by name. Called by every file of this folder; must not know a table.

use super::{BackendError, BackendResult};
use crate::domain::{
    conversations::conversation::ConversationState, files::material::MaterialStatus, live::audience::Audience, principal::Role,
};
use sqlx::{Row as _, any::AnyRow};
use std::str::FromStr;

/// Reads the columns of one row. A column that is missing or of another type is
/// [`BackendError::Database`]; a text that does not read as what was written is
/// [`BackendError::Corrupt`] with the column's name.
pub(super) trait Columns {
    fn text(&self, column: &'static str) -> BackendResult<String>;
    fn maybe_text(&self, column: &'static str) -> BackendResult<Option<String>>;
    fn int(&self, column: &'static str) -> BackendResult<i64>;
    fn maybe_int(&self, column: &'static str) -> BackendResult<Option<i64>>;

    fn parsed<T>(&self, column: &'static str, read: impl FnOnce(&str) -> Option<T>) -> BackendResult<T> {
        read(&self.text(column)?).ok_or(BackendError::Corrupt { what: column })
    }

    fn id<T: FromStr>(&self, column: &'static str) -> BackendResult<T> {
        self.parsed(column, |text| text.parse().ok())
    }

    fn maybe_id<T: FromStr>(&self, column: &'static str) -> BackendResult<Option<T>> {
        let text = self.maybe_text(column)?;
        text.map(|text| text.parse().map_err(|_| BackendError::Corrupt { what: column })).transpose()
    }

    fn json<T: serde::de::DeserializeOwned>(&self, column: &'static str) -> BackendResult<T> {
        self.parsed(column, |text| serde_json::from_str(text).ok())
    }

    fn audience(&self) -> BackendResult<Audience> {
        self.parsed("audience", Audience::parse)
    }

    fn role(&self) -> BackendResult<Role> {
        self.parsed("role", Role::parse)
    }

    fn conversation_state(&self) -> BackendResult<ConversationState> {
        self.parsed("state", ConversationState::parse)
    }

    fn status(&self) -> BackendResult<MaterialStatus> {
        self.parsed("status", MaterialStatus::parse)
    }
}

impl Columns for AnyRow {
    fn text(&self, column: &'static str) -> BackendResult<String> {
        Ok(self.try_get(column)?)
    }

    fn maybe_text(&self, column: &'static str) -> BackendResult<Option<String>> {
        Ok(self.try_get(column)?)
    }

    fn int(&self, column: &'static str) -> BackendResult<i64> {
        Ok(self.try_get(column)?)
    }

    fn maybe_int(&self, column: &'static str) -> BackendResult<Option<i64>> {
        Ok(self.try_get(column)?)
    }
}
