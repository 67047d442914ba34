//! Owns making, naming and deleting the companion's threads. Called by `http/resources/companion`.

use super::{Context, ServiceError, ServiceResult, ThreadItem, find_own_thread, limits::settle, live::used_so_far, require_student};
use crate::{
    backends::store::ThreadRow,
    domain::{companion::parse_title, ids::ThreadId, principal::Principal, text::FieldError},
    services::shared::contention::retry_contention,
};

/// Makes a thread.
pub async fn create_thread(context: &Context, principal: &Principal, title: Option<&str>) -> ServiceResult<ThreadItem> {
    require_student(principal)?;
    let (now_ms, title) = (context.clock.now_ms(), parse_title(title.unwrap_or_default())?);
    let thread =
        ThreadRow { id: ThreadId::generate(), student_id: principal.user_id, title, created_at_ms: now_ms, last_message_at_ms: now_ms };
    context.store.insert_thread(&thread).await?;
    Ok((&thread).into())
}

/// Names a thread of the student.
pub async fn rename_thread(context: &Context, principal: &Principal, id: ThreadId, title: Option<&str>) -> ServiceResult<ThreadItem> {
    let mut thread = find_own_thread(context, principal, id).await?;
    let title = title.ok_or_else(|| FieldError::new("title", "required", "this field is required"))?;
    thread.title = parse_title(title)?;
    context.store.rename_thread(id, &thread.title).await?;
    Ok((&thread).into())
}

/// Deletes a thread of the student with all its messages. An answer that is streaming in it is
/// stopped.
pub async fn delete_thread(context: &Context, principal: &Principal, id: ThreadId) -> ServiceResult<()> {
    find_own_thread(context, principal, id).await?;
    let delete = async || {
        let mut tx = context.store.begin().await?;
        if !tx.touch_thread(id, None, context.clock.now_ms()).await? {
            return Err(ServiceError::NotFound);
        }
        let live = tx.find_live_answer(id).await?;
        if let Some(live) = &live {
            settle(context, &mut tx, live, used_so_far(context, live)).await?;
        }
        tx.delete_thread(id).await?;
        tx.commit().await?;
        Ok(live)
    };
    if let Some(live) = retry_contention(delete).await? {
        context.announce.stop_answer(live.id);
        context.announce.wake_pump();
    }
    Ok(())
}
