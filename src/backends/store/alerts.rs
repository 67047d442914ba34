//! Owns warnings about students, and which user looked at one on which day. Called by the use cases
//! of alerts and the companion; must not decide who may see a warning.
//!
//! - A student has one open row per level; a unique key keeps a second one out.
//! - A clock (`due_at_ms`) runs until somebody acknowledges. The node that clears it escalates in
//!   the same transaction, so no two nodes do.

use super::{
    BackendError, BackendResult, Engine, PersonRow, Store, Tx,
    columns::Columns,
    sql::{Sql, Values},
};
use crate::domain::{
    ids::{AlertId, ConversationId, MessageId, ThreadId, UserId},
    risk::{Level, RuleId},
};
use sqlx::any::AnyRow;
use std::collections::HashSet;

const VIEW: &str = "SELECT a.id, a.student_id, s.name AS student_name, a.thread_id, a.question_id, a.level, a.excerpt, a.rules, a.pack_version, a.times, \
     a.raised_at_ms, a.last_raised_at_ms, a.acknowledge_by_ms, a.escalated_at_ms, a.acknowledged_at_ms, a.acknowledged_by, \
     k.name AS acknowledger_name, a.conversation_id \
     FROM alerts a JOIN users s ON s.id = a.student_id LEFT JOIN users k ON k.id = a.acknowledged_by WHERE 1 = 1";

/// A warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRow {
    /// Its id.
    pub id: AlertId,
    /// About whom.
    pub student: PersonRow,
    /// The thread of the companion; it may be deleted.
    pub thread_id: Option<ThreadId>,
    /// The newest question that raised it; it may be deleted.
    pub question_id: Option<MessageId>,
    /// How serious.
    pub level: Level,
    /// The beginning of that question.
    pub excerpt: String,
    /// The rules that led to it.
    pub rules: Vec<RuleId>,
    /// Version of the rule pack.
    pub pack_version: String,
    /// How often it was raised.
    pub count: i64,
    /// When it was raised first.
    pub raised_at_ms: i64,
    /// When it was raised last.
    pub last_raised_at_ms: i64,
    /// Until when somebody must acknowledge; `None` where no clock runs.
    pub acknowledge_by_ms: Option<i64>,
    /// When everybody was called, because nobody had acknowledged in time.
    pub escalated_at_ms: Option<i64>,
    /// When somebody acknowledged; `None` while it is open.
    pub acknowledged_at_ms: Option<i64>,
    /// Who did.
    pub acknowledged_by: Option<PersonRow>,
    /// The conversation that was opened about it.
    pub conversation_id: Option<ConversationId>,
}

/// The newest question of a warning.
#[derive(Debug, Clone, Copy)]
pub struct Repeat<'a> {
    /// The thread of the companion.
    pub thread_id: Option<ThreadId>,
    /// The question.
    pub question_id: Option<MessageId>,
    /// Its beginning.
    pub excerpt: &'a str,
}

/// What waits for counsellors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenAlerts {
    /// Open warnings of all levels.
    pub count: i64,
    /// When the oldest open risk was raised.
    pub oldest_risk_at_ms: Option<i64>,
}

fn open_key(student: UserId, level: Level) -> String {
    format!("{student}:{}", level.as_number())
}

impl Store {
    /// Lists warnings, newest first, those before `after`: all, only open (`true`) or only
    /// acknowledged (`false`) ones.
    pub async fn list_alerts(&self, is_open: Option<bool>, after: Option<AlertId>, limit: u32) -> BackendResult<Vec<AlertRow>> {
        let state = match is_open {
            Some(true) => " AND a.acknowledged_at_ms IS NULL",
            Some(false) => " AND a.acknowledged_at_ms IS NOT NULL",
            None => "",
        };
        let sql = Sql::new(VIEW).push(state).push_if(" AND a.id < ?", after).push(" ORDER BY a.id DESC LIMIT ?").bind(limit);
        self.fetch_all(sql).await?.iter().map(read).collect()
    }

    /// Finds a warning.
    pub async fn find_alert(&self, id: AlertId) -> BackendResult<Option<AlertRow>> {
        self.fetch_optional(Sql::new(VIEW).push(" AND a.id = ?").bind(id)).await?.as_ref().map(read).transpose()
    }

