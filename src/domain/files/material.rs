//! Owns the states of a material and the rules for its texts. Called by `services/materials` and
//! `http/input/forms/material`.

use crate::domain::text::{FieldError, TextRule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The largest file accepted, in bytes: 10 MiB (product rule).
pub const MAX_FILE_BYTES: u64 = 10 * 1024 * 1024;
/// The only content type of a material's file.
pub const PDF_CONTENT_TYPE: &str = "application/pdf";
/// Most characters of a summary, which is the beginning of the body.
const SUMMARY_CHARS: usize = 200;

const TITLE: TextRule = TextRule::line("title", 1, 160);
const CATEGORY: TextRule = TextRule::line("category", 1, 60);
const BODY: TextRule = TextRule::block("body", 0, 100_000);

/// State of a material. Students see only `active` ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MaterialStatus {
    /// In preparation; students do not see it.
    Draft,
    /// Published.
    Active,
    /// Hidden from students, but not deleted.
    Archived,
}

impl MaterialStatus {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Draft, Self::Active, Self::Archived];

    /// Returns the wire and database name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }

    /// Reads the wire name; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Reads the wire name of a request field.
    pub fn parse_field(text: &str) -> Result<Self, FieldError> {
        Self::parse(text).ok_or_else(|| FieldError::new("status", "unknown_value", "draft, active or archived"))
    }
}

/// The checked texts of a new or edited material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaterialText {
    /// 1 to 160 characters.
    pub title: String,
    /// 1 to 60 characters, free text.
    pub category: String,
    /// Up to 100,000 characters, may be empty.
    pub body: String,
}

impl MaterialText {
    /// Checks all fields and reports every error at once.
    pub fn parse(title: &str, category: &str, body: &str) -> Result<Self, Vec<FieldError>> {
        match (TITLE.parse(title), CATEGORY.parse(category), BODY.parse(body)) {
            (Ok(title), Ok(category), Ok(body)) => Ok(Self { title, category, body }),
            (title, category, body) => Err([title.err(), category.err(), body.err()].into_iter().flatten().collect()),
        }
    }

    /// Returns the first words of the body, at most 200 characters, or `None` when there is no
    /// body.
    #[must_use]
    pub fn summary(&self) -> Option<String> {
        let words = self.body.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.is_empty() {
            return None;
        }
        if words.chars().count() <= SUMMARY_CHARS {
            return Some(words);
        }
        let cut: String = words.chars().take(SUMMARY_CHARS).collect();
        let end = cut.rfind(' ').filter(|end| *end > 0).unwrap_or(cut.len());
        Some(format!("{}…", cut.get(..end).unwrap_or(&cut)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_wrong_fields_are_reported_at_once() {
        let errors = MaterialText::parse("", &"x".repeat(61), "a\u{7}").unwrap_err();
        let found: Vec<_> = errors.iter().map(|error| (error.field, error.code)).collect();
        assert_eq!(found, [("title", "required"), ("category", "too_long"), ("body", "control_character")]);
    }

    #[test]
    fn a_summary_ends_at_a_word() {
        let text = MaterialText::parse("t", "c", &"kata ".repeat(100)).unwrap();
        let summary = text.summary().unwrap();
        assert!(summary.ends_with("kata…") && summary.chars().count() <= SUMMARY_CHARS + 1, "{summary}");
        assert_eq!(MaterialText::parse("t", "c", " ").unwrap().summary(), None);
    }
}
