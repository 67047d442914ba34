//! Owns how threads, questions and answers are shown to the student. Called by
//! `http/resources/companion` and the other files of this module. Must not show the level of a
//! question.

use super::{Context, ServiceError, ServiceResult, find_own_thread, require_student};
use crate::{
    backends::store::{AnswerRow, QuestionRow, ThreadRow},
    domain::{
        clock::rfc3339,
        companion::{AnswerKind, AnswerStatus, Fault},
        ids::{MessageId, ThreadId},
        language::Language,
        principal::Principal,
        shape::{Count, Id, Time},
    },
    services::help::HelpCard,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// How many questions one read of a thread returns; with their answers twice as many messages.
const QUESTIONS_PER_READ: u32 = 100;

/// A thread as the contract shapes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Thread")]
pub struct ThreadItem {
    /// Its id.
    #[schemars(with = "Id")]
    pub id: String,
    /// Empty until something was asked.
    pub title: String,
    /// When it was made.
    #[schemars(with = "Time")]
    pub created_at: String,
    /// When something was last asked or answered.
    #[schemars(with = "Time")]
    pub last_message_at: String,
}

/// A thread with its messages.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ThreadView {
    /// The thread.
    #[serde(flatten)]
    pub thread: ThreadItem,
    /// Questions, each followed by the newest answer to it; oldest first, at most 200.
    pub messages: Vec<MessageView>,
    /// Whether there are older ones: `before` the first question.
    pub has_before: bool,
}

/// A message of a thread.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub enum MessageView {
    /// Of the student.
    Question(QuestionItem),
    /// Of the companion.
    Answer(AnswerItem),
}

/// A question as the contract shapes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Question")]
pub struct QuestionItem {
    /// Its id.
    #[schemars(with = "Id")]
    pub id: String,
    /// Where it was asked.
    #[schemars(with = "Id")]
    pub thread_id: String,
    /// Who asked.
    #[schemars(extend("enum" = ["student"]))]
    pub role: &'static str,
    /// The UUID the client gave it.
    pub client_id: String,
    /// What was asked.
    pub body: String,
    /// When it was asked.
    #[schemars(with = "Time")]
    pub created_at: String,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "AnswerFault")]
pub struct FaultItem {
    /// Stable name.
    #[schemars(extend("enum" = Fault::ALL.map(Fault::as_str)))]
    pub code: &'static str,
    /// A plain sentence for the student.
    pub message: &'static str,
}

/// An answer as the contract shapes it; also the snapshot of one that grows.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Answer")]
pub struct AnswerItem {
    /// Its id.
    #[schemars(with = "Id")]
    pub id: String,
    /// The thread it belongs to.
    #[schemars(with = "Id")]
    pub thread_id: String,
    /// Who answers.
    #[schemars(extend("enum" = ["companion"]))]
    pub role: &'static str,
    /// The question it answers.
    #[schemars(with = "Id")]
    pub question_id: String,
    /// Who gave it: a model, the offline companion, or people (the fixed help card).
    pub kind: AnswerKind,
    /// Where it stands.
    pub status: AnswerStatus,
    /// Markdown; show it by an allow-list.
    pub text: String,
    /// Number of the newest frame that is part of `text`.
    #[schemars(with = "Count")]
    pub seq: i64,
    /// Its number among the answers to the question, from 1.
    #[schemars(with = "Count")]
    pub version: i64,
    /// All answers to the question, the oldest first.
    #[schemars(with = "Vec<Id>")]
    pub versions: Vec<String>,
    /// What is wrong with it.
    pub error: Option<FaultItem>,
    /// The help card that is shown with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "HelpCard")]
    pub help: Option<Box<RawValue>>,
    /// When it was begun.
    #[schemars(with = "Time")]
    pub created_at: String,
    /// When it ended.
    #[schemars(with = "Option<Time>")]
    pub finished_at: Option<String>,
}

/// The data of `companion.started`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct CompanionStarted<'a> {
    /// Where it was asked.
    #[schemars(with = "Id")]
    pub thread_id: &'a str,
    /// What was asked.
    pub question: &'a QuestionItem,
    /// The answer that begins.
    pub answer: &'a AnswerItem,
}

/// The data of `companion.delta`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct CompanionDelta<'a> {
    /// The answer that grew.
    pub message_id: MessageId,
    /// From 1 without gaps.
    #[schemars(with = "Count")]
    pub seq: i64,
    /// What this frame adds.
    pub text: &'a str,
}

/// The data of `companion.done` and `companion.failed`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CompanionEnded<'a> {
    /// The answer that ended; equal to the event's `id`.
    pub message_id: MessageId,
    /// The thread it belongs to.
    pub thread_id: ThreadId,
    /// The question it answers.
    pub question_id: MessageId,
    /// Who gave it: a model, the offline companion, or people (the fixed help card).
    pub kind: AnswerKind,
    /// How it ended.
    pub status: AnswerStatus,
    /// Number of the last frame.
    #[schemars(with = "Count")]
    pub seq: i64,
    /// All of it.
    pub text: &'a str,
    /// What is wrong with it.
    pub error: Option<FaultItem>,
    /// The help card that is shown with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "HelpCard")]
    pub help: Option<Box<RawValue>>,
}

