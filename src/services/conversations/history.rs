//! Owns the reading of messages: pages in both directions, around a time, by words; earlier
//! versions of a message; the link to its file. Called by `http/resources/messages`. Reads by
//! counsellors and admins are recorded in the audit trail ([`super::view_audit`]).

use super::{
    Context, ConversationItem, MessageItem, Requester, ServiceError, ServiceResult, attachment::key_of, find_own_head, member, participant,
    view_audit::record_views,
};
use crate::{
    backends::store::{ConversationRow, HistoryRange, MessageRow},
    domain::{
        access::{Action, may},
        clock::rfc3339,
        conversations::conversation::{Participant, parse_search},
        ids::{ConversationId, MessageId},
        principal::Role,
        shape::Time,
    },
    services::files::link::link_options,
    wire::content_disposition::Disposition,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashMap;

/// The position at which a page of messages begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryStart {
    /// The newest messages.
    Newest,
    /// Those before a number.
    Before(i64),
    /// Those after a number.
    After(i64),
    /// Those around an instant, ms since 1970 UTC.
    Around(i64),
}

/// A page of messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct HistoryPage {
    /// By rising number.
    pub items: Vec<MessageItem>,
    /// Whether there are older ones.
    pub has_before: bool,
    /// Whether there are newer ones.
    pub has_after: bool,
}

/// An edit of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "MessageEdit")]
pub struct EditItem {
    /// The text that was replaced.
    pub body: String,
    /// When it was replaced.
    #[schemars(with = "Time")]
    pub edited_at: String,
}

/// A link to the file of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct MessageLink {
    /// Works without a login.
    pub url: String,
    /// When it stops to work.
    #[schemars(with = "Time")]
    pub expires_at: String,
}

/// A message that a search found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "FoundMessage")]
pub struct FoundItem {
    /// The message.
    #[serde(flatten)]
    pub message: MessageItem,
    /// The conversation it belongs to, as the user sees it.
    pub conversation: ConversationItem,
}

/// A page of found messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct SearchPage {
    /// Newest first.
    pub items: Vec<FoundItem>,
    /// `after` of the next page; null on the last one.
    pub next: Option<String>,
}

/// Reads a page of a conversation of the principal.
pub async fn list_messages(
    context: &Context,
    requester: &Requester,
    id: ConversationId,
    start: HistoryStart,
    limit: u32,
) -> ServiceResult<HistoryPage> {
    let who = member(&requester.principal)?;
    let conversation = find_own_head(context, who, id).await?;
    let rows = match start {
        HistoryStart::Newest => context.store.list_messages(id, HistoryRange::Before(i64::MAX), limit).await?,
        HistoryStart::Before(seq) => context.store.list_messages(id, HistoryRange::Before(seq), limit).await?,
        HistoryStart::After(seq) => context.store.list_messages(id, HistoryRange::After(seq), limit).await?,
        HistoryStart::Around(at_ms) => list_around(context, id, at_ms, limit).await?,
    };
    record_views(context, requester, &[id]).await?;
    let newest = conversation.last_seq.max(rows.last().map_or(0, |last| last.seq));
    let (has_before, has_after) = match (rows.first(), rows.last(), start) {
        // Numbers have no gaps, so they show whether there are messages beyond the page.
        (Some(first), Some(last), _) => (first.seq > 1, last.seq < newest),
        (_, _, HistoryStart::Before(_)) => (false, newest > 0),
        _ => (newest > 0, false),
    };
    Ok(HistoryPage { items: rows.iter().map(MessageItem::from).collect(), has_before, has_after })
}

/// Returns about as many messages before an instant as after it.
async fn list_around(context: &Context, id: ConversationId, at_ms: i64, limit: u32) -> ServiceResult<Vec<MessageRow>> {
    let first_after = context.store.first_seq_since(id, at_ms).await?.unwrap_or(i64::MAX);
    let wanted_after = limit.div_ceil(2);
    let mut after = Vec::new();
    if first_after < i64::MAX {
        after = context.store.list_messages(id, HistoryRange::After(first_after - 1), wanted_after).await?;
    }
    let left = limit.saturating_sub(u32::try_from(after.len()).unwrap_or(u32::MAX));
    let mut rows = context.store.list_messages(id, HistoryRange::Before(first_after), left).await?;
    rows.append(&mut after);
    Ok(rows)
}

/// Finds messages that contain all words of `query` (1..200 characters), newest first, in the
/// conversations that the principal is a member of now.
pub async fn search_messages(
    context: &Context,
    requester: &Requester,
    query: &str,
    after: Option<MessageId>,
    limit: u32,
) -> ServiceResult<SearchPage> {
    let who = participant(&requester.principal)?;
    let words = parse_search(query)?;
    let mut rows = context.store.search_messages(who, &words, after, limit.saturating_add(1)).await?;
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > page;
    rows.truncate(page);
    let places = find_places(context, who, &rows).await?;
    record_views(context, requester, &places.keys().copied().collect::<Vec<_>>()).await?;
    let next = rows.last().filter(|_| has_more).map(|last| last.id.to_string());
    // A conversation that the principal left since the search is left out.
    let show = |row: &MessageRow| {
        let place = places.get(&row.conversation_id)?;
        Some(FoundItem { message: MessageItem::from(row), conversation: ConversationItem::of(place, who.side) })
    };
    Ok(SearchPage { items: rows.iter().filter_map(show).collect(), next })
}

/// Returns the conversations of these messages of which `who` is still a member.
async fn find_places(context: &Context, who: Participant, rows: &[MessageRow]) -> ServiceResult<HashMap<ConversationId, ConversationRow>> {
    let mut ids: Vec<ConversationId> = rows.iter().map(|row| row.conversation_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let places = context.store.find_conversations(who, &ids).await?;
    Ok(places.into_iter().map(|place| (place.id, place)).collect())
}

/// Returns the earlier versions of an edited message, oldest first: for the counsellor of the
/// conversation, and for admins.
pub async fn list_message_edits(
    context: &Context,
    requester: &Requester,
    id: ConversationId,
    message: MessageId,
) -> ServiceResult<Vec<EditItem>> {
    if !may(requester.principal.role, Action::ReadMessageHistory) {
        return Err(ServiceError::NotFound);
    }
    if requester.principal.role != Role::Admin {
        find_own_head(context, member(&requester.principal)?, id).await?;
    }
    let message = context.store.find_message(id, message).await?.ok_or(ServiceError::NotFound)?;
    let edits = context.store.list_message_edits(message.id).await?;
    record_views(context, requester, &[id]).await?;
    Ok(edits.into_iter().map(|edit| EditItem { body: edit.body, edited_at: rfc3339(edit.edited_at_ms) }).collect())
}

/// Makes a link to the file of a message, for members.
pub async fn link_message_file(
    context: &Context,
    requester: &Requester,
    (id, message): (ConversationId, MessageId),
    disposition: Disposition,
) -> ServiceResult<MessageLink> {
    find_own_head(context, member(&requester.principal)?, id).await?;
    let message = context.store.find_message(id, message).await?.ok_or(ServiceError::NotFound)?;
    let file = message.file.ok_or(ServiceError::NotFound)?;
    record_views(context, requester, &[id]).await?;
    let options = link_options(context, &file, disposition);
    let link = context.files.signed_url(&key_of(&file)?, &options).await?;
    Ok(MessageLink { url: link.url, expires_at: rfc3339(link.expires_at_ms) })
}
