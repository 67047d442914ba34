//! Owns webhook events that wait for delivery to owners of connected apps, and those that were
//! given up. Called by the use cases of apps; must not open a connection.
//!
//! - A queue is one address of an app. The node that holds its lease delivers its events in order.

use super::{
    BackendResult, Store, Tx,
    columns::Columns,
    sql::{Sql, Values},
};
use crate::domain::ids::{AppId, NodeId, WebhookEventId};
use sqlx::any::AnyRow;

/// Rows of one INSERT.
const INSERT_ROWS: usize = 50;
/// Queues looked at when one is to be claimed: other nodes may be faster with the first ones.
const CANDIDATES: u32 = 8;

/// An address of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookQueue {
    /// Fingerprint of app and address.
    pub id: String,
    /// The app.
    pub app: AppId,
    /// Where to.
    pub url: String,
    /// Failures since the last success.
    pub failures: u32,
    /// When the first of them was; `None` after a success.
    pub failing_since_ms: Option<i64>,
}

/// An event that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookEventRow {
    /// Its id.
    pub id: WebhookEventId,
    /// Where it waits.
    pub queue_id: String,
    /// The app.
    pub app: AppId,
    /// What it says is gone, and may come back until the event is ready.
    pub subject: Option<String>,
    /// A JSON object as it will be sent.
    pub event: String,
    /// When it happened.
    pub created_at_ms: i64,
    /// From when on it may be sent.
    pub ready_at_ms: i64,
}

/// What became of an attempt that failed.
#[derive(Debug, Clone, Copy)]
pub struct WebhookFailure<'a> {
    /// When.
    pub now_ms: i64,
    /// When to try again.
    pub due_at_ms: i64,
    /// Events that were ready before are dead.
    pub dead_before_ms: i64,
    /// Why, in a few words; never what the other side said.
    pub reason: &'a str,
}

/// An event that could not be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterRow {
    /// Its id; lists continue after it.
    pub id: WebhookEventId,
    /// Where it should have gone.
    pub url: String,
    /// A JSON object.
    pub event: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it happened.
    pub created_at_ms: i64,
    /// When it was given up.
    pub died_at_ms: i64,
    /// Why the last attempt failed.
    pub reason: String,
}

/// How an address is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookStanding {
    /// The address.
    pub url: String,
    /// Events that wait.
    pub waiting: i64,
    /// Events that were given up.
    pub dead: i64,
    /// Failures since the last success.
    pub failures: i64,
    /// When the first of them was.
    pub failing_since_ms: Option<i64>,
    /// When it is tried again, while it fails.
    pub due_at_ms: i64,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// How much there is to deliver, of all apps together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhookTotals {
    /// Events that wait.
    pub waiting: i64,
    /// Events that were given up.
    pub dead: i64,
}

impl Tx {
    /// Makes sure that a queue exists and is not tidied up under what is added next. In order of
    /// id, so that two nodes do not wait for each other.
    pub async fn use_webhook_queue(&mut self, id: &str, app: &AppId, url: &str, now_ms: i64) -> BackendResult<()> {
        let row = Values::new()
            .set("id", id)
            .set("app_id", &*app.0)
            .set("url", url)
            .set("due_at_ms", 0)
            .set("failures", 0)
            .set("lease_until_ms", 0)
            .set("used_at_ms", now_ms);
        let sql = Sql::insert("webhook_queues", row).push(" ON CONFLICT (id) DO UPDATE SET used_at_ms = excluded.used_at_ms");
        self.execute(sql).await.map(drop)
    }

    /// Adds events.
    pub async fn insert_webhook_events(&mut self, events: &[WebhookEventRow]) -> BackendResult<()> {
        for events in events.chunks(INSERT_ROWS) {
            let rows = events.iter().map(|event| {
                Values::new()
                    .set("id", event.id)
                    .set("queue_id", &event.queue_id)
                    .set("app_id", &*event.app.0)
                    .set("subject", event.subject.as_deref())
                    .set("event", &event.event)
                    .set("attempts", 0)
                    .set("created_at_ms", event.created_at_ms)
                    .set("ready_at_ms", event.ready_at_ms)
                    .set("died_at_ms", 0)
            });
            self.execute(Sql::insert_rows("webhook_events", rows.collect())).await?;
        }
        Ok(())
    }

