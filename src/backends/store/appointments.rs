//! Owns the rows of appointments. Called by the use cases of appointments, reminders and demo data;
//! must not decide whether a time is free: [`super::slot_claims`] does.

use super::{
    BackendError, BackendResult, PersonRow, Store, Tx,
    columns::Columns,
    sql::{Sql, Values},
};
use crate::domain::{
    appointments::{
        appointment::{AppointmentMode, AppointmentState},
        slots::Span,
    },
    ids::{AppointmentId, UserId},
};
use sqlx::any::AnyRow;

const FULL: &str = "SELECT a.id, a.counsellor_id, c.name AS counsellor_name, a.student_id, s.name AS student_name, a.starts_at_ms, a.ends_at_ms, \
     a.blocked_from_ms, a.blocked_to_ms, a.state, a.mode, a.topic, a.note, a.reason, a.proposed_by, a.cancelled_by, x.name AS canceller_name, \
     a.video_room, a.sequence, a.created_at_ms, a.updated_at_ms \
     FROM appointments a JOIN users c ON c.id = a.counsellor_id JOIN users s ON s.id = a.student_id LEFT JOIN users x ON x.id = a.cancelled_by \
     WHERE 1 = 1";
/// As [`AppointmentState::is_live`].
const LIVE: &str = "('requested', 'confirmed', 'rescheduled')";

/// An appointment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppointmentRow {
    /// Its id.
    pub id: AppointmentId,
    /// With whom.
    pub counsellor: PersonRow,
    /// For whom.
    pub student: PersonRow,
    /// From when to when.
    pub time: Span,
    /// The time with the counsellor's buffers.
    pub blocked: Span,
    /// Where it stands.
    pub state: AppointmentState,
    /// How they meet.
    pub mode: AppointmentMode,
    /// What it is about.
    pub topic: String,
    /// What the student wants the counsellor to know.
    pub note: Option<String>,
    /// Why it was cancelled or moved last.
    pub reason: Option<String>,
    /// Who proposed its present time.
    pub proposed_by: UserId,
    /// Who cancelled it.
    pub cancelled_by: Option<PersonRow>,
    /// Name of its video room, unguessable.
    pub video_room: Option<String>,
    /// How often it was changed.
    pub sequence: i64,
    /// When it was made.
    pub created_at_ms: i64,
    /// When it was changed last.
    pub updated_at_ms: i64,
}

/// Which part of the time a list shows, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppointmentScope {
    /// Live and not over at this time, soonest first.
    Upcoming(i64),
    /// All others, latest first.
    Past(i64),
    /// All that share time with this stretch, soonest first.
    Within(Span),
}

/// Which appointments a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppointmentFilter {
    /// Only those with this counsellor.
    pub counsellor: Option<UserId>,
    /// Only those for this student.
    pub student: Option<UserId>,
    /// When.
    pub scope: AppointmentScope,
}

/// The place of an appointment in a list: its start, then its id.
pub type AppointmentCursor = (i64, AppointmentId);

impl Store {
    /// Finds an appointment.
    pub async fn find_appointment(&self, id: AppointmentId) -> BackendResult<Option<AppointmentRow>> {
        let sql = Sql::new(FULL).push(" AND a.id = ?").bind(id);
        self.fetch_optional(sql).await?.as_ref().map(read).transpose()
    }

    /// Lists appointments in the order of the scope, those behind `after`.
    pub async fn list_appointments(
        &self,
        filter: &AppointmentFilter,
        after: Option<AppointmentCursor>,
        limit: u32,
    ) -> BackendResult<Vec<AppointmentRow>> {
        let mut sql =
            Sql::new(FULL).push_if(" AND a.counsellor_id = ?", filter.counsellor).push_if(" AND a.student_id = ?", filter.student);
        sql = match filter.scope {
            AppointmentScope::Upcoming(now_ms) => sql.push(" AND a.ends_at_ms > ? AND a.state IN ").bind(now_ms).push(LIVE),
            AppointmentScope::Past(now_ms) => sql.push(" AND (a.ends_at_ms <= ? OR a.state NOT IN ").bind(now_ms).push(LIVE).push(")"),
            AppointmentScope::Within(span) => sql.push(" AND a.ends_at_ms > ? AND a.starts_at_ms < ?").bind(span.from_ms).bind(span.to_ms),
        };
        let is_latest_first = matches!(filter.scope, AppointmentScope::Past(_));
        if let Some((starts_at_ms, id)) = after {
            let behind = if is_latest_first {
                " AND (a.starts_at_ms < ? OR (a.starts_at_ms = ? AND a.id < ?))"
            } else {
                " AND (a.starts_at_ms > ? OR (a.starts_at_ms = ? AND a.id > ?))"
            };
            sql = sql.push(behind).bind(starts_at_ms).bind(starts_at_ms).bind(id);
        }
        let order =
            if is_latest_first { " ORDER BY a.starts_at_ms DESC, a.id DESC LIMIT ?" } else { " ORDER BY a.starts_at_ms, a.id LIMIT ?" };
        self.fetch_all(sql.push(order).bind(limit)).await?.iter().map(read).collect()
    }

