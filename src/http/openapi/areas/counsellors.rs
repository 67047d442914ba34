//! Counsellors: who there is, their hours, and what can be booked.

use crate::domain::access::Action;
use crate::http::openapi::{
    Area, Event,
    operation::{Operation, get, post, put},
    schema::{about, count, day, id, list, object, one_of, or_null, page, shape, text, text_of, time},
};
use crate::wire::desk_event::DeskEvent;
use serde_json::{Value, json};

pub(super) fn area() -> Area {
    Area {
        name: "Counsellors",
        about: "Who there is, whether they are there, their hours, and what can be booked with them; and the students whom they meet.",
        operations: operations(),
        shapes: vec![
            ("DutyStatus", one_of(&["online", "away", "offline"])),
            ("CounsellorStatus", object([("id", id()), ("status", shape("DutyStatus"))])),
            (
                "Counsellor",
                object([
                    ("id", id()),
                    ("name", text()),
                    ("status", shape("DutyStatus")),
                    ("modes", about(list(shape("AppointmentMode")), "`video` only where there is a video server.")),
                ]),
            ),
            ("Student", object([("id", id()), ("name", text()), ("login", about(text(), "Tells two of the same name apart."))])),
            ("Slot", object([("starts_at", time()), ("ends_at", time())])),
            ("WeeklyHours", weekly_hours()),
            ("DayException", day_exception()),
            ("Availability", availability()),
        ],
        events: vec![
            Event {
                event: DeskEvent::CounsellorStatus,
                meaning: "A counsellor came, went, or is busy. Every user may join the channel.",
                data: shape("CounsellorStatus"),
            },
            Event {
                event: DeskEvent::SlotsChanged,
                meaning: "What can be booked with the counsellor changed: load these days again. Every user may join the channel.",
                data: object([("counsellor_id", id()), ("dates", list(day()))]),
            },
        ],
    }
}

fn operations() -> Vec<Operation> {
    vec![
        get("/api/v1/counsellors", "list_counsellors", "Lists all counsellors who may sign in, by name.")
            .needs(Action::SeeCounsellors)
            .answers(200, "All of them.", object([("items", list(shape("Counsellor")))])),
        put("/api/v1/counsellors/me/status", "set_status", "Sets one's own status.")
            .about("It lasts 12 h; then it is `offline` again.")
            .needs(Action::KeepAvailability)
            .takes(object([("status", shape("DutyStatus"))]))
            .answers(200, "As it is now.", shape("CounsellorStatus")),
        get("/api/v1/counsellors/{id}/slots", "list_slots", "Lists what can be booked now, in order.")
            .about("A student's own bookings count as taken. Counsellors see their own slots without minimum notice and horizon.")
            .needs(Action::SeeCounsellors)
            .query("from", day(), "First day. Default: today.")
            .query("to", day(), "Last day, at most 62 in all. Default: 14 in all.")
            .answers(
                200,
                "The slots.",
                object([("zone", about(text(), "IANA zone in which the days are.")), ("slots", list(shape("Slot")))]),
            ),
        get("/api/v1/students", "list_students", "Lists the students a counsellor can talk or meet with, newest account first.")
            .about("Those who may sign in.")
            .needs(Action::FindStudents)
            .query("query", text_of(0, 120), "Words that name or login contain, in any case.")
            .in_pages()
            .answers(200, "A page.", page("Student", [])),
        get("/api/v1/availability", "read_availability", "Gives a counsellor's hours.")
            .about("Counsellors read their own; admins name a counsellor. Others' and unknown ones answer 404.")
            .needs_either(Action::KeepAvailability, Action::ReadAvailability)
            .query("counsellor_id", id(), "Whose; of admins. Default: one's own.")
            .answers(200, "The hours.", shape("Availability"))
            .refuses(&["not_found"]),
        put("/api/v1/availability", "set_availability", "Sets one's own hours.")
            .about("`version` is the one that was read; when the hours were changed since, the answer is 409 `conflict`. Appointments stay as they are.")
            .needs(Action::KeepAvailability)
            .takes(new_hours([("version", about(count(), "As it was read; 0 when nothing was ever set."))]))
            .answers(200, "As they are now.", shape("Availability"))
            .refuses(&["conflict"]),
        post("/api/v1/availability/check", "check_availability", "Tells which appointments other hours would not cover.")
            .about("Changes nothing.")
            .needs(Action::KeepAvailability)
            .takes(new_hours([("version?", count())]))
            .answers(200, "Live appointments in the future outside those hours.", object([("conflicts", list(shape("Appointment")))])),
    ]
}

/// A number between two others.
fn between(least: u32, most: u32) -> Value {
    json!({ "type": "integer", "minimum": least, "maximum": most })
}

fn time_of_day() -> Value {
    about(text_of(5, 5), "`HH:MM` of the school's zone, in steps of 5 minutes, up to `24:00`.")
}

fn weekly_hours() -> Value {
    object([("weekday", about(between(1, 7), "Monday first.")), ("from", time_of_day()), ("to", time_of_day())])
}

fn day_exception() -> Value {
    object([
        ("date", day()),
        ("kind", about(one_of(&["closed", "extra"]), "`closed` cuts weekly hours; `extra` holds whatever is closed.")),
        ("from?", about(or_null(text_of(5, 5)), "`HH:MM`; without it, all of the day (`closed` only).")),
        ("to?", or_null(text_of(5, 5))),
        ("reason?", or_null(text_of(0, 200))),
    ])
}

fn availability() -> Value {
    object([
        ("zone", about(text(), "IANA zone of the school.")),
        ("version", about(count(), "To be sent with a change; 0: never set.")),
        ("weekly", about(list(shape("WeeklyHours")), "Without overlap on a day.")),
        ("exceptions", list(shape("DayException"))),
        ("slot_minutes", between(5, 480)),
        ("buffer_before_minutes", between(0, 120)),
        ("buffer_after_minutes", between(0, 120)),
        ("daily_cap", about(or_null(between(1, 100)), "Most appointments of a day.")),
        ("minimum_notice_minutes", between(0, 20_160)),
        ("horizon_days", between(1, 365)),
        ("conflicts", about(list(shape("Appointment")), "Live appointments in the future that the hours do not cover.")),
    ])
}

/// Hours as they are sent, with the version of the place.
fn new_hours(version: [(&'static str, Value); 1]) -> Value {
    let [version] = version;
    object([
        version,
        ("weekly", list(shape("WeeklyHours"))),
        ("exceptions?", list(shape("DayException"))),
        ("slot_minutes", between(5, 480)),
        ("buffer_before_minutes?", between(0, 120)),
        ("buffer_after_minutes?", between(0, 120)),
        ("daily_cap?", or_null(between(1, 100))),
        ("minimum_notice_minutes", between(0, 20_160)),
        ("horizon_days", between(1, 365)),
    ])
}
