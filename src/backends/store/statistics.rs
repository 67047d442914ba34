//! Owns the five queries of the counsellor's dashboard. Called by `services/dashboards.rs`; must
//! not write.

use super::{BackendResult, Store, columns::Columns, sql::Sql};
use serde_json::Value;
use sqlx::any::AnyRow;

/// Students with an account that is not disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StudentCounts {
    /// All.
    pub total: i64,
    /// Logged in or read a material since the asked time.
    pub active: i64,
    /// Made since the asked time.
    pub new: i64,
}

/// Materials by state, and how often they were used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaterialCounts {
    /// All.
    pub total: i64,
    /// Published.
    pub active: i64,
    /// Being prepared.
    pub draft: i64,
    /// Out of sight.
    pub archived: i64,
    /// Times read, all together.
    pub views: i64,
    /// Times downloaded, all together.
    pub downloads: i64,
}

/// Notices, and how many of those to students were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeCounts {
    /// All that are kept.
    pub sent: i64,
    /// Made since the first asked time.
    pub sent_recently: i64,
    /// Pairs (notice to all students since the second asked time, active student who could see it).
    pub deliveries: i64,
    /// Those of the pairs where the student read it.
    pub reads: i64,
}

/// What happened on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRow {
    /// `YYYY-MM-DD`.
    pub day: String,
    /// Different people who read or downloaded a material.
    pub active_students: i64,
    /// Materials read.
    pub views: i64,
    /// Materials downloaded.
    pub downloads: i64,
}

/// Something that happened with materials lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityRow {
    /// When.
    pub at_ms: i64,
    /// Who, by display name.
    pub actor_name: Option<String>,
    /// `material.created|updated|archived|deleted|viewed|downloaded`.
    pub action: String,
    /// Id of the material.
    pub target_id: Option<String>,
    /// Its title; from the audit line when the material is gone.
    pub target_title: Option<String>,
}

impl Store {
    /// Counts students; `since_ms` is the start of "active" and "new".
    pub async fn student_counts(&self, since_ms: i64) -> BackendResult<StudentCounts> {
        let sql = Sql::new(
            "SELECT COUNT(*) AS total, \
             COUNT(CASE WHEN u.last_login_at_ms >= ? OR r.user_id IS NOT NULL THEN 1 END) AS active_count, \
             COUNT(CASE WHEN u.created_at_ms >= ? THEN 1 END) AS new_count \
             FROM users u LEFT JOIN (SELECT DISTINCT user_id FROM material_reads WHERE last_at_ms >= ?) r ON r.user_id = u.id \
             WHERE u.role = 'student' AND u.disabled_at_ms IS NULL",
        );
        let row = self.fetch_one(sql.bind(since_ms).bind(since_ms).bind(since_ms)).await?;
        Ok(StudentCounts { total: row.int("total")?, active: row.int("active_count")?, new: row.int("new_count")? })
    }

    /// Counts materials.
    pub async fn material_counts(&self) -> BackendResult<MaterialCounts> {
        let sql = Sql::new(
            "SELECT COUNT(*) AS total, COUNT(CASE WHEN status = 'active' THEN 1 END) AS active_count, \
             COUNT(CASE WHEN status = 'draft' THEN 1 END) AS draft_count, COUNT(CASE WHEN status = 'archived' THEN 1 END) AS archived_count, \
             CAST(COALESCE(SUM(views), 0) AS BIGINT) AS views, CAST(COALESCE(SUM(downloads), 0) AS BIGINT) AS downloads FROM materials",
        );
        let row = self.fetch_one(sql).await?;
        Ok(MaterialCounts {
            total: row.int("total")?,
            active: row.int("active_count")?,
            draft: row.int("draft_count")?,
            archived: row.int("archived_count")?,
            views: row.int("views")?,
            downloads: row.int("downloads")?,
        })
    }

