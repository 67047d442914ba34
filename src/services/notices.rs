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
        notices::{
            kind::NewNotice,
            spec::{NoticeSpec, NoticeTexts},
        },
        principal::Principal,
        shape::{Count, Time},
    },
    wire::desk_event::DeskEvent,
};
use schemars::JsonSchema;
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

/// What a notice says; also the data of `notice.created`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NoticeContent {
    /// There will be more.
    #[schemars(extend("enum" = NoticeSpec::wire_names()))]
    pub kind: String,
    /// Group a user can filter.
    #[schemars(extend("enum" = NoticeSpec::categories()))]
    pub category: String,
    /// One line, in the language asked for.
    pub title: String,
    /// One sentence, in the language asked for.
    pub body: String,
    /// Both in all languages.
    pub texts: NoticeTexts,
    /// By kind. `material.published`: `{material_id, title, category}`; `appointment.…`:
    /// `{appointment_id, starts_at}`, of a reminder also `minutes_before`; `conversation.…`:
    /// `{conversation_id}`; `risk.…`: `{alert_id}`.
    pub data: Value,
    /// When it was made.
    #[schemars(with = "Time")]
    pub created_at: String,
}

/// A notice as the contract shapes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Notice")]
pub struct NoticeItem {
    /// Its id.
    pub id: NoticeId,
    /// What it says.
    #[serde(flatten)]
    pub content: NoticeContent,
    /// When the user read it; null while unread.
    #[schemars(with = "Option<Time>")]
    pub read_at: Option<String>,
}

/// A page of notices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct NoticePage {
    /// Newest first.
    pub items: Vec<NoticeItem>,
    /// `after` of the next page; null on the last one.
    pub next: Option<String>,
    /// How many the user has not read, on all pages.
    #[serde(flatten)]
    pub unread: UnreadCount,
}

/// The number of the badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct UnreadCount {
    /// How many the user has not read.
    #[schemars(with = "Count")]
    pub unread_count: i64,
    /// How new the count is. Answers and events overtake each other: one with a smaller version
    /// than another is older.
    #[schemars(with = "Count")]
    pub version: i64,
}

/// The data of `notice.state`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct NoticeState {
    /// What is left.
    #[serde(flatten)]
    pub unread: UnreadCount,
    /// Whether all were marked.
    pub all: bool,
    /// Those that were marked, unless all.
    pub notice_ids: Vec<NoticeId>,
}

impl From<Unread> for UnreadCount {
    fn from(unread: Unread) -> Self {
        Self { unread_count: unread.count, version: unread.version }
    }
}

impl NoticeContent {
    fn new(notice: NoticeRow, language: Language) -> Self {
        let text = notice.texts.in_language(language).clone();
        Self {
            kind: notice.kind,
            category: notice.category,
            title: text.title,
            body: text.body,
            texts: notice.texts,
            data: notice.data,
            created_at: rfc3339(notice.created_at_ms),
        }
    }
}

impl NoticeItem {
    fn new(view: NoticeView, language: Language) -> Self {
        Self { id: view.notice.id, content: NoticeContent::new(view.notice, language), read_at: view.read_at_ms.map(rfc3339) }
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
    let audience = row.audience;
    let data = json!(NoticeContent::new(row, Language::default())).to_string();
    let entry = LogEntry { id: id.into(), audience, event: DeskEvent::NoticeCreated.name().to_owned(), data, created_at_ms: now_ms };
    tx.append_log(&entry).await?;
    Ok(id)
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
    let state = NoticeState { unread, all: one.is_none(), notice_ids: one.into_iter().collect() };
    context.announce.queue_event(&ChannelName::user(viewer.user_id), DeskEvent::NoticeState, json!(state));
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
        let told = json!(NoticeContent::new(row.clone(), Language::default()));
        let mut item = serde_json::to_value(NoticeItem::new(NoticeView { notice: row, read_at_ms: None }, Language::default())).unwrap();
        let item = item.as_object_mut().unwrap();
        item.remove("id");
        item.remove("read_at");
        assert_eq!(told.as_object().unwrap(), item);
        assert_eq!(told["created_at"], "1970-01-01T00:00:00.000Z");
    }
}
