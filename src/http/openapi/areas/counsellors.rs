//! Counsellors: who there is, their hours, and what can be booked.

use crate::http::{
    input::page::{Items, Page},
    openapi::{
        Area, Event,
        operation::{Operation, get, post, put},
    },
    resources::{
        accounts::students::StudentListQuery,
        availability::{CheckedVersion, Conflicts, OwnerQuery, VersionBody},
        counsellors::{DaysQuery, StatusBody},
    },
};
use crate::{
    domain::{access::Action, appointments::availability::AvailabilityForm},
    services::{
        accounts::students::StudentItem,
        appointments::{
            SlotList, SlotsChanged,
            availability::AvailabilityItem,
            counsellors::{CounsellorItem, StatusItem},
        },
    },
    wire::desk_event::DeskEvent,
};

pub(super) fn area() -> Area {
    Area {
        name: "Counsellors",
        about: "Who there is, whether they are there, their hours, and what can be booked with them; and the students whom they meet.",
        operations: operations(),
        events: vec![
            Event::of::<StatusItem>(DeskEvent::CounsellorStatus, "A counsellor came, went, or is busy. Every user may join the channel."),
            Event::of::<SlotsChanged<'_>>(
                DeskEvent::SlotsChanged,
                "What can be booked with the counsellor changed: load these days again. Every user may join the channel.",
            ),
        ],
    }
}

fn operations() -> Vec<Operation> {
    vec![
        get("/api/v1/counsellors", "list_counsellors", "Lists all counsellors who may sign in, by name.")
            .needs(Action::SeeCounsellors)
            .answers_with::<Items<CounsellorItem>>(200, "All of them."),
        put("/api/v1/counsellors/me/status", "set_status", "Sets one's own status.")
            .about("It lasts 12 h; then it is `offline` again.")
            .needs(Action::KeepAvailability)
            .takes::<StatusBody>()
            .answers_with::<StatusItem>(200, "As it is now."),
        get("/api/v1/counsellors/{id}/slots", "list_slots", "Lists what can be booked now, in order.")
            .about("A student's own bookings count as taken. Counsellors see their own slots without minimum notice and horizon.")
            .needs(Action::SeeCounsellors)
            .query_of::<DaysQuery>()
            .answers_with::<SlotList>(200, "The slots."),
        get("/api/v1/students", "list_students", "Lists the students a counsellor can talk or meet with, newest account first.")
            .about("Those who may sign in.")
            .needs(Action::FindStudents)
            .query_of::<StudentListQuery>()
            .answers_with::<Page<StudentItem>>(200, "A page."),
        get("/api/v1/availability", "read_availability", "Gives a counsellor's hours.")
            .about("Counsellors read their own; admins name a counsellor. Others' and unknown ones answer 404.")
            .needs_either(Action::KeepAvailability, Action::ReadAvailability)
            .query_of::<OwnerQuery>()
            .answers_with::<AvailabilityItem>(200, "The hours.")
            .refuses(&["not_found"]),
        put("/api/v1/availability", "set_availability", "Sets one's own hours.")
            .about("`version` is the one that was read; when the hours were changed since, the answer is 409 `conflict`. Appointments stay as they are.")
            .needs(Action::KeepAvailability)
            .takes_both::<AvailabilityForm, VersionBody>()
            .answers_with::<AvailabilityItem>(200, "As they are now.")
            .refuses(&["conflict"]),
        post("/api/v1/availability/check", "check_availability", "Tells which appointments other hours would not cover.")
            .about("Changes nothing.")
            .needs(Action::KeepAvailability)
            .takes_both::<AvailabilityForm, CheckedVersion>()
            .answers_with::<Conflicts>(200, "Live appointments in the future outside those hours."),
    ]
}
