//! Owns the writing of another answer to a question: a new version beside the earlier ones. Called
//! by [`super::desk`].

use super::{
    AnswerItem, Context, LiveTurn, ServiceError, ServiceResult,
    begin::{context_turns, new_answer, open_answer, request_for, shown},
    view::find_own_answer,
};
use crate::{
    domain::{
        companion::{AnswerKind, AnswerStatus},
        ids::MessageId,
        language::Language,
        principal::Principal,
        risk::Level,
    },
    services::shared::contention::retry_contention,
};

/// How many turns before the question are read as context.
const CONTEXT_QUESTIONS: u32 = 40;

/// Another answer.
#[derive(Debug)]
pub(super) struct Regenerated {
    /// The answer.
    pub(super) answer: AnswerItem,
    /// The turn to answer now; `None` when that version is streaming already.
    pub(super) turn: Option<LiveTurn>,
}

/// Writes another, empty answer to the question that `id` answers. [`super::desk::regenerate`] then
/// hands the turn to the desk.
pub(super) async fn begin_version(
    context: &Context,
    principal: &Principal,
    id: MessageId,
    language: Language,
) -> ServiceResult<Regenerated> {
    let old = find_own_answer(context, principal, id).await?;
    let question = context.store.find_question(old.question_id).await?.ok_or(ServiceError::NotFound)?;
    if old.kind == AnswerKind::HelpCard || question.assessment.level == Level::Risk {
        return Err(ServiceError::Conflict { code: "conflict" });
    }
    let before = context.store.list_questions(question.thread_id, Some(question.id), CONTEXT_QUESTIONS).await?;
    let turns = context_turns(context, &before, &question).await?;
    let (request, request_tokens) = request_for(context, turns, question.assessment.level, language)?;
    let begin = async || {
        let mut tx = context.store.begin().await?;
        if !tx.touch_thread(question.thread_id, None, context.clock.now_ms()).await? {
            return Err(ServiceError::NotFound);
        }
        if let Some(live) = tx.find_live_answer(question.thread_id).await?.filter(|live| live.question_id == question.id) {
            return Ok((live, false));
        }
        let version = tx.newest_version(question.id).await? + 1;
        let mut answer = new_answer(context, &question, version, language);
        open_answer(context, &mut tx, principal, &mut answer, request_tokens).await?;
        tx.commit().await?;
        Ok((answer, true))
    };
    let (answer, is_new) = retry_contention(begin).await?;
    context.announce.wake_pump();
    let all = context.store.list_answers(&[question.id]).await?;
    let earlier = all.iter().filter(|row| row.version < answer.version).map(|row| row.id.to_string()).collect();
    let (asked, started) = shown(&question, &answer, Some(earlier));
    debug_assert!(answer.status == AnswerStatus::Streaming);
    let turn = is_new.then_some(LiveTurn { answer, request, started, request_tokens });
    Ok(Regenerated { answer: asked.answer, turn })
}
