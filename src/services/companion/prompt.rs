//! Owns the companion's fixed texts: one versioned file, `prompt.toml`, parsed once. Used by the
//! other files of this module.

use crate::{
    domain::{language::Language, risk::Level},
    services::{ServiceError, ServiceResult},
};
use serde::Deserialize;
use std::sync::LazyLock;

static PROMPT: LazyLock<Option<Prompt>> = LazyLock::new(|| toml::from_str(include_str!("prompt.toml")).ok());

/// The words of the companion.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prompt {
    pub(super) version: String,
    system: String,
    low_mood: String,
    pub(super) summary: String,
    pub(super) disclosure: Sentences,
    pub(super) disclosure_offline: Sentences,
    pub(super) prepared_summary: Sentences,
    pub(super) empty_summary: Sentences,
    pub(super) booking_topic: Sentences,
}

/// A sentence in both languages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sentences {
    id: String,
    en: String,
}

impl Sentences {
    pub(super) fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Indonesian => &self.id,
            Language::English => &self.en,
        }
    }
}

impl Prompt {
    /// Returns the texts the server was built with. A test makes sure that the file parses.
    pub(super) fn built_in() -> ServiceResult<&'static Self> {
        PROMPT.as_ref().ok_or(ServiceError::internal("prompt.toml does not read"))
    }

    /// Returns the instructions for a question of this level.
    pub(super) fn instructions(&self, level: Level) -> String {
        let further = if level >= Level::LowMood { self.low_mood.as_str() } else { "" };
        format!("{}{further}", self.system)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::companion::estimate_tokens;

    #[test]
    fn the_file_reads_and_leaves_room_for_a_question() {
        let prompt = Prompt::built_in().unwrap();
        assert!(!prompt.version.is_empty() && prompt.version.len() <= 64);
        let instructions = prompt.instructions(Level::Concern);
        assert!(instructions.contains("counsellor can listen") && !prompt.instructions(Level::None).contains("counsellor can listen"));
        assert!(estimate_tokens(&instructions) < 1_000, "{}", estimate_tokens(&instructions));
        for sentences in
            [&prompt.disclosure, &prompt.disclosure_offline, &prompt.prepared_summary, &prompt.empty_summary, &prompt.booking_topic]
        {
            assert_ne!(sentences.in_language(Language::Indonesian), sentences.in_language(Language::English));
        }
        assert!(prompt.prepared_summary.in_language(Language::English).contains("{lines}"));
    }
}
