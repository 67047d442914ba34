//! Notices: the bell.

use crate::http::openapi::{
    Area, Event,
    operation::{get, post},
    schema::{about, anything, count, cursor, id, list, object, one_of, or_null, page, shape, text, time, yes_no},
};
use crate::wire::desk_event::DeskEvent;
use serde_json::Value;

const KINDS: [&str; 15] = [
    "material.published",
    "appointment.requested",
    "appointment.confirmed",
    "appointment.rescheduled",
    "appointment.cancelled",
    "appointment.completed",
    "appointment.no_show",
    "appointment.reminder",
    "conversation.waiting",
    "conversation.assigned",
    "conversation.transferred",
    "conversation.handed_over",
    "risk.raised",
    "risk.concern",
    "companion.budget_warning",
];

const DATA: &str = "By kind. `material.published`: `{material_id, title, category}`; `appointment.…`: `{appointment_id, starts_at}`, of a reminder also \
`minutes_before`; `conversation.…`: `{conversation_id}`; `risk.…`: `{alert_id}`.";

pub(super) fn area() -> Area {
    let unread = || object([("unread_count", count()), ("version", version())]);
    Area {
        name: "Notices",
        about: "What a user should hear of. The badge is the server's `unread_count`, equal on all devices.",
        operations: vec![
            get("/api/v1/notices", "list_notices", "Lists one's notices, newest first.")
                .query("state", one_of(&["unread", "all"]), "Default: all.")
                .in_pages()
                .header("Accept-Language", "Language of title and body: `id` (default) or `en`.")
                .answers(200, "A page.", page("Notice", [("unread_count", count()), ("version", version())])),
            post("/api/v1/notices/read-all", "read_all_notices", "Marks all one's notices read.").answers(200, "What is left.", unread()),
            post("/api/v1/notices/{id}/read", "read_notice", "Marks one notice read.").answers(200, "What is left.", unread()),
        ],
        shapes: vec![
            ("Notice", object(notice([("id", id()), ("read_at", or_null(time()))]))),
            ("NoticeText", object([("title", text()), ("body", text())])),
        ],
        events: vec![
            Event {
                event: DeskEvent::NoticeCreated,
                meaning: "There is a new notice. Title and body are Indonesian; `texts` has both languages. Drop repeated ids.",
                data: object(notice([("id", id()), ("cursor", cursor())])),
            },
            Event {
                event: DeskEvent::NoticeState,
                meaning: "A read state changed on one of the user's devices.",
                data: object([
                    ("unread_count", count()),
                    ("version", version()),
                    ("all", about(yes_no(), "Whether all were marked.")),
                    ("notice_ids", about(list(id()), "Those that were marked, unless all.")),
                ]),
            },
        ],
    }
}

/// Returns what orders unread counts.
pub(super) fn version() -> Value {
    about(count(), "How new the count is. Answers and events overtake each other: one with a smaller version than another is older.")
}

/// Returns the fields of a notice, with two that differ from place to place.
fn notice(further: [(&'static str, Value); 2]) -> [(&'static str, Value); 9] {
    let [first, second] = further;
    [
        first,
        ("kind", about(one_of(&KINDS), "There will be more.")),
        ("category", one_of(&["materials", "appointments", "chat", "safety", "system"])),
        ("title", text()),
        ("body", text()),
        ("texts", object([("id", shape("NoticeText")), ("en", shape("NoticeText"))])),
        ("data", about(anything(), DATA)),
        ("created_at", time()),
        second,
    ]
}