    /// Takes back what a queue holds about a subject and is not ready at `now_ms`; says whether
    /// there was something.
    pub async fn take_webhook_event_back(&mut self, queue_id: &str, subject: &str, now_ms: i64) -> BackendResult<bool> {
        let sql = Sql::new("DELETE FROM webhook_events WHERE queue_id = ? AND subject = ? AND ready_at_ms > ? AND died_at_ms = 0");
        Ok(self.execute(sql.bind(queue_id).bind(subject).bind(now_ms)).await? > 0)
    }

    /// Lets dead letters of an app live again, those of `ids` or all; returns how many.
    pub async fn revive_dead_letters(&mut self, app: &AppId, ids: Option<&[WebhookEventId]>, now_ms: i64) -> BackendResult<u64> {
        let dead = " WHERE app_id = ? AND died_at_ms > 0";
        let due =
            Sql::new("UPDATE webhook_queues SET due_at_ms = 0, failures = 0, failing_since_ms = NULL, used_at_ms = ? WHERE app_id = ?");
        self.execute(due.bind(now_ms).bind(&*app.0)).await?;
        let mut sql =
            Sql::new("UPDATE webhook_events SET died_at_ms = 0, ready_at_ms = ?, subject = NULL").push(dead).bind(now_ms).bind(&*app.0);
        if let Some(ids) = ids {
            sql = sql.push(" AND id IN ").push_list(ids.iter().copied());
        }
        self.execute(sql).await
    }
}

impl Store {
    /// Claims a queue with events that are ready for `node`; `None` when there is none. The clocks
    /// of the nodes should agree to well within `lease_ms`; if they do not, events may be sent
    /// twice.
    pub async fn claim_webhook_queue(&self, node: NodeId, now_ms: i64, lease_ms: i64) -> BackendResult<Option<WebhookQueue>> {
        let sql = Sql::new(
            "SELECT q.id, q.app_id, q.url, q.failures, q.failing_since_ms FROM webhook_queues q WHERE q.due_at_ms <= ? AND q.lease_until_ms <= ? \
             AND EXISTS (SELECT 1 FROM webhook_events e WHERE e.queue_id = q.id AND e.died_at_ms = 0 AND e.ready_at_ms <= ?) \
             ORDER BY q.due_at_ms, q.id LIMIT ?",
        );
        let candidates = self.fetch_all(sql.bind(now_ms).bind(now_ms).bind(now_ms).bind(CANDIDATES)).await?;
        for row in &candidates {
            let queue = read_queue(row)?;
            let claim = Sql::new(
                "UPDATE webhook_queues SET lease_by = ?, lease_until_ms = ? WHERE id = ? AND lease_until_ms <= ? AND due_at_ms <= ?",
            );
            let claim = claim.bind(node).bind(now_ms.saturating_add(lease_ms)).bind(&queue.id).bind(now_ms).bind(now_ms);
            if self.execute(claim).await? > 0 {
                return Ok(Some(queue));
            }
        }
        Ok(None)
    }

    /// Renews the lease of a queue; `false` when another node took over.
    pub async fn renew_webhook_lease(&self, node: NodeId, queue_id: &str, until_ms: i64) -> BackendResult<bool> {
        let sql = Sql::new("UPDATE webhook_queues SET lease_until_ms = ? WHERE id = ? AND lease_by = ?");
        Ok(self.execute(sql.bind(until_ms).bind(queue_id).bind(node)).await? > 0)
    }

