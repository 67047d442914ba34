//! Owns transferring, closing and reopening a conversation. Called by
//! `http/resources/conversations`.

use super::{
    Context, ConversationItem, Requester, ServiceError, ServiceResult, audit,
    change::{Change, append_change, append_chat_notice, append_left, append_waiting_notice, publish_queue},
    find_own, find_own_head, hold, member,
    open::find_person,
    read_held, require, retry_contention,
};
use crate::{
    backends::store::{ConversationHead, ConversationRow, NoteRow, PersonRow, Standing},
    domain::{
        access::Action,
        conversations::conversation::{ConversationAction, ConversationState, Participant, open_key, parse_transfer_note, waiting_key},
        ids::{ConversationId, NoteId, UserId},
        live::{audience::Audience, channel::ChannelName},
        notices::kind::NoticeKind,
        principal::Role,
        text::FieldError,
    },
};
use serde_json::json;

/// A transfer to another counsellor.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// The new counsellor.
    pub counsellor_id: String,
    /// The note to the new counsellor; stored as a private note.
    pub note: String,
}

/// Transfers a conversation to another counsellor. The former counsellor loses it with the commit:
/// their sockets are taken off its channel, and `/sync` and all requests leave it out. Fails with
/// `conversations.illegal_transition` when the new counsellor has another live conversation with
/// this student.
pub async fn transfer_conversation(context: &Context, requester: &Requester, id: ConversationId, transfer: &Transfer) -> ServiceResult<()> {
    require(&requester.principal, Action::WorkChatQueue)?;
    let who = member(&requester.principal)?;
    find_own_head(context, who, id).await?;
    let note = parse_transfer_note(&transfer.note);
    let to = find_person(context, "counsellor_id", &transfer.counsellor_id, Role::Counsellor).await;
    let (to, note) = match (to, note) {
        (Ok(to), Ok(note)) => (to, note),
        (Err(ServiceError::Invalid { mut errors, .. }), Err(error)) => {
            errors.push(error);
            return Err(ServiceError::validation(errors));
        }
        (Err(error), _) => return Err(error),
        (Ok(_), Err(error)) => return Err(error.into()),
    };
    if to.id == who.user_id {
        return Err(FieldError::new("counsellor_id", "unknown_value", "another counsellor").into());
    }
    retry_contention(async || hand_over(context, requester, who, id, &to, &note).await).await?;
    context.announce.leave_channel(who.user_id, &ChannelName::conversation(id));
    context.announce.wake_pump();
    Ok(())
}

async fn hand_over(
    context: &Context,
    requester: &Requester,
    who: Participant,
    id: ConversationId,
    to: &PersonRow,
    note: &str,
) -> ServiceResult<()> {
    let mut tx = context.store.begin().await?;
    let head = hold(&mut tx, who, id, ConversationAction::Transfer).await?;
    let now_ms = context.clock.now_ms();
    if !tx.set_standing(id, &open_with(&head, to.id)).await? {
        return Err(ServiceError::Conflict { code: "conversations.illegal_transition" });
    }
    tx.hand_marks_over(id, who.user_id, to.id).await?;
    let author = PersonRow { id: who.user_id, name: requester.principal.name.clone() };
    let note = NoteRow { id: NoteId::generate(), conversation_id: id, author, body: note.to_owned(), created_at_ms: now_ms };
    tx.insert_note(&note).await?;
    // First in the log: the pump takes the former counsellor's sockets off the channel before it
    // publishes later rows.
    append_left(&mut tx, who.user_id, id, now_ms).await?;
    let row = read_held(&mut tx, id).await?;
    append_change(&mut tx, Change::Transferred, &row, now_ms).await?;
    let to_student = |conversation_id| NoticeKind::ConversationTransferred { conversation_id };
    append_chat_notice(&mut tx, Audience::User(head.student_id), to_student, id, now_ms).await?;
    let to_counsellor = |conversation_id| NoticeKind::ConversationHandedOver { conversation_id };
    append_chat_notice(&mut tx, Audience::User(to.id), to_counsellor, id, now_ms).await?;
    audit(&mut tx, requester, "conversation.transferred", id, json!({ "to": to.id, "note_id": note.id }), now_ms).await?;
    Ok(tx.commit().await?)
}

