//! Owns the client of an OpenAI-compatible API: `POST {base_url}/chat/completions` with
//! `stream: true`, and `POST {base_url}/moderations`.
//!
//! - The types of requests and the moderation call are async-openai's. Its answer streams are not
//!   used, because they read ahead without limit in a task of their own: a slow reader would fill
//!   the memory. Here the reader pulls the body.
//! - Answers are parsed leniently, because compatible servers leave fields out.
//! - A request that may succeed later (429, 5xx, connection) is repeated up to twice, only before
//!   the first token and within `openai.first_token_timeout_s` in all. `Retry-After` is respected.

use super::{
    Companion, Moderation, ReplyError, ReplyPart, ReplyRequest, ReplyStream,
    sse::{NotEvents, SseBuffer},
};
use crate::{
    backends::BackendError,
    config::OpenaiSettings,
    domain::{companion::Speaker, retry::backoff_ms},
};
use async_openai::{
    Client,
    config::OpenAIConfig,
    types::{
        chat::{
            ChatCompletionRequestAssistantMessage, ChatCompletionRequestMessage, ChatCompletionRequestSystemMessage,
            ChatCompletionRequestUserMessage, ChatCompletionStreamOptions, CreateChatCompletionRequest,
        },
        moderations::{CreateModerationRequest, ModerationInput},
    },
};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream, stream::BoxStream};
use reqwest::{StatusCode, header};
use serde::Deserialize;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout, timeout_at};

/// The address of the API when `openai.base_url` is empty.
const OPENAI_BASE_URL: &str = "https://api.openai.com/v1";
/// Attempts for one request, the first included.
const ATTEMPTS: u32 = 3;
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a moderation may take: the student waits for it.
const MODERATION_TIMEOUT: Duration = Duration::from_secs(2);

/// A language model.
#[derive(Clone)]
pub struct OpenAiCompanion {
    api: Arc<Api>,
}

struct Api {
    http: reqwest::Client,
    client: Client<OpenAIConfig>,
    url: String,
    key: String,
    model: String,
    first_token: Duration,
    stall: Duration,
    has_moderation: bool,
}

impl OpenAiCompanion {
    /// Makes the client; connects to nothing yet. Fails when TLS cannot be set up.
    pub fn new(settings: &OpenaiSettings) -> Result<Self, BackendError> {
        // An error means that a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("educounsel/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| BackendError::Internal("no TLS for openai.base_url"))?;
        let base = if settings.base_url.is_empty() { OPENAI_BASE_URL } else { settings.base_url.trim_end_matches('/') };
        // Set empty, because async-openai would otherwise take them from the environment.
        let config = OpenAIConfig::new().with_api_base(base).with_api_key(&settings.api_key).with_org_id("").with_project_id("");
        let api = Api {
            client: Client::build(http.clone(), config),
            http,
            url: format!("{base}/chat/completions"),
            key: settings.api_key.clone(),
            model: settings.model.clone(),
            first_token: Duration::from_secs(settings.first_token_timeout_s),
            stall: Duration::from_secs(settings.stall_timeout_s),
            has_moderation: settings.moderation,
        };
        Ok(Self { api: Arc::new(api) })
    }
}

#[async_trait]
impl Companion for OpenAiCompanion {
    fn reply_stream(&self, request: ReplyRequest) -> ReplyStream {
        let api = self.api.clone();
        stream::unfold(Stage::Asking(api, request), |stage| async move {
            match stage {
                Stage::Asking(api, request) => match api.ask(&request).await {
                    Ok((first, reader)) => Some((Ok(first), Stage::Reading(api, reader))),
                    Err(error) => Some((Err(error), Stage::Over)),
                },
                Stage::Reading(api, mut reader) => match timeout(api.stall, reader.next_part()).await {
                    Ok(Ok(Some(part))) => Some((Ok(part), Stage::Reading(api, reader))),
                    Ok(Ok(None)) => None,
                    Ok(Err(error)) => Some((Err(error), Stage::Over)),
                    Err(_) => Some((Err(ReplyError::Stalled), Stage::Over)),
                },
                Stage::Over => None,
            }
        })
        .boxed()
    }

