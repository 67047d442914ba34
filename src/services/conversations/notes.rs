//! Owns the private notes about a conversation: its counsellor writes them, and only its current
//! counsellor reads them. Called by `http/resources/conversations`. Students and admins get 404.

use super::{Context, Requester, ServiceError, ServiceResult, audit, find_own_head, member, retry_contention, view_audit::record_views};
use crate::{
    backends::store::{NoteRow, PersonRow},
    domain::{
        clock::rfc3339,
        conversations::conversation::{Participant, Side, parse_private_note},
        ids::{ConversationId, NoteId},
        principal::Principal,
        shape::{Id, Time},
    },
    services::shared::person::PersonItem,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

/// A note as the contract shapes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Note")]
pub struct NoteItem {
    /// Its id.
    #[schemars(with = "Id")]
    pub id: String,
    /// Who wrote it.
    pub author: PersonItem,
    /// What it says.
    pub body: String,
    /// When it was written.
    #[schemars(with = "Time")]
    pub created_at: String,
}

impl From<&NoteRow> for NoteItem {
    fn from(note: &NoteRow) -> Self {
        Self {
            id: note.id.to_string(),
            author: PersonItem::from(&note.author),
            body: note.body.clone(),
            created_at: rfc3339(note.created_at_ms),
        }
    }
}

/// Returns the principal as a counsellor. Other roles: not found.
fn counsellor(principal: &Principal) -> ServiceResult<Participant> {
    let who = member(principal)?;
    if who.side == Side::Counsellor { Ok(who) } else { Err(ServiceError::NotFound) }
}

/// Lists the notes about a conversation of the counsellor, oldest first.
pub async fn list_notes(context: &Context, requester: &Requester, id: ConversationId) -> ServiceResult<Vec<NoteItem>> {
    let who = counsellor(&requester.principal)?;
    find_own_head(context, who, id).await?;
    let notes = context.store.list_notes(id).await?;
    record_views(context, requester, &[id]).await?;
    Ok(notes.iter().map(NoteItem::from).collect())
}

/// Writes a note about a conversation of the counsellor.
pub async fn add_note(context: &Context, requester: &Requester, id: ConversationId, body: &str) -> ServiceResult<NoteItem> {
    let who = counsellor(&requester.principal)?;
    find_own_head(context, who, id).await?;
    let body = parse_private_note(body)?;
    let author = PersonRow { id: who.user_id, name: requester.principal.name.clone() };
    let note = retry_contention(async || insert(context, requester, who, id, author.clone(), &body).await).await?;
    Ok(NoteItem::from(&note))
}

async fn insert(
    context: &Context,
    requester: &Requester,
    who: Participant,
    id: ConversationId,
    author: PersonRow,
    body: &str,
) -> ServiceResult<NoteRow> {
    let mut tx = context.store.begin().await?;
    // Locked, so that no transfer can come between.
    tx.lock_conversation(id).await?.filter(|head| head.has_member(who)).ok_or(ServiceError::NotFound)?;
    let note =
        NoteRow { id: NoteId::generate(), conversation_id: id, author, body: body.to_owned(), created_at_ms: context.clock.now_ms() };
    tx.insert_note(&note).await?;
    audit(&mut tx, requester, "conversation.note_added", id, json!({ "note_id": note.id }), note.created_at_ms).await?;
    tx.commit().await?;
    Ok(note)
}
