//! Owns notices: one row per audience, never per recipient. Called by the use cases of notices;
//! must not word them: `domain/notices` does.
//!
//! - A notice gets the position of the log row with its id from the pump.
//! - A user has read a notice that is at or below the user's watermark, or that has an exception of
//!   the user.

use super::{
    BackendResult, Store, Tx,
    columns::Columns,
    sql::{Sql, Values},
};
use crate::domain::{
    ids::{NoticeId, UserId},
    live::audience::Audience,
    notices::spec::NoticeTexts,
    principal::Role,
};
use serde_json::Value;
use sqlx::any::AnyRow;

const VIEW: &str = "SELECT n.id, n.audience, n.kind, n.category, n.data, n.texts, n.created_at_ms, \
     COALESCE(r.read_at_ms, CASE WHEN n.position <= w.position THEN w.read_at_ms END) AS read_at_ms \
     FROM notices n LEFT JOIN notice_reads r ON r.notice_id = n.id AND r.user_id = ? \
     LEFT JOIN notice_watermarks w ON w.user_id = ? \
     WHERE n.audience IN (?, ?) AND n.created_at_ms >= ?";
const UNREAD: &str = " AND r.read_at_ms IS NULL AND (n.position IS NULL OR n.position > COALESCE(w.position, 0))";
/// Count and version come from one statement, so from one state of the database.
const COUNT_UNREAD: &str = "SELECT COUNT(*) AS unread, (SELECT position FROM log_head WHERE id = 1) \
     + COALESCE((SELECT changes FROM notice_changes WHERE user_id = ?), 0) AS version \
     FROM notices n LEFT JOIN notice_reads r ON r.notice_id = n.id AND r.user_id = ? \
     LEFT JOIN notice_watermarks w ON w.user_id = ? \
     WHERE n.audience IN (?, ?) AND n.created_at_ms >= ? \
     AND r.read_at_ms IS NULL AND (n.position IS NULL OR n.position > COALESCE(w.position, 0))";

/// Who looks: sees notices to itself and to its role that are not older than its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewer {
    /// The account.
    pub user_id: UserId,
    /// Its role.
    pub role: Role,
    /// When the account was made.
    pub since_ms: i64,
}

impl Viewer {
    /// Returns the audiences the viewer belongs to.
    #[must_use]
    pub const fn audiences(&self) -> [Audience; 2] {
        Audience::of(self.user_id, self.role)
    }
}

/// A notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    /// Its id, equal to that of its log row.
    pub id: NoticeId,
    /// To whom.
    pub audience: Audience,
    /// Wire name of its kind.
    pub kind: String,
    /// Group a user can filter or mute.
    pub category: String,
    /// The `data` object of the wire.
    pub data: Value,
    /// Title and body in both languages.
    pub texts: NoticeTexts,
    /// When it was made.
    pub created_at_ms: i64,
}

/// A notice as one user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeView {
    /// The notice.
    pub notice: NoticeRow,
    /// When the user read it (after "read all": the time of the latest one); `None` while unread.
    pub read_at_ms: Option<i64>,
}

/// How many notices a viewer has not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unread {
    /// How many.
    pub count: i64,
    /// Grows with every published row of the log and every reading of the user. Of two counts, that
    /// with the larger version is newer.
    pub version: i64,
}

impl Store {
    /// Lists the notices a viewer sees, newest first, those before `after`.
    pub async fn list_notices(
        &self,
        viewer: &Viewer,
        unread_only: bool,
        after: Option<NoticeId>,
        limit: u32,
    ) -> BackendResult<Vec<NoticeView>> {
        let sql = bind_viewer(Sql::new(VIEW).bind(viewer.user_id).bind(viewer.user_id), viewer)
            .push(if unread_only { UNREAD } else { "" })
            .push_if(" AND n.id < ?", after)
            .push(" ORDER BY n.id DESC LIMIT ?")
            .bind(limit);
        self.fetch_all(sql).await?.iter().map(read_view).collect()
    }

    /// Counts the notices a viewer sees and has not read.
    pub async fn count_unread(&self, viewer: &Viewer) -> BackendResult<i64> {
        Ok(self.unread(viewer).await?.count)
    }

    /// Counts the notices a viewer sees and has not read, and says how new the count is.
    pub async fn unread(&self, viewer: &Viewer) -> BackendResult<Unread> {
        let sql = Sql::new(COUNT_UNREAD).bind(viewer.user_id).bind(viewer.user_id).bind(viewer.user_id);
        let row = self.fetch_one(bind_viewer(sql, viewer)).await?;
        Ok(Unread { count: row.int("unread")?, version: row.int("version")? })
    }

    /// Removes notices of a kind made before `before_ms`, with what was read of them; returns how
    /// many.
    pub async fn trim_notices(&self, kind: &str, before_ms: i64) -> BackendResult<u64> {
        self.execute(Sql::new("DELETE FROM notices WHERE kind = ? AND created_at_ms < ?").bind(kind).bind(before_ms)).await
    }
}

