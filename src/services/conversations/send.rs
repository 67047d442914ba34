//! Owns sending, editing and deleting messages. Called by `http/resources/messages` and
//! [`super::open`].
//!
//! - A client repeats a send until it gets an answer. The unique client id makes all repeats one
//!   message.
//! - Message ids, numbers and log rows are made while the conversation's row is locked, so all
//!   three rise together.

use super::{
    Context, MessageItem, ServiceError, ServiceResult,
    attachment::{discard_attachment, store_attachment},
    change::{Change, append_message_event, message_data, publish_to_members},
    find_own_head, hold, member, retry_contention,
};
use crate::{
    backends::store::{FileRow, MessageRow},
    domain::{
        conversations::conversation::{ConversationAction, EDIT_WINDOW_MS, Participant, check_action, parse_body},
        ids::{ConversationId, LogId, MessageId, UserId},
        principal::Principal,
        text::FieldError,
    },
    services::{files::incoming::UploadedFile, shared::idempotency::fingerprint},
    wire::{desk_event::DeskEvent, signature::SecretKey},
};
use uuid::Uuid;

/// How often a send is tried again when it was refused although the conversation looks writable.
const ATTEMPTS: u32 = 4;

/// A message as a client sends it.
#[derive(Debug)]
pub struct NewMessage {
    /// The id the client gave it.
    pub client_id: String,
    /// The text.
    pub body: String,
    /// Its file.
    pub upload: Option<UploadedFile>,
}

/// A message that is stored.
#[derive(Debug)]
pub struct Sent {
    /// The message.
    pub message: MessageItem,
    /// Whether this call stored it (201), or an earlier one (200).
    pub is_first: bool,
}

/// A message whose client id and text have been checked.
#[derive(Debug, Clone)]
pub(super) struct PreparedMessage {
    pub(super) client_id: String,
    body: String,
    /// The key of the fingerprint. The fingerprint outlives a deleted text, and must not allow to
    /// guess it.
    secret: SecretKey,
}

/// The outcome of one try to store a message.
enum Stored {
    First(Box<MessageRow>),
    /// The client id was used before, in most cases by a repeat of the same message.
    Taken,
}

impl PreparedMessage {
    /// Checks a message without a file.
    pub(super) fn parse(secret: &SecretKey, client_id: &str, body: &str) -> ServiceResult<Self> {
        Self::parse_with(secret, client_id, body, false)
    }

    fn parse_with(secret: &SecretKey, client_id: &str, body: &str, has_file: bool) -> ServiceResult<Self> {
        match (parse_client_id(client_id), parse_body(body, has_file)) {
            (Ok(client_id), Ok(body)) => Ok(Self { client_id, body, secret: secret.clone() }),
            (client_id, body) => Err(ServiceError::validation([client_id.err(), body.err()].into_iter().flatten().collect())),
        }
    }

    /// Returns the fingerprint, which tells apart two messages under the same client id.
    pub(super) fn fingerprint(&self, conversation: ConversationId, file_sha256: Option<&str>) -> String {
        let parts = [conversation.to_string(), self.body.clone(), file_sha256.unwrap_or_default().to_owned()];
        fingerprint(&self.secret, &parts.each_ref().map(|part| part.as_bytes()))
    }

    /// Returns the row. `place`: its number and time.
    pub(super) fn row(
        &self,
        id: MessageId,
        conversation_id: ConversationId,
        sender_id: UserId,
        place: (i64, i64),
        file: Option<&FileRow>,
    ) -> MessageRow {
        let (seq, created_at_ms) = place;
        MessageRow {
            id,
            conversation_id,
            seq,
            sender_id,
            client_id: self.client_id.clone(),
            fingerprint: self.fingerprint(conversation_id, file.map(|file| file.sha256.as_str())),
            body: self.body.clone(),
            file: file.cloned(),
            created_at_ms,
            edited_at_ms: None,
            deleted_at_ms: None,
        }
    }
}

/// Parses a client id: a UUID in its hyphenated form; stored in lower case.
fn parse_client_id(text: &str) -> Result<String, FieldError> {
    if text.is_empty() {
        return Err(FieldError::new("client_id", "required", "this field is required"));
    }
    let id = Uuid::try_parse(text).ok().filter(|_| text.len() == 36);
    id.map(|id| id.as_hyphenated().to_string()).ok_or_else(|| FieldError::new("client_id", "unknown_value", "must be a UUID"))
}

