//! Owns how conversations and messages are shown to each side. Called by
//! `http/resources/conversations` and the other files of this module.

use super::{Context, ServiceError, ServiceResult, is_member, is_queued_for, member, participant, require};
use crate::{
    backends::store::{ConversationFilter, ConversationRow, LastMessageRow, MessageRow},
    domain::{
        access::Action,
        clock::rfc3339,
        conversations::conversation::{ConversationState, ListPosition, Participant, Side, preview},
        ids::ConversationId,
        principal::Principal,
        shape::{Count, Id, Time},
    },
    services::shared::{file::FileItem, person::PersonItem},
};
use schemars::JsonSchema;
use serde::Serialize;

/// The newest message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "LastMessage")]
pub struct LastMessageItem {
    /// Its number.
    #[schemars(with = "Count")]
    pub seq: i64,
    /// Who wrote it.
    #[schemars(with = "Id")]
    pub sender_id: String,
    /// How it begins; empty when deleted, null in durable events.
    #[schemars(with = "Option<String>")]
    pub preview: String,
    /// When it was written.
    #[schemars(with = "Time")]
    pub created_at: String,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// How far a side got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Marks")]
pub struct MarksItem {
    /// Everything up to here reached a device.
    #[schemars(with = "Count")]
    pub delivered_seq: i64,
    /// Null when it is hidden.
    #[schemars(with = "Option<Count>")]
    pub read_seq: Option<i64>,
}

/// A conversation as one side sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Conversation")]
pub struct ConversationItem {
    /// Its id.
    #[schemars(with = "Id")]
    pub id: String,
    /// The student.
    pub student: PersonItem,
    /// Null in the queue.
    pub counsellor: Option<PersonItem>,
    /// Where it stands.
    pub state: ConversationState,
    /// What it is about.
    pub subject: Option<String>,
    /// Number of the newest message; 0 without any.
    #[schemars(with = "Count")]
    pub last_seq: i64,
    /// The newest message.
    pub last_message: Option<LastMessageItem>,
    /// How many messages of the other side were not read.
    #[schemars(with = "Count")]
    pub unread_count: i64,
    /// How far this side got.
    pub own: MarksItem,
    /// Of the other side; `read_seq` is null when it hides read receipts.
    pub other: MarksItem,
    /// Since when it is in the queue.
    #[schemars(with = "Option<Time>")]
    pub waiting_since: Option<String>,
    /// When it was made.
    #[schemars(with = "Time")]
    pub created_at: String,
    /// When it was closed.
    #[schemars(with = "Option<Time>")]
    pub closed_at: Option<String>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Message")]
pub struct MessageItem {
    /// Its id.
    #[schemars(with = "Id")]
    pub id: String,
    /// The conversation it belongs to.
    #[schemars(with = "Id")]
    pub conversation_id: String,
    /// Its number in the conversation, from 1.
    #[schemars(with = "Count")]
    pub seq: i64,
    /// The UUID its sender gave it.
    pub client_id: String,
    /// The account that wrote it.
    #[schemars(with = "Id")]
    pub sender_id: String,
    /// Empty when deleted.
    pub body: String,
    /// Its file; null without one, and when deleted.
    pub attachment: Option<FileItem>,
    /// When it was written.
    #[schemars(with = "Time")]
    pub created_at: String,
    /// When it was edited last; null when it was not.
    #[schemars(with = "Option<Time>")]
    pub edited_at: Option<String>,
    /// When it was deleted; null when it was not.
    #[schemars(with = "Option<Time>")]
    pub deleted_at: Option<String>,
}

/// The conversations that a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversationScope {
    /// The user's own live ones, newest message first.
    Mine,
    /// The queue, longest waiting first.
    Waiting,
    /// The user's own closed ones, newest message first.
    Closed,
}

/// The filter and page of a list of conversations.
#[derive(Debug, Clone)]
pub struct ConversationQuery {
    /// Which conversations.
    pub scope: ConversationScope,
    /// Words to find.
    pub query: Option<String>,
    /// Only those after this position.
    pub after: Option<ListPosition>,
    /// How many at most.
    pub limit: u32,
}

/// A page of conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ConversationPage {
    /// In the order of their scope.
    pub items: Vec<ConversationItem>,
    /// `after` of the next page; null on the last one.
    pub next: Option<String>,
    /// In all own conversations.
    #[schemars(with = "Count")]
    pub unread_total: i64,
}

impl LastMessageItem {
    fn new(last: &LastMessageRow) -> Self {
        Self {
            seq: last.seq,
            sender_id: last.sender_id.to_string(),
            preview: if last.is_deleted { String::new() } else { preview(&last.body, last.file_name.as_deref()) },
            created_at: rfc3339(last.created_at_ms),
            deleted: last.is_deleted,
        }
    }
}

