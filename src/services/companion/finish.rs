//! Owns the end of an answer: one transaction of the row, the tokens, and the log row for the
//! student's devices. Called by `actors/companion/chatbot` and the other files of this module.

use super::{
    Context, LiveTurn, ServiceResult,
    limits::settle,
    view::{CompanionEnded, fault_item},
};
use crate::{
    backends::{
        BackendResult,
        store::{AnswerEnd, AnswerRow, LogEntry, Tx},
    },
    domain::{
        companion::{AnswerStatus, Fault},
        live::audience::Audience,
        risk::{Assessment, Level},
    },
    services::{alerts, help, shared::contention::retry_contention},
    telemetry,
    wire::desk_event::DeskEvent,
};
use serde_json::{json, value::RawValue};

/// How an answer ended, as reported by the actor that streamed it.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The final status.
    pub status: AnswerStatus,
    /// The whole text.
    pub body: String,
    /// Number of the last frame.
    pub seq: i64,
    /// The fault, if there is one.
    pub fault: Option<Fault>,
    /// Tokens it used, with those of the request.
    pub used_tokens: i64,
    /// The assessment of a sentence that the safety check withheld.
    pub withheld: Option<Assessment>,
}

/// Writes the end of an answer that streamed here; `false` when it has ended elsewhere or was
/// deleted. An answer with a withheld sentence gets the help card, and counsellors are warned.
pub async fn finish_turn(context: &Context, turn: &LiveTurn, ending: &Ending) -> ServiceResult<bool> {
    let help = match &ending.withheld {
        Some(_) => Some(serde_json::to_string(&help::card(context, turn.answer.language).await).unwrap_or_default()),
        None => None,
    };
    let end = AnswerEnd {
        id: turn.answer.id,
        kind: turn.answer.kind,
        status: ending.status,
        body: ending.body.clone(),
        seq: ending.seq,
        help,
        fault: ending.fault,
        used_tokens: if turn.answer.usage_month.is_some() { ending.used_tokens } else { 0 },
        at_ms: context.clock.now_ms(),
    };
    retry_contention(async || {
        let mut tx = context.store.begin().await?;
        if !write_end(context, &mut tx, &turn.answer, &end).await? {
            return Ok(false);
        }
        if let Some(assessment) = &ending.withheld {
            raise_concern(context, &mut tx, turn, assessment).await?;
        }
        tx.commit().await?;
        Ok(true)
    })
    .await
    .inspect(|is_written| after_end(context, *is_written, ending.status))
}

/// Writes an end in the caller's transaction; `false` when the answer has ended or its thread is
/// gone.
pub(super) async fn write_end(context: &Context, tx: &mut Tx, answer: &AnswerRow, end: &AnswerEnd) -> ServiceResult<bool> {
    // The thread is locked first, as in every use case: two ends of one answer wait for each other
    // instead of deadlocking.
    if !tx.touch_thread(answer.thread_id, None, end.at_ms).await? || !tx.finish_answer(end).await? {
        return Ok(false);
    }
    settle(context, tx, answer, end.used_tokens).await?;
    let ended = AnswerRow {
        status: end.status,
        body: end.body.clone(),
        seq: end.seq,
        help: end.help.clone(),
        fault: end.fault,
        finished_at_ms: Some(end.at_ms),
        ..answer.clone()
    };
    append_end(tx, &ended).await?;
    Ok(true)
}

/// Wakes the pump and counts the end. Call it after the commit.
pub(super) fn after_end(context: &Context, is_written: bool, status: AnswerStatus) {
    if is_written {
        context.announce.wake_pump();
        metrics::counter!(telemetry::COMPANION_ANSWERS, "status" => status.as_str()).increment(1);
    }
}

/// Writes the log row of the end of an answer.
pub(super) async fn append_end(tx: &mut Tx, answer: &AnswerRow) -> BackendResult<()> {
    let ended = CompanionEnded {
        message_id: answer.id,
        thread_id: answer.thread_id,
        question_id: answer.question_id,
        kind: answer.kind,
        status: answer.status,
        seq: answer.seq,
        text: &answer.body,
        error: answer.fault.map(|fault| fault_item(fault, answer.language)),
        help: answer.help.as_ref().and_then(|help| RawValue::from_string(help.clone()).ok()),
    };
    let event = if answer.status == AnswerStatus::Failed { DeskEvent::CompanionFailed } else { DeskEvent::CompanionDone };
    let entry = LogEntry {
        id: answer.id.into(),
        audience: Audience::User(answer.student_id),
        event: event.name().to_owned(),
        data: json!(ended).to_string(),
        created_at_ms: answer.finished_at_ms.unwrap_or(answer.created_at_ms),
    };
    tx.append_log(&entry).await
}

async fn raise_concern(context: &Context, tx: &mut Tx, turn: &LiveTurn, assessment: &Assessment) -> ServiceResult<()> {
    let alert = alerts::NewAlert {
        student: turn.answer.student_id,
        thread: Some(turn.answer.thread_id),
        question: Some(turn.answer.question_id),
        words: turn.question(),
        level: Level::Concern,
        assessment,
        now_ms: context.clock.now_ms(),
    };
    alerts::raise(context, tx, alert).await.map(drop)
}