    async fn moderate(&self, text: &str) -> Moderation {
        if !self.api.has_moderation {
            return Moderation::Unknown;
        }
        let request = CreateModerationRequest { input: ModerationInput::String(text.to_owned()), model: None };
        match timeout(MODERATION_TIMEOUT, self.api.client.moderations().create(request)).await {
            Ok(Ok(answer)) => answer.results.first().map_or(Moderation::Unknown, |result| Moderation::of(&result.categories)),
            Ok(Err(_)) | Err(_) => {
                tracing::warn!("openai.moderation does not answer; treated as unknown");
                Moderation::Unknown
            }
        }
    }

    fn has_moderation(&self) -> bool {
        self.api.has_moderation
    }
}

/// The stage of an answer.
enum Stage {
    Asking(Arc<Api>, ReplyRequest),
    Reading(Arc<Api>, Reader),
    Over,
}

/// The reason why an attempt failed, and whether another one makes sense.
struct ProviderRefusal {
    error: ReplyError,
    /// `Some`: may be tried again, after this time at the earliest.
    retry_in: Option<Duration>,
}

impl ProviderRefusal {
    const fn last(error: ReplyError) -> Self {
        Self { error, retry_in: None }
    }
}

impl Api {
    /// Asks until a first part arrives, within the time limit for it.
    async fn ask(&self, request: &ReplyRequest) -> Result<(ReplyPart, Reader), ReplyError> {
        let deadline = Instant::now() + self.first_token;
        let body = Bytes::from(serde_json::to_vec(&self.body(request)).map_err(|_| ReplyError::Malformed)?);
        let mut attempt = 1;
        loop {
            let refusal = match timeout_at(deadline, self.attempt(body.clone())).await {
                Ok(Ok(begun)) => return Ok(begun),
                Ok(Err(refusal)) => refusal,
                Err(_) => return Err(ReplyError::NoFirstToken),
            };
            let pause = Duration::from_millis(backoff_ms(attempt, rand::random()));
            let Some(wait) = refusal.retry_in.map(|wait| wait.max(pause)).filter(|_| attempt < ATTEMPTS) else {
                return Err(refusal.error);
            };
            if Instant::now() + wait >= deadline {
                return Err(refusal.error);
            }
            tracing::debug!(error = %refusal.error, attempt, "asking the provider again");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, body: Bytes) -> Result<(ReplyPart, Reader), ProviderRefusal> {
        let mut request =
            self.http.post(&self.url).header(header::CONTENT_TYPE, "application/json").header(header::ACCEPT, "text/event-stream");
        if !self.key.is_empty() {
            request = request.bearer_auth(&self.key);
        }
        let again = |error| ProviderRefusal { error, retry_in: Some(Duration::ZERO) };
        let response = request.body(body).send().await.map_err(|_| again(ReplyError::Unreachable))?;
        if !response.status().is_success() {
            return Err(refusal_of(response.status(), response.headers()));
        }
        let mut reader = Reader::new(response.bytes_stream().boxed());
        match reader.next_part().await {
            Ok(Some(part)) => Ok((part, reader)),
            Ok(None) => Err(ProviderRefusal::last(ReplyError::Empty)),
            Err(error @ (ReplyError::CutOff | ReplyError::Failed(_))) => Err(again(error)),
            Err(error) => Err(ProviderRefusal::last(error)),
        }
    }

    fn body(&self, request: &ReplyRequest) -> CreateChatCompletionRequest {
        let system = ChatCompletionRequestSystemMessage::from(request.system.clone());
        let turns = request.turns.iter().map(|turn| match turn.speaker {
            Speaker::Student => ChatCompletionRequestMessage::User(ChatCompletionRequestUserMessage::from(turn.text.clone())),
            Speaker::Companion => ChatCompletionRequestMessage::Assistant(ChatCompletionRequestAssistantMessage::from(turn.text.clone())),
        });
        CreateChatCompletionRequest {
            model: self.model.clone(),
            messages: std::iter::once(ChatCompletionRequestMessage::System(system)).chain(turns).collect(),
            max_completion_tokens: Some(request.max_answer_tokens),
            stream: Some(true),
            stream_options: Some(ChatCompletionStreamOptions { include_usage: Some(true), include_obfuscation: None }),
            ..CreateChatCompletionRequest::default()
        }
    }
}

fn refusal_of(status: StatusCode, headers: &header::HeaderMap) -> ProviderRefusal {
    let retry_after = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<f64>().ok());
    let wait = retry_after.filter(|seconds| (0.0..3600.0).contains(seconds)).map_or(Duration::ZERO, Duration::from_secs_f64);
    match status.as_u16() {
        401 | 403 => ProviderRefusal::last(ReplyError::Unauthorised),
        429 => ProviderRefusal { error: ReplyError::RateLimited, retry_in: Some(wait) },
        status @ (408 | 409 | 500..) => ProviderRefusal { error: ReplyError::Failed(status), retry_in: Some(wait) },
        status => ProviderRefusal::last(ReplyError::Refused(status)),
    }
}