/// Sends a message to a conversation of the principal. A repeat returns the first result. Fails
/// with `messages.client_id_reused` when the client id belongs to another message of the sender,
/// with `conversations.closed`, and with `materials.file_*`.
pub async fn send_message(context: &Context, principal: &Principal, conversation: ConversationId, new: NewMessage) -> ServiceResult<Sent> {
    let who = member(principal)?;
    let message = PreparedMessage::parse_with(&context.secret, &new.client_id, &new.body, new.upload.is_some())?;
    let print = message.fingerprint(conversation, new.upload.as_ref().map(|upload| upload.sha256.as_str()));
    if let Some(sent) = find_repeat(context, who, &message.client_id, &print).await? {
        return Ok(sent);
    }
    let file = match &new.upload {
        Some(upload) => {
            // Checked here, so that no file is stored for a user who may not send.
            let row = find_own_head(context, who, conversation).await?;
            check_action(ConversationAction::Send, who.side, row.state)?;
            Some(store_attachment(context, upload).await?)
        }
        None => None,
    };
    let stored = retry_contention(async || store(context, who, conversation, &message, file.as_ref()).await).await;
    if !matches!(stored, Ok(Stored::First(_)))
        && let Some(file) = &file
    {
        discard_attachment(context, file).await;
    }
    match stored? {
        Stored::First(row) => {
            announce(context, conversation).await;
            Ok(Sent { message: MessageItem::from(&*row), is_first: true })
        }
        Stored::Taken => {
            let missing = || ServiceError::internal("a client id is taken by no message");
            find_repeat(context, who, &message.client_id, &print).await?.ok_or_else(missing)
        }
    }
}

/// Finds the message of an earlier call under this client id, if the sender is still a member of
/// its conversation.
async fn find_repeat(context: &Context, who: Participant, client_id: &str, print: &str) -> ServiceResult<Option<Sent>> {
    let Some(row) = context.store.find_message_by_client_id(who.user_id, client_id).await? else { return Ok(None) };
    if row.fingerprint != print {
        return Err(ServiceError::Conflict { code: "messages.client_id_reused" });
    }
    find_own_head(context, who, row.conversation_id).await?;
    Ok(Some(Sent { message: MessageItem::from(&row), is_first: false }))
}

/// Stores a message with its log row in one transaction. If the sender may write again by the time
/// the reason of a refusal is read (the conversation was transferred back or reopened), tries
/// again.
async fn store(
    context: &Context,
    who: Participant,
    conversation: ConversationId,
    message: &PreparedMessage,
    file: Option<&FileRow>,
) -> ServiceResult<Stored> {
    for _ in 0..ATTEMPTS {
        if let Some(stored) = try_store(context, who, conversation, message, file).await? {
            return Ok(stored);
        }
        let head = find_own_head(context, who, conversation).await?;
        check_action(ConversationAction::Send, who.side, head.state)?;
    }
    Err(ServiceError::Conflict { code: "conflict" })
}

/// `None`: the sender may not write to this conversation. The caller finds out why.
async fn try_store(
    context: &Context,
    who: Participant,
    conversation: ConversationId,
    message: &PreparedMessage,
    file: Option<&FileRow>,
) -> ServiceResult<Option<Stored>> {
    let mut tx = context.store.begin().await?;
    let now_ms = context.clock.now_ms();
    let Some(seq) = tx.take_seq(conversation, who, now_ms).await? else { return Ok(None) };
    // Made while the conversation's row is locked, so that ids and log rows rise with the numbers.
    let row = message.row(MessageId::generate(), conversation, who.user_id, (seq, now_ms), file);
    if !tx.insert_message(&row).await? {
        return Ok(Some(Stored::Taken));
    }
    append_message_event(&mut tx, row.id.into(), DeskEvent::MessageCreated, &row, now_ms).await?;
    tx.commit().await?;
    Ok(Some(Stored::First(Box::new(row))))
}

/// Wakes the pump, and moves the conversation up in the open lists of both members.
async fn announce(context: &Context, conversation: ConversationId) {
    context.announce.wake_pump();
    match context.store.find_conversation(conversation).await {
        Ok(Some(row)) => publish_to_members(context, Change::Message, &row),
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "lists not told of a message"),
    }
}

/// Changes the text of the principal's own message within 15 minutes and keeps the earlier version.
/// Fails with `messages.too_late`, `conversations.closed`, and `conflict` for a deleted message.
pub async fn edit_message(
    context: &Context,
    principal: &Principal,
    (conversation, id): (ConversationId, MessageId),
    body: &str,
) -> ServiceResult<MessageItem> {
    let who = member(principal)?;
    let row = retry_contention(async || edit(context, who, conversation, id, body).await).await?;
    announce(context, conversation).await;
    Ok(MessageItem::from(&row))
}