    /// Counts notices: `sent_since_ms` is the start of "recently", `read_since_ms` that of
    /// deliveries and reads.
    pub async fn notice_counts(&self, sent_since_ms: i64, read_since_ms: i64) -> BackendResult<NoticeCounts> {
        let sql = Sql::new(
            "SELECT s.sent, s.sent_recently, d.deliveries, d.read_count FROM \
             (SELECT COUNT(*) AS sent, COUNT(CASE WHEN created_at_ms >= ? THEN 1 END) AS sent_recently FROM notices) s CROSS JOIN \
             (SELECT COUNT(*) AS deliveries, COUNT(CASE WHEN r.read_at_ms IS NOT NULL OR n.position <= w.position THEN 1 END) AS read_count \
              FROM notices n JOIN users u ON u.role = 'student' AND u.disabled_at_ms IS NULL AND u.created_at_ms <= n.created_at_ms \
              LEFT JOIN notice_watermarks w ON w.user_id = u.id LEFT JOIN notice_reads r ON r.user_id = u.id AND r.notice_id = n.id \
              WHERE n.audience = 'role:student' AND n.created_at_ms >= ?) d",
        );
        let row = self.fetch_one(sql.bind(sent_since_ms).bind(read_since_ms)).await?;
        Ok(NoticeCounts {
            sent: row.int("sent")?,
            sent_recently: row.int("sent_recently")?,
            deliveries: row.int("deliveries")?,
            reads: row.int("read_count")?,
        })
    }

    /// Returns one row per day of `days` (`YYYY-MM-DD`), in their order; days without reading are
    /// zero.
    pub async fn engagement(&self, days: &[String]) -> BackendResult<Vec<DayRow>> {
        let sql = Sql::new(
            "SELECT day, COUNT(DISTINCT user_id) AS active_students, CAST(SUM(views) AS BIGINT) AS views, \
             CAST(SUM(downloads) AS BIGINT) AS downloads FROM material_reads WHERE day IN ",
        );
        let rows = self.fetch_all(sql.push_list(days).push(" GROUP BY day")).await?;
        let found = rows.iter().map(read_day).collect::<BackendResult<Vec<_>>>()?;
        let day_of = |day: &String| {
            let known = found.iter().find(|row| row.day == *day).cloned();
            known.unwrap_or_else(|| DayRow { day: day.clone(), active_students: 0, views: 0, downloads: 0 })
        };
        Ok(days.iter().map(day_of).collect())
    }

    /// Returns what happened with materials lately, newest first.
    pub async fn recent_activity(&self, limit: u32) -> BackendResult<Vec<ActivityRow>> {
        let sql = Sql::new(
            "SELECT e.at_ms, u.name AS actor_name, e.action, e.target_id, m.title AS target_title, e.data FROM (\
             SELECT * FROM (SELECT at_ms, actor_id, action, target_id, data FROM audit WHERE target_kind = 'material' ORDER BY at_ms DESC LIMIT ?) c \
             UNION ALL \
             SELECT * FROM (SELECT viewed_at_ms AS at_ms, user_id AS actor_id, 'material.viewed' AS action, material_id AS target_id, '{}' AS data \
             FROM material_reads WHERE viewed_at_ms IS NOT NULL ORDER BY viewed_at_ms DESC LIMIT ?) v \
             UNION ALL \
             SELECT * FROM (SELECT downloaded_at_ms AS at_ms, user_id AS actor_id, 'material.downloaded' AS action, material_id AS target_id, '{}' AS data \
             FROM material_reads WHERE downloaded_at_ms IS NOT NULL ORDER BY downloaded_at_ms DESC LIMIT ?) d) e \
             LEFT JOIN users u ON u.id = e.actor_id LEFT JOIN materials m ON m.id = e.target_id \
             ORDER BY e.at_ms DESC, e.action, e.target_id LIMIT ?",
        );
        let rows = self.fetch_all(sql.bind(limit).bind(limit).bind(limit).bind(limit)).await?;
        rows.iter().map(read_activity).collect()
    }
}

fn read_day(row: &AnyRow) -> BackendResult<DayRow> {
    Ok(DayRow {
        day: row.text("day")?,
        active_students: row.int("active_students")?,
        views: row.int("views")?,
        downloads: row.int("downloads")?,
    })
}

fn read_activity(row: &AnyRow) -> BackendResult<ActivityRow> {
    let data: Value = row.json("data")?;
    let noted = || data.get("title").and_then(Value::as_str).map(str::to_owned);
    Ok(ActivityRow {
        at_ms: row.int("at_ms")?,
        actor_name: row.maybe_text("actor_name")?,
        action: row.text("action")?,
        target_id: row.maybe_text("target_id")?,
        target_title: row.maybe_text("target_title")?.or_else(noted),
    })
}
