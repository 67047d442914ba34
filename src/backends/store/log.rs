//! Owns the durable log: events that must reach their audience, each written in the transaction of
//! its cause. Called by use cases, which append, and by the log pump, which publishes; must not
//! publish itself.
//!
//! - A row is written without a position. One node at a time holds the lease on the head
//!   (`log_head`, one row) and assigns positions while it holds that row locked until its commit.
//! - Positions are gapless and appear in order: a reader that has seen position p never misses a
//!   smaller one.
//! - Everything up to `published_to` was published at least once, in the order of positions, on
//!   every node.

use super::{
    BackendResult, Store, Tx,
    columns::Columns,
    sql::{Sql, Values},
};
use crate::{
    domain::{
        ids::{LogId, NodeId},
        live::audience::Audience,
    },
    wire::desk_event::DeskEvent,
};
use sqlx::any::AnyRow;

/// What is written to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Id of the event; clients drop repeats by it.
    pub id: LogId,
    /// To whom.
    pub audience: Audience,
    /// Wire name of the event.
    pub event: String,
    /// Text of a JSON object, without `id` and `cursor`.
    pub data: String,
    /// When it was written.
    pub created_at_ms: i64,
}

/// A row of the log that has its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// Place in the one order of all events; the cursor of `/sync`. From 1, gapless.
    pub position: i64,
    /// Id of the event; clients drop repeats by it.
    pub id: LogId,
    /// To whom.
    pub audience: Audience,
    /// Wire name of the event.
    pub event: String,
    /// Text of a JSON object, without `id` and `cursor`.
    pub data: String,
    /// When it was written.
    pub created_at_ms: i64,
}

/// What a node got that asked to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogClaim {
    /// Another node is publishing; look again later.
    HeldElsewhere,
    /// To be published in this order. Empty: nothing waits (then no lease was taken).
    Rows(Vec<LogRow>),
}

/// Where the log stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogHead {
    /// The newest position; 0 for an empty log.
    pub position: i64,
    /// Everything up to here was published.
    pub published_to: i64,
    /// Rows up to here may be gone.
    pub trimmed_to: i64,
}

/// What waits to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogBacklog {
    /// How many rows.
    pub rows: i64,
    /// When the oldest of them was written.
    pub oldest_created_at_ms: Option<i64>,
}

/// Rows and head of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// Where the log stood when the rows were read.
    pub head: LogHead,
    /// In order of position.
    pub rows: Vec<LogRow>,
}

impl Tx {
    /// Writes an event to the log. Wake the pump after the commit.
    pub async fn append_log(&mut self, entry: &LogEntry) -> BackendResult<()> {
        let row = Values::new()
            .set("id", entry.id)
            .set("audience", entry.audience)
            .set("event", &entry.event)
            .set("data", &entry.data)
            .set("created_at_ms", entry.created_at_ms);
        let sql = Sql::insert("log", row);
        self.execute(sql).await.map(drop)
    }

    /// Takes or renews the lease; `false` while another node holds it. Locks the head until the
    /// transaction ends.
    async fn take_lease(&mut self, node: NodeId, now_ms: i64, lease_ms: i64) -> BackendResult<bool> {
        let sql = Sql::new("UPDATE log_head SET lease_by = ?, lease_until_ms = ? WHERE id = 1 AND (lease_by IS NULL OR lease_by = ? OR lease_until_ms < ?)")
            .bind(node)
            .bind(now_ms.saturating_add(lease_ms))
            .bind(node)
            .bind(now_ms);
        Ok(self.execute(sql).await? > 0)
    }

