//! Owns every change of an appointment: confirm, reschedule, cancel, complete, no-show. Called by
//! `http/resources/appointments`. `domain/appointments/appointment` decides who may do what from
//! which state.

use super::{
    record::{announce_change, claims_of, record_change},
    slots::{Pair, day_around, rules_of, slot_taken, taken_in_tx, unavailable},
    view::{AppointmentItem, party_of, situation},
};
use crate::{
    backends::store::{AppointmentRow, AvailabilityRow, PersonRow, Tx},
    domain::{
        access::Action,
        appointments::{
            appointment::{AppointmentAction, AppointmentState, next_state, parse_reason, reminders_due},
            slots::Desk,
        },
        ids::AppointmentId,
        text::FieldError,
    },
    services::{
        Context, ServiceError, ServiceResult,
        shared::{
            contention::retry_contention,
            requester::{Requester, require},
        },
    },
};

/// A change to make to an appointment.
#[derive(Debug, Clone)]
pub struct ChangeRequest {
    /// The action.
    pub action: AppointmentAction,
    /// The new time; only rescheduling has one.
    pub starts_at_ms: Option<i64>,
    /// Why; cancelling needs a reason, rescheduling may have one.
    pub reason: Option<String>,
}

/// The outcome of one try.
enum ChangeOutcome {
    /// The change is committed. The slots of the days with these times (ms) have changed.
    Changed(Box<AppointmentRow>, Vec<i64>),
    /// The new time is taken. Carries the counsellor's hours as they were read.
    Taken(Box<AppointmentRow>, Box<AvailabilityRow>),
}

/// Changes an appointment. Unknown ones and those of others: not found. Fails with `validation` on
/// a missing reason or a time that is no slot, with `appointments.illegal_transition` when this
/// user may not do this now, and with `appointments.slot_taken`.
pub async fn change_appointment(
    context: &Context,
    requester: &Requester,
    id: AppointmentId,
    request: ChangeRequest,
) -> ServiceResult<AppointmentItem> {
    require(&requester.principal, Action::UseAppointments)?;
    // Strangers are refused before the transaction, so that they cannot block writers.
    let appointment = context.store.find_appointment(id).await?.ok_or(ServiceError::NotFound)?;
    let party = party_of(&requester.principal, &appointment).ok_or(ServiceError::NotFound)?;
    let reason = parse_reason(request.action, request.reason.as_deref())?;
    let request = ChangeRequest { reason, ..request };
    if request.action == AppointmentAction::Reschedule && context.store.find_counsellor(appointment.counsellor.id).await?.is_none() {
        return Err(unavailable("this counsellor takes no appointments any more"));
    }
    match retry_contention(async || change_once(context, requester, id, &request).await).await? {
        ChangeOutcome::Changed(appointment, days) => {
            announce_change(context, appointment.counsellor.id, &days);
            Ok(AppointmentItem::new(context, &appointment, party))
        }
        ChangeOutcome::Taken(appointment, row) => {
            let zone = context.zone();
            let rules = rules_of(&requester.principal, appointment.counsellor.id);
            let desk = Desk { availability: &row.availability, zone: &zone, now_ms: context.clock.now_ms(), rules };
            let wanted_ms = request.starts_at_ms.unwrap_or_default();
            Err(slot_taken(context, &desk, pair_of(&appointment), wanted_ms).await?)
        }
    }
}

fn pair_of(appointment: &AppointmentRow) -> Pair {
    Pair { counsellor: appointment.counsellor.id, student: Some(appointment.student.id) }
}

