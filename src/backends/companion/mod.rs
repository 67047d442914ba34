//! Who answers students: a language model behind an OpenAI-compatible API ([`openai`]), or the offline companion ([`offline`]), through one seam.
//!
//! An answer is a stream that its reader pulls: nothing is read ahead, so a reader that waits makes the provider wait. Dropping the stream closes the
//! provider's connection. Every stream ends: time-outs are inside. Nothing of a question or an answer is ever logged.

mod moderation;
pub mod offline;
pub mod openai;
mod sse;

pub use moderation::Moderation;

use super::BackendResult;
use crate::{
    config::Config,
    domain::{companion::Turn, language::Language, risk::Level},
};
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use std::sync::Arc;

/// What is asked of a companion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyRequest {
    /// The instructions.
    pub system: String,
    /// What was said, oldest first; the last turn is the question.
    pub turns: Vec<Turn>,
    /// In which language the student asked to be spoken to.
    pub language: Language,
    /// How serious the question is.
    pub level: Level,
    /// Most tokens of the answer.
    pub max_answer_tokens: u32,
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyPart {
    /// What it adds; never empty.
    Text(String),
    /// What the provider counted for question and answer together.
    Usage {
        /// Tokens.
        total_tokens: u64,
    },
    /// The provider stopped at the most tokens that were asked for.
    LengthReached,
    /// The provider withheld the rest.
    Filtered,
}

/// Why there is no (further) answer. Says nothing of what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The key is wrong or may not do this.
    #[error("the provider does not accept openai.api_key")]
    Unauthorised,
    /// Too many requests, also after waiting.
    #[error("the provider asks to wait")]
    RateLimited,
    /// The provider failed.
    #[error("the provider failed with status {0}")]
    Failed(u16),
    /// The provider does not take the request: a wrong model, a wrong address.
    #[error("the provider refused the request with status {0}: check openai.model and openai.base_url")]
    Refused(u16),
    /// Nobody is there.
    #[error("the provider cannot be reached")]
    Unreachable,
    /// Nothing came within `openai.first_token_timeout_s`.
    #[error("no first token in time")]
    NoFirstToken,
    /// Nothing more came within `openai.stall_timeout_s`.
    #[error("the answer stalled")]
    Stalled,
    /// The connection ended in the middle.
    #[error("the answer was cut off")]
    CutOff,
    /// What came is not what the API says.
    #[error("the provider sent something that does not read")]
    Malformed,
    /// An answer without a word.
    #[error("the answer was empty")]
    Empty,
}

impl ReplyError {
    /// Returns a short name for metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Unauthorised => "unauthorised",
            Self::RateLimited => "rate_limited",
            Self::Failed(_) => "failed",
            Self::Refused(_) => "refused",
            Self::Unreachable => "unreachable",
            Self::NoFirstToken => "no_first_token",
            Self::Stalled => "stalled",
            Self::CutOff => "cut_off",
            Self::Malformed => "malformed",
            Self::Empty => "empty",
        }
    }
}

/// An answer as it comes; ends after the first error.
pub type ReplyStream = BoxStream<'static, Result<ReplyPart, ReplyError>>;

/// One who answers students.
#[async_trait]
pub trait Companion: Send + Sync {
    /// Begins an answer. Nothing happens before the stream is polled.
    fn reply_stream(&self, request: ReplyRequest) -> ReplyStream;

    /// Asks what the provider's moderation thinks of a text. Takes at most 2 s; whatever goes wrong is [`Moderation::Unknown`].
    async fn moderate(&self, text: &str) -> Moderation;

    /// Says whether [`Self::moderate`] asks anybody.
    fn has_moderation(&self) -> bool;
}

/// Those who answer on this server.
#[derive(Clone)]
pub struct Companions {
    /// The language model, if there is one.
    pub model: Option<Arc<dyn Companion>>,
    /// Who answers without a model, and when the model may not be asked.
    pub offline: Arc<dyn Companion>,
}

impl Companions {
    /// Makes those the settings name. Asks nobody yet.
    pub fn new(config: &Config) -> BackendResult<Self> {
        let offline: Arc<dyn Companion> = Arc::new(offline::OfflineCompanion::new()?);
        let model: Option<Arc<dyn Companion>> =
            if config.has_model() { Some(Arc::new(openai::OpenAiCompanion::new(&config.openai)?)) } else { None };
        Ok(Self { model, offline })
    }
}
