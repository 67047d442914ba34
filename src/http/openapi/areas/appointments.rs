//! Appointments of a student with a counsellor.

use crate::domain::shape::Text;
use crate::http::{
    openapi::{
        Area, Event,
        operation::{Operation, get, post},
    },
    resources::appointments::{AppointmentListQuery, BookingBody, ChangeBody},
};
use crate::{
    domain::{access::Action, appointments::appointment::AppointmentAction},
    services::appointments::{AppointmentChanged, AppointmentItem, AppointmentPage, VideoLink},
    wire::desk_event::DeskEvent,
};

pub(super) fn area() -> Area {
    Area {
        name: "Appointments",
        about: "Booked into a counsellor's hours, confirmed by the side that did not propose the time.",
        operations: operations(),
        events: vec![Event::of::<AppointmentChanged>(
            DeskEvent::AppointmentChanged,
            "An appointment was made or changed; to both sides. `id` is the event's.",
        )],
    }
}

fn operations() -> Vec<Operation> {
    vec![
        get("/api/v1/appointments", "list_appointments", "Lists one's own appointments; for admins all.")
            .about("By `scope`, or by `from` and `to` (without `scope`): a calendar in all states, soonest first. What admins see is noted in the audit trail.")
            .needs(Action::UseAppointments)
            .query_of::<AppointmentListQuery>()
            .answers_with::<AppointmentPage>(200, "A page."),
        post("/api/v1/appointments", "book_appointment", "Books an appointment.")
            .about("Students book a slot with any counsellor; counsellors book any time inside their own hours, for a student. Then it is `requested`.")
            .needs(Action::BookAppointments)
            .idempotent()
            .takes::<BookingBody>()
            .answers_with::<AppointmentItem>(201, "Booked.")
            .refuses(&["appointments.slot_taken", "appointments.too_many"]),
        get("/api/v1/appointments/{id}", "read_appointment", "Reads one appointment.")
            .about("An admin's reading is noted in the audit trail.")
            .needs(Action::UseAppointments)
            .answers_with::<AppointmentItem>(200, "The appointment."),
        get("/api/v1/appointments/{id}.ics", "appointment_calendar_file", "Gives an appointment as a calendar file.")
            .about("One VEVENT, `METHOD:CANCEL` when cancelled. It never says what the appointment is about. An admin's reading is noted in the audit trail.")
            .needs(Action::UseAppointments)
            .header("Accept-Language", "Language of the title: `id` (default) or `en`.")
            .answers_as::<Text>(200, "The file.", "text/calendar"),
        get("/api/v1/appointments/{id}/video", "open_video", "Makes a link into the video room with a fresh token.")
            .about("For the two sides of a confirmed appointment by video, from 10 minutes before it to 15 after; admins get 404.")
            .needs(Action::UseAppointments)
            .answers_with::<VideoLink>(200, "The link.")
            .refuses(&["appointments.video_closed"]),
        change(),
    ]
}

fn change() -> Operation {
    let rules = "`confirm`: the side that did not propose the time, before the start. `reschedule`: both sides, before the start. `cancel`: both sides \
and admins before the start, afterwards counsellor and admins. `complete` and `no-show`: the counsellor, after the start.";
    post("/api/v1/appointments/{id}/{action}", "change_appointment", "Confirms, moves, cancels or ends an appointment.")
        .about(rules)
        .part_of::<AppointmentAction>("action")
        .needs(Action::UseAppointments)
        .idempotent()
        .takes::<ChangeBody>()
        .answers_with::<AppointmentItem>(200, "As it is now.")
        .refuses(&["appointments.slot_taken", "appointments.illegal_transition"])
}
