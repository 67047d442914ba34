//! Owns a counsellor's hours: reading, checking and changing them. Called by
//! `http/resources/availability`. A change of hours never changes an appointment; the answer lists
//! the appointments that the hours no longer cover.

use super::{AppointmentItem, announce_slots};
use crate::{
    backends::store::{AppointmentRow, Tx},
    domain::{
        access::{Action, may},
        appointments::{
            appointment::Party,
            availability::{Availability, AvailabilityForm},
            slots::{BookingRules, Desk, Taken, day_of, open_spans},
        },
        ids::UserId,
        principal::Principal,
        shape::Count,
    },
    services::{
        Context, ServiceError, ServiceResult,
        shared::requester::{Requester, require},
    },
};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

/// A counsellor's hours as the contract shapes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Availability")]
pub struct AvailabilityItem {
    /// IANA zone of the school.
    pub zone: String,
    /// To be sent with a change; 0: never set.
    #[schemars(with = "Count")]
    pub version: i64,
    /// The settings.
    #[serde(flatten)]
    pub settings: AvailabilityForm,
    /// Live appointments in the future that the hours do not cover.
    pub conflicts: Vec<AppointmentItem>,
}

/// Shows a counsellor's own hours, or to admins those of `counsellor`. Hours of others and unknown
/// counsellors: not found.
pub async fn read_availability(context: &Context, principal: &Principal, counsellor: Option<UserId>) -> ServiceResult<AvailabilityItem> {
    let is_admin = may(principal.role, Action::ReadAvailability);
    if !is_admin {
        require(principal, Action::KeepAvailability)?;
    }
    let counsellor = counsellor.unwrap_or(principal.user_id);
    if (!is_admin && counsellor != principal.user_id) || context.store.find_counsellor(counsellor).await?.is_none() {
        return Err(ServiceError::NotFound);
    }
    let row = context.store.find_availability(counsellor).await?;
    let (availability, version) = row.map_or_else(|| (Availability::unset(), 0), |row| (row.availability, row.version));
    let party = if is_admin { Party::Admin } else { Party::Counsellor };
    let conflicts = find_conflicts(context, counsellor, &availability, party).await?;
    Ok(AvailabilityItem { zone: context.config.school.zone.clone(), version, settings: availability.form(), conflicts })
}

/// Returns the appointments that these hours would not cover; changes nothing.
pub async fn check_availability(context: &Context, principal: &Principal, form: &AvailabilityForm) -> ServiceResult<Vec<AppointmentItem>> {
    require(principal, Action::KeepAvailability)?;
    let availability = Availability::parse(form).map_err(ServiceError::validation)?;
    find_conflicts(context, principal.user_id, &availability, Party::Counsellor).await
}

/// Changes the requester's own hours. Fails with `validation`, and with `conflict` when the hours
/// were changed since `version` was read. Publishes `slots.changed` for the days concerned.
pub async fn put_availability(
    context: &Context,
    requester: &Requester,
    form: &AvailabilityForm,
    version: i64,
) -> ServiceResult<AvailabilityItem> {
    require(&requester.principal, Action::KeepAvailability)?;
    let counsellor = requester.principal.user_id;
    let availability = Availability::parse(form).map_err(ServiceError::validation)?;
    let mut tx = context.store.begin().await?;
    let before = tx.lock_availability(counsellor).await?;
    if !tx.put_availability(counsellor, &availability, version, context.clock.now_ms()).await? {
        return Err(ServiceError::Conflict { code: "conflict" });
    }
    audit_change(context, &mut tx, requester, version + 1).await?;
    tx.commit().await?;
    let before = before.map_or_else(Availability::unset, |row| row.availability);
    announce_slots(context, counsellor, &changed_days(&before, &availability, &context.zone(), context.clock.now_ms()));
    let conflicts = find_conflicts(context, counsellor, &availability, Party::Counsellor).await?;
    Ok(AvailabilityItem { zone: context.config.school.zone.clone(), version: version + 1, settings: availability.form(), conflicts })
}

async fn audit_change(context: &Context, tx: &mut Tx, requester: &Requester, version: i64) -> ServiceResult<()> {
    let target = Some(("user", requester.principal.user_id.to_string()));
    let entry = requester.audit_entry("availability.changed", target, json!({ "version": version }), context.clock.now_ms());
    Ok(tx.append_audit(&entry).await?)
}

async fn find_conflicts(
    context: &Context,
    counsellor: UserId,
    availability: &Availability,
    party: Party,
) -> ServiceResult<Vec<AppointmentItem>> {
    let zone = context.zone();
    let live = context.store.live_appointments_after(counsellor, context.clock.now_ms()).await?;
    let is_covered = |row: &AppointmentRow| {
        let open = open_spans(availability, day_of(row.time.from_ms, &zone), &zone);
        open.iter().any(|span| span.covers(row.time))
    };
    Ok(live.iter().filter(|row| !is_covered(row)).map(|row| AppointmentItem::new(context, row, party)).collect())
}

/// Returns the days whose slots differ under the new hours, from today to the later of the two
/// horizons, as `YYYY-MM-DD`.
fn changed_days(before: &Availability, after: &Availability, zone: &TimeZone, now_ms: i64) -> Vec<String> {
    let desk = |availability| Desk { availability, zone, now_ms, rules: BookingRules::Student };
    let (before, after) = (desk(before), desk(after));
    let last = before.last_day().max(after.last_day());
    let mut days = Vec::new();
    let mut day = after.today();
    while day <= last {
        let nothing = Taken::default();
        if before.free_on(day, &nothing) != after.free_on(day, &nothing) || before.availability.daily_cap != after.availability.daily_cap {
            days.push(day.to_string());
        }
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::appointments::availability::WeeklyForm;

    #[test]
    fn only_days_whose_slots_differ_are_told() {
        let zone = TimeZone::get("Asia/Jakarta").unwrap();
        let hours = |weekday: u8, to: &str| WeeklyForm { weekday, from: "08:00".into(), to: to.into() };
        let made = |weekly: Vec<WeeklyForm>, horizon_days| {
            Availability::parse(&AvailabilityForm { weekly, horizon_days, ..Availability::unset().form() }).unwrap()
        };
        // Monday, 2 February 2026.
        let now_ms = 1_769_994_000_000 - 3_600_000;
        let before = made(vec![hours(1, "10:00"), hours(2, "10:00")], 7);
        assert_eq!(changed_days(&before, &before, &zone, now_ms), [""; 0]);
        let shorter = made(vec![hours(1, "10:00"), hours(2, "09:00")], 7);
        assert_eq!(changed_days(&before, &shorter, &zone, now_ms), ["2026-02-03"]);
        let farther = made(vec![hours(1, "10:00"), hours(2, "10:00")], 14);
        assert_eq!(changed_days(&before, &farther, &zone, now_ms), ["2026-02-10", "2026-02-16"]);
    }
}