    /// Gives the lease of a queue back; it is not looked at again before `due_at_ms`.
    pub async fn release_webhook_queue(&self, node: NodeId, queue_id: &str, due_at_ms: i64) -> BackendResult<()> {
        let sql = Sql::new("UPDATE webhook_queues SET lease_by = NULL, lease_until_ms = 0, due_at_ms = ? WHERE id = ? AND lease_by = ?");
        self.execute(sql.bind(due_at_ms).bind(queue_id).bind(node)).await.map(drop)
    }

    /// Returns the next events of a queue that are ready.
    pub async fn ready_webhook_events(&self, queue_id: &str, now_ms: i64, limit: u32) -> BackendResult<Vec<WebhookEventRow>> {
        let sql = Sql::new(
            "SELECT id, queue_id, app_id, subject, event, created_at_ms, ready_at_ms FROM webhook_events \
             WHERE queue_id = ? AND died_at_ms = 0 AND ready_at_ms <= ? ORDER BY ready_at_ms, id LIMIT ?",
        );
        let rows = self.fetch_all(sql.bind(queue_id).bind(now_ms).bind(limit)).await?;
        rows.iter().map(read_event).collect()
    }

    /// Removes events that were told, or need not be told any more.
    pub async fn remove_webhook_events(&self, ids: &[WebhookEventId]) -> BackendResult<()> {
        self.execute(Sql::new("DELETE FROM webhook_events WHERE id IN ").push_list(ids.iter().copied())).await.map(drop)
    }

    /// Removes events that were told, and forgets the failures before.
    pub async fn record_webhook_success(&self, queue_id: &str, ids: &[WebhookEventId]) -> BackendResult<()> {
        let mut tx = self.begin().await?;
        let sql =
            Sql::new("UPDATE webhook_queues SET failures = 0, failing_since_ms = NULL, last_error = NULL WHERE id = ? AND failures > 0");
        tx.execute(sql.bind(queue_id)).await?;
        tx.execute(Sql::new("DELETE FROM webhook_events WHERE id IN ").push_list(ids.iter().copied())).await?;
        tx.commit().await
    }

    /// Notes that events were not told, and gives the lease back. Returns how many events of the
    /// queue are given up.
    pub async fn record_webhook_failure(
        &self,
        node: NodeId,
        queue_id: &str,
        ids: &[WebhookEventId],
        failure: WebhookFailure<'_>,
    ) -> BackendResult<u64> {
        let WebhookFailure { now_ms, due_at_ms, dead_before_ms, reason } = failure;
        let mut tx = self.begin().await?;
        let queue = Sql::new(
            "UPDATE webhook_queues SET failures = failures + 1, failing_since_ms = COALESCE(failing_since_ms, ?), last_error = ?, due_at_ms = ?, \
             lease_by = NULL, lease_until_ms = 0 WHERE id = ? AND lease_by = ?",
        );
        if tx.execute(queue.bind(now_ms).bind(reason).bind(due_at_ms).bind(queue_id).bind(node)).await? == 0 {
            return Ok(0);
        }
        let tried = Sql::new("UPDATE webhook_events SET attempts = attempts + 1 WHERE id IN ").push_list(ids.iter().copied());
        tx.execute(tried).await?;
        let dead =
            Sql::new("UPDATE webhook_events SET died_at_ms = ?, reason = ? WHERE queue_id = ? AND died_at_ms = 0 AND ready_at_ms <= ?");
        let dead = tx.execute(dead.bind(now_ms.max(1)).bind(reason).bind(queue_id).bind(dead_before_ms)).await?;
        tx.commit().await?;
        Ok(dead)
    }

