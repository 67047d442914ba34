//! Owns the states of a material and the rules for its texts. Called by `services/materials` and
//! `http/input/forms/material`.

use crate::domain::{
    shape::Text,
    text::{FieldError, TextRule},
};
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

/// The texts of a material as a request sent them; `None`: not sent. The shape is that of a new
/// material.
#[derive(Debug, Clone, Default, PartialEq, Eq, JsonSchema)]
#[schemars(inline)]
pub struct SentMaterialText {
    /// One line.
    #[schemars(with = "Text", length(min = 1, max = 160))]
    pub title: Option<String>,
    /// One line.
    #[schemars(with = "Text", length(min = 1, max = 60))]
    pub category: Option<String>,
    /// The text.
    #[schemars(default, with = "Text", length(min = 0, max = 100_000))]
    pub body: Option<String>,
}

impl SentMaterialText {
    /// Returns the texts that every material has.
    #[must_use]
    pub fn of(title: &str, category: &str, body: &str) -> Self {
        Self { title: Some(title.to_owned()), category: Some(category.to_owned()), body: Some(body.to_owned()) }
    }
}

impl MaterialText {
    /// Checks the texts of a new material, where a text that was not sent is empty, and reports all
    /// errors at once.
    pub fn parse(sent: &SentMaterialText) -> Result<Self, Vec<FieldError>> {
        let check = |rule: TextRule, text: &Option<String>| rule.parse(text.as_deref().unwrap_or_default());
        match (check(TITLE, &sent.title), check(CATEGORY, &sent.category), check(BODY, &sent.body)) {
            (Ok(title), Ok(category), Ok(body)) => Ok(Self { title, category, body }),
            (title, category, body) => Err([title.err(), category.err(), body.err()].into_iter().flatten().collect()),
        }
    }

    /// Returns these texts with the sent ones in their stead, checked as a whole.
    pub fn changed(&self, sent: SentMaterialText) -> Result<Self, Vec<FieldError>> {
        let Self { title, category, body } = self.clone();
        Self::parse(&SentMaterialText {
            title: sent.title.or(Some(title)),
            category: sent.category.or(Some(category)),
            body: sent.body.or(Some(body)),
        })
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
        let errors = MaterialText::parse(&SentMaterialText::of("", &"x".repeat(61), "a\u{7}")).unwrap_err();
        let found: Vec<_> = errors.iter().map(|error| (error.field, error.code)).collect();
        assert_eq!(found, [("title", "required"), ("category", "too_long"), ("body", "control_character")]);
    }

    #[test]
    fn a_summary_ends_at_a_word() {
        let text = MaterialText::parse(&SentMaterialText::of("t", "c", &"kata ".repeat(100))).unwrap();
        let summary = text.summary().unwrap();
        assert!(summary.ends_with("kata…") && summary.chars().count() <= SUMMARY_CHARS + 1, "{summary}");
        assert_eq!(MaterialText::parse(&SentMaterialText::of("t", "c", " ")).unwrap().summary(), None);
    }

    #[test]
    fn a_text_that_was_not_sent_stays() {
        let before = MaterialText::parse(&SentMaterialText::of("Lama", "Belajar", "isi")).unwrap();
        let after = before.changed(SentMaterialText { title: Some("Baru".into()), ..SentMaterialText::default() }).unwrap();
        assert_eq!(after, MaterialText { title: "Baru".into(), ..before.clone() });
        assert_eq!(before.changed(SentMaterialText::default()).unwrap(), before);
        assert_eq!(before.changed(SentMaterialText::of("", "c", "")).unwrap_err().len(), 1, "a title cannot be taken away");
    }
}
