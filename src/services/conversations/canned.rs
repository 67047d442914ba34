//! Owns the prepared answers behind `/`: a counsellor's own, and those of the school, which every
//! counsellor and admin may write. Called by `http/resources/canned_replies`.

use super::{Context, ServiceError, ServiceResult, require};
use crate::{
    backends::store::CannedReplyRow,
    domain::{
        access::{Action, may},
        conversations::conversation::{parse_canned_body, parse_shortcut},
        ids::{CannedReplyId, UserId},
        principal::Principal,
        shape::Id,
        text::FieldError,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose a prepared answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CannedScope {
    /// The counsellor's.
    Own,
    /// Everybody's.
    School,
}

/// A prepared answer as the contract shapes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "CannedReply")]
pub struct CannedReplyItem {
    /// Its id.
    #[schemars(with = "Id")]
    pub id: String,
    /// What is typed behind `/`.
    pub shortcut: String,
    /// What it says.
    pub body: String,
    /// Whose it is.
    pub scope: CannedScope,
}

/// A prepared answer to add.
#[derive(Debug, Clone)]
pub struct NewCannedReply {
    /// The text typed after `/`.
    pub shortcut: String,
    /// The text it inserts.
    pub body: String,
    /// Its owner: the counsellor or the school.
    pub scope: CannedScope,
}

impl From<&CannedReplyRow> for CannedReplyItem {
    fn from(reply: &CannedReplyRow) -> Self {
        let scope = if reply.owner.is_some() { CannedScope::Own } else { CannedScope::School };
        Self { id: reply.id.to_string(), shortcut: reply.shortcut.clone(), body: reply.body.clone(), scope }
    }
}

/// Returns the owner of the principal's own prepared answers; `None` for roles that do not answer
/// students.
fn own(principal: &Principal) -> Option<UserId> {
    may(principal.role, Action::WorkChatQueue).then_some(principal.user_id)
}

/// Lists the school's and the principal's own prepared answers, by shortcut.
pub async fn list_canned_replies(context: &Context, principal: &Principal) -> ServiceResult<Vec<CannedReplyItem>> {
    require(principal, Action::ManageCannedReplies)?;
    let replies = context.store.list_canned_replies(own(principal)).await?;
    Ok(replies.iter().map(CannedReplyItem::from).collect())
}

/// Adds a prepared answer. Fails with `conflict` when its owner has one with this shortcut.
pub async fn add_canned_reply(context: &Context, principal: &Principal, new: &NewCannedReply) -> ServiceResult<CannedReplyItem> {
    require(principal, Action::ManageCannedReplies)?;
    let owner = match new.scope {
        CannedScope::School => None,
        CannedScope::Own => Some(own(principal).ok_or_else(|| FieldError::new("scope", "unknown_value", "school"))?),
    };
    let (shortcut, body) = parse(&new.shortcut, &new.body)?;
    let reply = CannedReplyRow { id: CannedReplyId::generate(), owner, shortcut, body };
    if context.store.insert_canned_reply(&reply, principal.user_id, context.clock.now_ms()).await? {
        Ok(CannedReplyItem::from(&reply))
    } else {
        Err(ServiceError::Conflict { code: "conflict" })
    }
}

/// Changes a prepared answer; `None` leaves a part as it is.
pub async fn change_canned_reply(
    context: &Context,
    principal: &Principal,
    id: CannedReplyId,
    shortcut: Option<&str>,
    body: Option<&str>,
) -> ServiceResult<CannedReplyItem> {
    let before = find_writable(context, principal, id).await?;
    let (shortcut, body) = parse(shortcut.unwrap_or(&before.shortcut), body.unwrap_or(&before.body))?;
    let reply = CannedReplyRow { shortcut, body, ..before };
    if context.store.update_canned_reply(&reply, context.clock.now_ms()).await? {
        Ok(CannedReplyItem::from(&reply))
    } else {
        Err(ServiceError::Conflict { code: "conflict" })
    }
}

/// Removes a prepared answer.
pub async fn delete_canned_reply(context: &Context, principal: &Principal, id: CannedReplyId) -> ServiceResult<()> {
    let reply = find_writable(context, principal, id).await?;
    if context.store.delete_canned_reply(reply.id).await? { Ok(()) } else { Err(ServiceError::NotFound) }
}

/// Finds a prepared answer of the school or of the principal. Those of others: not found.
async fn find_writable(context: &Context, principal: &Principal, id: CannedReplyId) -> ServiceResult<CannedReplyRow> {
    require(principal, Action::ManageCannedReplies)?;
    let reply = context.store.find_canned_reply(id).await?;
    reply.filter(|reply| reply.owner.is_none() || reply.owner == own(principal)).ok_or(ServiceError::NotFound)
}

fn parse(shortcut: &str, body: &str) -> ServiceResult<(String, String)> {
    match (parse_shortcut(shortcut), parse_canned_body(body)) {
        (Ok(shortcut), Ok(body)) => Ok((shortcut, body)),
        (shortcut, body) => Err(ServiceError::validation([shortcut.err(), body.err()].into_iter().flatten().collect())),
    }
}
