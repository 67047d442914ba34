//! Owns the booking of an appointment. Called by `http/resources/appointments`.
//!
//! - The claims on both people's time decide: the primary key of `slot_claims` lets one of several
//!   parallel bookings through.
//! - The row, claims, reminders, audit entry, events and notice are one transaction.

use super::{
    counsellors::offered_modes,
    record::{announce_change, claims_of, record_change},
    slots::{Pair, day_around, rules_of, slot_taken, taken_in, taken_in_tx, unavailable},
    video::new_room,
    view::AppointmentItem,
};
use crate::{
    backends::{
        BackendResult,
        store::{AppointmentRow, AvailabilityRow, PersonRow, Tx},
    },
    domain::{
        access::Action,
        appointments::{
            appointment::{AppointmentMode, AppointmentState, AppointmentText, Party, reminders_due},
            slots::{BookingRules, Desk},
        },
        ids::{AppointmentId, UserId},
        principal::{Principal, Role},
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
use jiff::tz::TimeZone;

/// An appointment to book.
#[derive(Debug, Clone)]
pub struct NewBooking {
    /// The counsellor.
    pub counsellor_id: UserId,
    /// The student; only counsellors book for another user.
    pub student_id: Option<UserId>,
    /// When it begins.
    pub starts_at_ms: i64,
    /// Topic and note.
    pub text: AppointmentText,
    /// How the two meet.
    pub mode: AppointmentMode,
}

/// The parts of a booking that stay the same at every try of the transaction.
struct Plan {
    counsellor: PersonRow,
    student: PersonRow,
    zone: TimeZone,
    rules: BookingRules,
    now_ms: i64,
}

impl Plan {
    const fn pair(&self) -> Pair {
        Pair { counsellor: self.counsellor.id, student: Some(self.student.id) }
    }

    /// Combines the counsellor's hours with the rules of the requester. Fails with `validation`
    /// when the hours do not offer the wanted time, taken or not.
    fn desk<'a>(&'a self, row: Option<&'a AvailabilityRow>, new: &NewBooking) -> ServiceResult<Desk<'a>> {
        let desk = row.map(|row| Desk { availability: &row.availability, zone: &self.zone, now_ms: self.now_ms, rules: self.rules });
        let offering = desk.filter(|desk| desk.offers(desk.time_from(new.starts_at_ms)));
        offering.ok_or_else(|| unavailable("this counsellor has no slot then"))
    }
}

/// Books an appointment.
///
/// Fails with `validation` on people or times that cannot be booked, with `appointments.slot_taken`
/// when another booking was faster, and with `appointments.too_many` for a student who has as many
/// appointments ahead as the school allows.
pub async fn book_appointment(context: &Context, requester: &Requester, new: NewBooking) -> ServiceResult<AppointmentItem> {
    require(&requester.principal, Action::BookAppointments)?;
    if !offered_modes(context).contains(&new.mode) {
        return Err(FieldError::new("mode", "unavailable", "there is no video server").into());
    }
    let (counsellor, student) = find_pair(context, &requester.principal, &new).await?;
    let plan = Plan {
        rules: rules_of(&requester.principal, counsellor.id),
        counsellor,
        student,
        zone: context.zone(),
        now_ms: context.clock.now_ms(),
    };
    let made = retry_contention(async || book_once(context, requester, &plan, &new).await).await?;
    announce_change(context, made.counsellor.id, &[made.time.from_ms]);
    let party = if requester.principal.role == Role::Counsellor { Party::Counsellor } else { Party::Student };
    Ok(AppointmentItem::new(context, &made, party))
}

/// Finds the two people. Students book for themselves with any counsellor; counsellors book with
/// themselves for any student.
async fn find_pair(context: &Context, principal: &Principal, new: &NewBooking) -> ServiceResult<(PersonRow, PersonRow)> {
    let unknown = |field, message| ServiceError::from(FieldError::new(field, "unknown_value", message));
    let myself = PersonRow { id: principal.user_id, name: principal.name.clone() };
    if principal.role == Role::Student {
        if new.student_id.is_some_and(|student| student != principal.user_id) {
            return Err(unknown("student_id", "students book for themselves"));
        }
        let counsellor = context.store.find_counsellor(new.counsellor_id).await?;
        let counsellor = counsellor.ok_or_else(|| unknown("counsellor_id", "there is no such counsellor"))?;
        return Ok((PersonRow { id: counsellor.id, name: counsellor.name }, myself));
    }
    if new.counsellor_id != principal.user_id {
        return Err(unknown("counsellor_id", "counsellors book with themselves"));
    }
    let student_id = new.student_id.ok_or_else(|| FieldError::new("student_id", "required", "this field is required"))?;
    let student = context.store.find_user(student_id).await?;
    let student = student.filter(|user| user.role == Role::Student && user.disabled_at_ms.is_none());
    let student = student.ok_or_else(|| unknown("student_id", "there is no such student"))?;
    Ok((myself, PersonRow { id: student.id, name: student.name }))
}

async fn book_once(context: &Context, requester: &Requester, plan: &Plan, new: &NewBooking) -> ServiceResult<AppointmentRow> {
    let pair = plan.pair();
    // Most bookings that come too late are refused here, before they wait for their turn to write.
    let row = context.store.find_availability(pair.counsellor).await?;
    let desk = plan.desk(row.as_ref(), new)?;
    let around = day_around(desk.time_from(new.starts_at_ms), &plan.zone);
    if !desk.is_free(desk.time_from(new.starts_at_ms), &taken_in(context, pair, around).await?) {
        return Err(slot_taken(context, &desk, pair, new.starts_at_ms).await?);
    }
    let mut tx = context.store.begin().await?;
    // From here on other bookings with this counsellor wait for this one, so the reads below stay
    // true. Only the student can be booked meanwhile, by another counsellor.
    let row = tx.lock_availability(pair.counsellor).await?;
    let desk = plan.desk(row.as_ref(), new)?;
    refuse_too_many(context, &mut tx, &requester.principal, plan).await?;
    let appointment = new_row(&requester.principal, plan, new, &desk);
    let is_free = desk.is_free(appointment.time, &taken_in_tx(&mut tx, pair, around, None).await?);
    if !is_free || !insert(&mut tx, &appointment).await? {
        drop(tx);
        return Err(slot_taken(context, &desk, pair, new.starts_at_ms).await?);
    }
    tx.set_reminders(appointment.id, &reminders_due(appointment.time.from_ms, plan.now_ms)).await?;
    record_change(context, &mut tx, requester, &appointment).await?;
    tx.commit().await?;
    Ok(appointment)
}

/// Fails when a student who books has enough appointments ahead. Bookings with one counsellor wait
/// for each other here. A student who books with several counsellors at once may get a few more,
/// which does no harm.
async fn refuse_too_many(context: &Context, tx: &mut Tx, principal: &Principal, plan: &Plan) -> ServiceResult<()> {
    let most = i64::from(context.config.school.appointments_ahead);
    if principal.role != Role::Student || most == 0 || tx.count_ahead(plan.student.id, plan.now_ms).await? < most {
        return Ok(());
    }
    Err(ServiceError::Conflict { code: "appointments.too_many" })
}

/// Writes the row and claims its time; `false` when a part of the time is taken. The claims are the
/// guarantee, whatever was read before.
async fn insert(tx: &mut Tx, appointment: &AppointmentRow) -> BackendResult<bool> {
    tx.insert_appointment(appointment).await?;
    tx.claim_times(appointment.id, &claims_of(appointment)).await
}

fn new_row(principal: &Principal, plan: &Plan, new: &NewBooking, desk: &Desk<'_>) -> AppointmentRow {
    let time = desk.time_from(new.starts_at_ms);
    AppointmentRow {
        id: AppointmentId::generate(),
        counsellor: plan.counsellor.clone(),
        student: plan.student.clone(),
        time,
        blocked: desk.blocked_by(time),
        state: AppointmentState::Requested,
        mode: new.mode,
        topic: new.text.topic.clone(),
        note: new.text.note.clone(),
        reason: None,
        proposed_by: principal.user_id,
        cancelled_by: None,
        video_room: (new.mode == AppointmentMode::Video).then(new_room),
        sequence: 0,
        created_at_ms: plan.now_ms,
        updated_at_ms: plan.now_ms,
    }
}
