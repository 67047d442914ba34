//! Owns the webhooks of connected apps (docs/pusher-protocol.md, section 2.9): queueing events, and
//! delivering them at least once, in order. Called by `actors/delivery/courier`.
//!
//! - Each address has a queue in the database. One node at a time delivers from it, by lease.
//! - Absence events (`channel_vacated`, `member_removed`) are delayed by `webhooks.debounce_ms` and
//!   cancelled if the member returns, or the channel is occupied again, on any node.

use super::table::AppSource;
use crate::{
    backends::{
        BackendResult,
        store::{Tx, WebhookEventRow, WebhookFailure, WebhookQueue},
        webhook_post::PostError,
    },
    domain::{
        apps::app_happening::{AppHappening, AppHappeningKind},
        ids::{NodeId, WebhookEventId},
        live::channel::ChannelName,
        retry::webhook_backoff_ms,
        topic::Topic,
    },
    services::{Context, ServiceResult, shared::contention::retry_contention},
    telemetry,
    wire::{
        console::{Line, LineKind},
        webhook::{Absence, body_text, event_name, event_text, fingerprint, subject},
    },
};
use std::collections::{BTreeMap, HashMap, hash_map::Entry};

/// How many events one body can have.
const MOST_EVENTS: u32 = 100;
/// A body gets no further event once its events have this many bytes.
const BODY_BYTES: usize = 256 * 1024;
/// How many bodies are sent to one address before others have their turn.
const ROUNDS: usize = 20;
/// How much longer than the time-out of an attempt the lease of a queue lasts, in ms.
const LEASE_MARGIN_MS: i64 = 5_000;
/// When a queue is tried again while the census, which knows who has returned, is out of reach, in
/// ms.
const CENSUS_RETRY_MS: i64 = 1_000;

/// The reason why an attempt was not made or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Undelivered {
    #[error("the app is disabled or gone")]
    NoApp,
    #[error("the app has no webhook with this address any more")]
    NoWebhook,
    #[error(transparent)]
    Post(#[from] PostError),
}

impl Undelivered {
    /// Returns the HTTP status of the other side, if it answered.
    const fn status(self) -> Option<u16> {
        match self {
            Self::Post(PostError::Status(status)) => Some(status),
            _ => None,
        }
    }
}

/// An event on its way to one address.
struct Letter<'a> {
    queue_id: String,
    url: &'a str,
    event: &'a AppHappening,
}

/// Writes events to the queue of each address that wants them; returns how many were written. All
/// or none.
pub async fn keep(context: &Context, events: &[AppHappening]) -> ServiceResult<usize> {
    let apps: Vec<_> =
        events.iter().map(|event| context.apps.current(&event.app).filter(|app| app.source == AppSource::Database)).collect();
    let letters: Vec<Letter<'_>> = events
        .iter()
        .zip(&apps)
        .filter_map(|(event, app)| Some((event, app.as_ref()?)))
        .flat_map(|(event, app)| {
            let urls = app.rules.urls_for(event.kind.webhook_event(), event.channel.as_str());
            urls.into_iter().map(move |url| Letter { queue_id: fingerprint(&[&event.app.0, url]), url, event })
        })
        .collect();
    if letters.is_empty() {
        return Ok(0);
    }
    retry_contention(async || {
        let now_ms = context.clock.now_ms();
        let mut tx = context.store.begin().await?;
        let queues: BTreeMap<&str, &Letter<'_>> = letters.iter().map(|letter| (letter.queue_id.as_str(), letter)).collect();
        for letter in queues.values() {
            tx.use_webhook_queue(&letter.queue_id, &letter.event.app, letter.url, now_ms).await?;
        }
        let written =
            keep_letters(&mut tx, &letters, now_ms, i64::try_from(context.config.webhooks.debounce_ms).unwrap_or(i64::MAX)).await?;
        tx.commit().await?;
        Ok(written)
    })
    .await
}

