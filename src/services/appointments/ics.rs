//! Owns the calendar file of an appointment (RFC 5545). Called by `http/resources/appointments`.
//! Must not carry the topic or the note: calendars show their entries to others.
//!
//! - The same appointment keeps its `UID` and raises its `SEQUENCE`, so that a calendar replaces
//!   the earlier version.
//! - The file of a cancelled appointment removes the entry (`METHOD:CANCEL`).
//! - Times are UTC, which every calendar shows in its own zone; the school's zone is named beside
//!   them.

use super::{
    list::{audit_view, find_own},
    record::facts,
};
use crate::{
    backends::store::AppointmentRow,
    domain::{
        appointments::appointment::{AppointmentState, Party},
        ids::AppointmentId,
        language::Language,
    },
    services::{Context, ServiceResult, shared::requester::Requester},
};
use icalendar::{Calendar, Component as _, Event, EventStatus, Property};
use jiff::Timestamp;

const PRODUCT: &str = "-//EduCounsel//EduCounsel//ID";
/// RFC 5546 requires an organiser. The address cannot exist (`.invalid`, RFC 2606), because replies
/// have no use.
const ORGANISER: &str = "mailto:noreply@educounsel.invalid";

/// A calendar file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarFile {
    /// Its text, lines ended by CRLF.
    pub text: String,
    /// `PUBLISH` or `CANCEL`; also a parameter of the content type.
    pub method: &'static str,
}

/// Makes the calendar file of an appointment, titled in `language`. Unknown ones and those of
/// others: not found. An admin's view is recorded in the audit trail.
pub async fn calendar_file(context: &Context, requester: &Requester, id: AppointmentId, language: Language) -> ServiceResult<CalendarFile> {
    let (appointment, party) = find_own(context, &requester.principal, id).await?;
    if party == Party::Admin {
        audit_view(context, requester, Some(id), facts(&appointment)).await?;
    }
    Ok(render(&appointment, &context.config.school.zone, language))
}

fn render(appointment: &AppointmentRow, zone: &str, language: Language) -> CalendarFile {
    let (method, status) = match appointment.state {
        AppointmentState::Cancelled => ("CANCEL", EventStatus::Cancelled),
        AppointmentState::Requested | AppointmentState::Rescheduled => ("PUBLISH", EventStatus::Tentative),
        AppointmentState::Confirmed | AppointmentState::Completed | AppointmentState::NoShow => ("PUBLISH", EventStatus::Confirmed),
    };
    let title = match language {
        Language::Indonesian => "Janji temu",
        Language::English => "Appointment",
    };
    let event = Event::new()
        .uid(&format!("{}@educounsel", appointment.id))
        .sequence(u32::try_from(appointment.sequence).unwrap_or(u32::MAX))
        .summary(title)
        .status(status)
        .add_property("DTSTART", utc(appointment.time.from_ms))
        .add_property("DTEND", utc(appointment.time.to_ms))
        .add_property("DTSTAMP", utc(appointment.updated_at_ms))
        .add_property("CREATED", utc(appointment.created_at_ms))
        .add_property("LAST-MODIFIED", utc(appointment.updated_at_ms))
        .add_property("CLASS", "PRIVATE")
        .append_property(Property::new("ORGANIZER", ORGANISER).add_parameter("CN", "EduCounsel"))
        .done();
    let mut calendar = Calendar::empty();
    for (name, value) in [("VERSION", "2.0"), ("PRODID", PRODUCT), ("CALSCALE", "GREGORIAN"), ("METHOD", method), ("X-WR-TIMEZONE", zone)] {
        calendar.append_property((name, value));
    }
    calendar.push(event);
    CalendarFile { text: calendar.to_string(), method }
}

