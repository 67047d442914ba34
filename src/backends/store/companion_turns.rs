//! Owns questions to the companion and their answers, one row per version. Called by the use cases
//! of the companion; must not call a model.

use super::{
    BackendResult, Store, Tx,
    columns::Columns,
    sql::{Sql, Values},
};
use crate::domain::{
    companion::{AnswerKind, AnswerStatus, Fault},
    ids::{MessageId, NodeId, ThreadId, UserId},
    language::Language,
    risk::{Assessment, Level},
};
use sqlx::any::AnyRow;

const QUESTION: &str =
    "SELECT id, thread_id, student_id, client_id, fingerprint, body, level, rules, pack_version, created_at_ms FROM companion_questions";
pub(super) const ANSWER: &str = "SELECT a.id, a.question_id, a.thread_id, a.student_id, a.version, a.kind, a.status, a.body, a.seq, a.help, a.fault, \
     a.language, a.prompt_version, a.node_id, a.stop_requested, a.usage_month, a.reserved_tokens, a.used_tokens, a.created_at_ms, a.finished_at_ms \
     FROM companion_answers a";

/// What a student asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionRow {
    /// Its id.
    pub id: MessageId,
    /// Where it was asked.
    pub thread_id: ThreadId,
    /// Who asked.
    pub student_id: UserId,
    /// The id the client gave it; unique per student.
    pub client_id: String,
    /// Tells a repeat from another question under the same client id; 64 hex digits.
    pub fingerprint: String,
    /// What was asked.
    pub body: String,
    /// What the safety check made of it. Never shown to the student.
    pub assessment: Assessment,
    /// When it was asked.
    pub created_at_ms: i64,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerRow {
    /// Its id, equal to that of the log row of its end.
    pub id: MessageId,
    /// What it answers.
    pub question_id: MessageId,
    /// Where.
    pub thread_id: ThreadId,
    /// Whom.
    pub student_id: UserId,
    /// Its number among the answers to the question, from 1.
    pub version: i64,
    /// Who gave it.
    pub kind: AnswerKind,
    /// Where it stands.
    pub status: AnswerStatus,
    /// What it says so far.
    pub body: String,
    /// Number of the newest frame that is part of it.
    pub seq: i64,
    /// The help card that was shown with it, as JSON.
    pub help: Option<String>,
    /// What is wrong with it.
    pub fault: Option<Fault>,
    /// In which language the student asked to be spoken to.
    pub language: Language,
    /// The instructions the model was given.
    pub prompt_version: Option<String>,
    /// The process it grows in.
    pub node_id: Option<NodeId>,
    /// Whether the student wants it to end.
    pub is_stop_requested: bool,
    /// The month (`YYYY-MM`) its tokens count for; `None` when it costs none.
    pub usage_month: Option<String>,
    /// Tokens promised to it.
    pub reserved_tokens: i64,
    /// Tokens it used.
    pub used_tokens: i64,
    /// When it was begun.
    pub created_at_ms: i64,
    /// When it ended.
    pub finished_at_ms: Option<i64>,
}

impl Store {
    /// Finds the question a student sent under a client's id, in any thread.
    pub async fn find_question_by_client_id(&self, student: UserId, client_id: &str) -> BackendResult<Option<QuestionRow>> {
        let sql = Sql::new(QUESTION).push(" WHERE student_id = ? AND client_id = ?").bind(student).bind(client_id);
        self.fetch_optional(sql).await?.as_ref().map(read_question).transpose()
    }

    /// Finds a question.
    pub async fn find_question(&self, id: MessageId) -> BackendResult<Option<QuestionRow>> {
        self.fetch_optional(Sql::new(QUESTION).push(" WHERE id = ?").bind(id)).await?.as_ref().map(read_question).transpose()
    }

    /// Returns up to `limit` of the newest questions of a thread, those before `before`, oldest
    /// first.
    pub async fn list_questions(&self, thread: ThreadId, before: Option<MessageId>, limit: u32) -> BackendResult<Vec<QuestionRow>> {
        let sql = Sql::new(QUESTION).push(" WHERE thread_id = ?").bind(thread).push_if(" AND id < ?", before);
        let mut rows = self.fetch_all(sql.push(" ORDER BY id DESC LIMIT ?").bind(limit)).await?;
        rows.reverse();
        rows.iter().map(read_question).collect()
    }

    /// Finds an answer.
    pub async fn find_answer(&self, id: MessageId) -> BackendResult<Option<AnswerRow>> {
        self.fetch_optional(Sql::new(ANSWER).push(" WHERE a.id = ?").bind(id)).await?.as_ref().map(read_answer).transpose()
    }

    /// Returns all answers to these questions, by question and version.
    pub async fn list_answers(&self, questions: &[MessageId]) -> BackendResult<Vec<AnswerRow>> {
        let sql = Sql::new(ANSWER).push(" WHERE a.question_id IN ").push_list(questions.iter().copied());
        self.fetch_all(sql.push(" ORDER BY a.question_id, a.version")).await?.iter().map(read_answer).collect()
    }
}