impl Tx {
    /// Adds a notice. Its log row, of the same id, is written with [`Tx::append_log`].
    pub async fn insert_notice(&mut self, notice: &NoticeRow) -> BackendResult<()> {
        let texts = serde_json::to_string(&notice.texts).unwrap_or_default();
        let row = Values::new()
            .set("id", notice.id)
            .set("audience", notice.audience)
            .set("kind", &notice.kind)
            .set("category", &notice.category)
            .set("data", notice.data.to_string())
            .set("texts", texts)
            .set("created_at_ms", notice.created_at_ms);
        let sql = Sql::insert("notices", row);
        self.execute(sql).await.map(drop)
    }

    /// Marks one notice read; `false` when the viewer does not see it. A repeat keeps the first
    /// time.
    pub async fn mark_notice_read(&mut self, viewer: &Viewer, id: NoticeId, now_ms: i64) -> BackendResult<bool> {
        let visible =
            Sql::new("SELECT n.position FROM notices n WHERE n.id = ? AND n.audience IN (?, ?) AND n.created_at_ms >= ?").bind(id);
        let Some(row) = self.fetch_optional(bind_viewer(visible, viewer)).await? else {
            return Ok(false);
        };
        let watermark = self.watermark(viewer.user_id).await?;
        if row.maybe_int("position")?.is_none_or(|position| position > watermark) {
            let sql = Sql::new(
                "INSERT INTO notice_reads (user_id, notice_id, read_at_ms) VALUES (?, ?, ?) ON CONFLICT (user_id, notice_id) DO NOTHING",
            );
            self.execute(sql.bind(viewer.user_id).bind(id).bind(now_ms)).await?;
        }
        self.count_change(viewer.user_id).await?;
        Ok(true)
    }

    /// Marks everything the viewer sees now as read: the watermark goes to the newest position;
    /// visible notices above it, whose position came or comes this moment, get exceptions.
    pub async fn mark_all_notices_read(&mut self, viewer: &Viewer, now_ms: i64) -> BackendResult<()> {
        // The head is read first: what gets its position later is above it, and found by the second
        // statement.
        let head = self.fetch_one(Sql::new("SELECT position FROM log_head WHERE id = 1")).await?.int("position")?;
        let exceptions = Sql::new(
            "INSERT INTO notice_reads (user_id, notice_id, read_at_ms) SELECT ?, n.id, ? FROM notices n \
             WHERE n.audience IN (?, ?) AND n.created_at_ms >= ? AND (n.position IS NULL OR n.position > ?) \
             ON CONFLICT (user_id, notice_id) DO NOTHING",
        );
        self.execute(bind_viewer(exceptions.bind(viewer.user_id).bind(now_ms), viewer).bind(head)).await?;
        // A head read earlier by a parallel call never moves the watermark back: then nothing is
        // newer to mark either.
        let watermark = Sql::new(
            "INSERT INTO notice_watermarks (user_id, position, read_at_ms) VALUES (?, ?, ?) ON CONFLICT (user_id) DO UPDATE SET \
             read_at_ms = CASE WHEN excluded.position > notice_watermarks.position THEN excluded.read_at_ms ELSE notice_watermarks.read_at_ms END, \
             position = CASE WHEN excluded.position > notice_watermarks.position THEN excluded.position ELSE notice_watermarks.position END",
        );
        self.execute(watermark.bind(viewer.user_id).bind(head).bind(now_ms)).await?;
        self.count_change(viewer.user_id).await
    }

    /// Makes the user's counts from now on newer than those before.
    async fn count_change(&mut self, user: UserId) -> BackendResult<()> {
        let sql = Sql::new(
            "INSERT INTO notice_changes (user_id, changes) VALUES (?, 1) \
             ON CONFLICT (user_id) DO UPDATE SET changes = notice_changes.changes + 1",
        );
        self.execute(sql.bind(user)).await.map(drop)
    }

    async fn watermark(&mut self, user: UserId) -> BackendResult<i64> {
        let row = self.fetch_optional(Sql::new("SELECT position FROM notice_watermarks WHERE user_id = ?").bind(user)).await?;
        row.map_or(Ok(0), |row| row.int("position"))
    }
}

/// Binds `audience IN (?, ?) AND created_at_ms >= ?`.
fn bind_viewer(sql: Sql, viewer: &Viewer) -> Sql {
    let [user, role] = viewer.audiences();
    sql.bind(user).bind(role).bind(viewer.since_ms)
}

fn read_view(row: &AnyRow) -> BackendResult<NoticeView> {
    let notice = NoticeRow {
        id: row.id("id")?,
        audience: row.audience()?,
        kind: row.text("kind")?,
        category: row.text("category")?,
        data: row.json("data")?,
        texts: row.json("texts")?,
        created_at_ms: row.int("created_at_ms")?,
    };
    Ok(NoticeView { notice, read_at_ms: row.maybe_int("read_at_ms")? })
}