async fn keep_letters(tx: &mut Tx, letters: &[Letter<'_>], now_ms: i64, debounce_ms: i64) -> ServiceResult<usize> {
    let mut rows: Vec<WebhookEventRow> = Vec::with_capacity(letters.len());
    for Letter { queue_id, event, .. } in letters {
        let subject = subject(event);
        let is_absence = matches!(event.kind, AppHappeningKind::Vacated | AppHappeningKind::MemberRemoved { .. });
        if let Some(subject) = &subject {
            let before = rows.len();
            rows.retain(|row| row.queue_id != *queue_id || row.subject.as_ref() != Some(subject) || row.ready_at_ms <= now_ms);
            let was_held = tx.take_webhook_event_back(queue_id, subject, now_ms).await? || rows.len() < before;
            if was_held && !is_absence {
                // The member was away for a moment only: neither the absence nor the return is
                // delivered.
                continue;
            }
        }
        rows.push(WebhookEventRow {
            id: WebhookEventId::generate(),
            queue_id: queue_id.clone(),
            app: event.app.clone(),
            subject: subject.filter(|_| is_absence),
            event: event_text(event),
            created_at_ms: now_ms,
            ready_at_ms: if is_absence { now_ms.saturating_add(debounce_ms) } else { now_ms },
        });
    }
    tx.insert_webhook_events(&rows).await?;
    Ok(rows.len())
}

/// Claims a queue that has events to deliver, for as long as an attempt may take.
pub async fn claim(context: &Context, node: NodeId) -> ServiceResult<Option<WebhookQueue>> {
    Ok(context.store.claim_webhook_queue(node, context.clock.now_ms(), lease_ms(context)).await?)
}

/// Delivers the ready events of a claimed queue, body after body, until none is left, an attempt
/// fails, or other queues should have their turn. Then releases the lease.
pub async fn work_off(context: &Context, node: NodeId, queue: &WebhookQueue) -> ServiceResult<()> {
    let mut failures = queue.failures;
    let mut failing_since_ms = queue.failing_since_ms;
    for _ in 0..ROUNDS {
        let now_ms = context.clock.now_ms();
        if !context.store.renew_webhook_lease(node, &queue.id, now_ms.saturating_add(lease_ms(context))).await? {
            return Ok(());
        }
        let ready = context.store.ready_webhook_events(&queue.id, now_ms, MOST_EVENTS).await?;
        if ready.is_empty() {
            break;
        }
        let Some(batch) = still_true(context, ready).await? else {
            return Ok(context.store.release_webhook_queue(node, &queue.id, now_ms + CENSUS_RETRY_MS).await?);
        };
        let batch = as_much_as_fits(batch);
        if batch.is_empty() {
            continue;
        }
        let ids: Vec<_> = batch.iter().map(|row| row.id).collect();
        match send(context, queue, &batch).await {
            Ok(status) => {
                let line = || Line::new(LineKind::WebhookSent).events(names(&batch)).status(status);
                context.watched.show(&queue.app, line);
                metrics::counter!(telemetry::WEBHOOK_POSTS).increment(1);
                context.store.record_webhook_success(&queue.id, &ids).await?;
                (failures, failing_since_ms) = (0, None);
            }
            Err(reason) => {
                let line = || Line::new(LineKind::WebhookFailed).events(names(&batch)).because(reason.status(), &reason.to_string());
                context.watched.show(&queue.app, line);
                metrics::counter!(telemetry::WEBHOOK_POSTS_FAILED).increment(1);
                return record_failure(context, node, queue, &ids, (failures + 1, failing_since_ms, reason)).await;
            }
        }
    }
    Ok(context.store.release_webhook_queue(node, &queue.id, 0).await?)
}

async fn record_failure(
    context: &Context,
    node: NodeId,
    queue: &WebhookQueue,
    ids: &[WebhookEventId],
    (failures, failing_since_ms, reason): (u32, Option<i64>, Undelivered),
) -> ServiceResult<()> {
    let now_ms = context.clock.now_ms();
    let retry_for_ms = i64::try_from(context.config.webhooks.retry_for_s).unwrap_or(i64::MAX).saturating_mul(1000);
    // An event is given up after `webhooks.retry_for_s`, counted from when it became ready, but not
    // before the address has failed for that long.
    let may_give_up = failing_since_ms.is_some_and(|since_ms| now_ms.saturating_sub(since_ms) >= retry_for_ms);
    let failure = WebhookFailure {
        now_ms,
        due_at_ms: now_ms.saturating_add(i64::try_from(webhook_backoff_ms(failures, rand::random())).unwrap_or(i64::MAX)),
        dead_before_ms: if may_give_up { now_ms.saturating_sub(retry_for_ms) } else { i64::MIN },
        reason: &reason.to_string(),
    };
    let dead = context.store.record_webhook_failure(node, &queue.id, ids, failure).await?;
    metrics::counter!(telemetry::WEBHOOK_EVENTS_DEAD).increment(dead);
    if failures == 1 || dead > 0 {
        tracing::warn!(app = &*queue.app.0, %reason, failures, dead, "webhook not delivered");
    }
    Ok(())
}

/// The members of the presence channels in a batch. Each channel is asked once, however many
/// members left it.
type Rosters = HashMap<Topic, Vec<String>>;

/// Signs and sends one body. Every attempt has a new time and a new signature.
async fn send(context: &Context, queue: &WebhookQueue, batch: &[WebhookEventRow]) -> Result<u16, Undelivered> {
    let app = context.apps.current(&queue.app).ok_or(Undelivered::NoApp)?;
    if !app.rules.webhooks.iter().any(|webhook| webhook.url == queue.url) {
        return Err(Undelivered::NoWebhook);
    }
    let body = body_text(context.clock.now_ms(), batch.iter().map(|row| row.event.as_str()));
    let signature = app.secret.sign(&body);
    Ok(context.webhooks.post(&queue.url, &app.key, &signature, body).await?)
}

/// Returns the names of the events, each once.
fn names(batch: &[WebhookEventRow]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for name in batch.iter().filter_map(|row| event_name(&row.event)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Leaves out and deletes the absence events of members who have returned: a return through another
/// node may have been written before the absence. `None`: the census is out of reach.
async fn still_true(context: &Context, ready: Vec<WebhookEventRow>) -> ServiceResult<Option<Vec<WebhookEventRow>>> {
    let (mut batch, mut untrue, mut rosters) = (Vec::with_capacity(ready.len()), Vec::new(), Rosters::new());
    for row in ready {
        match is_back(context, &row, &mut rosters).await {
            Some(true) => untrue.push(row.id),
            Some(false) => batch.push(row),
            None => return Ok(None),
        }
    }
    if !untrue.is_empty() {
        context.store.remove_webhook_events(&untrue).await?;
    }
    Ok(Some(batch))
}

async fn is_back(context: &Context, row: &WebhookEventRow, rosters: &mut Rosters) -> Option<bool> {
    let Some(absence) = row.subject.as_ref().and_then(|_| Absence::parse(&row.event)) else { return Some(false) };
    let Ok(channel) = ChannelName::parse(&absence.channel) else { return Some(false) };
    let topic = Topic { app: row.app.clone(), channel };
    let is_back = is_there(context, topic, absence.user_id.as_ref(), rosters).await;
    is_back.inspect_err(|error| tracing::warn!(%error, "not known who is back, webhook waits")).ok()
}

/// Says whether a user, or with `None` any socket, is on a channel.
async fn is_there(context: &Context, topic: Topic, user: Option<&String>, rosters: &mut Rosters) -> BackendResult<bool> {
    let Some(user) = user else { return Ok(context.census.facts(&topic).await?.subscriptions > 0) };
    let users = match rosters.entry(topic) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(unknown) => {
            let users = context.census.users(unknown.key()).await?;
            unknown.insert(users)
        }
    };
    Ok(users.contains(user))
}

/// Returns the first events that fit into a body: at least one.
fn as_much_as_fits(mut batch: Vec<WebhookEventRow>) -> Vec<WebhookEventRow> {
    let mut bytes = 0;
    let fits = batch.iter().take_while(|row| {
        let has_room = bytes < BODY_BYTES;
        bytes += row.event.len();
        has_room
    });
    let count = fits.count();
    batch.truncate(count);
    batch
}

fn lease_ms(context: &Context) -> i64 {
    let timeout_ms = i64::try_from(context.config.webhooks.timeout_s).unwrap_or(i64::MAX).saturating_mul(1000);
    timeout_ms.saturating_add(LEASE_MARGIN_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::AppId;

    fn row(bytes: usize) -> WebhookEventRow {
        let (queue_id, subject, event) = ("q".to_owned(), None, "x".repeat(bytes));
        WebhookEventRow {
            id: WebhookEventId::generate(),
            queue_id,
            app: AppId("1".into()),
            subject,
            event,
            created_at_ms: 0,
            ready_at_ms: 0,
        }
    }

    #[test]
    fn a_body_is_bounded_but_never_empty() {
        let count = |sizes: &[usize]| as_much_as_fits(sizes.iter().map(|size| row(*size)).collect()).len();
        assert_eq!(count(&[BODY_BYTES * 2, 1]), 1);
        assert_eq!(count(&[BODY_BYTES - 1, 5, 5]), 2);
        assert_eq!(count(&[1, 1, 1]), 3);
        assert_eq!(count(&[]), 0);
    }
}
