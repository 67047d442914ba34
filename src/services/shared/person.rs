//! Owns how a person is shown beside appointments, conversations, notes and warnings.

use crate::backends::store::PersonRow;
use serde::Serialize;

/// A person beside an appointment, a conversation, a note or a warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonItem {
    /// The account.
    pub id: String,
    /// Display name.
    pub name: String,
}

impl From<&PersonRow> for PersonItem {
    fn from(person: &PersonRow) -> Self {
        Self { id: person.id.to_string(), name: person.name.clone() }
    }
}
