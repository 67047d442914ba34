//! Owns the port to the desk of streaming answers ([`AnswerDesk`], implemented by
//! `actors::companion::desk::DeskHandle`) and the use cases that need it. Called by
//! `http/resources/companion`.
//!
//! - A turn is written to the database first and handed to the desk afterwards.
//! - A turn that the desk refuses ends at once as interrupted.

use super::{
    AnswerItem, Context, LiveTurn, MessageView, ServiceError, ServiceResult, ThreadView,
    begin::{Asked, NewQuestion, begin_turn},
    live::interrupt,
    regenerate::{Regenerated, begin_version},
    stop::{ask_to_stop, wait_for_end},
    view,
};
use crate::domain::{
    companion::AnswerStatus,
    ids::{MessageId, ThreadId},
    language::Language,
    principal::Principal,
};
use async_trait::async_trait;
use std::time::Duration;

/// How long stopping waits for the answer to end.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// The answers that stream in this process.
#[async_trait]
pub trait AnswerDesk: Send + Sync {
    /// Starts to stream an answer; `false` when the server is stopping.
    async fn begin(&self, turn: LiveTurn) -> bool;

    /// Stops an answer and waits until it has ended, at most `patience`; `false` when it does not
    /// stream in this process.
    async fn stop_answer(&self, answer: MessageId, patience: Duration) -> bool;

    /// Returns the text of an answer so far and the number of its newest frame; `None` when it does
    /// not stream in this process.
    async fn read(&self, answer: MessageId) -> Option<(String, i64)>;
}

/// Asks a question in a thread of the student and starts the answer. A repeat under the same client
/// id gets the first result. Fails with `companion.client_id_reused`, `companion.busy` and
/// `companion.daily_limit`.
pub async fn ask(
    context: &Context,
    desk: &dyn AnswerDesk,
    principal: &Principal,
    thread: ThreadId,
    new: NewQuestion,
) -> ServiceResult<Asked> {
    let mut asked = begin_turn(context, principal, thread, new).await?;
    hand_to_desk(context, desk, asked.turn.take()).await?;
    if !asked.is_first {
        show_live(desk, &mut asked.answer).await?;
    }
    Ok(asked)
}

/// Starts another answer to the question that `id` answers. If one to this question is streaming,
/// returns that one. Fails with `companion.busy` while an answer to another question of the thread
/// streams, with `companion.daily_limit`, and with `conflict` for help cards.
pub async fn regenerate(
    context: &Context,
    desk: &dyn AnswerDesk,
    principal: &Principal,
    id: MessageId,
    language: Language,
) -> ServiceResult<AnswerItem> {
    let Regenerated { mut answer, turn } = begin_version(context, principal, id, language).await?;
    let is_new = turn.is_some();
    hand_to_desk(context, desk, turn).await?;
    if !is_new {
        show_live(desk, &mut answer).await?;
    }
    Ok(answer)
}

/// Reads a thread with its newest messages before the question `before`. A streaming answer has its
/// text at this moment.
pub async fn read_thread(
    context: &Context,
    desk: &dyn AnswerDesk,
    principal: &Principal,
    id: ThreadId,
    before: Option<MessageId>,
) -> ServiceResult<ThreadView> {
    let mut view = view::read_thread(context, principal, id, before).await?;
    for message in &mut view.messages {
        if let MessageView::Answer(answer) = message {
            show_live(desk, answer).await?;
        }
    }
    Ok(view)
}

/// Reads an answer of the student, with its text at this moment. Unknown answers and those of
/// others: not found.
pub async fn read_answer(context: &Context, desk: &dyn AnswerDesk, principal: &Principal, id: MessageId) -> ServiceResult<AnswerItem> {
    let mut answer = view::read_answer(context, principal, id).await?;
    if answer.status == AnswerStatus::Streaming && !show_live(desk, &mut answer).await? {
        // It streams on another node, or ended between the two reads: then the row has the text.
        answer = view::read_answer(context, principal, id).await?;
    }
    Ok(answer)
}

/// Stops an answer of the student, on whichever node it streams, and returns it as it ended. An
/// answer that has ended already stays as it is.
pub async fn stop(context: &Context, desk: &dyn AnswerDesk, principal: &Principal, id: MessageId) -> ServiceResult<AnswerItem> {
    let answer = view::read_answer(context, principal, id).await?;
    if answer.status != AnswerStatus::Streaming {
        return Ok(answer);
    }
    if !desk.stop_answer(id, STOP_PATIENCE).await {
        ask_to_stop(context, id).await?;
    }
    wait_for_end(context, principal, id, STOP_PATIENCE).await
}

/// Hands a turn to the desk. When the desk refuses it, the answer ends as interrupted, and the
/// student can ask for another one.
async fn hand_to_desk(context: &Context, desk: &dyn AnswerDesk, turn: Option<LiveTurn>) -> ServiceResult<()> {
    let Some(turn) = turn else { return Ok(()) };
    let row = turn.answer.clone();
    if !desk.begin(turn).await {
        interrupt(context, &row).await?;
    }
    Ok(())
}

/// Puts the text at this moment into the item of an answer; `false` when it does not stream in this
/// process.
async fn show_live(desk: &dyn AnswerDesk, answer: &mut AnswerItem) -> ServiceResult<bool> {
    if answer.status != AnswerStatus::Streaming {
        return Ok(false);
    }
    let id = MessageId::parse(&answer.id).map_err(|_| ServiceError::internal("an answer without an id"))?;
    let Some((text, seq)) = desk.read(id).await else { return Ok(false) };
    (answer.text, answer.seq) = (text, seq);
    Ok(true)
}
