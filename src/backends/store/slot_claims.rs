//! Owns the guarantee that nobody has two appointments at once. Called by the use cases of
//! appointments; must not decide who may book.
//!
//! - A live appointment owns every piece of 5 minutes of its counsellor (buffers included) and of
//!   its student.
//! - A second owner of a piece violates the primary key, on every engine, whatever was read before.

use super::{
    BackendResult, Store, Tx,
    columns::Columns,
    sql::{Sql, Values},
};
use crate::domain::{
    appointments::{
        appointment::AppointmentState,
        slots::{BUCKET_MS, Booked, Span},
    },
    ids::{AppointmentId, UserId},
};
use sqlx::any::AnyRow;

/// Longest an appointment reaches before and after its start, buffers included: the most
/// `domain::appointments::availability` allows, and some.
const REACH_MS: i64 = 12 * 3_600_000;

const BOOKED: &str = "SELECT starts_at_ms, blocked_from_ms, blocked_to_ms, state FROM appointments \
     WHERE counsellor_id = ? AND state <> 'cancelled' AND starts_at_ms > ? AND starts_at_ms < ?";
const OCCUPIED: &str = "SELECT starts_at_ms, ends_at_ms FROM appointments \
     WHERE student_id = ? AND state IN ('requested', 'confirmed', 'rescheduled') AND starts_at_ms > ? AND starts_at_ms < ?";

/// A person's time that an appointment claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// Whose time.
    pub person: UserId,
    /// Which.
    pub time: Span,
}

impl Store {
    /// Returns what a counsellor has around `span`: everything that could meet it, and more.
    pub async fn booked_with(&self, counsellor: UserId, span: Span) -> BackendResult<Vec<Booked>> {
        self.fetch_all(around(BOOKED, counsellor, span, None)).await?.iter().map(read_booked).collect()
    }

    /// Returns when a student has appointments around `span`, with anybody.
    pub async fn occupied_times(&self, student: UserId, span: Span) -> BackendResult<Vec<Span>> {
        self.fetch_all(around(OCCUPIED, student, span, None)).await?.iter().map(read_occupied).collect()
    }

    /// Forgets claims of times that were over before `before_ms`; returns how many.
    pub async fn trim_claims(&self, before_ms: i64) -> BackendResult<u64> {
        self.execute(Sql::new("DELETE FROM slot_claims WHERE bucket < ?").bind(before_ms.div_euclid(BUCKET_MS))).await
    }
}

impl Tx {
    /// As [`Store::booked_with`], as this transaction sees it, without the appointment `except`.
    pub async fn booked_with(&mut self, counsellor: UserId, span: Span, except: Option<AppointmentId>) -> BackendResult<Vec<Booked>> {
        self.fetch_all(around(BOOKED, counsellor, span, except)).await?.iter().map(read_booked).collect()
    }

    /// As [`Store::occupied_times`], as this transaction sees it, without the appointment `except`.
    pub async fn occupied_times(&mut self, student: UserId, span: Span, except: Option<AppointmentId>) -> BackendResult<Vec<Span>> {
        self.fetch_all(around(OCCUPIED, student, span, except)).await?.iter().map(read_occupied).collect()
    }

    /// Counts the live appointments of a student that begin after `after_ms`.
    pub async fn count_ahead(&mut self, student: UserId, after_ms: i64) -> BackendResult<i64> {
        let sql = Sql::new(
            "SELECT COUNT(*) AS ahead FROM appointments WHERE student_id = ? AND starts_at_ms > ? \
             AND state IN ('requested', 'confirmed', 'rescheduled')",
        );
        self.fetch_one(sql.bind(student).bind(after_ms)).await?.int("ahead")
    }

    /// Claims times for an appointment. `false`: a piece of them belongs to another one; then the
    /// transaction can only be dropped. Waits while another transaction that has claimed a piece is
    /// not decided.
    pub async fn claim_times(&mut self, appointment: AppointmentId, claims: &[Claim]) -> BackendResult<bool> {
        // In one order for everybody, so that two claimants wait for each other in a line and not
        // in a ring.
        let mut pieces: Vec<(UserId, i64)> =
            claims.iter().flat_map(|claim| claim.time.buckets().map(|bucket| (claim.person, bucket))).collect();
        pieces.sort_unstable();
        let rows = pieces
            .into_iter()
            .map(|(person, bucket)| Values::new().set("person_id", person).set("bucket", bucket).set("appointment_id", appointment));
        self.insert_or_end(Sql::insert_rows("slot_claims", rows.collect())).await
    }

    /// Gives the times of an appointment back.
    pub async fn release_claims(&mut self, appointment: AppointmentId) -> BackendResult<()> {
        self.execute(Sql::new("DELETE FROM slot_claims WHERE appointment_id = ?").bind(appointment)).await.map(drop)
    }
}

fn around(text: &'static str, person: UserId, span: Span, except: Option<AppointmentId>) -> Sql {
    Sql::new(text)
        .bind(person)
        .bind(span.from_ms.saturating_sub(REACH_MS))
        .bind(span.to_ms.saturating_add(REACH_MS))
        .push_if(" AND id <> ?", except)
}

fn read_booked(row: &AnyRow) -> BackendResult<Booked> {
    let state = row.parsed("state", AppointmentState::parse)?;
    let blocked = Span { from_ms: row.int("blocked_from_ms")?, to_ms: row.int("blocked_to_ms")? };
    Ok(Booked { starts_at_ms: row.int("starts_at_ms")?, blocked: state.is_live().then_some(blocked) })
}

fn read_occupied(row: &AnyRow) -> BackendResult<Span> {
    Ok(Span { from_ms: row.int("starts_at_ms")?, to_ms: row.int("ends_at_ms")? })
}
