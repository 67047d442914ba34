//! Owns how warnings are shown to counsellors and admins. Called by `http/resources/alerts` and the
//! other files of this module. Every view is in the audit trail: one line per viewer, warning and
//! school day.

use super::{Context, Requester, ServiceResult, audit, require};
use crate::{
    backends::store::AlertRow,
    domain::{
        access::{Action, may},
        clock::rfc3339,
        ids::AlertId,
    },
    services::shared::{contention::retry_contention, person::PersonItem, school_day::today},
};
use serde::Serialize;
use serde_json::json;

/// Whether somebody has taken it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// Nobody yet.
    Open,
    /// Somebody.
    Acknowledged,
}

/// A warning as the contract shapes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertItem {
    /// Its id.
    pub id: String,
    /// 2 or 3.
    pub level: u8,
    /// Where it comes from.
    pub source: &'static str,
    /// Whether somebody has taken it up.
    pub state: AlertState,
    /// About whom.
    pub student: PersonItem,
    /// The thread of the companion.
    pub thread_id: Option<String>,
    /// The beginning of the newest question; null for admins.
    pub excerpt: Option<String>,
    /// How often it was raised.
    pub count: i64,
    /// When first, RFC 3339.
    pub raised_at: String,
    /// When last, RFC 3339.
    pub last_raised_at: String,
    /// Until when somebody must take it up, RFC 3339; null below level 3.
    pub acknowledge_by: Option<String>,
    /// When everybody was called, RFC 3339.
    pub escalated_at: Option<String>,
    /// When somebody took it up, RFC 3339.
    pub acknowledged_at: Option<String>,
    /// Who did.
    pub acknowledged_by: Option<PersonItem>,
    /// The conversation that was opened about it.
    pub conversation_id: Option<String>,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertPage {
    /// Newest first.
    pub items: Vec<AlertItem>,
    /// `after` of the next page.
    pub next: Option<String>,
    /// How many are open, on all pages.
    pub open_count: i64,
}

impl AlertItem {
    /// Shows a warning without what the student wrote.
    #[must_use]
    pub fn without_words(row: &AlertRow) -> Self {
        Self {
            id: row.id.to_string(),
            level: row.level.as_number(),
            source: "companion",
            state: if row.acknowledged_at_ms.is_some() { AlertState::Acknowledged } else { AlertState::Open },
            student: PersonItem::from(&row.student),
            thread_id: row.thread_id.map(|id| id.to_string()),
            excerpt: None,
            count: row.count,
            raised_at: rfc3339(row.raised_at_ms),
            last_raised_at: rfc3339(row.last_raised_at_ms),
            acknowledge_by: row.acknowledge_by_ms.map(rfc3339),
            escalated_at: row.escalated_at_ms.map(rfc3339),
            acknowledged_at: row.acknowledged_at_ms.map(rfc3339),
            acknowledged_by: row.acknowledged_by.as_ref().map(PersonItem::from),
            conversation_id: row.conversation_id.map(|id| id.to_string()),
        }
    }

    /// Shows a warning to the requester. Only counsellors see the student's words.
    pub(super) fn for_reader(row: &AlertRow, requester: &Requester) -> Self {
        let excerpt = may(requester.principal.role, Action::ReadAlertWords).then(|| row.excerpt.clone());
        Self { excerpt, ..Self::without_words(row) }
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
