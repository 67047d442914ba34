//! Owns the conversations: open, send, read, mark, take from the queue, transfer, close. Called by
//! `http/resources`, [`crate::services::alerts`] and [`crate::services::companion`]. Rights are
//! checked here. Membership is read from the database at every request, and inside the transaction
//! when something is written.
//!
//! - A message, its number and its log row are one transaction.
//! - Every log row about a conversation is made while the conversation's row is locked, so the log
//!   has them in the order of the changes.
//! - The `left` row of a former counsellor comes before all rows of later changes.

mod attachment;
mod canned;
mod change;
mod history;
mod marks;
mod notes;
mod open;
mod preferences;
mod queue;
mod send;
mod standing;
mod view;
mod view_audit;

pub use canned::{
    CannedReplyItem, CannedScope, NewCannedReply, add_canned_reply, change_canned_reply, delete_canned_reply, list_canned_replies,
};
pub use change::{Change, ConversationChanged, MessageWritten, QueueChanged};
pub use history::{
    EditItem, FoundItem, HistoryPage, HistoryStart, MessageLink, SearchPage, link_message_file, list_message_edits, list_messages,
    search_messages,
};
pub use marks::{Mark, MarkAnswer, MarksRaised, mark};
pub use notes::{NoteItem, add_note, list_notes};
pub use open::{FirstMessage, NewConversation, Opened, open_conversation};
pub use preferences::{PreferencesItem, hides_typing, read_preferences, set_preferences};
pub use queue::take_next;
pub use send::{NewMessage, Sent, delete_message, edit_message, send_message};
pub use standing::{Transfer, close_conversation, reopen_conversation, transfer_conversation};
pub use view::{
    ConversationItem, ConversationPage, ConversationQuery, ConversationScope, MessageItem, list_conversations, read_conversation,
};

use super::{
    Context, ServiceError, ServiceResult,
    shared::{
        contention::retry_contention,
        requester::{Requester, require},
    },
};
use crate::{
    backends::{
        BackendResult,
        store::{ConversationHead, ConversationRow, Tx},
    },
    domain::{
        access::{Action, may},
        conversations::conversation::{ConversationAction, ConversationState, Participant, Refusal, Side, check_action},
        ids::ConversationId,
        principal::Principal,
    },
};
use serde_json::Value;

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Closed => Self::Conflict { code: "conversations.closed" },
            Refusal::IllegalTransition => Self::Conflict { code: "conversations.illegal_transition" },
            Refusal::NotYours => Self::Denied,
        }
    }
}

/// Returns the principal as a possible member of conversations. Fails with [`ServiceError::Denied`]
/// for admins.
fn participant(principal: &Principal) -> ServiceResult<Participant> {
    Participant::of(principal).filter(|_| may(principal.role, Action::Converse)).ok_or(ServiceError::Denied)
}

/// As [`participant`], for requests that name a conversation: fails with not found.
fn member(principal: &Principal) -> ServiceResult<Participant> {
    participant(principal).map_err(|_| ServiceError::NotFound)
}

/// Finds a conversation of which `who` is a member. Others: not found.
async fn find_own(context: &Context, who: Participant, id: ConversationId) -> ServiceResult<ConversationRow> {
    let found = context.store.find_conversation(id).await?;
    found.filter(|row| is_member(row, who)).ok_or(ServiceError::NotFound)
}

/// As [`find_own`], but reads only members, state and numbers.
async fn find_own_head(context: &Context, who: Participant, id: ConversationId) -> ServiceResult<ConversationHead> {
    let found = context.store.find_conversation_head(id).await?;
    found.filter(|head| head.has_member(who)).ok_or(ServiceError::NotFound)
}

fn is_member(row: &ConversationRow, who: Participant) -> bool {
    match who.side {
        Side::Student => row.student.id == who.user_id,
        Side::Counsellor => row.counsellor.as_ref().is_some_and(|counsellor| counsellor.id == who.user_id),
    }
}

/// Locks a conversation of which `who` is a member, if its state allows `action`.
async fn hold(tx: &mut Tx, who: Participant, id: ConversationId, action: ConversationAction) -> ServiceResult<ConversationHead> {
    let head = tx.lock_conversation(id).await?.filter(|head| head.has_member(who)).ok_or(ServiceError::NotFound)?;
    check_action(action, who.side, head.state)?;
    Ok(head)
}

/// Reads a conversation that this transaction has locked, so it must exist.
async fn read_held(tx: &mut Tx, id: ConversationId) -> ServiceResult<ConversationRow> {
    tx.find_conversation(id).await?.ok_or(ServiceError::internal("a held conversation is gone"))
}

async fn audit(tx: &mut Tx, requester: &Requester, action: &str, id: ConversationId, data: Value, now_ms: i64) -> BackendResult<()> {
    tx.append_audit(&requester.audit_entry(action, Some(("conversation", id.to_string())), data, now_ms)).await
}

/// Says whether `who` is a counsellor and the conversation still waits in the queue.
fn is_queued_for(row: &ConversationRow, who: Participant) -> bool {
    row.state == ConversationState::Waiting && who.side == Side::Counsellor
}
