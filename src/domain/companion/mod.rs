//! Owns the rules of the AI companion: states of an answer, lengths of texts, sentences, frames,
//! faults and tokens. Called by `services/companion` and `actors/companion`. Limits that an
//! operator chooses are in the settings.

mod delta;
mod fault;
mod sentences;
mod tokens;
mod turn;

pub use delta::{Delta, DeltaPacer, FRAME_EVERY_MS};
pub use fault::Fault;
pub use sentences::SentenceGate;
pub use tokens::{estimate_tokens, request_tokens, trim_turns};
pub use turn::{Speaker, Turn};

use super::text::{FieldError, TextRule};
use schemars::JsonSchema;
use serde::Serialize;

/// Most characters of a question (product rule: the same as of a chat message).
pub const MAX_QUESTION_CHARS: usize = 4_000;
/// Most characters of an answer; the server does not read what a provider sends beyond.
pub const MAX_ANSWER_CHARS: usize = 24_000;
/// Most characters of a summary for a counsellor: it becomes a chat message.
pub const MAX_SUMMARY_CHARS: usize = 4_000;
/// Turns of a student that the safety check judges together (product rule).
pub const RISK_TURNS: usize = 20;
/// Most characters of the first question that become the title of a thread.
const TITLE_CHARS: usize = 60;

const TITLE: TextRule = TextRule::line("title", 0, 120);
const QUESTION: TextRule = TextRule::block("body", 1, MAX_QUESTION_CHARS);
const SUMMARY: TextRule = TextRule::block("summary", 1, MAX_SUMMARY_CHARS);

/// Author of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum AnswerKind {
    /// A language model.
    Model,
    /// The offline companion, which is not a language model.
    Offline,
    /// The fixed help card, written by people.
    HelpCard,
}

/// State of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum AnswerStatus {
    /// The answer is growing.
    Streaming,
    /// The answer ended: complete, or cut at the longest length or before a withheld sentence.
    Done,
    /// The student stopped the answer.
    Stopped,
    /// The provider failed before the answer was complete.
    Failed,
    /// The server stopped in the middle of the answer.
    Interrupted,
}

impl AnswerKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Model, Self::Offline, Self::HelpCard];

    /// Returns the wire and database name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Offline => "offline",
            Self::HelpCard => "help_card",
        }
    }

    /// Reads the wire name; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl AnswerStatus {
    /// All states.
    pub const ALL: [Self; 5] = [Self::Streaming, Self::Done, Self::Stopped, Self::Failed, Self::Interrupted];

    /// Returns the wire and database name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Streaming => "streaming",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    /// Reads the wire name; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Says whether an answer may change from this state to `next`. Only a growing answer changes,
    /// once, and never back.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        self == Self::Streaming && next != Self::Streaming
    }
}

/// Reads the title of a thread; it may be empty.
pub fn parse_title(text: &str) -> Result<String, FieldError> {
    TITLE.parse(text)
}

/// Reads a question.
pub fn parse_question(text: &str) -> Result<String, FieldError> {
    QUESTION.parse(text)
}

/// Reads a summary that the student has seen.
pub fn parse_summary(text: &str) -> Result<String, FieldError> {
    SUMMARY.parse(text)
}

/// Returns a title for a thread without one: the beginning of its first question.
#[must_use]
pub fn title_from(question: &str) -> String {
    let line = question.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= TITLE_CHARS {
        return line;
    }
    let cut: String = line.chars().take(TITLE_CHARS - 1).collect();
    let whole_words = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    format!("{whole_words}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        assert!(AnswerKind::ALL.into_iter().all(|kind| AnswerKind::parse(kind.as_str()) == Some(kind)));
        assert!(AnswerStatus::ALL.into_iter().all(|status| AnswerStatus::parse(status.as_str()) == Some(status)));
        assert_eq!(AnswerKind::parse("gpt"), None);
        assert_eq!(AnswerStatus::parse(""), None);
    }

    #[test]
    fn an_answer_ends_once_and_never_grows_again() {
        for from in AnswerStatus::ALL {
            for to in AnswerStatus::ALL {
                let expected = from == AnswerStatus::Streaming && to != AnswerStatus::Streaming;
                assert_eq!(from.may_become(to), expected, "{from:?} -> {to:?}");
            }
        }
    }

    #[test]
    fn a_title_is_how_the_first_question_begins() {
        assert_eq!(title_from("  Aku susah\n\ttidur  "), "Aku susah tidur");
        let long = title_from(&"belajar ".repeat(20));
        assert!(long.chars().count() <= TITLE_CHARS && long.ends_with("belajar…"), "{long}");
        assert_eq!(title_from(&"ä".repeat(100)).chars().count(), TITLE_CHARS);
    }
}
