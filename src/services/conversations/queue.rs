//! Owns the taking of the next student from the queue ("Ambil berikutnya"): the one who has waited
//! longest. Called by `http/resources/conversations`. Two counsellors never get the same student,
//! because a conditional update moves the row out of the queue once.

use super::{
    Context, ConversationItem, Requester, ServiceResult, audit,
    change::{Change, append_change, append_chat_notice, publish_queue},
    read_held, require, retry_contention,
};
use crate::{
    backends::store::ConversationRow,
    domain::{
        access::Action,
        conversations::conversation::{Side, open_key},
        ids::{ConversationId, UserId},
        live::audience::Audience,
        notices::kind::NoticeKind,
    },
};
use serde_json::json;

/// How many waiting conversations are tried before the queue is read again.
const FRONT: u32 = 32;
/// How often the queue is read again when other counsellors were faster at all of them.
const ROUNDS: u32 = 20;

/// Takes the next student of the queue; `None` when no student waits whom this counsellor can take.
pub async fn take_next(context: &Context, requester: &Requester) -> ServiceResult<Option<ConversationItem>> {
    require(&requester.principal, Action::WorkChatQueue)?;
    for _ in 0..ROUNDS {
        let front = context.store.front_of_queue(requester.principal.user_id, FRONT).await?;
        if front.is_empty() {
            return Ok(None);
        }
        for (id, student) in front {
            if let Some(row) = retry_contention(async || take(context, requester, id, student).await).await? {
                context.announce.wake_pump();
                publish_queue(context).await;
                return Ok(Some(ConversationItem::of(&row, Side::Counsellor)));
            }
        }
    }
    Ok(None)
}

async fn take(context: &Context, requester: &Requester, id: ConversationId, student: UserId) -> ServiceResult<Option<ConversationRow>> {
    let me = requester.principal.user_id;
    let mut tx = context.store.begin().await?;
    if !tx.take_waiting(id, me, &open_key(student, me)).await? {
        return Ok(None);
    }
    let now_ms = context.clock.now_ms();
    let row = read_held(&mut tx, id).await?;
    append_change(&mut tx, Change::Assigned, &row, now_ms).await?;
    let kind = |conversation_id| NoticeKind::ConversationAssigned { conversation_id };
    append_chat_notice(&mut tx, Audience::User(student), kind, id, now_ms).await?;
    audit(&mut tx, requester, "conversation.taken", id, json!({}), now_ms).await?;
    tx.commit().await?;
    Ok(Some(row))
}
