//! Owns the fixed part of a kind of notice, and the shape of its texts. [`super::kind`] declares
//! the kinds.

use crate::domain::language::Language;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The fixed part of a kind of notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeSpec {
    /// Name on the wire and in the database.
    pub wire_name: &'static str,
    /// Group a user can filter or mute.
    pub category: &'static str,
    /// How long a notice of this kind is kept, in days.
    pub retention_days: u16,
    /// Whether a user may mute the category.
    pub is_mutable: bool,
}

/// Title and body in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoticeText {
    /// One line.
    pub title: String,
    /// One sentence; safe for a lock screen.
    pub body: String,
}

/// The text of a notice in both languages of the product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct NoticeTexts {
    /// Bahasa Indonesia.
    pub id: NoticeText,
    /// English.
    pub en: NoticeText,
}

impl NoticeSpec {
    /// Returns the wire names of all kinds.
    #[must_use]
    pub fn wire_names() -> Vec<&'static str> {
        Self::ALL.into_iter().flatten().map(|spec| spec.wire_name).collect()
    }

    /// Returns the categories of all kinds, each once.
    #[must_use]
    pub fn categories() -> BTreeSet<&'static str> {
        Self::ALL.into_iter().flatten().map(|spec| spec.category).collect()
    }

    pub(super) const fn of_safety(wire_name: &'static str) -> Self {
        Self { wire_name, category: "safety", retention_days: 365, is_mutable: false }
    }

    pub(super) const fn of_chat(wire_name: &'static str, retention_days: u16) -> Self {
        Self { wire_name, category: "chat", retention_days, is_mutable: true }
    }
}

impl NoticeTexts {
    /// Makes texts that name nobody and nothing: title and body in Indonesian, and in English.
    pub(super) fn fixed(id: (&str, &str), en: (&str, &str)) -> Self {
        let text = |(title, body): (&str, &str)| NoticeText { title: title.to_owned(), body: body.to_owned() };
        Self { id: text(id), en: text(en) }
    }

    /// Returns the text in `language`.
    #[must_use]
    pub const fn in_language(&self, language: Language) -> &NoticeText {
        match language {
            Language::Indonesian => &self.id,
            Language::English => &self.en,
        }
    }
}