impl Tx {
    /// Adds a question; `false` when the student sent one under this client id before.
    pub async fn insert_question(&mut self, question: &QuestionRow) -> BackendResult<bool> {
        let row = Values::new()
            .set("id", question.id)
            .set("thread_id", question.thread_id)
            .set("student_id", question.student_id)
            .set("client_id", &question.client_id)
            .set("fingerprint", &question.fingerprint)
            .set("body", &question.body)
            .set("level", i64::from(question.assessment.level.as_number()))
            .set("rules", serde_json::to_string(&question.assessment.rules).unwrap_or_default())
            .set("pack_version", &question.assessment.pack_version)
            .set("created_at_ms", question.created_at_ms);
        let sql = Sql::insert("companion_questions", row);
        self.insert(sql).await
    }

    /// Adds an answer; one that grows takes its thread's only place. `false` when that is taken, or
    /// the version is.
    pub async fn insert_answer(&mut self, answer: &AnswerRow) -> BackendResult<bool> {
        let live_key = (answer.status == AnswerStatus::Streaming).then_some(answer.thread_id);
        let row = Values::new()
            .set("id", answer.id)
            .set("question_id", answer.question_id)
            .set("thread_id", answer.thread_id)
            .set("student_id", answer.student_id)
            .set("version", answer.version)
            .set("kind", answer.kind)
            .set("status", answer.status)
            .set("live_key", live_key)
            .set("body", &answer.body)
            .set("seq", answer.seq)
            .set("help", answer.help.as_deref())
            .set("fault", answer.fault.map(|fault| fault.as_str()))
            .set("language", answer.language)
            .set("prompt_version", answer.prompt_version.as_deref())
            .set("node_id", answer.node_id)
            .set("stop_requested", i64::from(answer.is_stop_requested))
            .set("usage_month", answer.usage_month.as_deref())
            .set("reserved_tokens", answer.reserved_tokens)
            .set("used_tokens", answer.used_tokens)
            .set("created_at_ms", answer.created_at_ms)
            .set("finished_at_ms", answer.finished_at_ms);
        let sql = Sql::insert("companion_answers", row);
        self.insert(sql).await
    }

    /// Returns the answer that grows in a thread.
    pub async fn find_live_answer(&mut self, thread: ThreadId) -> BackendResult<Option<AnswerRow>> {
        let sql = Sql::new(ANSWER).push(" WHERE a.live_key = ?").bind(thread);
        self.fetch_optional(sql).await?.as_ref().map(read_answer).transpose()
    }

    /// Returns the highest version of the answers to a question; 0 without any. Hold the thread to
    /// keep others from adding one.
    pub async fn newest_version(&mut self, question: MessageId) -> BackendResult<i64> {
        let sql = Sql::new("SELECT COALESCE(MAX(version), 0) AS newest FROM companion_answers WHERE question_id = ?").bind(question);
        self.fetch_one(sql).await?.int("newest")
    }
}

fn read_question(row: &AnyRow) -> BackendResult<QuestionRow> {
    let level = Level::from_number(row.int("level")?).ok_or(super::BackendError::Corrupt { what: "level" })?;
    Ok(QuestionRow {
        id: row.id("id")?,
        thread_id: row.id("thread_id")?,
        student_id: row.id("student_id")?,
        client_id: row.text("client_id")?,
        fingerprint: row.text("fingerprint")?,
        body: row.text("body")?,
        assessment: Assessment { level, rules: row.json("rules")?, pack_version: row.text("pack_version")? },
        created_at_ms: row.int("created_at_ms")?,
    })
}

pub(super) fn read_answer(row: &AnyRow) -> BackendResult<AnswerRow> {
    let fault = row.maybe_text("fault")?;
    let fault = fault.map(|text| Fault::parse(&text).ok_or(super::BackendError::Corrupt { what: "fault" })).transpose()?;
    Ok(AnswerRow {
        id: row.id("id")?,
        question_id: row.id("question_id")?,
        thread_id: row.id("thread_id")?,
        student_id: row.id("student_id")?,
        version: row.int("version")?,
        kind: row.parsed("kind", AnswerKind::parse)?,
        status: row.parsed("status", AnswerStatus::parse)?,
        body: row.text("body")?,
        seq: row.int("seq")?,
        help: row.maybe_text("help")?,
        fault,
        language: row.parsed("language", Language::parse)?,
        prompt_version: row.maybe_text("prompt_version")?,
        node_id: row.maybe_id("node_id")?,
        is_stop_requested: row.int("stop_requested")? != 0,
        usage_month: row.maybe_text("usage_month")?,
        reserved_tokens: row.int("reserved_tokens")?,
        used_tokens: row.int("used_tokens")?,
        created_at_ms: row.int("created_at_ms")?,
        finished_at_ms: row.maybe_int("finished_at_ms")?,
    })
}
