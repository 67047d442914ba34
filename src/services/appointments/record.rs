//! Owns the records that every change of an appointment leaves besides its row: the audit entry, an
//! event to both sides and a notice to the side that did not make the change. Also publishes
//! `slots.changed`. Called by the other files of this module.

use super::view::{AppointmentChanged, SharedItem, SlotsChanged};
use crate::{
    backends::{
        BackendError, BackendResult,
        store::{AppointmentRow, Claim, LogEntry, Tx},
    },
    domain::{
        appointments::{appointment::reminders_due, slots::day_of},
        ids::{LogId, UserId},
        live::{audience::Audience, channel::ChannelName},
        notices::{
            appointment::{AppointmentNews, AppointmentNotice},
            kind::{NewNotice, NoticeKind},
        },
    },
    services::{Context, notices::append_notice, shared::requester::Requester},
    wire::desk_event::DeskEvent,
};
use jiff::tz::TimeZone;
use serde_json::json;

/// Writes the audit entry, events and notices of the change that led to `appointment`.
pub(super) async fn record_change(
    context: &Context,
    tx: &mut Tx,
    requester: &Requester,
    appointment: &AppointmentRow,
) -> BackendResult<()> {
    let action = format!("appointment.{}", appointment.state.as_str());
    let target = Some(("appointment", appointment.id.to_string()));
    tx.append_audit(&requester.audit_entry(&action, target, facts(appointment), appointment.updated_at_ms)).await?;
    write_event(tx, requester.principal.user_id, appointment).await?;
    write_notices(&context.zone(), tx, requester.principal.user_id, appointment).await
}

/// Returns what the audit trail keeps of an appointment: people, time and state, never topic or
/// note.
pub(super) fn facts(appointment: &AppointmentRow) -> serde_json::Value {
    let time = SharedItem::new(appointment).starts_at;
    json!({ "counsellor_id": appointment.counsellor.id, "student_id": appointment.student.id, "starts_at": time, "state": appointment.state })
}

async fn write_event(tx: &mut Tx, actor: UserId, appointment: &AppointmentRow) -> BackendResult<()> {
    let changed = AppointmentChanged { change: appointment.state, actor_id: actor, appointment: SharedItem::new(appointment) };
    let data = json!(changed).to_string();
    for side in [&appointment.student, &appointment.counsellor] {
        let entry = LogEntry {
            id: LogId::generate(),
            audience: Audience::User(side.id),
            event: DeskEvent::AppointmentChanged.name().to_owned(),
            data: data.clone(),
            created_at_ms: appointment.updated_at_ms,
        };
        tx.append_log(&entry).await?;
    }
    Ok(())
}

async fn write_notices(zone: &TimeZone, tx: &mut Tx, actor: UserId, appointment: &AppointmentRow) -> BackendResult<()> {
    let news = AppointmentNews::Now(appointment.state);
    let (student, counsellor) = (&appointment.student, &appointment.counsellor);
    for (reader, other) in [(student, counsellor), (counsellor, student)] {
        if reader.id != actor {
            let notice = notice_to(zone, appointment, reader.id, (news, &other.name));
            append_notice(tx, &notice, appointment.updated_at_ms).await?;
        }
    }
    Ok(())
}

/// Makes the notice to one side. `about`: the news, and the name of the other side.
pub(super) fn notice_to(zone: &TimeZone, appointment: &AppointmentRow, reader: UserId, about: (AppointmentNews, &str)) -> NewNotice {
    let (news, other_side) = about;
    let kind = AppointmentNotice {
        news,
        appointment_id: appointment.id,
        starts_at_ms: appointment.time.from_ms,
        zone: zone.clone(),
        other_side: other_side.to_owned(),
    };
    NewNotice { audience: Audience::User(reader), kind: NoticeKind::Appointment(kind) }
}

/// Returns the time that a live appointment claims for both people.
pub(super) fn claims_of(appointment: &AppointmentRow) -> [Claim; 2] {
    [
        Claim { person: appointment.student.id, time: appointment.time },
        Claim { person: appointment.counsellor.id, time: appointment.blocked },
    ]
}

/// Wakes the pump, and publishes to open slot lists of the counsellor which days to load again.
/// Call it after the commit.
pub(super) fn announce_change(context: &Context, counsellor: UserId, starts_ms: &[i64]) {
    context.announce.wake_pump();
    let zone = context.zone();
    let mut dates: Vec<String> = starts_ms.iter().map(|start| day_of(*start, &zone).to_string()).collect();
    dates.dedup();
    announce_slots(context, counsellor, &dates);
}

/// Publishes to open slot lists of the counsellor which days to load again.
pub fn announce_slots(context: &Context, counsellor: UserId, dates: &[String]) {
    if !dates.is_empty() {
        context.announce.queue_event(
            &ChannelName::slots(counsellor),
            DeskEvent::SlotsChanged,
            json!(SlotsChanged { counsellor_id: counsellor, dates }),
        );
    }
}

/// Writes an appointment of the demo school as booking and changing would have left it: with
/// claims, reminders and, while it is live, the event and notice of the last step, which `actor`
/// made. Fails when its time is taken.
pub async fn write_demo_appointment(context: &Context, tx: &mut Tx, appointment: &AppointmentRow, actor: UserId) -> BackendResult<()> {
    tx.insert_appointment(appointment).await?;
    if !appointment.state.is_live() {
        return Ok(());
    }
    if !tx.claim_times(appointment.id, &claims_of(appointment)).await? {
        return Err(BackendError::Internal("two demo appointments meet"));
    }
    tx.set_reminders(appointment.id, &reminders_due(appointment.time.from_ms, context.clock.now_ms())).await?;
    write_event(tx, actor, appointment).await?;
    write_notices(&context.zone(), tx, actor, appointment).await
}