    /// Gives up to `batch` waiting rows their positions, in order of id, and copies them to the
    /// notices. Needs the locked head.
    async fn assign_positions(&mut self, batch: u32) -> BackendResult<()> {
        let waiting = Sql::new("SELECT id, event FROM log WHERE position IS NULL ORDER BY id LIMIT ?").bind(batch);
        let waiting = self.fetch_all(waiting).await?;
        if waiting.is_empty() {
            return Ok(());
        }
        let head = self.fetch_one(Sql::new("SELECT position FROM log_head WHERE id = 1")).await?.int("position")?;
        let ids = waiting.iter().map(|row| row.text("id")).collect::<BackendResult<Vec<_>>>()?;
        let mut assign = Sql::new("UPDATE log SET position = CASE id");
        for (position, id) in (head + 1..).zip(&ids) {
            assign = assign.push(" WHEN ? THEN ?").bind(id).bind(position);
        }
        self.execute(assign.push(" END WHERE id IN ").push_list(&ids)).await?;
        let mut notices = Vec::new();
        for row in &waiting {
            if row.text("event")? == DeskEvent::NoticeCreated.name() {
                notices.push(row.text("id")?);
            }
        }
        if !notices.is_empty() {
            let copy = Sql::new("UPDATE notices SET position = (SELECT l.position FROM log l WHERE l.id = notices.id) WHERE id IN ");
            self.execute(copy.push_list(notices)).await?;
        }
        let moved = head.saturating_add(i64::try_from(ids.len()).unwrap_or(i64::MAX));
        self.execute(Sql::new("UPDATE log_head SET position = ? WHERE id = 1").bind(moved)).await.map(drop)
    }
}

impl Store {
    /// Asks for the next rows to publish. Takes (or renews) the lease of `node` for `lease_ms` from
    /// `now_ms`, assigns positions to up to `batch` waiting rows, and returns up to `batch`
    /// unpublished rows in order. One short transaction; none at all while nothing waits. The
    /// clocks of the nodes should agree to well within `lease_ms`; if they do not, rows may be
    /// published twice, never out of order by one node.
    pub async fn claim_log(&self, node: NodeId, now_ms: i64, lease_ms: i64, batch: u32) -> BackendResult<LogClaim> {
        if !self.has_unpublished().await? {
            return Ok(LogClaim::Rows(Vec::new()));
        }
        let mut tx = self.begin().await?;
        if !tx.take_lease(node, now_ms, lease_ms).await? {
            return Ok(LogClaim::HeldElsewhere);
        }
        tx.assign_positions(batch).await?;
        let unpublished = Sql::new(
            "SELECT position, id, audience, event, data, created_at_ms FROM log \
             WHERE position > (SELECT published_to FROM log_head WHERE id = 1) ORDER BY position LIMIT ?",
        );
        let rows = tx.fetch_all(unpublished.bind(batch)).await?;
        let rows = rows.iter().map(read_row).collect::<BackendResult<Vec<_>>>()?;
        tx.commit().await?;
        Ok(LogClaim::Rows(rows))
    }

    async fn has_unpublished(&self) -> BackendResult<bool> {
        let sql = Sql::new(
            "SELECT CASE WHEN h.position > h.published_to THEN 1 ELSE (SELECT COUNT(*) FROM (SELECT id FROM log WHERE position IS NULL LIMIT 1) w) END AS waiting \
             FROM log_head h WHERE h.id = 1",
        );
        Ok(self.fetch_one(sql).await?.int("waiting")? > 0)
    }

    /// Notes that everything up to `up_to_position` was published at `now_ms`. Never moves back.
    /// Returns whether `node` still holds the lease: `false` means that another node took over and
    /// may publish some of the same rows again.
    pub async fn mark_published(&self, node: NodeId, up_to_position: i64, now_ms: i64) -> BackendResult<bool> {
        let mut tx = self.begin().await?;
        let mark =
            Sql::new("UPDATE log_head SET published_to = ?, published_at_ms = ? WHERE id = 1 AND published_to < ? AND position >= ?");
        tx.execute(mark.bind(up_to_position).bind(now_ms).bind(up_to_position).bind(up_to_position)).await?;
        let holder = tx.fetch_one(Sql::new("SELECT lease_by FROM log_head WHERE id = 1")).await?.maybe_id("lease_by")?;
        tx.commit().await?;
        Ok(holder == Some(node))
    }

    /// Gives the lease back, so that another node need not wait for its end. Does nothing when
    /// `node` does not hold it.
    pub async fn release_log(&self, node: NodeId) -> BackendResult<()> {
        self.execute(Sql::new("UPDATE log_head SET lease_by = NULL, lease_until_ms = 0 WHERE id = 1 AND lease_by = ?").bind(node))
            .await
            .map(drop)
    }

    /// Returns up to `limit` rows to any of `audiences` behind `after_position`, not older than
    /// `since_ms`, in order of position.
    pub async fn log_after(&self, audiences: &[Audience], since_ms: i64, after_position: i64, limit: u32) -> BackendResult<Vec<LogRow>> {
        Ok(self.log_page(audiences, since_ms, after_position, limit).await?.rows)
    }

