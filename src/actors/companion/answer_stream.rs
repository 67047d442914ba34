//! Owns one answer from the provider's first token to its last: it holds sentences back until they
//! are whole and checked, then paces them into frames. Called by [`super::chatbot`], step by step.
//! Must not know actors or the bus.

use crate::{
    backends::companion::{Companion, Moderation, ReplyError, ReplyPart, ReplyStream},
    domain::{
        companion::{AnswerKind, AnswerStatus, Delta, DeltaPacer, Fault, MAX_ANSWER_CHARS, SentenceGate, estimate_tokens},
        risk::{Assessment, Level, RuleId, RulePack},
    },
    services::{
        Context as Services,
        companion::{Ending, LiveTurn},
    },
    telemetry,
};
use futures_util::{
    StreamExt as _,
    future::{BoxFuture, pending},
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep_until};

/// Characters of released text that are checked again with the next sentence, so that words split
/// over two sentences are found.
const TAIL_CHARS: usize = 100;
/// Bytes that may wait for the provider's moderation before nothing more is read.
const MOST_UNCHECKED: usize = 4_096;

/// Why an answer is to end before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// The student wants it.
    Stop,
    /// The server goes away.
    Interrupt,
    /// Its row is gone or was ended by others: nothing is to be written.
    Abandon,
}

/// What a step of a stream leads to.
#[derive(Debug, Default)]
pub(super) struct StreamStep {
    /// A frame to send now.
    pub(super) delta: Option<Delta>,
    /// The stream is over.
    pub(super) over: Option<Over>,
}

/// Why a stream is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Over {
    /// All was said.
    Said,
    /// Somebody wants it to end.
    Ordered(EndReason),
    /// The provider failed.
    Failed(ReplyError),
    /// It became too long.
    TooLong,
    /// A sentence did not pass the check.
    Withheld(Option<Assessment>),
}

/// One answer on its way.
pub(super) struct AnswerStream {
    companion: Arc<dyn Companion>,
    stream: Option<ReplyStream>,
    gate: SentenceGate,
    pacer: DeltaPacer,
    /// Whole sentences before their check. They are checked when a frame may go: at most 25 times a
    /// second, however fast the provider is.
    unchecked: Vec<String>,
    /// Sentences that it looks at now.
    checking: Option<(String, BoxFuture<'static, Moderation>)>,
    tail: String,
    began: Instant,
    /// What the provider's end of the stream means, once it came.
    source_over: Option<Over>,
    is_cut_short: bool,
    received_chars: usize,
    received_tokens: u64,
    counted_tokens: Option<u64>,
    request_tokens: u64,
}

/// What there was to wait for.
enum Happened {
    Checked(Moderation),
    FrameDue,
    Came(Option<Result<ReplyPart, ReplyError>>),
}

impl AnswerStream {
    /// Begins to ask; nothing happens before the first step.
    pub(super) fn begin(services: &Services, turn: &LiveTurn) -> Self {
        let model = services.companions.model.clone().filter(|_| turn.answer.kind == AnswerKind::Model);
        let companion = model.unwrap_or_else(|| services.companions.offline.clone());
        Self {
            stream: Some(companion.reply_stream(turn.request.clone())),
            companion,
            gate: SentenceGate::default(),
            pacer: DeltaPacer::default(),
            unchecked: Vec::new(),
            checking: None,
            tail: String::new(),
            began: Instant::now(),
            source_over: None,
            is_cut_short: false,
            received_chars: 0,
            received_tokens: 0,
            counted_tokens: None,
            request_tokens: turn.request_tokens,
        }
    }