/// Writes an instant as `20260202T010000Z`.
fn utc(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH).strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backends::store::PersonRow,
        domain::{
            appointments::{appointment::AppointmentMode, slots::Span},
            ids::UserId,
        },
    };
    use calcard::icalendar::{ICalendar, ICalendarComponentType, ICalendarProperty};

    fn appointment(state: AppointmentState) -> AppointmentRow {
        let person = |name: &str| PersonRow { id: UserId::generate(), name: name.into() };
        AppointmentRow {
            id: AppointmentId::generate(),
            counsellor: person("Sri Wahyuni, M.Pd."),
            student: person("Ana"),
            time: Span { from_ms: 1_769_994_000_000, to_ms: 1_769_995_800_000 },
            blocked: Span { from_ms: 1_769_994_000_000, to_ms: 1_769_995_800_000 },
            state,
            mode: AppointmentMode::Onsite,
            topic: "Rahasia".into(),
            note: Some("Rahasia".into()),
            reason: Some("Rahasia".into()),
            proposed_by: UserId::generate(),
            cancelled_by: None,
            video_room: None,
            sequence: 3,
            created_at_ms: 1_769_900_000_000,
            updated_at_ms: 1_769_900_001_000,
        }
    }

    /// Parses a file with another project's parser and returns the text of a property of the
    /// calendar (0) or of its event (1).
    fn property(file: &CalendarFile, component: usize, name: &ICalendarProperty) -> String {
        let parsed = ICalendar::parse(&file.text).unwrap();
        assert_eq!(parsed.components.len(), 2, "a calendar with one event");
        assert_eq!(parsed.components[1].component_type, ICalendarComponentType::VEvent);
        let entry = parsed.components[component].property(name).unwrap_or_else(|| panic!("{name:?} in {}", file.text));
        let value = &entry.values[0];
        match value.as_partial_date_time().and_then(|time| time.to_date_time()) {
            Some(time) => {
                assert_eq!(time.offset.map(|offset| offset.local_minus_utc()), Some(0), "in UTC");
                time.date_time.and_utc().timestamp().to_string()
            }
            None => value.as_integer().map_or_else(|| value.as_text().unwrap_or_default().to_owned(), |number| number.to_string()),
        }
    }

    #[test]
    fn another_parser_reads_what_calendars_need() {
        let row = appointment(AppointmentState::Confirmed);
        let file = render(&row, "Asia/Jakarta", Language::Indonesian);
        for (component, name, expected) in [
            (0, ICalendarProperty::Method, "PUBLISH".to_owned()),
            (0, ICalendarProperty::Version, "2.0".to_owned()),
            (1, ICalendarProperty::Uid, format!("{}@educounsel", row.id)),
            (1, ICalendarProperty::Sequence, "3".to_owned()),
            (1, ICalendarProperty::Summary, "Janji temu".to_owned()),
            (1, ICalendarProperty::Status, "CONFIRMED".to_owned()),
            (1, ICalendarProperty::Dtstart, "1769994000".to_owned()),
            (1, ICalendarProperty::Dtend, "1769995800".to_owned()),
            (1, ICalendarProperty::Dtstamp, "1769900001".to_owned()),
        ] {
            assert_eq!(property(&file, component, &name), expected, "{name:?}");
        }
        assert!(file.text.contains("\r\nX-WR-TIMEZONE:Asia/Jakarta\r\n"), "{}", file.text);
        assert!(file.text.ends_with("END:VCALENDAR\r\n") && file.text.lines().all(|line| line.len() <= 75));
    }

    #[test]
    fn a_cancelled_one_takes_itself_out_and_nothing_tells_why() {
        let row = appointment(AppointmentState::Cancelled);
        let file = render(&row, "Asia/Jakarta", Language::English);
        assert_eq!(file.method, "CANCEL");
        assert_eq!(property(&file, 0, &ICalendarProperty::Method), "CANCEL");
        assert_eq!(property(&file, 1, &ICalendarProperty::Status), "CANCELLED");
        assert_eq!(property(&file, 1, &ICalendarProperty::Summary), "Appointment");
        assert!(!file.text.contains("Rahasia") && !file.text.contains("Sri"));
        let open = render(&appointment(AppointmentState::Rescheduled), "Asia/Jakarta", Language::English);
        assert_eq!(property(&open, 1, &ICalendarProperty::Status), "TENTATIVE");
    }
}