    /// Counts what is open.
    pub async fn open_alerts(&self) -> BackendResult<OpenAlerts> {
        let sql = Sql::new(
            "SELECT COUNT(*) AS open_count, MIN(CASE WHEN level >= 3 THEN raised_at_ms END) AS oldest FROM alerts WHERE acknowledged_at_ms IS NULL",
        );
        let row = self.fetch_one(sql).await?;
        Ok(OpenAlerts { count: row.int("open_count")?, oldest_risk_at_ms: row.maybe_int("oldest")? })
    }

    /// Returns the warnings whose time to be acknowledged is over at `now_ms`, the oldest first.
    pub async fn overdue_alerts(&self, now_ms: i64, limit: u32) -> BackendResult<Vec<AlertId>> {
        let sql = Sql::new("SELECT id FROM alerts WHERE due_at_ms <= ? ORDER BY due_at_ms, id LIMIT ?").bind(now_ms).bind(limit);
        self.fetch_all(sql).await?.iter().map(|row| row.id("id")).collect()
    }

    /// Returns which of these warnings a user was shown on `day` (`YYYY-MM-DD` of the school).
    pub async fn viewed_alerts(&self, user: UserId, day: &str, among: &[AlertId]) -> BackendResult<HashSet<AlertId>> {
        let sql = Sql::new("SELECT alert_id FROM alert_views WHERE user_id = ? AND day = ? AND alert_id IN ");
        let rows = self.fetch_all(sql.bind(user).bind(day).push_list(among.iter().copied())).await?;
        rows.iter().map(|row| row.id("alert_id")).collect()
    }

    /// Forgets who looked on days before `day`; the audit trail keeps it. Returns how many rows
    /// went.
    pub async fn trim_alert_views(&self, day: &str) -> BackendResult<u64> {
        self.execute(Sql::new("DELETE FROM alert_views WHERE day < ?").bind(day)).await
    }
}

impl Tx {
    /// Finds the most serious open warning about a student of at least `level`, and holds it until
    /// the transaction ends.
    pub async fn lock_open_alert(&mut self, student: UserId, level: Level) -> BackendResult<Option<AlertId>> {
        // SQLite has one writer anyway.
        let lock = if self.engine == Engine::Sqlite { "" } else { " FOR UPDATE" };
        let sql = Sql::new(
            "SELECT id FROM alerts WHERE student_id = ? AND acknowledged_at_ms IS NULL AND level >= ? ORDER BY level DESC LIMIT 1",
        );
        let row = self.fetch_optional(sql.push(lock).bind(student).bind(i64::from(level.as_number()))).await?;
        row.map(|row| row.id("id")).transpose()
    }

    /// Adds an open warning; `false` when the student has one of this level.
    pub async fn insert_alert(&mut self, alert: &AlertRow) -> BackendResult<bool> {
        let rules = serde_json::to_string(&alert.rules).map_err(|_| BackendError::Internal("rules do not serialise"))?;
        let row = Values::new()
            .set("id", alert.id)
            .set("student_id", alert.student.id)
            .set("thread_id", alert.thread_id)
            .set("question_id", alert.question_id)
            .set("level", i64::from(alert.level.as_number()))
            .set("excerpt", &alert.excerpt)
            .set("rules", rules)
            .set("pack_version", &alert.pack_version)
            .set("open_key", open_key(alert.student.id, alert.level))
            .set("times", alert.count)
            .set("raised_at_ms", alert.raised_at_ms)
            .set("last_raised_at_ms", alert.last_raised_at_ms)
            .set("acknowledge_by_ms", alert.acknowledge_by_ms)
            .set("due_at_ms", alert.acknowledge_by_ms);
        self.insert(Sql::insert("alerts", row)).await
    }

    /// Counts a repeat of an open warning; with `newest`, its words take the place of the older
    /// ones. `false` when it was acknowledged meanwhile.
    pub async fn repeat_alert(&mut self, id: AlertId, newest: Option<Repeat<'_>>, now_ms: i64) -> BackendResult<bool> {
        let mut sql = Sql::new("UPDATE alerts SET times = times + 1, last_raised_at_ms = ?").bind(now_ms);
        if let Some(newest) = newest {
            sql = sql.push(", thread_id = ?, question_id = ?, excerpt = ?");
            sql = sql.bind(newest.thread_id).bind(newest.question_id).bind(newest.excerpt);
        }
        Ok(self.execute(sql.push(" WHERE id = ? AND acknowledged_at_ms IS NULL").bind(id)).await? > 0)
    }

