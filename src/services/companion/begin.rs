//! Owns the beginning of a turn: safety check, limits, and one transaction with the question and an
//! empty answer. Called by [`super::desk`]; [`mod@super::regenerate`] and [`super::summary`] use
//! its parts.

use super::{
    AnswerItem, Context, QuestionItem, ServiceError, ServiceResult, find_own_thread,
    finish::append_end,
    limits::{count_answer, reserve},
    prompt::Prompt,
    safety::assess_question,
    view::{CompanionStarted, answers_by_question},
};
use crate::{
    backends::{
        companion::ReplyRequest,
        store::{AnswerRow, QuestionRow, ThreadRow, Tx},
    },
    domain::{
        companion::{AnswerKind, AnswerStatus, RISK_TURNS, Speaker, Turn, parse_question, request_tokens, title_from, trim_turns},
        ids::{MessageId, ThreadId},
        language::Language,
        live::channel::ChannelName,
        principal::Principal,
        risk::{Assessment, Level},
        text::FieldError,
    },
    services::{
        alerts, help,
        shared::{contention::retry_contention, idempotency::fingerprint},
    },
    wire::desk_event::DeskEvent,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// How many turns of a thread are read as context for the model; the limit of tokens decides how
/// many of them are sent.
const CONTEXT_QUESTIONS: u32 = 40;

/// A question as the student sends it.
#[derive(Debug, Clone)]
pub struct NewQuestion {
    /// The id that the client gave it; a repeat has the same.
    pub client_id: String,
    /// The text.
    pub body: String,
    /// The language of the answer.
    pub language: Language,
}

/// The result of asking.
#[derive(Debug)]
pub struct Asked {
    /// The question.
    pub question: QuestionItem,
    /// The newest answer to it.
    pub answer: AnswerItem,
    /// Whether this request stored the question; `false` for a repeat.
    pub is_first: bool,
    /// The turn to answer now; `None` for repeats and for help cards.
    pub(super) turn: Option<LiveTurn>,
}

/// An answer that is about to stream.
#[derive(Debug, Clone)]
pub struct LiveTurn {
    /// The row as it was written.
    pub answer: AnswerRow,
    /// The request to the companion.
    pub request: ReplyRequest,
    /// The data of the event `companion.started`.
    pub started: Value,
    /// Tokens of the request, estimated.
    pub request_tokens: u64,
}

impl LiveTurn {
    /// Returns the text of the question.
    #[must_use]
    pub fn question(&self) -> &str {
        self.request.turns.last().map_or("", |turn| turn.text.as_str())
    }
}

/// The parts of a turn that stay the same at every try of the transaction.
struct PreparedTurn {
    thread: ThreadRow,
    question: QuestionRow,
    answer: AnswerRow,
    request: ReplyRequest,
    request_tokens: u64,
}

/// Writes a question and its empty answer, or a help card. [`super::desk::ask`] then hands the turn
/// to the companion's desk.
pub(super) async fn begin_turn(context: &Context, principal: &Principal, thread: ThreadId, new: NewQuestion) -> ServiceResult<Asked> {
    let language = new.language;
    let thread = find_own_thread(context, principal, thread).await?;
    let body = parse_question(&new.body)?;
    let client_id = Uuid::try_parse(&new.client_id).map_err(|_| FieldError::new("client_id", "type", "not a UUID"))?.to_string();
    let print = fingerprint(&context.secret, &[thread.id.to_string().as_bytes(), body.as_bytes()]);
    if let Some(asked) = find_asked(context, principal, &client_id, &print).await? {
        return Ok(asked);
    }
    let before =
        context.store.list_questions(thread.id, None, CONTEXT_QUESTIONS.max(u32::try_from(RISK_TURNS).unwrap_or(u32::MAX))).await?;
    let assessment = assess_question(context, &before, &body).await?;
    let now_ms = context.clock.now_ms();
    let question = QuestionRow {
        id: MessageId::generate(),
        thread_id: thread.id,
        student_id: principal.user_id,
        client_id: client_id.clone(),
        fingerprint: print.clone(),
        body,
        assessment,
        created_at_ms: now_ms,
    };
    let begun = if question.assessment.level == Level::Risk {
        begin_help(context, &thread, question, language).await?
    } else {
        let turns = context_turns(context, &before, &question).await?;
        let (request, request_tokens) = request_for(context, turns, question.assessment.level, language)?;
        let answer = new_answer(context, &question, 1, language);
        begin_live(context, principal, PreparedTurn { thread, question, answer, request, request_tokens }).await?
    };
    match begun {
        Some(asked) => Ok(asked),
        // A parallel repeat was faster.
        None => find_asked(context, principal, &client_id, &print).await?.ok_or(ServiceError::Conflict { code: "conflict" }),
    }
}

/// Finds the result of an earlier send under this client id. Fails with
/// `companion.client_id_reused` when that was another question.
async fn find_asked(context: &Context, principal: &Principal, client_id: &str, print: &str) -> ServiceResult<Option<Asked>> {
    let Some(question) = context.store.find_question_by_client_id(principal.user_id, client_id).await? else { return Ok(None) };
    if question.fingerprint != print {
        return Err(ServiceError::Conflict { code: "companion.client_id_reused" });
    }
    let answers = context.store.list_answers(&[question.id]).await?;
    let newest = answers.last().ok_or(ServiceError::internal("a question without an answer"))?;
    let answer = AnswerItem::new(newest, answers.iter().map(|answer| answer.id.to_string()).collect());
    Ok(Some(Asked { question: (&question).into(), answer, is_first: false, turn: None }))
}

/// Answers with the help card: without provider and limits, and even while another answer streams.
/// Notifies the counsellors in the same transaction. `None`: a parallel request used the client id.
async fn begin_help(context: &Context, thread: &ThreadRow, question: QuestionRow, language: Language) -> ServiceResult<Option<Asked>> {
    let card = help::card(context, language).await;
    let mut answer = new_answer(context, &question, 1, language);
    answer.kind = AnswerKind::HelpCard;
    answer.status = AnswerStatus::Done;
    answer.help = Some(serde_json::to_string(&card).unwrap_or_default());
    answer.node_id = None;
    answer.finished_at_ms = Some(question.created_at_ms);
    let begin = async || {
        let mut tx = context.store.begin().await?;
        // The words of somebody in danger must not become the title.
        if !tx.touch_thread(thread.id, None, question.created_at_ms).await? {
            return Err(ServiceError::NotFound);
        }
        if !tx.insert_question(&question).await? || !tx.insert_answer(&answer).await? {
            return Ok(false);
        }
        raise_alert(context, &mut tx, &question, &question.assessment).await?;
        append_end(&mut tx, &answer).await?;
        tx.commit().await?;
        Ok(true)
    };
    if !retry_contention(begin).await? {
        return Ok(None);
    }
    let (asked, started) = shown(&question, &answer, None);
    // Published before the pump publishes the end, so that the beginning nearly always arrives
    // first. Clients accept either order.
    context.announce.queue_event(&ChannelName::user(question.student_id), DeskEvent::CompanionStarted, started);
    context.announce.wake_pump();
    Ok(Some(asked))
}

async fn begin_live(context: &Context, principal: &Principal, prepared: PreparedTurn) -> ServiceResult<Option<Asked>> {
    let PreparedTurn { thread, question, answer, request, request_tokens } = prepared;
    let title = title_from(&question.body);
    let begin = async || {
        let mut answer = answer.clone();
        let mut tx = context.store.begin().await?;
        if !tx.touch_thread(thread.id, Some(&title), question.created_at_ms).await? {
            return Err(ServiceError::NotFound);
        }
        if !tx.insert_question(&question).await? {
            return Ok(None);
        }
        open_answer(context, &mut tx, principal, &mut answer, request_tokens).await?;
        if question.assessment.level == Level::Concern {
            raise_alert(context, &mut tx, &question, &question.assessment).await?;
        }
        tx.commit().await?;
        Ok(Some(answer))
    };
    let Some(answer) = retry_contention(begin).await? else { return Ok(None) };
    context.announce.wake_pump();
    let (mut asked, started) = shown(&question, &answer, None);
    asked.turn = Some(LiveTurn { answer, request, started, request_tokens });
    Ok(Some(asked))
}

/// Writes an answer that is about to stream, if the limits and the thread allow. Without tokens
/// left, it becomes the offline companion's. Fails with `companion.busy` and
/// `companion.daily_limit`. The caller must hold the thread's row.
pub(super) async fn open_answer(
    context: &Context,
    tx: &mut Tx,
    principal: &Principal,
    answer: &mut AnswerRow,
    request_tokens: u64,
) -> ServiceResult<()> {
    if tx.find_live_answer(answer.thread_id).await?.is_some() {
        return Err(ServiceError::Conflict { code: "companion.busy" });
    }
    count_answer(context, tx, principal).await?;
    if context.companions.model.is_some() {
        let tokens = request_tokens.saturating_add(context.config.openai.max_answer_tokens.into());
        let tokens = i64::try_from(tokens).unwrap_or(i64::MAX);
        answer.usage_month = reserve(context, tx, tokens).await?;
        if answer.usage_month.is_some() {
            answer.kind = AnswerKind::Model;
            answer.reserved_tokens = tokens;
            answer.prompt_version = Some(Prompt::built_in()?.version.clone());
        }
    }
    if tx.insert_answer(answer).await? { Ok(()) } else { Err(ServiceError::Conflict { code: "companion.busy" }) }
}

/// Makes an empty answer of the offline companion; [`open_answer`] turns it into the model's.
pub(super) fn new_answer(context: &Context, question: &QuestionRow, version: i64, language: Language) -> AnswerRow {
    AnswerRow {
        id: MessageId::generate(),
        question_id: question.id,
        thread_id: question.thread_id,
        student_id: question.student_id,
        version,
        kind: AnswerKind::Offline,
        status: AnswerStatus::Streaming,
        body: String::new(),
        seq: 0,
        help: None,
        fault: None,
        language,
        prompt_version: None,
        node_id: Some(context.node),
        is_stop_requested: false,
        usage_month: None,
        reserved_tokens: 0,
        used_tokens: 0,
        created_at_ms: context.clock.now_ms(),
        finished_at_ms: None,
    }
}

async fn raise_alert(context: &Context, tx: &mut Tx, question: &QuestionRow, assessment: &Assessment) -> ServiceResult<()> {
    let alert = alerts::NewAlert {
        student: question.student_id,
        thread: Some(question.thread_id),
        question: Some(question.id),
        words: &question.body,
        level: assessment.level,
        assessment,
        now_ms: question.created_at_ms,
    };
    alerts::raise(context, tx, alert).await.map(drop)
}

/// Returns the earlier turns and the question, for a model. Leaves out questions of level 3, and
/// help cards.
pub(super) async fn context_turns(context: &Context, before: &[QuestionRow], question: &QuestionRow) -> ServiceResult<Vec<Turn>> {
    let mut answers = answers_by_question(context, before).await?;
    let mut turns = Vec::with_capacity(before.len() * 2 + 1);
    for earlier in before.iter().filter(|earlier| earlier.assessment.level < Level::Risk && earlier.id != question.id) {
        turns.push(Turn { speaker: Speaker::Student, text: earlier.body.clone() });
        let answers = answers.remove(&earlier.id).unwrap_or_default();
        let newest = answers.into_iter().rev().find(|answer| !answer.body.is_empty());
        turns.extend(newest.map(|answer| Turn { speaker: Speaker::Companion, text: answer.body }));
    }
    turns.push(Turn { speaker: Speaker::Student, text: question.body.clone() });
    Ok(turns)
}

/// Makes the request for a model, trimmed to its context, and counts its tokens.
pub(super) fn request_for(context: &Context, turns: Vec<Turn>, level: Level, language: Language) -> ServiceResult<(ReplyRequest, u64)> {
    let system = Prompt::built_in()?.instructions(level);
    Ok(trimmed_request(context, system, turns, level, language))
}

pub(super) fn trimmed_request(
    context: &Context,
    system: String,
    turns: Vec<Turn>,
    level: Level,
    language: Language,
) -> (ReplyRequest, u64) {
    let settings = &context.config.openai;
    let room = u64::from(settings.context_tokens).saturating_sub(request_tokens(&system, &[]));
    let turns = trim_turns(turns, room);
    let tokens = request_tokens(&system, &turns);
    (ReplyRequest { system, turns, language, level, max_answer_tokens: settings.max_answer_tokens }, tokens)
}

/// Returns question and answer as they are shown, and the data of `companion.started`. `versions`
/// are the ids of the earlier answers.
pub(super) fn shown(question: &QuestionRow, answer: &AnswerRow, versions: Option<Vec<String>>) -> (Asked, Value) {
    let mut versions = versions.unwrap_or_default();
    versions.push(answer.id.to_string());
    let (question, answer) = (QuestionItem::from(question), AnswerItem::new(answer, versions));
    let started = json!(CompanionStarted { thread_id: &question.thread_id, question: &question, answer: &answer });
    (Asked { question, answer, is_first: true, turn: None }, started)
}