impl From<&ThreadRow> for ThreadItem {
    fn from(row: &ThreadRow) -> Self {
        Self {
            id: row.id.to_string(),
            title: row.title.clone(),
            created_at: rfc3339(row.created_at_ms),
            last_message_at: rfc3339(row.last_message_at_ms),
        }
    }
}

impl From<&QuestionRow> for QuestionItem {
    fn from(row: &QuestionRow) -> Self {
        Self {
            id: row.id.to_string(),
            thread_id: row.thread_id.to_string(),
            role: "student",
            client_id: row.client_id.clone(),
            body: row.body.clone(),
            created_at: rfc3339(row.created_at_ms),
        }
    }
}

impl AnswerItem {
    /// Shows an answer; `versions` are the ids of all answers to its question.
    pub(super) fn new(row: &AnswerRow, versions: Vec<String>) -> Self {
        Self {
            id: row.id.to_string(),
            thread_id: row.thread_id.to_string(),
            role: "companion",
            question_id: row.question_id.to_string(),
            kind: row.kind,
            status: row.status,
            text: row.body.clone(),
            seq: row.seq,
            version: row.version,
            versions,
            error: row.fault.map(|fault| fault_item(fault, row.language)),
            help: row.help.clone().and_then(|help| RawValue::from_string(help).ok()),
            created_at: rfc3339(row.created_at_ms),
            finished_at: row.finished_at_ms.map(rfc3339),
        }
    }
}

pub(super) const fn fault_item(fault: Fault, language: Language) -> FaultItem {
    FaultItem { code: fault.as_str(), message: fault.sentence(language) }
}

/// Lists the student's threads, newest message first. Returns up to `limit + 1`, so that the caller
/// sees whether there are more.
pub async fn list_threads(context: &Context, principal: &Principal, after: Option<ThreadId>, limit: u32) -> ServiceResult<Vec<ThreadItem>> {
    require_student(principal)?;
    let after = match after {
        Some(id) => Some(find_own_thread(context, principal, id).await?),
        None => None,
    };
    let rows = context.store.list_threads(principal.user_id, after.as_ref(), limit.saturating_add(1)).await?;
    Ok(rows.iter().map(ThreadItem::from).collect())
}

/// Reads a thread with its newest messages before the question `before`, with answers as they were
/// saved.
pub(super) async fn read_thread(
    context: &Context,
    principal: &Principal,
    id: ThreadId,
    before: Option<MessageId>,
) -> ServiceResult<ThreadView> {
    let thread = find_own_thread(context, principal, id).await?;
    let mut questions = context.store.list_questions(id, before, QUESTIONS_PER_READ + 1).await?;
    let has_before = questions.len() > usize::try_from(QUESTIONS_PER_READ).unwrap_or(usize::MAX);
    if has_before {
        questions.remove(0);
    }
    let mut answers = answers_by_question(context, &questions).await?;
    let mut messages = Vec::with_capacity(questions.len() * 2);
    for question in &questions {
        messages.push(MessageView::Question(question.into()));
        let answers = answers.remove(&question.id).unwrap_or_default();
        let versions: Vec<String> = answers.iter().map(|answer| answer.id.to_string()).collect();
        messages.extend(answers.last().map(|newest| MessageView::Answer(AnswerItem::new(newest, versions))));
    }
    Ok(ThreadView { thread: (&thread).into(), messages, has_before })
}

pub(super) async fn answers_by_question(context: &Context, questions: &[QuestionRow]) -> ServiceResult<HashMap<MessageId, Vec<AnswerRow>>> {
    let ids: Vec<MessageId> = questions.iter().map(|question| question.id).collect();
    let mut answers: HashMap<MessageId, Vec<AnswerRow>> = HashMap::new();
    for answer in context.store.list_answers(&ids).await? {
        answers.entry(answer.question_id).or_default().push(answer);
    }
    Ok(answers)
}

/// Reads an answer of the student as it was saved. Unknown answers and those of others: not found.
pub(super) async fn read_answer(context: &Context, principal: &Principal, id: MessageId) -> ServiceResult<AnswerItem> {
    let row = find_own_answer(context, principal, id).await?;
    show_answer(context, &row).await
}

pub(super) async fn find_own_answer(context: &Context, principal: &Principal, id: MessageId) -> ServiceResult<AnswerRow> {
    require_student(principal)?;
    let found = context.store.find_answer(id).await?;
    found.filter(|answer| answer.student_id == principal.user_id).ok_or(ServiceError::NotFound)
}

pub(super) async fn show_answer(context: &Context, row: &AnswerRow) -> ServiceResult<AnswerItem> {
    let all = context.store.list_answers(&[row.question_id]).await?;
    // The given row may be newer than the list; only ids are taken from the list.
    Ok(AnswerItem::new(row, all.iter().map(|answer| answer.id.to_string()).collect()))
}
