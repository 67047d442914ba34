//! Owns the opening of a conversation: a student with a counsellor or into the queue, a counsellor
//! with a student. Called by `http/resources/conversations`, [`crate::services::alerts`] and
//! [`crate::services::companion`]. A pair has at most one live conversation, and a student waits in
//! the queue at most once.

use super::{
    Context, ConversationItem, ServiceError, ServiceResult,
    change::{Change, append_change, append_message_event, append_waiting_notice, publish_queue},
    find_own, participant, read_held, retry_contention,
    send::{NewMessage, PreparedMessage, send_message},
};
use crate::{
    backends::store::{ConversationRow, Marks, PersonRow},
    domain::{
        conversations::conversation::{ConversationState, Participant, open_key, parse_subject, waiting_key},
        ids::{ConversationId, MessageId, UserId},
        principal::{Principal, Role},
        text::FieldError,
    },
    wire::desk_event::DeskEvent,
};

/// How often opening looks again when the conversation it found was closed meanwhile.
const ATTEMPTS: u32 = 4;

/// The message a conversation begins with.
#[derive(Debug, Clone)]
pub struct FirstMessage {
    /// The id the client gave it.
    pub client_id: String,
    /// The text.
    pub body: String,
}

/// The request of a client.
#[derive(Debug, Clone, Default)]
pub struct NewConversation {
    /// From a student: the counsellor; without it the conversation waits in the queue.
    pub counsellor_id: Option<String>,
    /// From a counsellor: the student.
    pub student_id: Option<String>,
    /// The subject.
    pub subject: Option<String>,
    /// The message it begins with.
    pub first_message: Option<FirstMessage>,
}

/// A live conversation.
#[derive(Debug)]
pub struct Opened {
    /// As the requester sees it.
    pub conversation: ConversationItem,
    /// Whether this request made it.
    pub is_new: bool,
}

/// The two sides of a new conversation; without a counsellor it waits in the queue.
struct MemberPair {
    student: PersonRow,
    counsellor: Option<PersonRow>,
}

impl MemberPair {
    fn key(&self) -> String {
        match &self.counsellor {
            Some(counsellor) => open_key(self.student.id, counsellor.id),
            None => waiting_key(self.student.id),
        }
    }

    fn row(&self, subject: Option<String>, now_ms: i64) -> ConversationRow {
        let is_waiting = self.counsellor.is_none();
        ConversationRow {
            id: ConversationId::generate(),
            student: self.student.clone(),
            counsellor: self.counsellor.clone(),
            state: if is_waiting { ConversationState::Waiting } else { ConversationState::Open },
            subject,
            last_seq: 0,
            last_message: None,
            last_message_at_ms: now_ms,
            student_marks: Marks::default(),
            counsellor_marks: Marks::default(),
            student_unread: 0,
            counsellor_unread: 0,
            hides_read_receipts: false,
            waiting_since_ms: is_waiting.then_some(now_ms),
            created_at_ms: now_ms,
            closed_at_ms: None,
        }
    }
}

/// Opens a conversation, or finds the live one of the pair (or the one in which the student waits);
/// a first message is sent in either. A repeat with the same first message finds the same
/// conversation, even if it left the queue meanwhile.
pub async fn open_conversation(context: &Context, principal: &Principal, new: NewConversation) -> ServiceResult<Opened> {
    let who = participant(principal)?;
    let subject = new.subject.as_deref().map(parse_subject).transpose()?.flatten();
    let first =
        new.first_message.as_ref().map(|first| PreparedMessage::parse(&context.secret, &first.client_id, &first.body)).transpose()?;
    let pair = find_pair(context, principal, &new).await?;
    for _ in 0..ATTEMPTS {
        if let Some(first) = &first
            && let Some(row) = find_begun(context, who, first).await?
        {
            return Ok(Opened { conversation: ConversationItem::of(&row, who.side), is_new: false });
        }
        if let Some(row) = context.store.find_live_conversation(&pair.key()).await? {
            return continue_in(context, principal, who, row, new.first_message).await;
        }
        let row = pair.row(subject.clone(), context.clock.now_ms());
        if let Some(row) = retry_contention(async || insert(context, who, &pair, &row, first.as_ref()).await).await? {
            context.announce.wake_pump();
            if row.state == ConversationState::Waiting {
                publish_queue(context).await;
            }
            return Ok(Opened { conversation: ConversationItem::of(&row, who.side), is_new: true });
        }
    }
    Err(ServiceError::Conflict { code: "conflict" })
}

