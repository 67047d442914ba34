//! Owns the lists of appointments, and the view of one. Called by `http/resources/appointments`,
//! [`super::ics`] and [`super::video`].

use super::{
    record::facts,
    view::{AppointmentItem, party_of},
};
use crate::{
    backends::store::{AppointmentCursor, AppointmentFilter, AppointmentRow, AppointmentScope},
    domain::{
        access::{Action, may},
        appointments::{appointment::Party, slots::Span},
        ids::{AppointmentId, UserId},
        principal::{Principal, Role},
    },
    services::{
        Context, ServiceError, ServiceResult,
        shared::requester::{Requester, require},
    },
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use std::{fmt, str::FromStr};

/// The part of time that a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListScope {
    /// Live and not over, soonest first.
    Upcoming,
    /// All others, latest first.
    Past,
    /// All that overlap this span, in any state, soonest first: a calendar.
    Within(Span),
}

/// The filter and page of a list of appointments.
#[derive(Debug, Clone, Copy)]
pub struct AppointmentQuery {
    /// The part of time.
    pub scope: ListScope,
    /// Only those with this counsellor; used for admins only.
    pub counsellor: Option<UserId>,
    /// Only those after this position.
    pub after: Option<ListCursor>,
    /// How many at most.
    pub limit: u32,
}

/// The position of an appointment in a list, as text: `START_MS.ID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListCursor(AppointmentCursor);

impl fmt::Display for ListCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0.0, self.0.1)
    }
}

impl FromStr for ListCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (start, id) = text.split_once('.').ok_or(())?;
        Ok(Self((start.parse().map_err(drop)?, AppointmentId::parse(id).map_err(drop)?)))
    }
}

/// A page of appointments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct AppointmentPage {
    /// In the order of the scope.
    pub items: Vec<AppointmentItem>,
    /// `after` of the next page; null on the last one.
    pub next: Option<String>,
}

/// Lists the requester's own appointments, or for admins those of all. An admin's view is recorded
/// in the audit trail.
pub async fn list_appointments(context: &Context, requester: &Requester, query: AppointmentQuery) -> ServiceResult<AppointmentPage> {
    require(&requester.principal, Action::UseAppointments)?;
    let now_ms = context.clock.now_ms();
    let scope = match query.scope {
        ListScope::Upcoming => AppointmentScope::Upcoming(now_ms),
        ListScope::Past => AppointmentScope::Past(now_ms),
        ListScope::Within(span) => AppointmentScope::Within(span),
    };
    let filter = filter_of(&requester.principal, query.counsellor, scope);
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let mut rows = context.store.list_appointments(&filter, query.after.map(|cursor| cursor.0), query.limit.saturating_add(1)).await?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    if may(requester.principal.role, Action::OverseeAppointments) {
        audit_view(context, requester, None, json!({ "counsellor_id": query.counsellor, "count": rows.len() })).await?;
    }
    let next = rows.last().filter(|_| has_more).map(|row| ListCursor((row.time.from_ms, row.id)).to_string());
    Ok(AppointmentPage { items: show_all(context, &requester.principal, &rows), next })
}

/// Shows one appointment. Unknown ones and those of others: not found. An admin's view is recorded
/// in the audit trail.
pub async fn read_appointment(context: &Context, requester: &Requester, id: AppointmentId) -> ServiceResult<AppointmentItem> {
    let (appointment, party) = find_own(context, &requester.principal, id).await?;
    if party == Party::Admin {
        audit_view(context, requester, Some(id), facts(&appointment)).await?;
    }
    Ok(AppointmentItem::new(context, &appointment, party))
}

/// Finds an appointment that the user is a party of. Others: not found.
pub(super) async fn find_own(context: &Context, principal: &Principal, id: AppointmentId) -> ServiceResult<(AppointmentRow, Party)> {
    require(principal, Action::UseAppointments)?;
    let appointment = context.store.find_appointment(id).await?.ok_or(ServiceError::NotFound)?;
    let party = party_of(principal, &appointment).ok_or(ServiceError::NotFound)?;
    Ok((appointment, party))
}

/// Returns which appointments a user may see; `counsellor` narrows an admin's list.
fn filter_of(principal: &Principal, counsellor: Option<UserId>, scope: AppointmentScope) -> AppointmentFilter {
    match principal.role {
        Role::Student => AppointmentFilter { counsellor: None, student: Some(principal.user_id), scope },
        Role::Counsellor => AppointmentFilter { counsellor: Some(principal.user_id), student: None, scope },
        Role::Admin => AppointmentFilter { counsellor, student: None, scope },
    }
}

fn show_all(context: &Context, principal: &Principal, rows: &[AppointmentRow]) -> Vec<AppointmentItem> {
    let show = |row: &AppointmentRow| party_of(principal, row).map(|party| AppointmentItem::new(context, row, party));
    rows.iter().filter_map(show).collect()
}

/// Records in the audit trail that an admin looked at one appointment, or at a list.
pub(super) async fn audit_view(
    context: &Context,
    requester: &Requester,
    id: Option<AppointmentId>,
    data: serde_json::Value,
) -> ServiceResult<()> {
    let action = if id.is_some() { "appointment.viewed" } else { "appointment.listed" };
    let target = id.map(|id| ("appointment", id.to_string()));
    let entry = requester.audit_entry(action, target, data, context.clock.now_ms());
    Ok(context.store.append_audit(&entry).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_round_trip_and_nothing_else_reads() {
        let cursor = ListCursor((-5, AppointmentId::generate()));
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in ["", ".", "5", "5.x", "x.5", "' OR 1=1"] {
            assert_eq!(text.parse::<ListCursor>(), Err(()), "{text}");
        }
    }
}