impl ConversationItem {
    /// Shows a conversation to a member on `side`.
    #[must_use]
    pub fn of(row: &ConversationRow, side: Side) -> Self {
        let (own, other, unread_count) = match side {
            Side::Student => (row.student_marks, row.counsellor_marks, row.student_unread),
            Side::Counsellor => (row.counsellor_marks, row.student_marks, row.counsellor_unread),
        };
        let hides_other = side == Side::Counsellor && row.hides_read_receipts;
        Self {
            id: row.id.to_string(),
            student: PersonItem::from(&row.student),
            counsellor: row.counsellor.as_ref().map(PersonItem::from),
            state: row.state,
            subject: row.subject.clone(),
            last_seq: row.last_seq,
            last_message: row.last_message.as_ref().map(LastMessageItem::new),
            unread_count,
            own: MarksItem { delivered_seq: own.delivered_seq, read_seq: Some(own.read_seq) },
            other: MarksItem { delivered_seq: other.delivered_seq, read_seq: (!hides_other).then_some(other.read_seq) },
            waiting_since: row.waiting_since_ms.map(rfc3339),
            created_at: rfc3339(row.created_at_ms),
            closed_at: row.closed_at_ms.map(rfc3339),
        }
    }

    /// Shows a waiting conversation to counsellors: who waits, since when, about which subject.
    /// Shows nothing of its messages.
    #[must_use]
    pub fn queued(row: &ConversationRow) -> Self {
        let nothing = MarksItem { delivered_seq: 0, read_seq: Some(0) };
        Self { last_message: None, unread_count: 0, own: nothing, other: nothing, ..Self::of(row, Side::Counsellor) }
    }

    /// Removes the text of the newest message, for rows that are kept.
    #[must_use]
    pub fn without_preview(mut self) -> Self {
        if let Some(last) = &mut self.last_message {
            last.preview.clear();
        }
        self
    }

    fn as_seen_by(row: &ConversationRow, who: Participant) -> Self {
        if is_queued_for(row, who) { Self::queued(row) } else { Self::of(row, who.side) }
    }
}

impl From<&MessageRow> for MessageItem {
    fn from(message: &MessageRow) -> Self {
        Self {
            id: message.id.to_string(),
            conversation_id: message.conversation_id.to_string(),
            seq: message.seq,
            client_id: message.client_id.clone(),
            sender_id: message.sender_id.to_string(),
            body: message.body.clone(),
            attachment: message.file.as_ref().map(FileItem::from),
            created_at: rfc3339(message.created_at_ms),
            edited_at: message.edited_at_ms.map(rfc3339),
            deleted_at: message.deleted_at_ms.map(rfc3339),
        }
    }
}

/// Lists conversations. The queue is for counsellors only.
pub async fn list_conversations(context: &Context, principal: &Principal, query: ConversationQuery) -> ServiceResult<ConversationPage> {
    let who = participant(principal)?;
    let wanted = query.limit.saturating_add(1);
    let mut rows = match query.scope {
        ConversationScope::Waiting => {
            require(principal, Action::WorkChatQueue)?;
            context.store.list_waiting(query.after, wanted).await?
        }
        scope => {
            let filter = ConversationFilter { is_closed: scope == ConversationScope::Closed, query: query.query };
            context.store.list_conversations(who, &filter, query.after, wanted).await?
        }
    };
    let page = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > page;
    rows.truncate(page);
    let position = |row: &ConversationRow| ListPosition {
        at_ms: match query.scope {
            ConversationScope::Waiting => row.waiting_since_ms.unwrap_or(row.created_at_ms),
            _ => row.last_message_at_ms,
        },
        id: row.id,
    };
    let next = rows.last().filter(|_| has_more).map(|last| position(last).to_string());
    let items = rows.iter().map(|row| ConversationItem::as_seen_by(row, who)).collect();
    Ok(ConversationPage { items, next, unread_total: context.store.count_unread_messages(who).await? })
}

/// Shows a conversation to its members, and a waiting one to every counsellor, without its
/// messages.
pub async fn read_conversation(context: &Context, principal: &Principal, id: ConversationId) -> ServiceResult<ConversationItem> {
    let who = member(principal)?;
    let row = context.store.find_conversation(id).await?;
    let row = row.filter(|row| is_member(row, who) || is_queued_for(row, who)).ok_or(ServiceError::NotFound)?;
    Ok(ConversationItem::as_seen_by(&row, who))
}
