//! Owns the saving of answers while they stream, and the interruption of those whose process has
//! died. Called by `actors/companion/desk`.

use super::{
    Context, ServiceResult,
    finish::{after_end, write_end},
};
use crate::{
    backends::store::{AnswerEnd, AnswerRow, Progress, SavedAnswer},
    domain::companion::{AnswerStatus, Fault, estimate_tokens},
    services::shared::contention::retry_contention,
};

/// How long a process counts as alive without renewing its lease, in ms. It renews four times in
/// that time.
pub const NODE_LEASE_MS: i64 = 6_000;
/// The age in ms from which an answer of this process that no actor here streams is interrupted:
/// its actor was never started.
const ORPHAN_AFTER_MS: i64 = 10_000;

/// Saves the text of answers so far. Returns those that have not ended.
pub async fn save_progress(context: &Context, answers: &[Progress]) -> ServiceResult<Vec<SavedAnswer>> {
    Ok(context.store.save_progress(answers).await?)
}

/// Renews the lease that says this process is alive.
pub async fn renew_node(context: &Context) -> ServiceResult<()> {
    Ok(context.store.renew_node(context.node, context.clock.now_ms().saturating_add(NODE_LEASE_MS)).await?)
}

/// Gives up this process's lease: its remaining answers may be interrupted at once.
pub async fn give_up_node(context: &Context) -> ServiceResult<()> {
    Ok(context.store.forget_nodes(Some(context.node), context.clock.now_ms()).await?)
}

/// Interrupts the answers of dead processes and returns how many. Safe on several nodes at once.
///
/// - With a bus: answers of processes whose lease has run out.
/// - Without a bus there is one process: all answers of other processes.
/// - Always: answers of this process that are older than 10 s.
/// - Never: answers for which `is_live` says that an actor here streams them.
pub async fn recover(context: &Context, is_live: impl Fn(&AnswerRow) -> bool) -> ServiceResult<usize> {
    let now_ms = context.clock.now_ms();
    let mut dead = if context.bus.is_local() {
        context.store.answers_of_other_nodes(context.node).await?
    } else {
        context.store.answers_of_dead_nodes(now_ms).await?
    };
    dead.extend(context.store.answers_of_node(context.node, now_ms.saturating_sub(ORPHAN_AFTER_MS)).await?);
    dead.retain(|answer| !is_live(answer));
    let mut count = 0;
    for answer in &dead {
        count += usize::from(interrupt(context, answer).await?);
    }
    context.store.forget_nodes(None, now_ms).await?;
    Ok(count)
}

/// Ends an answer that no process streams any more, with the text that was saved; `false` when it
/// has ended. If the student asked to stop it, it ends as stopped.
pub(super) async fn interrupt(context: &Context, answer: &AnswerRow) -> ServiceResult<bool> {
    let (status, fault) =
        if answer.is_stop_requested { (AnswerStatus::Stopped, None) } else { (AnswerStatus::Interrupted, Some(Fault::Interrupted)) };
    let end = AnswerEnd {
        id: answer.id,
        kind: answer.kind,
        status,
        body: answer.body.clone(),
        seq: answer.seq,
        help: None,
        fault,
        used_tokens: used_so_far(context, answer),
        at_ms: context.clock.now_ms(),
    };
    retry_contention(async || {
        let mut tx = context.store.begin().await?;
        let is_written = write_end(context, &mut tx, answer, &end).await?;
        if is_written {
            tx.commit().await?;
        }
        Ok(is_written)
    })
    .await
    .inspect(|is_written| after_end(context, *is_written, status))
}

/// Returns the tokens an answer has used so far, as its row shows: those of the request, and an
/// estimate of the saved text.
pub(super) fn used_so_far(context: &Context, answer: &AnswerRow) -> i64 {
    if answer.usage_month.is_none() {
        return 0;
    }
    let request = answer.reserved_tokens.saturating_sub(context.config.openai.max_answer_tokens.into()).max(0);
    request.saturating_add(i64::try_from(estimate_tokens(&answer.body)).unwrap_or(i64::MAX))
}