/// The body of an answer.
struct Reader {
    body: BoxStream<'static, reqwest::Result<Bytes>>,
    events: SseBuffer,
    /// Whether the provider gave a reason for stopping. Then the end of the connection is the end
    /// of the answer, even without `[DONE]`.
    has_finished: bool,
    /// Whether the provider sent any text, or said that it withheld it.
    has_answer: bool,
    is_over: bool,
    ready: VecDeque<ReplyPart>,
}

/// The fields of a chunk that are used; each may be missing.
#[derive(Debug, Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Usage>,
    error: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    delta: ChunkDelta,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct ChunkDelta {
    content: Option<String>,
    refusal: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Usage {
    total_tokens: Option<u64>,
}

impl Reader {
    fn new(body: BoxStream<'static, reqwest::Result<Bytes>>) -> Self {
        Self { body, events: SseBuffer::default(), has_finished: false, has_answer: false, is_over: false, ready: VecDeque::new() }
    }

    /// Returns the next part, or `None` at the end of a complete answer.
    async fn next_part(&mut self) -> Result<Option<ReplyPart>, ReplyError> {
        loop {
            if let Some(part) = self.ready.pop_front() {
                return Ok(Some(part));
            }
            if self.is_over {
                return if self.has_answer { Ok(None) } else { Err(ReplyError::Empty) };
            }
            if let Some(data) = self.events.next_data().map_err(|NotEvents| ReplyError::Malformed)? {
                self.read_event(data.trim())?;
                continue;
            }
            match self.body.next().await {
                Some(Ok(bytes)) => self.events.push(&bytes),
                None if self.has_finished => self.is_over = true,
                Some(Err(_)) | None => return Err(ReplyError::CutOff),
            }
        }
    }

    fn read_event(&mut self, data: &str) -> Result<(), ReplyError> {
        if data == "[DONE]" {
            self.is_over = true;
            return Ok(());
        }
        let chunk: Chunk = serde_json::from_str(data).map_err(|_| ReplyError::Malformed)?;
        if chunk.error.is_some() {
            return Err(ReplyError::Failed(200));
        }
        if let Some(choice) = chunk.choices.into_iter().next() {
            if let Some(text) = choice.delta.content.or(choice.delta.refusal).filter(|text| !text.is_empty()) {
                self.has_answer = true;
                self.ready.push_back(ReplyPart::Text(text));
            }
            self.has_finished |= choice.finish_reason.is_some();
            match choice.finish_reason.as_deref() {
                Some("length") => self.ready.push_back(ReplyPart::LengthReached),
                Some("content_filter") => {
                    self.has_answer = true;
                    self.ready.push_back(ReplyPart::Filtered);
                }
                _ => {}
            }
        }
        if let Some(total_tokens) = chunk.usage.and_then(|usage| usage.total_tokens) {
            self.ready.push_back(ReplyPart::Usage { total_tokens });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(events: &[&str], is_cut: bool) -> (Vec<ReplyPart>, Option<ReplyError>) {
        let mut chunks: Vec<reqwest::Result<Bytes>> = events.iter().map(|event| Ok(Bytes::from(format!("data: {event}\n\n")))).collect();
        if !is_cut {
            chunks.push(Ok(Bytes::from_static(b"data: [DONE]\n\n")));
        }
        let mut reader = Reader::new(stream::iter(chunks).boxed());
        let mut parts = Vec::new();
        loop {
            match reader.next_part().await {
                Ok(Some(part)) => parts.push(part),
                Ok(None) => return (parts, None),
                Err(error) => return (parts, Some(error)),
            }
        }
    }

    fn text(text: &str) -> ReplyPart {
        ReplyPart::Text(text.to_owned())
    }

    #[tokio::test]
    async fn chunks_are_read_leniently() {
        let role = r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#;
        let word = r#"{"choices":[{"delta":{"content":"Halo"}}]}"#;
        let stop = r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null}"#;
        let usage = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#;
        assert_eq!(read(&[role, word, stop, usage], false).await, (vec![text("Halo"), ReplyPart::Usage { total_tokens: 7 }], None));
        assert_eq!(read(&[word, stop], true).await, (vec![text("Halo")], None), "some leave [DONE] out");
        assert_eq!(read(&[word], true).await, (vec![text("Halo")], Some(ReplyError::CutOff)));
        assert_eq!(read(&[role, stop], false).await, (vec![], Some(ReplyError::Empty)));
        assert_eq!(read(&[word, "{"], false).await, (vec![text("Halo")], Some(ReplyError::Malformed)));
        let error = r#"{"error":{"message":"overloaded"}}"#;
        assert_eq!(read(&[word, error], false).await, (vec![text("Halo")], Some(ReplyError::Failed(200))));
        let both = r#"{"choices":[{"delta":{"content":"!"},"finish_reason":"stop"}],"usage":{"total_tokens":9}}"#;
        assert_eq!(read(&[both], true).await, (vec![text("!"), ReplyPart::Usage { total_tokens: 9 }], None), "all in one chunk");
        let refusal = r#"{"choices":[{"delta":{"refusal":"Maaf."}}]}"#;
        let length = r#"{"choices":[{"delta":{},"finish_reason":"length"}]}"#;
        assert_eq!(read(&[refusal, length], false).await, (vec![text("Maaf."), ReplyPart::LengthReached], None));
        let filter = r#"{"choices":[{"delta":{},"finish_reason":"content_filter"}]}"#;
        assert_eq!(read(&[filter], false).await, (vec![ReplyPart::Filtered], None));
    }

    #[test]
    fn refusals_say_whether_to_come_back() {
        let refusal = |status: u16, wait: Option<&'static str>| {
            let mut headers = header::HeaderMap::new();
            if let Some(wait) = wait {
                headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static(wait));
            }
            let refusal = refusal_of(StatusCode::from_u16(status).unwrap(), &headers);
            (refusal.error, refusal.retry_in.map(|wait| wait.as_millis()))
        };
        assert_eq!(refusal(401, None), (ReplyError::Unauthorised, None));
        assert_eq!(refusal(404, None), (ReplyError::Refused(404), None));
        assert_eq!(refusal(429, Some("1.5")), (ReplyError::RateLimited, Some(1500)));
        assert_eq!(refusal(429, Some("Sat, 21 Nov 2026 18:10:00 GMT")), (ReplyError::RateLimited, Some(0)));
        assert_eq!(refusal(500, None), (ReplyError::Failed(500), Some(0)));
    }

    #[test]
    fn every_error_has_its_label() {
        let errors = [
            ReplyError::Unauthorised,
            ReplyError::RateLimited,
            ReplyError::Failed(500),
            ReplyError::Refused(400),
            ReplyError::Unreachable,
            ReplyError::NoFirstToken,
            ReplyError::Stalled,
            ReplyError::CutOff,
            ReplyError::Malformed,
            ReplyError::Empty,
        ];
        assert_eq!(errors.map(ReplyError::label), crate::telemetry::PROVIDER_FAILURES);
    }
}
