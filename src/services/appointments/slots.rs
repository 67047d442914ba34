//! Owns which times can be booked: a counsellor's hours without the times that are taken. Called by
//! `http/resources/counsellors` and the other files of this module. `domain/appointments/slots` has
//! the rules.

use crate::{
    backends::{BackendResult, store::Tx},
    domain::{
        access::Action,
        appointments::slots::{BookingRules, Desk, Span, Taken, day_of, span_of_day},
        clock::rfc3339,
        ids::{AppointmentId, UserId},
        principal::{Principal, Role},
        shape::Time,
        text::FieldError,
    },
    services::{Context, ServiceError, ServiceResult, shared::requester::require},
};
use jiff::{civil::Date, tz::TimeZone};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// How many days one list can cover.
pub const LONGEST_LIST_DAYS: i32 = 62;
/// Days of a list when the client names no end: today and the next 13.
const DEFAULT_LIST_DAYS: i32 = 14;
/// How many free slots a refused booking offers.
const ALTERNATIVES: usize = 3;

/// A time that can be booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Slot")]
pub struct SlotItem {
    /// When it begins.
    #[schemars(with = "Time")]
    pub starts_at: String,
    /// When it ends.
    #[schemars(with = "Time")]
    pub ends_at: String,
}

/// What can be booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct SlotList {
    /// IANA zone in which the days are.
    pub zone: String,
    /// In order.
    pub slots: Vec<SlotItem>,
}

/// The two people whose time is booked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub counsellor: UserId,
    /// `None`: not asked for a certain student.
    pub student: Option<UserId>,
}

impl From<Span> for SlotItem {
    fn from(time: Span) -> Self {
        Self { starts_at: rfc3339(time.from_ms), ends_at: rfc3339(time.to_ms) }
    }
}

/// Lists the slots of a counsellor from one school day to another, both included. Other
/// appointments of a student who asks count as taken. Unknown counsellors: not found. Fails with
/// `validation` when the days are in the wrong order or too many.
pub async fn list_slots(
    context: &Context,
    principal: &Principal,
    counsellor: UserId,
    from: Option<Date>,
    to: Option<Date>,
) -> ServiceResult<SlotList> {
    require(principal, Action::SeeCounsellors)?;
    context.store.find_counsellor(counsellor).await?.ok_or(ServiceError::NotFound)?;
    let zone = context.zone();
    let now_ms = context.clock.now_ms();
    let days = days_of_list(from, to, day_of(now_ms, &zone))?;
    let mut slots = Vec::new();
    if let Some(row) = context.store.find_availability(counsellor).await? {
        let student = (principal.role == Role::Student).then_some(principal.user_id);
        let desk = Desk { availability: &row.availability, zone: &zone, now_ms, rules: rules_of(principal, counsellor) };
        let taken = taken_in(context, Pair { counsellor, student }, span_of_days(days, &zone)).await?;
        let mut day = days.0;
        while day <= days.1 {
            slots.extend(desk.free_on(day, &taken).into_iter().map(SlotItem::from));
            let Ok(next) = day.tomorrow() else { break };
            day = next;
        }
    }
    Ok(SlotList { zone: context.config.school.zone.clone(), slots })
}

/// Returns the first and last day of a list.
fn days_of_list(from: Option<Date>, to: Option<Date>, today: Date) -> ServiceResult<(Date, Date)> {
    let from = from.unwrap_or(today);
    let plus = |days: i32| from.saturating_add(jiff::Span::new().days(days - 1));
    let to = to.unwrap_or_else(|| plus(DEFAULT_LIST_DAYS));
    if to < from || to > plus(LONGEST_LIST_DAYS) {
        return Err(FieldError::new("to", "unknown_value", format!("from the first day to {LONGEST_LIST_DAYS} days")).into());
    }
    Ok((from, to))
}

fn span_of_days((from, to): (Date, Date), zone: &TimeZone) -> Span {
    Span { from_ms: span_of_day(from, zone).from_ms, to_ms: span_of_day(to, zone).to_ms }
}

/// Returns the rules that a user must follow with a counsellor.
pub(super) fn rules_of(principal: &Principal, counsellor: UserId) -> BookingRules {
    if principal.user_id == counsellor { BookingRules::Counsellor } else { BookingRules::Student }
}

/// Reads the taken times of both people around `span`.
pub(super) async fn taken_in(context: &Context, pair: Pair, span: Span) -> BackendResult<Taken> {
    let counsellor = context.store.booked_with(pair.counsellor, span).await?;
    let student = match pair.student {
        Some(student) => context.store.occupied_times(student, span).await?,
        None => Vec::new(),
    };
    Ok(Taken { counsellor, student })
}

/// As [`taken_in`], inside a transaction that has locked the counsellor's hours, without the
/// appointment `except`.
pub(super) async fn taken_in_tx(tx: &mut Tx, pair: Pair, span: Span, except: Option<AppointmentId>) -> BackendResult<Taken> {
    let counsellor = tx.booked_with(pair.counsellor, span, except).await?;
    let student = match pair.student {
        Some(student) => tx.occupied_times(student, span, except).await?,
        None => Vec::new(),
    };
    Ok(Taken { counsellor, student })
}

/// Returns the day around a time. Reading it is enough to decide whether the time is free.
pub(super) fn day_around(time: Span, zone: &TimeZone) -> Span {
    let day = span_of_day(day_of(time.from_ms, zone), zone);
    Span { from_ms: day.from_ms.min(time.from_ms), to_ms: day.to_ms.max(time.to_ms) }
}

/// Makes the error of a time that is no slot.
pub(super) fn unavailable(message: &'static str) -> ServiceError {
    FieldError::new("starts_at", "unavailable", message).into()
}

/// Makes the error of a time that is taken, with the next slots that are free for both. Call it
/// outside of any transaction.
pub(super) async fn slot_taken(context: &Context, desk: &Desk<'_>, pair: Pair, wanted_ms: i64) -> ServiceResult<ServiceError> {
    let span = span_of_days((desk.today(), desk.last_day()), desk.zone);
    let taken = taken_in(context, pair, span).await?;
    let alternatives: Vec<SlotItem> = desk.alternatives(wanted_ms, &taken, ALTERNATIVES).into_iter().map(SlotItem::from).collect();
    let facts: Map<String, Value> = [("alternatives".to_owned(), json!(alternatives))].into_iter().collect();
    Ok(ServiceError::ConflictWith { code: "appointments.slot_taken", facts })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::appointments::availability::parse_day;

    #[test]
    fn lists_are_bounded() {
        let day = |text: &str| parse_day(text).unwrap();
        let today = day("2026-02-02");
        assert_eq!(days_of_list(None, None, today).unwrap(), (today, day("2026-02-15")));
        assert_eq!(days_of_list(Some(day("2026-03-01")), None, today).unwrap().1, day("2026-03-14"));
        assert!(days_of_list(None, Some(day("2026-04-04")), today).is_ok());
        assert!(days_of_list(None, Some(day("2026-04-05")), today).is_err());
        assert!(days_of_list(None, Some(day("2026-02-01")), today).is_err());
    }
}
