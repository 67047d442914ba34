//! Owns the notices: writing one inside a transaction, and reading a user's own. Called by
//! `http/resources/notices` and by the use cases that notify. The unread count is read from the
//! database, and published to all devices of the user after every change.

use super::{Context, ServiceError, ServiceResult};
use crate::{
    backends::{
        BackendResult,
        store::{LogEntry, NoticeRow, NoticeView, Tx, Unread, Viewer},
    },
    domain::{
        clock::rfc3339,
        ids::NoticeId,
        language::Language,
        live::channel::ChannelName,
        notices::{kind::NewNotice, spec::NoticeTexts},
        principal::Principal,
    },
    wire::desk_event::DeskEvent,
};
use serde::Serialize;
use serde_json::{Value, json};

/// The filter and page of a list of notices.
#[derive(Debug, Clone, Copy)]
pub struct NoticeQuery {
    /// Only unread notices.
    pub unread_only: bool,
    /// Only notices before this one.
    pub after: Option<NoticeId>,
    /// How many at most.
    pub limit: u32,
    /// Language of title and body.
    pub language: Language,
}

/// A notice as the contract shapes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoticeItem {
    /// Its id.
    pub id: String,
    /// Wire name of its kind.
    pub kind: String,
    /// Group a user can filter.
    pub category: String,
    /// One line, in the language asked for.
    pub title: String,
    /// One sentence, in the language asked for.
    pub body: String,
    /// Both in all languages.
    pub texts: NoticeTexts,
    /// What the link of the notice needs.
    pub data: Value,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// When the user read it, RFC 3339; null while unread.
    pub read_at: Option<String>,
}

/// A page of notices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoticePage {
    /// Newest first.
    pub items: Vec<NoticeItem>,
    /// `after` of the next page.
    pub next: Option<String>,
    /// How many the user has not read, on all pages.
    #[serde(flatten)]
    pub unread: UnreadCount,
}

/// The number of the badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct UnreadCount {
    /// How many the user has not read.
    pub unread_count: i64,
    /// How new that is: answers and events overtake each other, and one with a smaller version than another is older.
    pub version: i64,
}

impl From<Unread> for UnreadCount {
    fn from(unread: Unread) -> Self {
        Self { unread_count: unread.count, version: unread.version }
    }
}

impl NoticeItem {
    fn new(view: NoticeView, language: Language) -> Self {
        let text = view.notice.texts.in_language(language).clone();
        Self {
            id: view.notice.id.to_string(),
            kind: view.notice.kind,
            category: view.notice.category,
            title: text.title,
            body: text.body,
            texts: view.notice.texts,
            data: view.notice.data,
            created_at: rfc3339(view.notice.created_at_ms),
            read_at: view.read_at_ms.map(rfc3339),
        }
    }
}

/// Writes a notice and the log row that announces it; returns the notice's id. Wake the pump after
/// the commit.
pub async fn append_notice(tx: &mut Tx, notice: &NewNotice, now_ms: i64) -> BackendResult<NoticeId> {
    let (id, spec) = (NoticeId::generate(), notice.kind.spec());
    let row = NoticeRow {
        id,
        audience: notice.audience,
        kind: spec.wire_name.to_owned(),
        category: spec.category.to_owned(),
        data: notice.kind.data(),
        texts: notice.kind.texts(),
        created_at_ms: now_ms,
    };
    tx.insert_notice(&row).await?;
    let data = announcement(&row).to_string();
    let entry =
        LogEntry { id: id.into(), audience: row.audience, event: DeskEvent::NoticeCreated.name().to_owned(), data, created_at_ms: now_ms };
    tx.append_log(&entry).await?;
    Ok(id)
}

/// Returns the data of `notice.created`: the item without read state; the pump adds `id` and
/// `cursor`.
fn announcement(notice: &NoticeRow) -> Value {
    let text = notice.texts.in_language(Language::default());
    json!({
        "kind": notice.kind,
        "category": notice.category,
        "title": text.title,
        "body": text.body,
        "texts": notice.texts,
        "data": notice.data,
        "created_at": rfc3339(notice.created_at_ms),
    })
}

/// Returns the principal as a reader of notices.
#[must_use]
pub const fn viewer_of(principal: &Principal) -> Viewer {
    Viewer { user_id: principal.user_id, role: principal.role, since_ms: principal.user_since_ms }
}

/// Lists the user's notices, newest first, with the unread count.
pub async fn list_notices(context: &Context, principal: &Principal, query: NoticeQuery) -> ServiceResult<NoticePage> {
    let viewer = viewer_of(principal);
    let page = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let mut views = context.store.list_notices(&viewer, query.unread_only, query.after, query.limit.saturating_add(1)).await?;
    let has_more = views.len() > page;
    views.truncate(page);
    let next = views.last().filter(|_| has_more).map(|last| last.notice.id.to_string());
    let unread = context.store.unread(&viewer).await?.into();
    Ok(NoticePage { items: views.into_iter().map(|view| NoticeItem::new(view, query.language)).collect(), next, unread })
}

/// Marks one notice as read and publishes the new count to the user's devices. Unknown notices and
/// those of others: not found.
pub async fn read_notice(context: &Context, principal: &Principal, id: NoticeId) -> ServiceResult<UnreadCount> {
    let viewer = viewer_of(principal);
    let mut tx = context.store.begin().await?;
    if !tx.mark_notice_read(&viewer, id, context.clock.now_ms()).await? {
        return Err(ServiceError::NotFound);
    }
    tx.commit().await?;
    publish_read_state(context, &viewer, Some(id)).await
}

/// Marks all of the user's notices as read and publishes the new count to the user's devices.
pub async fn read_all_notices(context: &Context, principal: &Principal) -> ServiceResult<UnreadCount> {
    let viewer = viewer_of(principal);
    let mut tx = context.store.begin().await?;
    tx.mark_all_notices_read(&viewer, context.clock.now_ms()).await?;
    tx.commit().await?;
    publish_read_state(context, &viewer, None).await
}

/// Counts again and publishes `notice.state`: for one notice, or for all.
async fn publish_read_state(context: &Context, viewer: &Viewer, one: Option<NoticeId>) -> ServiceResult<UnreadCount> {
    let unread = UnreadCount::from(context.store.unread(viewer).await?);
    let ids: Vec<String> = one.iter().map(NoticeId::to_string).collect();
    let UnreadCount { unread_count, version } = unread;
    let data = json!({ "unread_count": unread_count, "version": version, "all": one.is_none(), "notice_ids": ids });
    context.announce.queue_event(&ChannelName::user(viewer.user_id), DeskEvent::NoticeState, data);
    Ok(unread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{live::audience::Audience, notices::kind::NoticeKind, principal::Role};

    #[test]
    fn the_announcement_is_the_item_without_id_and_read_state() {
        let kind = NoticeKind::MaterialPublished { material_id: "m".into(), title: "Napas".into(), category: "Tenang".into() };
        let row = NoticeRow {
            id: NoticeId::generate(),
            audience: Audience::Role(Role::Student),
            kind: kind.spec().wire_name.into(),
            category: kind.spec().category.into(),
            data: kind.data(),
            texts: kind.texts(),
            created_at_ms: 0,
        };
        let told = announcement(&row);
        let mut item = serde_json::to_value(NoticeItem::new(NoticeView { notice: row, read_at_ms: None }, Language::default())).unwrap();
        let item = item.as_object_mut().unwrap();
        item.remove("id");
        item.remove("read_at");
        assert_eq!(told.as_object().unwrap(), item);
        assert_eq!(told["created_at"], "1970-01-01T00:00:00.000Z");
    }
}