async fn edit(context: &Context, who: Participant, conversation: ConversationId, id: MessageId, body: &str) -> ServiceResult<MessageRow> {
    let mut tx = context.store.begin().await?;
    hold(&mut tx, who, conversation, ConversationAction::Send).await?;
    let before = tx.find_message(conversation, id).await?;
    let before = before.filter(|message| message.sender_id == who.user_id).ok_or(ServiceError::NotFound)?;
    if before.deleted_at_ms.is_some() {
        return Err(ServiceError::Conflict { code: "conflict" });
    }
    let now_ms = context.clock.now_ms();
    if now_ms.saturating_sub(before.created_at_ms) > EDIT_WINDOW_MS {
        return Err(ServiceError::Conflict { code: "messages.too_late" });
    }
    let body = parse_body(body, before.file.is_some())?;
    if body == before.body {
        return Ok(before);
    }
    let event = LogId::generate();
    let after = MessageRow { body, edited_at_ms: Some(now_ms), ..before.clone() };
    tx.rewrite_message_log(id, &message_data(&after)).await?;
    tx.edit_message(&before, &after.body, event, now_ms).await?;
    append_message_event(&mut tx, event, DeskEvent::MessageChanged, &after, now_ms).await?;
    tx.commit().await?;
    Ok(after)
}

/// Turns the principal's own message into a tombstone. Its text, earlier versions and file are
/// deleted for good. A repeat changes nothing.
pub async fn delete_message(
    context: &Context,
    principal: &Principal,
    (conversation, id): (ConversationId, MessageId),
) -> ServiceResult<MessageItem> {
    let who = member(principal)?;
    let (row, file) = retry_contention(async || delete(context, who, conversation, id).await).await?;
    if let Some(file) = &file {
        discard_attachment(context, file).await;
    }
    announce(context, conversation).await;
    Ok(MessageItem::from(&row))
}

async fn delete(
    context: &Context,
    who: Participant,
    conversation: ConversationId,
    id: MessageId,
) -> ServiceResult<(MessageRow, Option<FileRow>)> {
    let mut tx = context.store.begin().await?;
    // In any state: a message can be deleted from a closed conversation too.
    tx.lock_conversation(conversation).await?.filter(|head| head.has_member(who)).ok_or(ServiceError::NotFound)?;
    let before = tx.find_message(conversation, id).await?;
    let before = before.filter(|message| message.sender_id == who.user_id).ok_or(ServiceError::NotFound)?;
    if before.deleted_at_ms.is_some() {
        return Ok((before, None));
    }
    let now_ms = context.clock.now_ms();
    let file = before.file.clone();
    let after = MessageRow { body: String::new(), file: None, deleted_at_ms: Some(now_ms), ..before };
    tx.rewrite_message_log(id, &message_data(&after)).await?;
    tx.delete_message(id, now_ms).await?;
    append_message_event(&mut tx, LogId::generate(), DeskEvent::MessageChanged, &after, now_ms).await?;
    tx.commit().await?;
    Ok((after, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_ids_are_uuids_in_one_spelling() {
        let id = "0197F0C0-0000-7000-8000-00000000000A";
        assert_eq!(parse_client_id(id).unwrap(), id.to_lowercase());
        for (text, code) in [("", "required"), ("1", "unknown_value"), (&*id.replace('-', ""), "unknown_value")] {
            assert_eq!(parse_client_id(text).unwrap_err().code, code, "{text}");
        }
    }

    #[test]
    fn a_message_is_another_in_text_file_or_place() {
        let (here, there) = (ConversationId::generate(), ConversationId::generate());
        let message = |body: &str| PreparedMessage { client_id: "c".into(), body: body.into(), secret: SecretKey::new(b"k") };
        let print = message("a").fingerprint(here, None);
        assert_eq!(print, message("a").fingerprint(here, None));
        assert_ne!(print, message("b").fingerprint(here, None));
        assert_ne!(print, message("a").fingerprint(there, None));
        assert_ne!(print, message("a").fingerprint(here, Some("0")));
    }

    #[test]
    fn everything_wrong_with_a_message_is_told_at_once() {
        let Err(ServiceError::Invalid { errors, .. }) = PreparedMessage::parse(&SecretKey::new(b"k"), "x", "") else { panic!("accepted") };
        let found: Vec<_> = errors.iter().map(|error| (error.field, error.code)).collect();
        assert_eq!(found, [("client_id", "unknown_value"), ("body", "required")]);
    }
}
