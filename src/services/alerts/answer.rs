//! Owns the two answers to a warning: acknowledging it, and opening a conversation with the
//! student. Both stop the acknowledgement clock; only the first answer counts. Called by
//! `http/resources/alerts`.

use super::{
    Context, Requester, ServiceError, ServiceResult, audit,
    notify::{AlertChange, append_changed},
    require,
    view::{AlertItem, record_views},
};
use crate::{
    backends::store::AlertRow,
    domain::{
        access::Action,
        ids::{AlertId, ConversationId},
    },
    services::{
        conversations::{NewConversation, open_conversation},
        shared::contention::retry_contention,
    },
};
use serde_json::json;

/// Acknowledges a warning for the requester. A second acknowledgement changes nothing and returns
/// the same item, which names the first.
pub async fn acknowledge_alert(context: &Context, requester: &Requester, id: AlertId) -> ServiceResult<AlertItem> {
    require(&requester.principal, Action::AcknowledgeAlerts)?;
    find(context, id).await?;
    retry_contention(async || acknowledge(context, requester, id, None).await).await?;
    record_views(context, requester, vec![id]).await?;
    Ok(AlertItem::for_reader(&find(context, id).await?, requester))
}

/// Opens or finds the conversation of this counsellor with the student, and acknowledges the
/// warning. Fails with `conflict` when the student can no longer be written to.
pub async fn open_chat(context: &Context, requester: &Requester, id: AlertId) -> ServiceResult<ConversationId> {
    require(&requester.principal, Action::ChatAboutAlerts)?;
    let alert = find(context, id).await?;
    let new = NewConversation { student_id: Some(alert.student.id.to_string()), ..NewConversation::default() };
    let opened = open_conversation(context, &requester.principal, new).await.map_err(|error| match error {
        ServiceError::Invalid { .. } => ServiceError::Conflict { code: "conflict" },
        other => other,
    })?;
    let conversation =
        ConversationId::parse(&opened.conversation.id).map_err(|_| ServiceError::internal("a conversation without an id"))?;
    retry_contention(async || acknowledge(context, requester, id, Some(conversation)).await).await?;
    Ok(conversation)
}

async fn find(context: &Context, id: AlertId) -> ServiceResult<AlertRow> {
    context.store.find_alert(id).await?.ok_or(ServiceError::NotFound)
}

async fn acknowledge(context: &Context, requester: &Requester, id: AlertId, conversation: Option<ConversationId>) -> ServiceResult<()> {
    let now_ms = context.clock.now_ms();
    let mut tx = context.store.begin().await?;
    let is_first = tx.acknowledge_alert(id, requester.principal.user_id, now_ms).await?;
    let is_new_chat = match conversation {
        Some(conversation) => {
            audit(&mut tx, requester, "alert.chat_opened", id, json!({ "conversation_id": conversation }), now_ms).await?;
            tx.set_alert_conversation(id, conversation).await?
        }
        None => false,
    };
    if is_first {
        audit(&mut tx, requester, "alert.acknowledged", id, json!({}), now_ms).await?;
        append_changed(&mut tx, AlertChange::Acknowledged, id, now_ms).await?;
    } else if is_new_chat {
        append_changed(&mut tx, AlertChange::Chat, id, now_ms).await?;
    } else if conversation.is_none() {
        return Ok(());
    }
    tx.commit().await?;
    context.announce.wake_pump();
    Ok(())
}
