//! Owns the reminders to both sides 24 h, 1 h and 10 min before an appointment. Called by
//! `actors/scheduler` every 15 s, on every node.
//!
//! - The node that deletes a reminder's row writes the notices in the same transaction, so each
//!   reminder is sent once.
//! - A reminder that is much too late is dropped, because it would only confuse.

use super::record::notice_to;
use crate::{
    backends::{
        BackendResult,
        store::{AppointmentRow, DueReminder, Tx},
    },
    domain::{
        appointments::appointment::{AppointmentState, is_reminder_fresh},
        notices::appointment::AppointmentNews,
    },
    services::{Context, ServiceResult, notices::append_notice, shared::contention::retry_contention},
};

/// Reminders read in one query.
const BATCH: u32 = 100;

/// The outcome of one round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReminderRound {
    /// Reminders sent, each to both sides.
    pub sent: u64,
    /// Reminders that came too late and were dropped.
    pub dropped: u64,
}

/// Sends the reminders that are due. Safe to run on several nodes at once and at any time.
pub async fn send_due_reminders(context: &Context) -> ServiceResult<ReminderRound> {
    let mut round = ReminderRound::default();
    loop {
        let due = context.store.due_reminders(context.clock.now_ms(), BATCH).await?;
        for reminder in &due {
            match retry_contention(async || send_one(context, reminder).await).await? {
                Some(true) => round.sent += 1,
                Some(false) => round.dropped += 1,
                // Another node took it, or the appointment was moved meanwhile.
                None => {}
            }
        }
        if due.len() < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            break;
        }
    }
    if round.sent > 0 {
        context.announce.wake_pump();
    }
    if round != ReminderRound::default() {
        tracing::info!(?round, "appointment reminders done");
    }
    Ok(round)
}

/// Takes one reminder and sends it (`true`) or drops it (`false`); `None` when another node took
/// it.
async fn send_one(context: &Context, reminder: &DueReminder) -> ServiceResult<Option<bool>> {
    let mut tx = context.store.begin().await?;
    // The appointment is locked first, as in every change of it: a change waits for this
    // transaction, or is seen here.
    let appointment = tx.find_appointment_to_change(reminder.appointment_id).await?;
    if !tx.take_reminder(reminder).await? {
        return Ok(None);
    }
    let now_ms = context.clock.now_ms();
    let appointment = appointment
        .filter(|appointment| appointment.state.is_live() && is_reminder_fresh(reminder.due_at_ms, appointment.time.from_ms, now_ms));
    if let Some(appointment) = &appointment {
        remind(context, &mut tx, appointment, reminder.minutes_before).await?;
    }
    tx.commit().await?;
    Ok(Some(appointment.is_some()))
}

async fn remind(context: &Context, tx: &mut Tx, appointment: &AppointmentRow, minutes_before: i64) -> BackendResult<()> {
    let news = AppointmentNews::Soon { minutes_before, is_confirmed: appointment.state == AppointmentState::Confirmed };
    let (student, counsellor) = (&appointment.student, &appointment.counsellor);
    for (reader, other) in [(student, counsellor), (counsellor, student)] {
        let notice = notice_to(&context.zone(), appointment, reader.id, (news, &other.name));
        append_notice(tx, &notice, context.clock.now_ms()).await?;
    }
    Ok(())
}
