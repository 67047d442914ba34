//! Owns the audit entries about views of conversations: one per viewer, conversation and school
//! day. Called by the other files of this module. Students see only their own conversations, so
//! their views are not recorded.

use super::{Context, Requester, ServiceResult, audit, retry_contention};
use crate::{
    domain::{ids::ConversationId, principal::Role},
    services::shared::school_day::today,
};
use serde_json::json;

/// Records that the requester sees these conversations. Call it before answering: if it fails,
/// nothing is shown.
pub(super) async fn record_views(context: &Context, requester: &Requester, conversations: &[ConversationId]) -> ServiceResult<()> {
    if requester.principal.role == Role::Student || conversations.is_empty() {
        return Ok(());
    }
    let (viewer, day) = (requester.principal.user_id, today(context));
    let known = context.store.viewed_conversations(viewer, &day, conversations).await?;
    let mut new: Vec<ConversationId> = conversations.iter().copied().filter(|id| !known.contains(id)).collect();
    // Always in the same order, so that parallel requests wait for each other instead of
    // deadlocking.
    new.sort_unstable();
    new.dedup();
    if new.is_empty() {
        return Ok(());
    }
    retry_contention(async || insert(context, requester, &day, &new).await).await
}

async fn insert(context: &Context, requester: &Requester, day: &str, conversations: &[ConversationId]) -> ServiceResult<()> {
    let now_ms = context.clock.now_ms();
    let mut tx = context.store.begin().await?;
    for id in conversations {
        if tx.insert_conversation_view(requester.principal.user_id, day, *id).await? {
            audit(&mut tx, requester, "conversation.viewed", *id, json!({}), now_ms).await?;
        }
    }
    Ok(tx.commit().await?)
}