    /// Waits for the next event and acts on it. Safe to drop at any moment: it loses nothing that
    /// was not read.
    pub(super) async fn step(&mut self) -> StreamStep {
        if let Some(over) = self.source_over.clone().filter(|_| self.checking.is_none() && self.unchecked.is_empty()) {
            return StreamStep { delta: None, over: Some(over) };
        }
        let may_check = self.checking.is_none() && !self.unchecked.is_empty();
        let is_due = may_check || self.pacer.due_at_ms().is_some();
        let due = self.began + Duration::from_millis(self.pacer.next_at_ms());
        let may_read = self.source_over.is_none() && self.unchecked.iter().map(String::len).sum::<usize>() < MOST_UNCHECKED;
        let happened = tokio::select! {
            biased;
            verdict = verdict(&mut self.checking) => Happened::Checked(verdict),
            () = sleep_until(due), if is_due => Happened::FrameDue,
            part = next_part(&mut self.stream), if may_read => Happened::Came(part),
        };
        match happened {
            Happened::FrameDue => {
                let over = if may_check { self.check() } else { None };
                // What was let go before a sentence that was not is the last frame's.
                let delta = if over.is_none() { self.pacer.take_due(self.now_ms()) } else { None };
                StreamStep { delta, over }
            }
            Happened::Checked(verdict) => StreamStep { delta: None, over: self.heed(verdict) },
            Happened::Came(part) => {
                self.take(part);
                StreamStep::default()
            }
        }
    }

    /// Closes the provider's connection, waits until a last frame may go, and returns it: released
    /// text that was not sent.
    pub(super) async fn close(&mut self) -> Option<Delta> {
        self.stream = None;
        let due = self.began + Duration::from_millis(self.pacer.due_at_ms()?);
        sleep_until(due).await;
        self.pacer.take_rest()
    }

