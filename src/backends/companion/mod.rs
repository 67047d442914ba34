//! Owns the port to the companions that answer students: a language model behind an
//! OpenAI-compatible API ([`openai`]), or the offline companion ([`offline`]). Called by
//! `actors/companion/answer_stream` and `services/companion`. Must not log any part of a question
//! or an answer.
//!
//! - An answer is a stream that its reader pulls. Nothing is read ahead, so a waiting reader makes
//!   the provider wait.
//! - Dropping the stream closes the provider's connection.
//! - Every stream ends: the time-outs are inside.

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

/// A request for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyRequest {
    /// The instructions.
    pub system: String,
    /// The turns so far, oldest first; the last one is the question.
    pub turns: Vec<Turn>,
    /// The language that the student chose.
    pub language: Language,
    /// The assessed level of the question.
    pub level: Level,
    /// How many tokens the answer can have.
    pub max_answer_tokens: u32,
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyPart {
    /// Text to add; never empty.
    Text(String),
    /// The tokens that the provider counted for question and answer together.
    Usage {
        /// Tokens.
        total_tokens: u64,
    },
    /// The provider stopped because the answer reached `max_answer_tokens`.
    LengthReached,
    /// The provider withheld the rest.
    Filtered,
}

/// The reason why an answer failed or ended early. Contains nothing of the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The key is wrong or lacks the right.
    #[error("the provider does not accept openai.api_key")]
    Unauthorised,
    /// Too many requests, even after waiting.
    #[error("the provider asks to wait")]
    RateLimited,
    /// The provider failed.
    #[error("the provider failed with status {0}")]
    Failed(u16),
    /// The provider does not accept the request: wrong model or wrong address.
    #[error("the provider refused the request with status {0}: check openai.model and openai.base_url")]
    Refused(u16),
    /// No connection to the provider.
    #[error("the provider cannot be reached")]
    Unreachable,
    /// Nothing arrived within `openai.first_token_timeout_s`.
    #[error("no first token in time")]
    NoFirstToken,
    /// Nothing more arrived within `openai.stall_timeout_s`.
    #[error("the answer stalled")]
    Stalled,
    /// The connection ended before the answer did.
    #[error("the answer was cut off")]
    CutOff,
    /// The data does not match the API.
    #[error("the provider sent something that does not read")]
    Malformed,
    /// The answer has no text.
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

/// An answer while it arrives; ends after the first error.
pub type ReplyStream = BoxStream<'static, Result<ReplyPart, ReplyError>>;

/// A companion.
#[async_trait]
pub trait Companion: Send + Sync {
    /// Begins an answer. Sends nothing before the stream is polled.
    fn reply_stream(&self, request: ReplyRequest) -> ReplyStream;

    /// Asks the provider's moderation about a text. Takes at most 2 s; every failure is
    /// [`Moderation::Unknown`].
    async fn moderate(&self, text: &str) -> Moderation;

    /// Says whether [`Self::moderate`] asks a provider.
    fn has_moderation(&self) -> bool;
}

/// The companions of this server.
#[derive(Clone)]
pub struct Companions {
    /// The language model, if there is one.
    pub model: Option<Arc<dyn Companion>>,
    /// Answers when there is no model, or when the model may not be used.
    pub offline: Arc<dyn Companion>,
}

impl Companions {
    /// Makes the companions that the settings name. Connects to none yet.
    pub fn new(config: &Config) -> BackendResult<Self> {
        let offline: Arc<dyn Companion> = Arc::new(offline::OfflineCompanion::new()?);
        let model: Option<Arc<dyn Companion>> =
            if config.has_model() { Some(Arc::new(openai::OpenAiCompanion::new(&config.openai)?)) } else { None };
        Ok(Self { model, offline })
    }
}
