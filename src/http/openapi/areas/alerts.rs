//! Warnings about students, the help card, and the hotlines on it.

use crate::domain::access::Action;
use crate::http::openapi::{
    Area, Event,
    operation::{get, post, put},
    schema::{about, count, cursor, day, id, list, object, one_of, or_null, page, shape, text, text_of, time},
};
use crate::wire::desk_event::DeskEvent;
use serde_json::{Value, json};

const RAISED: &str = "A student may be in danger: to the counsellors on duty (all, when nobody is), and to all counsellors and admins when nobody acknowledged in 5 minutes.";
const CHANGED: &str = "A warning came or changed: move the list. A concern (level 2) comes as this only.";

/// A warning with the fields that every reader gets, and those in `further`.
fn alert<const N: usize>(further: [(&str, Value); N]) -> Value {
    let mut alert = object([
        ("id", id()),
        ("level", about(json!({ "type": "integer", "minimum": 2, "maximum": 3 }), "2: concern, 3: risk.")),
        ("source", one_of(&["companion"])),
        ("state", one_of(&["open", "acknowledged"])),
        ("student", shape("Person")),
        ("thread_id", or_null(id())),
        ("count", about(count(), "How often it was raised while open.")),
        ("raised_at", time()),
        ("last_raised_at", time()),
        ("acknowledge_by", about(or_null(time()), "Then everybody is called; null below level 3.")),
        ("escalated_at", or_null(time())),
        ("acknowledged_at", or_null(time())),
        ("acknowledged_by", or_null(shape("Person"))),
        ("conversation_id", about(or_null(id()), "The first one that was opened about it.")),
    ]);
    for (name, schema) in further {
        alert["properties"][name] = schema;
        if let Some(required) = alert["required"].as_array_mut() {
            required.push(json!(name));
        }
    }
    alert
}

fn hotline(note: Value) -> Value {
    object([
        ("id", text()),
        ("name", text()),
        ("number", about(text(), "What to dial.")),
        ("url", or_null(text())),
        ("hours", text()),
        ("note", note),
        ("checked_on", about(day(), "When a person checked it.")),
    ])
}

#[expect(clippy::too_many_lines, reason = "descriptions only, one after the other in the order of the routes")]
pub(super) fn area() -> Area {
    let both = || object([("id", text_of(1, 200)), ("en", text_of(1, 200))]);
    let event = |event, meaning, data: Value| Event { event, meaning, data: data.into() };
    Area {
        name: "Safety",
        about: "Warnings about students who may be in danger, and the help card. Students are never shown a level or a warning.",
        operations: vec![
            get("/api/v1/help", "read_help_card", "Tells what to do now and who can be called.")
                .about("In the language of `Accept-Language`. May be kept for 5 minutes. There when the database is not.")
                .for_everybody()
                .answers(200, "The card.", shape("HelpCard")),
            get("/api/v1/alerts", "list_alerts", "Lists warnings, newest first.")
                .about("Every viewer is noted in the audit trail. Admins get `excerpt` null.")
                .needs(Action::SeeAlerts)
                .query("state", one_of(&["open", "acknowledged", "all"]), "`open` when left out.")
                .in_pages()
                .answers(200, "A page.", page("Alert", [("open_count", about(count(), "Open ones on all pages."))])),
            post("/api/v1/alerts/{id}/acknowledge", "acknowledge_alert", "Takes a warning up; its clock stops.")
                .about("The first one counts; a repeat, or a colleague's, gets the same item.")
                .needs(Action::AcknowledgeAlerts)
                .answers(200, "As it is now.", shape("Alert"))
                .refuses(&["conflict"]),
            post("/api/v1/alerts/{id}/chat", "chat_about_alert", "Opens or finds the own conversation with the student, and acknowledges.")
                .about("409 `conflict` when the student's account is closed.")
                .needs(Action::ChatAboutAlerts)
                .answers(200, "The conversation.", object([("conversation_id", id())]))
                .refuses(&["conflict"]),
            get("/api/v1/admin/hotlines", "list_hotlines", "Lists the hotlines of the help card in both languages.")
                .needs(Action::ManageHotlines)
                .answers(200, "In their order.", object([("items", list(shape("Hotline")))])),
            put("/api/v1/admin/hotlines", "put_hotlines", "Puts a list of 1 to 12 hotlines in the place of the present one.")
                .about("What is wrong is told under `items`, with the number of the entry (from 1) in `message`.")
                .needs(Action::ManageHotlines)
                .takes_shape(object([(
                    "items",
                    list(object([
                        ("id?", about(or_null(text_of(1, 36)), "Of `a-z 0-9 -`; left out for a new one.")),
                        ("name", text_of(1, 80)),
                        ("number", about(text_of(2, 32), "Digits, spaces and `+ - ( ) . * #`.")),
                        ("url?", about(or_null(text_of(0, 200)), "https.")),
                        ("hours", text_of(1, 80)),
                        ("note", both()),
                        ("checked_on", day()),
                    ])),
                )]))
                .answers(200, "As it is now.", object([("items", list(shape("Hotline")))])),
        ],
        shapes: vec![
            (
                "HelpCard",
                object([
                    ("title", text()),
                    ("lines", about(list(text()), "Most urgent first.")),
                    ("hotlines", list(hotline(text()))),
                    ("version", text()),
                ]),
            ),
            ("Hotline", hotline(object([("id", text()), ("en", text())]))),
            ("Alert", alert([("excerpt", about(or_null(text_of(0, 280)), "The beginning of the newest question; counsellors only."))])),
            ("AlertNews", alert([])),
        ],
        events: vec![
            event(DeskEvent::RiskRaised, RAISED, object([("id", id()), ("cursor", cursor()), ("alert", shape("AlertNews"))])),
            event(
                DeskEvent::RiskChanged,
                CHANGED,
                object([
                    ("id", id()),
                    ("cursor", cursor()),
                    ("change", one_of(&["concern", "raised", "repeated", "escalated", "acknowledged", "chat"])),
                    ("alert", shape("AlertNews")),
                ]),
            ),
        ],
    }
}
