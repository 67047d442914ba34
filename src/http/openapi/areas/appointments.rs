//! Appointments of a student with a counsellor.

use crate::domain::{
    access::Action,
    appointments::appointment::{AppointmentAction, AppointmentMode, AppointmentState},
};
use crate::http::openapi::{
    Area, Event,
    operation::{Operation, get, post},
    schema::{about, count, cursor, id, list, object, one_of, or_null, page, shape, text, text_of, time},
};
use crate::wire::desk_event::DeskEvent;
use serde_json::{Value, json};

pub(super) fn area() -> Area {
    let words = |names: Vec<&str>| one_of(&names);
    Area {
        name: "Appointments",
        about: "Booked into a counsellor's hours, confirmed by the side that did not propose the time.",
        operations: operations(),
        shapes: vec![
            ("AppointmentState", words(AppointmentState::ALL.iter().map(|state| state.as_str()).collect())),
            ("AppointmentMode", words(AppointmentMode::ALL.iter().map(|mode| mode.as_str()).collect())),
            ("AppointmentAction", words(AppointmentAction::ALL.iter().map(|action| action.as_str()).collect())),
            ("SharedAppointment", shared()),
            ("Appointment", item()),
            ("VideoRoom", object([("url", about(text(), "Path that gives the link.")), ("opens_at", time()), ("closes_at", time())])),
        ],
        events: vec![Event {
            event: DeskEvent::AppointmentChanged,
            meaning: "An appointment was made or changed; to both sides. `id` is the event's.",
            data: object([
                ("id", id()),
                ("cursor", cursor()),
                ("change", shape("AppointmentState")),
                ("actor_id", id()),
                ("appointment", shape("SharedAppointment")),
            ]),
        }],
    }
}

fn operations() -> Vec<Operation> {
    let scope = "Default: upcoming (live and not over, soonest first). Past: all others, latest first.";
    vec![
        get("/api/v1/appointments", "list_appointments", "Lists one's own appointments; for admins all.")
            .about("By `scope`, or by `from` and `to` (without `scope`): a calendar in all states, soonest first. What admins see is noted in the audit trail.")
            .needs(Action::UseAppointments)
            .query("scope", one_of(&["upcoming", "past"]), scope)
            .query("from", time(), "Beginning of a stretch of time.")
            .query("to", time(), "Its end.")
            .query("counsellor_id", id(), "Only with this counsellor; of admins.")
            .in_pages()
            .answers(200, "A page.", page("Appointment", [])),
        post("/api/v1/appointments", "book_appointment", "Books an appointment.")
            .about("Students book a slot with any counsellor; counsellors book any time inside their own hours, for a student. Then it is `requested`.")
            .needs(Action::BookAppointments)
            .idempotent()
            .takes(object([
                ("counsellor_id", about(id(), "Of a counsellor who books: the own one.")),
                ("student_id?", about(id(), "Of counsellors, who must name one.")),
                ("starts_at", time()),
                ("topic", text_of(1, 120)),
                ("note?", or_null(text_of(0, 2_000))),
                ("mode", shape("AppointmentMode")),
            ]))
            .answers(201, "Booked.", shape("Appointment"))
            .refuses(&["appointments.slot_taken", "appointments.too_many"]),
        get("/api/v1/appointments/{id}", "read_appointment", "Reads one appointment.")
            .about("An admin's reading is noted in the audit trail.")
            .needs(Action::UseAppointments)
            .answers(200, "The appointment.", shape("Appointment")),
        get("/api/v1/appointments/{id}.ics", "appointment_calendar_file", "Gives an appointment as a calendar file.")
            .about("One VEVENT, `METHOD:CANCEL` when cancelled. It never says what the appointment is about. An admin's reading is noted in the audit trail.")
            .needs(Action::UseAppointments)
            .header("Accept-Language", "Language of the title: `id` (default) or `en`.")
            .answers_as(200, "The file.", "text/calendar", text()),
        get("/api/v1/appointments/{id}/video", "open_video", "Makes a link into the video room with a fresh token.")
            .about("For the two sides of a confirmed appointment by video, from 10 minutes before it to 15 after; admins get 404.")
            .needs(Action::UseAppointments)
            .answers(200, "The link.", object([("url", text()), ("expires_at", time())]))
            .refuses(&["appointments.video_closed"]),
        change(),
    ]
}

fn change() -> Operation {
    let rules = "`confirm`: the side that did not propose the time, before the start. `reschedule`: both sides, before the start. `cancel`: both sides \
and admins before the start, afterwards counsellor and admins. `complete` and `no-show`: the counsellor, after the start.";
    post("/api/v1/appointments/{id}/{action}", "change_appointment", "Confirms, moves, cancels or ends an appointment.")
        .about(rules)
        .part("action", shape("AppointmentAction"))
        .needs(Action::UseAppointments)
        .idempotent()
        .takes(object([
            ("starts_at?", about(or_null(time()), "`reschedule` needs it.")),
            ("reason?", about(or_null(text_of(0, 500)), "`cancel` needs one, `reschedule` may have one.")),
        ]))
        .answers(200, "As it is now.", shape("Appointment"))
        .refuses(&["appointments.slot_taken", "appointments.illegal_transition"])
}

/// What both sides may know, and events carry.
fn shared() -> Value {
    object([
        ("id", id()),
        ("counsellor", shape("Person")),
        ("student", shape("Person")),
        ("starts_at", time()),
        ("ends_at", time()),
        ("state", shape("AppointmentState")),
        ("mode", shape("AppointmentMode")),
        ("topic", about(or_null(text()), "Null for admins.")),
        ("reason", about(or_null(text()), "Why it was cancelled, or moved last.")),
        ("cancelled_by", or_null(shape("Person"))),
        ("proposed_by", about(or_null(shape("Person")), "While it waits for the other side's confirm.")),
        ("sequence", about(count(), "How often it was changed.")),
        ("created_at", time()),
        ("updated_at", time()),
    ])
}

fn item() -> Value {
    let mut schema = shared();
    let further = object([
        ("note", about(or_null(text()), "Null for admins.")),
        ("actions", about(list(shape("AppointmentAction")), "What this user may do now.")),
        ("video", about(or_null(shape("VideoRoom")), "Of a confirmed one by video; null for admins.")),
    ]);
    for (name, field) in further["properties"].as_object().into_iter().flatten() {
        schema["properties"][name] = field.clone();
        if let Some(required) = schema["required"].as_array_mut() {
            required.push(json!(name));
        }
    }
    schema
}
