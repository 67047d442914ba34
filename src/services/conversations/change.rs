//! Owns the events, log rows and notices of a conversation's changes. Called by the other files of
//! this module. `conversation.changed` goes to each member's own channel; it is durable for every
//! change that a member who was offline must learn of.

use super::{Context, ConversationItem, MessageItem};
use crate::{
    backends::{
        BackendResult,
        store::{ConversationRow, LogEntry, MessageRow, Tx},
    },
    domain::{
        conversations::conversation::Side,
        ids::{ConversationId, LogId, UserId},
        live::{audience::Audience, channel::ChannelName},
        notices::kind::{NewNotice, NoticeKind},
        principal::Role,
        shape::Count,
    },
    services::notices::append_notice,
    wire::desk_event::DeskEvent,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

/// A change of a conversation, as events name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Change {
    /// It was opened.
    Created,
    /// There is a new message, or one was edited or deleted.
    Message,
    /// The marks of this member rose.
    Read,
    /// A counsellor took it from the queue.
    Assigned,
    /// It has another counsellor.
    Transferred,
    /// It is over.
    Closed,
    /// It was opened again.
    Reopened,
    /// It is not this counsellor's any more.
    Left,
}

/// The data of `conversation.changed`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConversationChanged<'a> {
    /// What became of it.
    pub change: Change,
    /// Which.
    pub conversation_id: ConversationId,
    /// Null with `left`.
    pub conversation: Option<&'a ConversationItem>,
}

/// The data of `queue.changed`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct QueueChanged {
    /// How many students wait now.
    #[schemars(with = "Count")]
    pub waiting: i64,
}

/// The data of `message.created` and of `message.changed`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MessageWritten {
    /// The message as it is now.
    message: MessageItem,
}

/// Returns the data of `message.created` and `message.changed`; the pump adds `id` and `cursor`.
pub(super) fn message_data(message: &MessageRow) -> String {
    json!(MessageWritten { message: message.into() }).to_string()
}

/// Writes the log row of a message event.
pub(super) async fn append_message_event(tx: &mut Tx, id: LogId, event: DeskEvent, message: &MessageRow, now_ms: i64) -> BackendResult<()> {
    let audience = Audience::Conversation(message.conversation_id);
    tx.append_log(&LogEntry { id, audience, event: event.name().to_owned(), data: message_data(message), created_at_ms: now_ms }).await
}

/// Writes a durable change for both members. The text of the newest message is left out: these rows
/// stay with a user who later leaves the conversation.
pub(super) async fn append_change(tx: &mut Tx, change: Change, row: &ConversationRow, now_ms: i64) -> BackendResult<()> {
    for (user, item) in views(row) {
        append_row(tx, user, changed_data(change, row.id, Some(&item.without_preview())), now_ms).await?;
    }
    Ok(())
}

/// Writes that a counsellor left a conversation. When the pump reaches this row, it takes the
/// counsellor's sockets off the conversation's channel.
pub(super) async fn append_left(tx: &mut Tx, former: UserId, id: ConversationId, now_ms: i64) -> BackendResult<()> {
    append_row(tx, former, changed_data(Change::Left, id, None), now_ms).await
}

async fn append_row(tx: &mut Tx, user: UserId, data: Value, now_ms: i64) -> BackendResult<()> {
    let entry = LogEntry {
        id: LogId::generate(),
        audience: Audience::User(user),
        event: DeskEvent::ConversationChanged.name().to_owned(),
        data: data.to_string(),
        created_at_ms: now_ms,
    };
    tx.append_log(&entry).await
}

/// Writes a notice about a conversation.
pub(super) async fn append_chat_notice(
    tx: &mut Tx,
    audience: Audience,
    kind: fn(String) -> NoticeKind,
    id: ConversationId,
    now_ms: i64,
) -> BackendResult<()> {
    append_notice(tx, &NewNotice { audience, kind: kind(id.to_string()) }, now_ms).await.map(drop)
}

/// Writes the notice to all counsellors that a student waits.
pub(super) async fn append_waiting_notice(tx: &mut Tx, id: ConversationId, now_ms: i64) -> BackendResult<()> {
    let kind = |conversation_id| NoticeKind::ConversationWaiting { conversation_id };
    append_chat_notice(tx, Audience::Role(Role::Counsellor), kind, id, now_ms).await
}

/// Publishes a change to both members that need not be durable.
pub(super) fn publish_to_members(context: &Context, change: Change, row: &ConversationRow) {
    for (user, item) in views(row) {
        context.announce.queue_event(&ChannelName::user(user), DeskEvent::ConversationChanged, changed_data(change, row.id, Some(&item)));
    }
}

/// Publishes a change to the devices of one member that need not be durable.
pub(super) fn publish_to_side(context: &Context, change: Change, row: &ConversationRow, side: Side) {
    let user = match side {
        Side::Student => Some(row.student.id),
        Side::Counsellor => row.counsellor.as_ref().map(|counsellor| counsellor.id),
    };
    if let Some(user) = user {
        let data = changed_data(change, row.id, Some(&ConversationItem::of(row, side)));
        context.announce.queue_event(&ChannelName::user(user), DeskEvent::ConversationChanged, data);
    }
}

/// Publishes to all counsellors how many students wait now. An error in counting is only logged.
pub(super) async fn publish_queue(context: &Context) {
    match context.store.count_waiting().await {
        Ok(waiting) => {
            context.announce.queue_event(&ChannelName::role(Role::Counsellor), DeskEvent::QueueChanged, json!(QueueChanged { waiting }))
        }
        Err(error) => tracing::warn!(%error, "queue not counted"),
    }
}

fn views(row: &ConversationRow) -> impl Iterator<Item = (UserId, ConversationItem)> {
    let counsellor = row.counsellor.as_ref().map(|counsellor| (counsellor.id, ConversationItem::of(row, Side::Counsellor)));
    [(row.student.id, ConversationItem::of(row, Side::Student))].into_iter().chain(counsellor)
}

fn changed_data(change: Change, conversation_id: ConversationId, conversation: Option<&ConversationItem>) -> Value {
    json!(ConversationChanged { change, conversation_id, conversation })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::desk_event::LEFT_CONVERSATION;

    #[test]
    fn the_wire_finds_a_loss_by_its_name() {
        assert_eq!(json!(Change::Left), json!(LEFT_CONVERSATION));
    }
}