    /// Returns the live appointments of a counsellor that begin after `after_ms`, soonest first.
    pub async fn live_appointments_after(&self, counsellor: UserId, after_ms: i64) -> BackendResult<Vec<AppointmentRow>> {
        let sql = Sql::new(FULL).push(" AND a.counsellor_id = ? AND a.starts_at_ms > ? AND a.state IN ").bind(counsellor).bind(after_ms);
        self.fetch_all(sql.push(LIVE).push(" ORDER BY a.starts_at_ms, a.id")).await?.iter().map(read).collect()
    }
}

impl Tx {
    /// Adds an appointment. Claim its time in the same transaction.
    pub async fn insert_appointment(&mut self, appointment: &AppointmentRow) -> BackendResult<()> {
        let row = changing(appointment)
            .set("id", appointment.id)
            .set("counsellor_id", appointment.counsellor.id)
            .set("student_id", appointment.student.id)
            .set("mode", appointment.mode.as_str())
            .set("topic", &appointment.topic)
            .set("note", appointment.note.as_deref())
            .set("video_room", appointment.video_room.as_deref())
            .set("created_at_ms", appointment.created_at_ms);
        let sql = Sql::insert("appointments", row);
        self.execute(sql).await.map(drop)
    }

    /// Finds an appointment and keeps others from changing it until this transaction ends.
    pub async fn find_appointment_to_change(&mut self, id: AppointmentId) -> BackendResult<Option<AppointmentRow>> {
        // Writing a row locks it on all engines; SQLite has no SELECT … FOR UPDATE.
        self.execute(Sql::new("UPDATE appointments SET updated_at_ms = updated_at_ms WHERE id = ?").bind(id)).await?;
        let sql = Sql::new(FULL).push(" AND a.id = ?").bind(id);
        self.fetch_optional(sql).await?.as_ref().map(read).transpose()
    }

    /// Writes what can change about an appointment: times, state, reason, who proposed and
    /// cancelled, sequence; `false` when there is none.
    pub async fn update_appointment(&mut self, appointment: &AppointmentRow) -> BackendResult<bool> {
        let sql = Sql::update("appointments", changing(appointment)).push(" WHERE id = ?").bind(appointment.id);
        Ok(self.execute(sql).await? > 0)
    }
}

/// Returns the columns that insert and update share.
fn changing(appointment: &AppointmentRow) -> Values {
    Values::new()
        .set("starts_at_ms", appointment.time.from_ms)
        .set("ends_at_ms", appointment.time.to_ms)
        .set("blocked_from_ms", appointment.blocked.from_ms)
        .set("blocked_to_ms", appointment.blocked.to_ms)
        .set("state", appointment.state.as_str())
        .set("reason", appointment.reason.as_deref())
        .set("proposed_by", appointment.proposed_by)
        .set("cancelled_by", appointment.cancelled_by.as_ref().map(|person| person.id))
        .set("sequence", appointment.sequence)
        .set("updated_at_ms", appointment.updated_at_ms)
}

fn read(row: &AnyRow) -> BackendResult<AppointmentRow> {
    let canceller: Option<UserId> = row.maybe_id("cancelled_by")?;
    Ok(AppointmentRow {
        id: row.id("id")?,
        counsellor: PersonRow { id: row.id("counsellor_id")?, name: row.text("counsellor_name")? },
        student: PersonRow { id: row.id("student_id")?, name: row.text("student_name")? },
        time: Span { from_ms: row.int("starts_at_ms")?, to_ms: row.int("ends_at_ms")? },
        blocked: Span { from_ms: row.int("blocked_from_ms")?, to_ms: row.int("blocked_to_ms")? },
        state: row.parsed("state", AppointmentState::parse)?,
        mode: row.parsed("mode", AppointmentMode::parse)?,
        topic: row.text("topic")?,
        note: row.maybe_text("note")?,
        reason: row.maybe_text("reason")?,
        proposed_by: row.id("proposed_by")?,
        cancelled_by: canceller.map(|id| read_canceller(row, id)).transpose()?,
        video_room: row.maybe_text("video_room")?,
        sequence: row.int("sequence")?,
        created_at_ms: row.int("created_at_ms")?,
        updated_at_ms: row.int("updated_at_ms")?,
    })
}

fn read_canceller(row: &AnyRow, id: UserId) -> BackendResult<PersonRow> {
    let name = row.maybe_text("canceller_name")?.ok_or(BackendError::Corrupt { what: "cancelled_by" })?;
    Ok(PersonRow { id, name })
}