    /// Finds a warning inside the transaction.
    pub async fn find_alert(&mut self, id: AlertId) -> BackendResult<Option<AlertRow>> {
        self.fetch_optional(Sql::new(VIEW).push(" AND a.id = ?").bind(id)).await?.as_ref().map(read).transpose()
    }

    /// Closes a warning in somebody's name and stops its clock; `false` when somebody else was
    /// first.
    pub async fn acknowledge_alert(&mut self, id: AlertId, by: UserId, now_ms: i64) -> BackendResult<bool> {
        let sql = Sql::new(
            "UPDATE alerts SET acknowledged_at_ms = ?, acknowledged_by = ?, open_key = NULL, due_at_ms = NULL WHERE id = ? AND acknowledged_at_ms IS NULL",
        );
        Ok(self.execute(sql.bind(now_ms).bind(by).bind(id)).await? > 0)
    }

    /// Notes the conversation that was opened about a warning; the first one stays.
    pub async fn set_alert_conversation(&mut self, id: AlertId, conversation: ConversationId) -> BackendResult<bool> {
        let sql = Sql::new("UPDATE alerts SET conversation_id = ? WHERE id = ? AND conversation_id IS NULL");
        Ok(self.execute(sql.bind(conversation).bind(id)).await? > 0)
    }

    /// Takes a warning whose time is over; `false` when it was acknowledged, or another node has
    /// it.
    pub async fn take_overdue_alert(&mut self, id: AlertId, now_ms: i64) -> BackendResult<bool> {
        let sql = Sql::new(
            "UPDATE alerts SET escalated_at_ms = ?, due_at_ms = NULL WHERE id = ? AND due_at_ms <= ? AND acknowledged_at_ms IS NULL",
        );
        Ok(self.execute(sql.bind(now_ms).bind(id).bind(now_ms)).await? > 0)
    }

    /// Returns the counsellors who may sign in and said after `since_ms` that they are there.
    pub async fn counsellors_on_duty(&mut self, since_ms: i64) -> BackendResult<Vec<UserId>> {
        let sql = Sql::new(
            "SELECT u.id FROM users u JOIN counsellor_status s ON s.user_id = u.id \
             WHERE u.role = 'counsellor' AND u.disabled_at_ms IS NULL AND s.status = 'online' AND s.changed_at_ms > ? ORDER BY u.id",
        );
        self.fetch_all(sql.bind(since_ms)).await?.iter().map(|row| row.id("id")).collect()
    }

    /// Notes that a user was shown a warning on `day`; `false` when that is known.
    pub async fn insert_alert_view(&mut self, user: UserId, day: &str, alert: AlertId) -> BackendResult<bool> {
        let sql = Sql::new("INSERT INTO alert_views (user_id, day, alert_id) VALUES (?, ?, ?)");
        self.insert(sql.bind(user).bind(day).bind(alert)).await
    }
}

fn read(row: &AnyRow) -> BackendResult<AlertRow> {
    let acknowledger: Option<UserId> = row.maybe_id("acknowledged_by")?;
    Ok(AlertRow {
        id: row.id("id")?,
        student: PersonRow { id: row.id("student_id")?, name: row.text("student_name")? },
        thread_id: row.maybe_id("thread_id")?,
        question_id: row.maybe_id("question_id")?,
        level: Level::from_number(row.int("level")?).ok_or(BackendError::Corrupt { what: "level" })?,
        excerpt: row.text("excerpt")?,
        rules: row.json("rules")?,
        pack_version: row.text("pack_version")?,
        count: row.int("times")?,
        raised_at_ms: row.int("raised_at_ms")?,
        last_raised_at_ms: row.int("last_raised_at_ms")?,
        acknowledge_by_ms: row.maybe_int("acknowledge_by_ms")?,
        escalated_at_ms: row.maybe_int("escalated_at_ms")?,
        acknowledged_at_ms: row.maybe_int("acknowledged_at_ms")?,
        acknowledged_by: acknowledger.zip(row.maybe_text("acknowledger_name")?).map(|(id, name)| PersonRow { id, name }),
        conversation_id: row.maybe_id("conversation_id")?,
    })
}
