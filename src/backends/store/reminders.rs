//! Owns reminders that are still to be sent. Called by the use cases of appointments; must not
//! send.
//!
//! - The node that removes a row sends it in the same transaction, so no reminder is sent twice.

use super::{
    BackendResult, Store, Tx,
    columns::Columns,
    sql::{Sql, Values},
};
use crate::domain::ids::AppointmentId;
use sqlx::any::AnyRow;

/// A reminder whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueReminder {
    /// Of what.
    pub appointment_id: AppointmentId,
    /// How long before it.
    pub minutes_before: i64,
    /// When it is due.
    pub due_at_ms: i64,
}

impl Store {
    /// Returns reminders due at `now_ms`, the oldest first.
    pub async fn due_reminders(&self, now_ms: i64, limit: u32) -> BackendResult<Vec<DueReminder>> {
        let sql = Sql::new(
            "SELECT appointment_id, minutes_before, due_at_ms FROM reminders WHERE due_at_ms <= ? \
             ORDER BY due_at_ms, appointment_id, minutes_before LIMIT ?",
        );
        self.fetch_all(sql.bind(now_ms).bind(limit)).await?.iter().map(read).collect()
    }
}

impl Tx {
    /// Replaces the reminders of an appointment by these (minutes before, due at); none removes
    /// them all.
    pub async fn set_reminders(&mut self, appointment: AppointmentId, reminders: &[(i64, i64)]) -> BackendResult<()> {
        self.execute(Sql::new("DELETE FROM reminders WHERE appointment_id = ?").bind(appointment)).await?;
        if reminders.is_empty() {
            return Ok(());
        }
        let rows = reminders.iter().map(|(minutes_before, due_at_ms)| {
            Values::new().set("appointment_id", appointment).set("minutes_before", *minutes_before).set("due_at_ms", *due_at_ms)
        });
        self.execute(Sql::insert_rows("reminders", rows.collect())).await.map(drop)
    }

    /// Takes a reminder out; `false` when it is gone or was moved: another node sent it, or the
    /// appointment changed.
    pub async fn take_reminder(&mut self, reminder: &DueReminder) -> BackendResult<bool> {
        let sql = Sql::new("DELETE FROM reminders WHERE appointment_id = ? AND minutes_before = ? AND due_at_ms = ?");
        let sql = sql.bind(reminder.appointment_id).bind(reminder.minutes_before).bind(reminder.due_at_ms);
        Ok(self.execute(sql).await? > 0)
    }
}

fn read(row: &AnyRow) -> BackendResult<DueReminder> {
    Ok(DueReminder {
        appointment_id: row.id("appointment_id")?,
        minutes_before: row.int("minutes_before")?,
        due_at_ms: row.int("due_at_ms")?,
    })
}