fn open_with(head: &ConversationHead, counsellor: UserId) -> Standing {
    Standing {
        state: ConversationState::Open,
        counsellor_id: Some(counsellor),
        open_key: Some(open_key(head.student_id, counsellor)),
        waiting_since_ms: None,
        closed_at_ms: None,
    }
}

/// Closes a conversation; a student who waits leaves the queue. Fails with `conversations.closed`
/// when it is closed already.
pub async fn close_conversation(context: &Context, requester: &Requester, id: ConversationId) -> ServiceResult<ConversationItem> {
    let who = member(&requester.principal)?;
    let row = retry_contention(async || close(context, requester, who, id).await).await?;
    context.announce.wake_pump();
    if row.counsellor.is_none() {
        publish_queue(context).await;
    }
    Ok(ConversationItem::of(&row, who.side))
}

async fn close(context: &Context, requester: &Requester, who: Participant, id: ConversationId) -> ServiceResult<ConversationRow> {
    let mut tx = context.store.begin().await?;
    let head = hold(&mut tx, who, id, ConversationAction::Close).await?;
    let now_ms = context.clock.now_ms();
    let closed = Standing {
        state: ConversationState::Closed,
        counsellor_id: head.counsellor_id,
        open_key: None,
        waiting_since_ms: None,
        closed_at_ms: Some(now_ms),
    };
    tx.set_standing(id, &closed).await?;
    let row = read_held(&mut tx, id).await?;
    append_change(&mut tx, Change::Closed, &row, now_ms).await?;
    audit(&mut tx, requester, "conversation.closed", id, json!({}), now_ms).await?;
    tx.commit().await?;
    Ok(row)
}

/// Reopens a closed conversation: with its counsellor, or in the queue if it has none or the
/// account cannot be used any more. Fails with `conversations.illegal_transition` when it is live,
/// when the pair has another live one, or when the student already waits in another one.
pub async fn reopen_conversation(context: &Context, requester: &Requester, id: ConversationId) -> ServiceResult<ConversationItem> {
    let who = member(&requester.principal)?;
    let row = retry_contention(async || reopen(context, requester, who, id).await).await?;
    context.announce.wake_pump();
    if row.state == ConversationState::Waiting {
        publish_queue(context).await;
    }
    Ok(ConversationItem::of(&row, who.side))
}

async fn reopen(context: &Context, requester: &Requester, who: Participant, id: ConversationId) -> ServiceResult<ConversationRow> {
    let before = find_own(context, who, id).await?;
    let counsellor = find_present_counsellor(context, &before).await?;
    let mut tx = context.store.begin().await?;
    let head = hold(&mut tx, who, id, ConversationAction::Reopen).await?;
    let now_ms = context.clock.now_ms();
    let standing = match counsellor.filter(|counsellor| head.counsellor_id == Some(*counsellor)) {
        Some(counsellor) => open_with(&head, counsellor),
        None => Standing {
            state: ConversationState::Waiting,
            counsellor_id: None,
            open_key: Some(waiting_key(head.student_id)),
            waiting_since_ms: Some(now_ms),
            closed_at_ms: None,
        },
    };
    if !tx.set_standing(id, &standing).await? {
        return Err(ServiceError::Conflict { code: "conversations.illegal_transition" });
    }
    if let Some(former) = head.counsellor_id.filter(|_| standing.counsellor_id.is_none()) {
        append_left(&mut tx, former, id, now_ms).await?;
    }
    let row = read_held(&mut tx, id).await?;
    append_change(&mut tx, Change::Reopened, &row, now_ms).await?;
    if row.state == ConversationState::Waiting {
        append_waiting_notice(&mut tx, id, now_ms).await?;
    }
    audit(&mut tx, requester, "conversation.reopened", id, json!({}), now_ms).await?;
    tx.commit().await?;
    Ok(row)
}

/// Returns the counsellor of a conversation, unless the account was disabled or has another role
/// now.
async fn find_present_counsellor(context: &Context, row: &ConversationRow) -> ServiceResult<Option<UserId>> {
    let Some(counsellor) = &row.counsellor else { return Ok(None) };
    let user = context.store.find_user(counsellor.id).await?;
    Ok(user.filter(|user| user.role == Role::Counsellor && user.disabled_at_ms.is_none()).map(|user| user.id))
}
