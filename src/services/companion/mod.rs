//! The companion: threads, turns, limits, hand-over. What streams is in `actors::companion::chatbot`; here is what is written down.
//!
//! Invariants: the safety check comes before everything, limits included; what it finds at level 3 never goes to a provider, now or as context later; of
//! a thread one answer grows at a time; an answer ends once, with a log row in the same transaction; tokens are promised before and settled after.

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

/// Finds a thread of the student; all others do not exist.
async fn find_own_thread(context: &Context, principal: &Principal, id: ThreadId) -> ServiceResult<ThreadRow> {
    require_student(principal)?;
    let found = context.store.find_thread(id).await?;
    found.filter(|thread| thread.student_id == principal.user_id).ok_or(ServiceError::NotFound)
}
