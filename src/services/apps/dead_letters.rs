//! Owns what admins see of an app's webhooks: the state of each address, the dead letters (events
//! that could not be delivered), and replaying them. Called by `http/resources/apps/dead_letters`.
//! [`super::webhooks`] delivers.

use crate::{
    backends::store::{DeadLetterRow, WebhookStanding},
    domain::{
        access::Action,
        clock::rfc3339,
        ids::{AppId, WebhookEventId},
        principal::Principal,
        shape::{Anything, Count, Time},
    },
    services::{
        Context, ServiceError, ServiceResult,
        shared::requester::{Requester, require},
    },
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{json, value::RawValue};

/// How an address is doing, as the contract shapes it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WebhookStanding")]
pub struct WebhookItem {
    /// The address.
    url: String,
    /// Events that wait.
    #[schemars(with = "Count")]
    waiting: i64,
    /// Dead letters.
    #[schemars(with = "Count")]
    dead: i64,
    /// Since the last success.
    #[schemars(with = "Count")]
    failures: i64,
    /// Since when every attempt has failed; null while all is well.
    #[schemars(with = "Option<Time>")]
    failing_since: Option<String>,
    /// When the next attempt is due; null while all is well.
    #[schemars(with = "Option<Time>")]
    next_try_at: Option<String>,
    /// Why the last attempt failed.
    last_error: Option<String>,
}

/// An event that could not be delivered, as the contract shapes it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DeadLetter")]
pub struct DeadLetterItem {
    /// Its id.
    id: WebhookEventId,
    /// The address it was meant for.
    url: String,
    /// As it stands in `events` of the body.
    #[schemars(with = "Anything")]
    event: Box<RawValue>,
    /// How often the server tried.
    #[schemars(with = "Count")]
    attempts: i64,
    /// When it happened.
    #[schemars(with = "Time")]
    created_at: String,
    /// When the server gave up.
    #[schemars(with = "Time")]
    died_at: String,
    /// Why the last attempt failed.
    reason: String,
}

impl DeadLetterItem {
    /// Returns its id; lists continue after it.
    #[must_use]
    pub const fn id(&self) -> WebhookEventId {
        self.id
    }
}

impl From<WebhookStanding> for WebhookItem {
    fn from(row: WebhookStanding) -> Self {
        let is_failing = row.failing_since_ms.is_some();
        Self {
            url: row.url,
            waiting: row.waiting,
            dead: row.dead,
            failures: row.failures,
            failing_since: row.failing_since_ms.map(rfc3339),
            next_try_at: is_failing.then(|| rfc3339(row.due_at_ms)),
            last_error: row.last_error,
        }
    }
}

impl From<DeadLetterRow> for DeadLetterItem {
    fn from(row: DeadLetterRow) -> Self {
        Self {
            id: row.id,
            url: row.url,
            // This server wrote it as JSON; `null` if the column holds something else.
            event: RawValue::from_string(row.event).unwrap_or_default(),
            attempts: row.attempts,
            created_at: rfc3339(row.created_at_ms),
            died_at: rfc3339(row.died_at_ms),
            reason: row.reason,
        }
    }
}

async fn require_app(context: &Context, principal: &Principal, id: &AppId) -> ServiceResult<String> {
    require(principal, Action::ManageApps)?;
    Ok(context.store.find_app(id).await?.ok_or(ServiceError::NotFound)?.name)
}

/// Returns the state of each address that the app has ever used.
pub async fn list_webhooks(context: &Context, principal: &Principal, id: &AppId) -> ServiceResult<Vec<WebhookItem>> {
    require_app(context, principal, id).await?;
    Ok(context.store.webhook_standings(id).await?.into_iter().map(WebhookItem::from).collect())
}

/// Lists up to `limit` dead letters of an app, newest first.
pub async fn list(
    context: &Context,
    principal: &Principal,
    id: &AppId,
    after: Option<WebhookEventId>,
    limit: u32,
) -> ServiceResult<Vec<DeadLetterItem>> {
    require_app(context, principal, id).await?;
    Ok(context.store.list_dead_letters(id, after, limit).await?.into_iter().map(DeadLetterItem::from).collect())
}

/// Puts dead letters back into their queues, those of `ids` or all; returns how many. They are
/// tried at once, and for as long as new events.
pub async fn replay(context: &Context, requester: &Requester, id: &AppId, ids: Option<&[WebhookEventId]>) -> ServiceResult<u64> {
    let name = require_app(context, &requester.principal, id).await?;
    let now_ms = context.clock.now_ms();
    let mut tx = context.store.begin().await?;
    let revived = tx.revive_dead_letters(id, ids, now_ms).await?;
    let facts = json!({ "title": name, "events": revived });
    let entry = requester.audit_entry("app.webhooks_replayed", Some(("app", id.0.to_string())), facts, now_ms);
    tx.append_audit(&entry).await?;
    tx.commit().await?;
    Ok(revived)
}