    /// Returns the ending of a closed stream; `None` for an abandoned one. The sender fills in text
    /// and number.
    pub(super) fn ending(self, over: Over) -> Option<Ending> {
        let has_text = self.received_chars > 0;
        let (status, fault, withheld) = match over {
            Over::Ordered(EndReason::Abandon) => return None,
            Over::Ordered(EndReason::Stop) => (AnswerStatus::Stopped, None, None),
            Over::Ordered(EndReason::Interrupt) => (AnswerStatus::Interrupted, Some(Fault::Interrupted), None),
            Over::Said if self.is_cut_short => (AnswerStatus::Done, Some(Fault::CutShort), None),
            Over::Said => (AnswerStatus::Done, None, None),
            Over::TooLong => (AnswerStatus::Done, Some(Fault::CutShort), None),
            Over::Withheld(assessment) => (AnswerStatus::Done, Some(Fault::Withheld), assessment),
            Over::Failed(error) => (AnswerStatus::Failed, Some(fault_of(error, has_text)), None),
        };
        let used = self.counted_tokens.unwrap_or_else(|| self.request_tokens.saturating_add(self.received_tokens));
        let used_tokens = i64::try_from(used).unwrap_or(i64::MAX);
        Some(Ending { status, body: String::new(), seq: 0, fault, used_tokens, withheld })
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn take(&mut self, part: Option<Result<ReplyPart, ReplyError>>) {
        match part {
            Some(Ok(ReplyPart::Text(text))) => self.take_text(&text),
            Some(Ok(ReplyPart::Usage { total_tokens })) => self.counted_tokens = Some(total_tokens),
            Some(Ok(ReplyPart::LengthReached)) => self.is_cut_short = true,
            Some(Ok(ReplyPart::Filtered)) => self.finish_source(Over::Withheld(None)),
            Some(Err(error)) => {
                metrics::counter!(telemetry::COMPANION_FAILURES, "reason" => error.label()).increment(1);
                tracing::warn!(%error, "the companion's provider failed an answer");
                self.finish_source(Over::Failed(error));
            }
            None => self.finish_source(Over::Said),
        }
    }

    fn take_text(&mut self, text: &str) {
        if self.received_chars == 0 {
            metrics::histogram!(telemetry::COMPANION_FIRST_TOKEN).record(self.began.elapsed().as_secs_f64());
        }
        self.received_tokens = self.received_tokens.saturating_add(estimate_tokens(text));
        let room = MAX_ANSWER_CHARS.saturating_sub(self.received_chars);
        let length = text.chars().count();
        self.received_chars = self.received_chars.saturating_add(length);
        if length <= room {
            self.unchecked.extend(self.gate.push(text));
            return;
        }
        let fits: String = text.chars().take(room).collect();
        self.unchecked.extend(self.gate.push(&fits));
        self.finish_source(Over::TooLong);
    }

    /// Records the end of the source, closes the connection, and takes the last words, which need
    /// no end of a sentence.
    fn finish_source(&mut self, over: Over) {
        self.stream = None;
        self.source_over = Some(over);
        let rest = self.gate.finish();
        if !rest.is_empty() {
            self.unchecked.push(rest);
        }
    }

    /// Checks whole sentences by the rule pack, then releases them or gives them to the moderation.
    /// Releases the sentences before the first that does not pass.
    fn check(&mut self) -> Option<Over> {
        let sentences = std::mem::take(&mut self.unchecked);
        let together = sentences.concat();
        let verdict = self.assess(&together);
        if verdict.level < Level::Risk {
            self.let_go(&together);
            return None;
        }
        let last = sentences.len().saturating_sub(1);
        for (number, sentence) in sentences.into_iter().enumerate() {
            let own = self.assess(&sentence);
            // When only all of them together are too much, the last one completed it.
            if own.level == Level::Risk || number == last {
                return Some(Over::Withheld(Some(if own.level == Level::Risk { own } else { verdict })));
            }
            self.let_go(&sentence);
        }
        None
    }

    fn assess(&self, sentences: &str) -> Assessment {
        RulePack::built_in().assess(&format!("{}{sentences}", self.tail))
    }

    fn let_go(&mut self, sentences: &str) {
        self.remember(sentences);
        if !self.companion.has_moderation() {
            self.pacer.push(sentences);
            return;
        }
        let text = match self.checking.take() {
            Some((waiting, _)) => waiting + sentences,
            None => sentences.to_owned(),
        };
        let (companion, asked) = (self.companion.clone(), text.clone());
        self.checking = Some((text, Box::pin(async move { companion.moderate(&asked).await })));
    }

    fn heed(&mut self, verdict: Moderation) -> Option<Over> {
        let (sentences, _) = self.checking.take()?;
        if verdict.level() == Level::Risk {
            let rules = vec![RuleId("provider.moderation".to_owned())];
            let pack_version = RulePack::built_in().version().to_owned();
            return Some(Over::Withheld(Some(Assessment { level: Level::Risk, rules, pack_version })));
        }
        self.pacer.push(&sentences);
        None
    }

    fn remember(&mut self, sentences: &str) {
        self.tail.push_str(sentences);
        let surplus = self.tail.chars().count().saturating_sub(TAIL_CHARS);
        if surplus > 0 {
            self.tail = self.tail.chars().skip(surplus).collect();
        }
    }
}

async fn verdict(checking: &mut Option<(String, BoxFuture<'static, Moderation>)>) -> Moderation {
    match checking {
        Some((_, check)) => check.await,
        None => pending().await,
    }
}

async fn next_part(stream: &mut Option<ReplyStream>) -> Option<Result<ReplyPart, ReplyError>> {
    match stream {
        Some(stream) => stream.next().await,
        None => None,
    }
}

/// Returns what the student reads about a failure.
const fn fault_of(error: ReplyError, has_text: bool) -> Fault {
    match error {
        _ if has_text => Fault::CutOff,
        ReplyError::RateLimited => Fault::Crowded,
        ReplyError::NoFirstToken | ReplyError::Empty | ReplyError::Stalled => Fault::NoAnswer,
        ReplyError::Unauthorised
        | ReplyError::Failed(_)
        | ReplyError::Refused(_)
        | ReplyError::Unreachable
        | ReplyError::CutOff
        | ReplyError::Malformed => Fault::Unavailable,
    }
}