    /// Lists the dead letters of an app, newest first, those before `after`.
    pub async fn list_dead_letters(&self, app: &AppId, after: Option<WebhookEventId>, limit: u32) -> BackendResult<Vec<DeadLetterRow>> {
        let sql = Sql::new(
            "SELECT e.id, q.url, e.event, e.attempts, e.created_at_ms, e.died_at_ms, e.reason FROM webhook_events e \
             JOIN webhook_queues q ON q.id = e.queue_id WHERE e.app_id = ? AND e.died_at_ms > 0",
        )
        .bind(&*app.0)
        .push_if(" AND e.id < ?", after)
        .push(" ORDER BY e.id DESC LIMIT ?")
        .bind(limit);
        let read = |row: &AnyRow| {
            Ok(DeadLetterRow {
                id: row.id("id")?,
                url: row.text("url")?,
                event: row.text("event")?,
                attempts: row.int("attempts")?,
                created_at_ms: row.int("created_at_ms")?,
                died_at_ms: row.int("died_at_ms")?,
                reason: row.maybe_text("reason")?.unwrap_or_default(),
            })
        };
        self.fetch_all(sql).await?.iter().map(read).collect()
    }

    /// Tells how each address of an app is doing that was ever used.
    pub async fn webhook_standings(&self, app: &AppId) -> BackendResult<Vec<WebhookStanding>> {
        let sql = Sql::new(
            "SELECT q.url, q.failures, q.failing_since_ms, q.due_at_ms, q.last_error, \
             (SELECT COUNT(*) FROM webhook_events e WHERE e.queue_id = q.id AND e.died_at_ms = 0) AS waiting, \
             (SELECT COUNT(*) FROM webhook_events e WHERE e.queue_id = q.id AND e.died_at_ms > 0) AS dead \
             FROM webhook_queues q WHERE q.app_id = ? ORDER BY q.id",
        );
        let read = |row: &AnyRow| {
            Ok(WebhookStanding {
                url: row.text("url")?,
                waiting: row.int("waiting")?,
                dead: row.int("dead")?,
                failures: row.int("failures")?,
                failing_since_ms: row.maybe_int("failing_since_ms")?,
                due_at_ms: row.int("due_at_ms")?,
                last_error: row.maybe_text("last_error")?,
            })
        };
        self.fetch_all(sql.bind(&*app.0)).await?.iter().map(read).collect()
    }

    /// Counts the events of all apps that wait, and those that were given up.
    pub async fn webhook_totals(&self) -> BackendResult<WebhookTotals> {
        let sql = Sql::new(
            "SELECT COUNT(CASE WHEN died_at_ms = 0 THEN 1 END) AS waiting, COUNT(CASE WHEN died_at_ms > 0 THEN 1 END) AS dead FROM webhook_events",
        );
        let row = self.fetch_one(sql).await?;
        Ok(WebhookTotals { waiting: row.int("waiting")?, dead: row.int("dead")? })
    }

    /// Removes dead letters given up before `before_ms`, and queues unused since then; returns how
    /// many letters.
    pub async fn trim_dead_letters(&self, before_ms: i64) -> BackendResult<u64> {
        let removed = self.execute(Sql::new("DELETE FROM webhook_events WHERE died_at_ms > 0 AND died_at_ms < ?").bind(before_ms)).await?;
        let unused = Sql::new(
            "DELETE FROM webhook_queues WHERE used_at_ms < ? AND NOT EXISTS (SELECT 1 FROM webhook_events e WHERE e.queue_id = webhook_queues.id)",
        );
        self.execute(unused.bind(before_ms)).await?;
        Ok(removed)
    }
}

fn read_queue(row: &AnyRow) -> BackendResult<WebhookQueue> {
    Ok(WebhookQueue {
        id: row.text("id")?,
        app: AppId(row.text("app_id")?.into()),
        url: row.text("url")?,
        failures: u32::try_from(row.int("failures")?).unwrap_or(u32::MAX),
        failing_since_ms: row.maybe_int("failing_since_ms")?,
    })
}

fn read_event(row: &AnyRow) -> BackendResult<WebhookEventRow> {
    Ok(WebhookEventRow {
        id: row.id("id")?,
        queue_id: row.text("queue_id")?,
        app: AppId(row.text("app_id")?.into()),
        subject: row.maybe_text("subject")?,
        event: row.text("event")?,
        created_at_ms: row.int("created_at_ms")?,
        ready_at_ms: row.int("ready_at_ms")?,
    })
}