    /// As [`Store::log_after`], with the head of the same moment: nothing between the last row (of
    /// a page that is not full) and the head's position was addressed to these audiences.
    pub async fn log_page(&self, audiences: &[Audience], since_ms: i64, after_position: i64, limit: u32) -> BackendResult<LogPage> {
        let sql = Sql::new(
            "SELECT h.position AS head_position, h.published_to, h.trimmed_to, l.position, l.id, l.audience, l.event, l.data, l.created_at_ms \
             FROM log_head h LEFT JOIN log l ON l.position > ? AND l.position <= h.position AND l.created_at_ms >= ? AND l.audience IN ",
        );
        let sql = sql.bind(after_position).bind(since_ms).push_list(audiences.iter().copied());
        let rows = self.fetch_all(sql.push(" WHERE h.id = 1 ORDER BY l.position LIMIT ?").bind(limit.max(1))).await?;
        let first = rows.first().ok_or(super::BackendError::Corrupt { what: "log_head" })?;
        let head = LogHead {
            position: first.int("head_position")?,
            published_to: first.int("published_to")?,
            trimmed_to: first.int("trimmed_to")?,
        };
        let has_row = |row: &&AnyRow| !matches!(row.maybe_int("position"), Ok(None));
        let rows = rows.iter().filter(has_row).map(read_row).collect::<BackendResult<Vec<_>>>()?;
        Ok(LogPage { head, rows })
    }

    /// Returns up to `limit` rows to any audience behind `after_position`, in order of position:
    /// what a node missed while its bus was cut.
    pub async fn log_since(&self, after_position: i64, limit: u32) -> BackendResult<Vec<LogRow>> {
        let sql =
            Sql::new("SELECT position, id, audience, event, data, created_at_ms FROM log WHERE position > ? ORDER BY position LIMIT ?");
        let rows = self.fetch_all(sql.bind(after_position).bind(limit.max(1))).await?;
        rows.iter().map(read_row).collect()
    }

    /// Returns where the log stands.
    pub async fn log_head(&self) -> BackendResult<LogHead> {
        let row = self.fetch_one(Sql::new("SELECT position, published_to, trimmed_to FROM log_head WHERE id = 1")).await?;
        Ok(LogHead { position: row.int("position")?, published_to: row.int("published_to")?, trimmed_to: row.int("trimmed_to")? })
    }

    /// Returns what waits to be published.
    pub async fn log_backlog(&self) -> BackendResult<LogBacklog> {
        let sql = Sql::new(
            "SELECT COUNT(*) AS waiting, MIN(created_at_ms) AS oldest FROM log \
             WHERE position IS NULL OR position > (SELECT published_to FROM log_head WHERE id = 1)",
        );
        let row = self.fetch_one(sql).await?;
        Ok(LogBacklog { rows: row.int("waiting")?, oldest_created_at_ms: row.maybe_int("oldest")? })
    }

    /// Removes published rows written before `before_ms` and notes how far in `trimmed_to`; returns
    /// how many.
    pub async fn trim_log(&self, before_ms: i64) -> BackendResult<u64> {
        let mut tx = self.begin().await?;
        let newest = Sql::new(
            "SELECT MAX(position) AS newest FROM log WHERE created_at_ms < ? AND position <= (SELECT published_to FROM log_head WHERE id = 1)",
        );
        let Some(newest) = tx.fetch_one(newest.bind(before_ms)).await?.maybe_int("newest")? else {
            return Ok(0);
        };
        // The mark first: a reader between two statements of another engine's snapshot may be told
        // to start over, but never misses rows unaware.
        tx.execute(Sql::new("UPDATE log_head SET trimmed_to = ? WHERE id = 1 AND trimmed_to < ?").bind(newest).bind(newest)).await?;
        let removed =
            tx.execute(Sql::new("DELETE FROM log WHERE position <= ? AND created_at_ms < ?").bind(newest).bind(before_ms)).await?;
        tx.commit().await?;
        Ok(removed)
    }
}

fn read_row(row: &AnyRow) -> BackendResult<LogRow> {
    Ok(LogRow {
        position: row.int("position")?,
        id: row.id("id")?,
        audience: row.audience()?,
        event: row.text("event")?,
        data: row.text("data")?,
        created_at_ms: row.int("created_at_ms")?,
    })
}
