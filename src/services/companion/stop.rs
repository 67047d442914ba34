//! Owns the stopping of an answer that streams in another process. Called by [`super::desk`].

use super::{AnswerItem, Context, ServiceResult, view::read_answer};
use crate::domain::{companion::AnswerStatus, ids::MessageId, principal::Principal};
use std::time::Duration;
use tokio::time::Instant;

/// How long to wait between two reads of the row.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Asks the process that streams an answer to stop it: over the bus, and in the row, which that
/// process reads when it next saves.
pub(super) async fn ask_to_stop(context: &Context, id: MessageId) -> ServiceResult<()> {
    context.store.request_stop(id).await?;
    context.announce.stop_answer(id);
    Ok(())
}

/// Waits until an answer of the student has ended, at most `patience`; returns it as it is then.
pub(super) async fn wait_for_end(context: &Context, principal: &Principal, id: MessageId, patience: Duration) -> ServiceResult<AnswerItem> {
    let deadline = Instant::now() + patience;
    loop {
        let answer = read_answer(context, principal, id).await?;
        if answer.status != AnswerStatus::Streaming || Instant::now() >= deadline {
            return Ok(answer);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
