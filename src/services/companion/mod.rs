//! Owns the companion as it is stored: threads, turns, limits, hand-over. Called by
//! `http/resources/companion` and `actors/companion`, which streams the answers.
//!
//! - The safety check runs before everything else, limits included.
//! - A question at level 3 never goes to a provider, neither at once nor as context of a later one.
//! - One answer of a thread streams at a time.
//! - An answer ends once, with a log row in the same transaction.
//! - Tokens are reserved before an answer and settled after it.

mod begin;
mod desk;
mod finish;
mod hand_over;
mod limits;
mod live;
mod prompt;
mod regenerate;
mod safety;
mod stop;
mod summary;
mod threads;
mod view;

pub use begin::{Asked, LiveTurn, NewQuestion};
pub use desk::{AnswerDesk, ask, read_answer, read_thread, regenerate, stop};
pub use finish::{Ending, finish_turn};
pub use hand_over::{BookingDraft, HandedOver, NewChat, hand_over};
pub use limits::{CompanionInfo, MonthUse, month_use, read_info};
pub use live::{NODE_LEASE_MS, give_up_node, recover, renew_node, save_progress};
pub use summary::propose_summary;
pub use threads::{create_thread, delete_thread, rename_thread};
pub use view::{
    AnswerItem, CompanionDelta, CompanionEnded, CompanionStarted, FaultItem, MessageView, QuestionItem, ThreadItem, ThreadView,
    list_threads,
};

use super::{Context, ServiceError, ServiceResult, shared::requester::require};
use crate::{
    backends::store::ThreadRow,
    domain::{access::Action, ids::ThreadId, principal::Principal},
};

fn require_student(principal: &Principal) -> ServiceResult<()> {
    require(principal, Action::UseCompanion)
}

/// Finds a thread of the student. Others: not found.
async fn find_own_thread(context: &Context, principal: &Principal, id: ThreadId) -> ServiceResult<ThreadRow> {
    require_student(principal)?;
    let found = context.store.find_thread(id).await?;
    found.filter(|thread| thread.student_id == principal.user_id).ok_or(ServiceError::NotFound)
}
