//! Owns how warnings are shown to counsellors and admins. Called by `http/resources/alerts` and the
//! other files of this module. Every view is in the audit trail: one line per viewer, warning and
//! school day.

use super::{Context, Requester, ServiceResult, audit, raise::EXCERPT_CHARS, require};
use crate::{
    backends::store::AlertRow,
    domain::{
        access::{Action, may},
        clock::rfc3339,
        ids::{AlertId, ConversationId, ThreadId},
        shape::{Count, Time},
    },
    services::shared::{contention::retry_contention, person::PersonItem, school_day::today},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

/// Whether somebody has taken it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum AlertState {
    /// Nobody yet.
    Open,
    /// Somebody.
    Acknowledged,
}

/// A warning without what the student wrote; also what events carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AlertNews {
    /// Its id.
    pub id: AlertId,
    /// 2: concern, 3: risk.
    #[schemars(range(min = 2, max = 3))]
    pub level: u8,
    /// Where it comes from.
    #[schemars(extend("enum" = ["companion"]))]
    pub source: &'static str,
    /// Whether somebody has taken it up.
    pub state: AlertState,
    /// About whom.
    pub student: PersonItem,
    /// The thread of the companion.
    pub thread_id: Option<ThreadId>,
    /// How often it was raised while open.
    #[schemars(with = "Count")]
    pub count: i64,
    /// When it was raised first.
    #[schemars(with = "Time")]
    pub raised_at: String,
    /// When it was raised last.
    #[schemars(with = "Time")]
    pub last_raised_at: String,
    /// Then everybody is called; null below level 3.
    #[schemars(with = "Option<Time>")]
    pub acknowledge_by: Option<String>,
    /// When everybody was called.
    #[schemars(with = "Option<Time>")]
    pub escalated_at: Option<String>,
    /// When somebody took it up.
    #[schemars(with = "Option<Time>")]
    pub acknowledged_at: Option<String>,
    /// Who took it up.
    pub acknowledged_by: Option<PersonItem>,
    /// The first one that was opened about it.
    pub conversation_id: Option<ConversationId>,
}

/// A warning as the contract shapes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Alert")]
pub struct AlertItem {
    /// What every reader gets.
    #[serde(flatten)]
    pub news: AlertNews,
    /// The beginning of the newest question; counsellors only.
    #[schemars(length(min = 0, max = EXCERPT_CHARS))]
    pub excerpt: Option<String>,
}

/// The warnings that a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertScope {
    /// Not acknowledged.
    Open,
    /// Acknowledged.
    Acknowledged,
    /// All.
    All,
}

/// The filter and page of a list of warnings.
#[derive(Debug, Clone, Copy)]
pub struct AlertQuery {
    /// Which warnings.
    pub scope: AlertScope,
    /// Only warnings before this one.
    pub after: Option<AlertId>,
    /// How many at most.
    pub limit: u32,
}

/// A page of warnings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct AlertPage {
    /// Newest first.
    pub items: Vec<AlertItem>,
    /// `after` of the next page; null on the last one.
    pub next: Option<String>,
    /// Open ones on all pages.
    #[schemars(with = "Count")]
    pub open_count: i64,
}

impl From<&AlertRow> for AlertNews {
    fn from(row: &AlertRow) -> Self {
        Self {
            id: row.id,
            level: row.level.as_number(),
            source: "companion",
            state: if row.acknowledged_at_ms.is_some() { AlertState::Acknowledged } else { AlertState::Open },
            student: PersonItem::from(&row.student),
            thread_id: row.thread_id,
            count: row.count,
            raised_at: rfc3339(row.raised_at_ms),
            last_raised_at: rfc3339(row.last_raised_at_ms),
            acknowledge_by: row.acknowledge_by_ms.map(rfc3339),
            escalated_at: row.escalated_at_ms.map(rfc3339),
            acknowledged_at: row.acknowledged_at_ms.map(rfc3339),
            acknowledged_by: row.acknowledged_by.as_ref().map(PersonItem::from),
            conversation_id: row.conversation_id,
        }
    }
}

impl AlertItem {
    /// Shows a warning to the requester. Only counsellors see the student's words.
    pub(super) fn for_reader(row: &AlertRow, requester: &Requester) -> Self {
        let excerpt = may(requester.principal.role, Action::ReadAlertWords).then(|| row.excerpt.clone());
        Self { news: AlertNews::from(row), excerpt }
    }
}

/// Lists warnings, newest first. Fails, and shows none, when the view cannot be recorded in the
/// audit trail.
pub async fn list_alerts(context: &Context, requester: &Requester, query: AlertQuery) -> ServiceResult<AlertPage> {
    require(&requester.principal, Action::SeeAlerts)?;
    let is_open = match query.scope {
        AlertScope::Open => Some(true),
        AlertScope::Acknowledged => Some(false),
        AlertScope::All => None,
    };
    let page = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let mut rows = context.store.list_alerts(is_open, query.after, query.limit.saturating_add(1)).await?;
    let has_more = rows.len() > page;
    rows.truncate(page);
    record_views(context, requester, rows.iter().map(|row| row.id).collect()).await?;
    let next = rows.last().filter(|_| has_more).map(|last| last.id.to_string());
    let items = rows.iter().map(|row| AlertItem::for_reader(row, requester)).collect();
    Ok(AlertPage { items, next, open_count: context.store.open_alerts().await?.count })
}

/// Records in the audit trail that the requester sees these warnings.
pub(super) async fn record_views(context: &Context, requester: &Requester, mut alerts: Vec<AlertId>) -> ServiceResult<()> {
    if alerts.is_empty() {
        return Ok(());
    }
    let (viewer, day) = (requester.principal.user_id, today(context));
    let known = context.store.viewed_alerts(viewer, &day, &alerts).await?;
    alerts.retain(|id| !known.contains(id));
    if alerts.is_empty() {
        return Ok(());
    }
    // Always in the same order, so that parallel requests wait for each other instead of
    // deadlocking.
    alerts.sort_unstable();
    retry_contention(async || {
        let now_ms = context.clock.now_ms();
        let mut tx = context.store.begin().await?;
        for id in &alerts {
            if tx.insert_alert_view(viewer, &day, *id).await? {
                audit(&mut tx, requester, "alert.viewed", *id, json!({}), now_ms).await?;
            }
        }
        Ok(tx.commit().await?)
    })
    .await
}