/// Finds the conversation that this first message began earlier. Fails with
/// `messages.client_id_reused` when the id was used for another message.
async fn find_begun(context: &Context, who: Participant, first: &PreparedMessage) -> ServiceResult<Option<ConversationRow>> {
    let Some(sent) = context.store.find_message_by_client_id(who.user_id, &first.client_id).await? else { return Ok(None) };
    if sent.fingerprint != first.fingerprint(sent.conversation_id, None) {
        return Err(ServiceError::Conflict { code: "messages.client_id_reused" });
    }
    find_own(context, who, sent.conversation_id).await.map(Some)
}

async fn continue_in(
    context: &Context,
    principal: &Principal,
    who: Participant,
    row: ConversationRow,
    first: Option<FirstMessage>,
) -> ServiceResult<Opened> {
    let Some(first) = first else { return Ok(Opened { conversation: ConversationItem::of(&row, who.side), is_new: false }) };
    send_message(context, principal, row.id, NewMessage { client_id: first.client_id, body: first.body, upload: None }).await?;
    let row = find_own(context, who, row.id).await?;
    Ok(Opened { conversation: ConversationItem::of(&row, who.side), is_new: false })
}

/// Makes the conversation with its first message, notice and log rows. `None`: the pair has a live
/// one, or a parallel repeat sent the message.
async fn insert(
    context: &Context,
    who: Participant,
    pair: &MemberPair,
    row: &ConversationRow,
    first: Option<&PreparedMessage>,
) -> ServiceResult<Option<ConversationRow>> {
    let now_ms = context.clock.now_ms();
    let mut tx = context.store.begin().await?;
    if !tx.insert_conversation(row, Some(&pair.key())).await? {
        return Ok(None);
    }
    if let Some(first) = first {
        let missing = ServiceError::internal("no number in a new conversation");
        let seq = tx.take_seq(row.id, who, now_ms).await?.ok_or(missing)?;
        let message = first.row(MessageId::generate(), row.id, who.user_id, (seq, now_ms), None);
        if !tx.insert_message(&message).await? {
            // A parallel repeat has sent the message, in a conversation of its own.
            return Ok(None);
        }
        append_message_event(&mut tx, message.id.into(), DeskEvent::MessageCreated, &message, now_ms).await?;
    }
    let made = read_held(&mut tx, row.id).await?;
    append_change(&mut tx, Change::Created, &made, now_ms).await?;
    if made.state == ConversationState::Waiting {
        append_waiting_notice(&mut tx, made.id, now_ms).await?;
    }
    tx.commit().await?;
    Ok(Some(made))
}

/// Reads the two people. A student may name a counsellor; a counsellor must name a student.
async fn find_pair(context: &Context, principal: &Principal, new: &NewConversation) -> ServiceResult<MemberPair> {
    let me = PersonRow { id: principal.user_id, name: principal.name.clone() };
    let unknown = |field| ServiceError::from(FieldError::new(field, "unknown_value", "not for this role"));
    if principal.role == Role::Student {
        if new.student_id.is_some() {
            return Err(unknown("student_id"));
        }
        let counsellor = match &new.counsellor_id {
            Some(id) => Some(find_person(context, "counsellor_id", id, Role::Counsellor).await?),
            None => None,
        };
        return Ok(MemberPair { student: me, counsellor });
    }
    if new.counsellor_id.is_some() {
        return Err(unknown("counsellor_id"));
    }
    let id = new.student_id.as_deref().ok_or_else(|| FieldError::new("student_id", "required", "this field is required"))?;
    Ok(MemberPair { student: find_person(context, "student_id", id, Role::Student).await?, counsellor: Some(me) })
}

/// Finds an account to converse with: of this role and not disabled. Fails with `unknown_value` on
/// `field`.
pub(super) async fn find_person(context: &Context, field: &'static str, id: &str, role: Role) -> ServiceResult<PersonRow> {
    let unknown = || ServiceError::from(FieldError::new(field, "unknown_value", "there is no such person to talk with"));
    let id = UserId::parse(id).map_err(|_| unknown())?;
    let user = context.store.find_user(id).await?.filter(|user| user.role == role && user.disabled_at_ms.is_none()).ok_or_else(unknown)?;
    Ok(PersonRow { id: user.id, name: user.name })
}