async fn change_once(context: &Context, requester: &Requester, id: AppointmentId, request: &ChangeRequest) -> ServiceResult<ChangeOutcome> {
    let now_ms = context.clock.now_ms();
    let mut tx = context.store.begin().await?;
    let mut appointment = tx.find_appointment_to_change(id).await?.ok_or(ServiceError::NotFound)?;
    let party = party_of(&requester.principal, &appointment).ok_or(ServiceError::NotFound)?;
    let next = next_state(situation(&appointment, now_ms), request.action, party);
    let next = next.ok_or(ServiceError::Conflict { code: "appointments.illegal_transition" })?;
    let mut days = Vec::new();
    match request.action {
        AppointmentAction::Confirm => {}
        AppointmentAction::Reschedule => {
            days.push(appointment.time.from_ms);
            if let Some(row) = move_time(context, &mut tx, requester, (&mut appointment, request)).await? {
                return Ok(ChangeOutcome::Taken(Box::new(appointment), Box::new(row)));
            }
            days.push(appointment.time.from_ms);
        }
        AppointmentAction::Cancel => {
            days.push(appointment.time.from_ms);
            appointment.reason.clone_from(&request.reason);
            appointment.cancelled_by = Some(PersonRow { id: requester.principal.user_id, name: requester.principal.name.clone() });
            end(&mut tx, &appointment).await?;
        }
        AppointmentAction::Complete | AppointmentAction::NoShow => end(&mut tx, &appointment).await?,
    }
    write(context, &mut tx, requester, (&mut appointment, next)).await?;
    tx.commit().await?;
    Ok(ChangeOutcome::Changed(Box::new(appointment), days))
}

/// Releases the claimed time and drops the reminders.
async fn end(tx: &mut Tx, appointment: &AppointmentRow) -> ServiceResult<()> {
    tx.release_claims(appointment.id).await?;
    Ok(tx.set_reminders(appointment.id, &[]).await?)
}

/// Writes the row in its new state, with audit entry, events and notices.
async fn write(
    context: &Context,
    tx: &mut Tx,
    requester: &Requester,
    (appointment, state): (&mut AppointmentRow, AppointmentState),
) -> ServiceResult<()> {
    appointment.state = state;
    appointment.sequence += 1;
    appointment.updated_at_ms = context.clock.now_ms();
    tx.update_appointment(appointment).await?;
    Ok(record_change(context, tx, requester, appointment).await?)
}

/// Moves an appointment, its claims and its reminders to the wanted time. Returns the counsellor's
/// hours when the time is taken; the caller must then drop the transaction.
async fn move_time(
    context: &Context,
    tx: &mut Tx,
    requester: &Requester,
    (appointment, request): (&mut AppointmentRow, &ChangeRequest),
) -> ServiceResult<Option<AvailabilityRow>> {
    let required = || FieldError::new("starts_at", "required", "this field is required");
    let starts_at_ms = request.starts_at_ms.ok_or_else(required)?;
    if starts_at_ms == appointment.time.from_ms {
        return Err(unavailable("the appointment is at this time already"));
    }
    let (zone, now_ms) = (context.zone(), context.clock.now_ms());
    let pair = pair_of(appointment);
    let row = tx.lock_availability(pair.counsellor).await?.ok_or_else(|| unavailable("this counsellor has no hours"))?;
    let desk = Desk { availability: &row.availability, zone: &zone, now_ms, rules: rules_of(&requester.principal, pair.counsellor) };
    let time = desk.time_from(starts_at_ms);
    if !desk.offers(time) {
        return Err(unavailable("this counsellor has no slot then"));
    }
    let taken = taken_in_tx(tx, pair, day_around(time, &zone), Some(appointment.id)).await?;
    if !desk.is_free(time, &taken) {
        return Ok(Some(row));
    }
    let blocked = desk.blocked_by(time);
    (appointment.time, appointment.blocked) = (time, blocked);
    appointment.proposed_by = requester.principal.user_id;
    appointment.reason.clone_from(&request.reason);
    tx.release_claims(appointment.id).await?;
    if !tx.claim_times(appointment.id, &claims_of(appointment)).await? {
        return Ok(Some(row));
    }
    tx.set_reminders(appointment.id, &reminders_due(starts_at_ms, now_ms)).await?;
    Ok(None)
}
