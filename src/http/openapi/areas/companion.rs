//! The AI companion: threads, answers that grow, hand-over.

use crate::domain::{
    access::Action,
    companion::{AnswerKind, AnswerStatus, Fault, MAX_QUESTION_CHARS, MAX_SUMMARY_CHARS},
};
use crate::http::openapi::{
    Area, Event,
    operation::{Operation, delete, get, patch, post},
    schema::{about, count, cursor, id, list, object, one_of, or_null, page, shape, text, text_of, time, yes_no},
};
use crate::wire::desk_event::DeskEvent;
use serde_json::{Value, json};

pub(super) fn area() -> Area {
    Area {
        name: "Companion",
        about: "Students ask, an answer grows in numbered frames on all their devices. Help comes before everything, limits included.",
        operations: vec![
            info(),
            get("/api/v1/companion/threads", "list_threads", "Lists the own threads, the one with the newest message first.")
                .needs(Action::UseCompanion)
                .in_pages()
                .refuses(&["not_found"])
                .answers(200, "A page.", page("Thread", [])),
            post("/api/v1/companion/threads", "create_thread", "Begins a thread.")
                .needs(Action::UseCompanion)
                .takes_shape(object([("title?", or_null(text_of(0, 120)))]))
                .idempotent()
                .answers(201, "Begun.", shape("Thread")),
            read_thread(),
            patch("/api/v1/companion/threads/{id}", "rename_thread", "Names a thread.")
                .needs(Action::UseCompanion)
                .takes_shape(object([("title", text_of(0, 120))]))
                .answers(200, "As it is now.", shape("Thread")),
            delete("/api/v1/companion/threads/{id}", "delete_thread", "Deletes a thread with all that was said in it.")
                .needs(Action::UseCompanion)
                .about("Warnings to counsellors stay. An answer that grows there ends without an event.")
                .answers_nothing(204, "Gone for good."),
            ask(),
            read_answer(),
            stop(),
            regenerate(),
            post("/api/v1/companion/threads/{id}/summary", "propose_summary", "Proposes a summary for a counsellor.")
                .needs(Action::UseCompanion)
                .about("Nothing is sent: the student edits it first. Counts as an answer of today when a model writes it; without one, or when it fails, it is made of the student's own lines.")
                .answers(200, "The proposal.", object([("summary", text())])),
            hand_over(),
        ],
        shapes: shapes(),
        events: events(),
    }
}

fn info() -> Operation {
    let shape = object([
        ("provider", about(one_of(&["model", "offline"]), "Who answers the next question.")),
        ("left_today", count()),
        ("limit_per_day", count()),
        ("disclosure", about(text(), "What the student must know about who answers, in the language asked for.")),
    ]);
    get("/api/v1/companion", "read_companion", "Tells who answers and how much is left.")
        .needs(Action::UseCompanion)
        .answers(200, "Now.", shape)
}

fn read_thread() -> Operation {
    let mut schema = object([
        ("messages", about(list(message()), "Questions, each followed by the newest answer to it; oldest first, at most 200.")),
        ("has_before", about(yes_no(), "Whether there are older ones: `before` the first question.")),
    ]);
    for (name, value) in thread_fields() {
        schema["properties"][name] = value;
        if let Some(required) = schema["required"].as_array_mut() {
            required.push(json!(name));
        }
    }
    get("/api/v1/companion/threads/{id}", "read_thread", "Reads a thread with its newest messages.")
        .needs(Action::UseCompanion)
        .query("before", id(), "Only messages before this question.")
        .answers(200, "The thread.", schema)
}

fn ask() -> Operation {
    post("/api/v1/companion/threads/{id}/messages", "ask_companion", "Asks.")
        .needs(Action::UseCompanion)
        .about(
            "The answer grows in `companion.delta` events. A question that tells of danger is answered with the help card at once, also while another \
             answer grows and when the day's limit is reached.",
        )
        .takes_shape(object([("client_id", about(text_of(36, 36), "A UUID.")), ("body", text_of(1, MAX_QUESTION_CHARS))]))
        .answers(202, "Asked.", asked())
        .answers(200, "It was asked before; this is how it stands.", asked())
        .refuses(&["companion.busy", "companion.client_id_reused", "companion.daily_limit", "conflict"])
}

fn read_answer() -> Operation {
    get("/api/v1/companion/messages/{id}", "read_answer", "Reads an answer, with what it says at this moment.")
        .needs(Action::UseCompanion)
        .about("Heals gaps: frames up to `seq` are part of `text`, the next one is `seq` + 1.")
        .answers(200, "The answer.", shape("Answer"))
}

fn stop() -> Operation {
    post("/api/v1/companion/messages/{id}/stop", "stop_answer", "Ends an answer that grows.")
        .needs(Action::UseCompanion)
        .about("What it says stays. One that has ended is left as it is.")
        .answers(200, "As it ended.", shape("Answer"))
}

fn regenerate() -> Operation {
    post("/api/v1/companion/messages/{id}/regenerate", "regenerate_answer", "Asks for another answer to the same question.")
        .needs(Action::UseCompanion)
        .about("Earlier ones are kept, see `versions`. While one to the question grows, that is the answer. Help cards have no other version (`conflict`).")
        .answers(202, "It grows.", object([("answer", shape("Answer"))]))
        .refuses(&["companion.busy", "companion.daily_limit", "conflict"])
}

fn hand_over() -> Operation {
    post("/api/v1/companion/threads/{id}/hand-over", "hand_over", "Turns a thread into a chat with a counsellor, or into a booking.")
        .needs(Action::UseCompanion)
        .about("`chat`: the summary is the first message of a conversation that waits for a counsellor; a repeat sends nothing twice. `booking`: nothing is stored; at most 2,000 characters.")
        .takes_shape(object([("to", one_of(&["chat", "booking"])), ("summary", text_of(1, MAX_SUMMARY_CHARS))]))
        .idempotent()
        .answers(201, "The chat.", object([("conversation_id", id())]))
        .answers(200, "What the booking begins with.", object([("topic", text()), ("note", text())]))
        .refuses(&["messages.client_id_reused", "conversations.closed", "conflict"])
}

fn shapes() -> Vec<(&'static str, Value)> {
    let faults = Fault::ALL.map(Fault::as_str);
    vec![
        ("Thread", object(thread_fields())),
        (
            "Question",
            object([
                ("id", id()),
                ("thread_id", id()),
                ("role", one_of(&["student"])),
                ("client_id", about(text(), "The UUID the client gave it.")),
                ("body", text()),
                ("created_at", time()),
            ]),
        ),
        (
            "Answer",
            object([
                ("id", id()),
                ("thread_id", id()),
                ("role", one_of(&["companion"])),
                ("question_id", id()),
                ("kind", kind()),
                ("status", one_of(&AnswerStatus::ALL.map(AnswerStatus::as_str))),
                ("text", about(text(), "Markdown; show it by an allow-list.")),
                ("seq", about(count(), "Number of the newest frame that is part of `text`.")),
                ("version", about(count(), "Its number among the answers to the question, from 1.")),
                ("versions", about(list(id()), "All answers to the question, the oldest first.")),
                ("error", or_null(shape("AnswerFault"))),
                ("help?", shape("HelpCard")),
                ("created_at", time()),
                ("finished_at", or_null(time())),
            ]),
        ),
        ("AnswerFault", object([("code", one_of(&faults)), ("message", about(text(), "A plain sentence for the student."))])),
    ]
}

fn events() -> Vec<Event> {
    let end = |statuses: &[&str]| {
        object([
            ("id", about(id(), "The event's; equal to `message_id`.")),
            ("cursor", cursor()),
            ("message_id", id()),
            ("thread_id", id()),
            ("question_id", id()),
            ("kind", kind()),
            ("status", one_of(statuses)),
            ("seq", about(count(), "Number of the last frame.")),
            ("text", about(text(), "All of it.")),
            ("error", or_null(shape("AnswerFault"))),
            ("help?", shape("HelpCard")),
        ])
    };
    let event = |event, meaning, data: Value| Event { event, meaning, data: data.into() };
    vec![
        event(DeskEvent::CompanionStarted, "A question was asked, or another answer to it begun, on any device.", {
            object([("thread_id", id()), ("question", shape("Question")), ("answer", shape("Answer"))])
        }),
        event(DeskEvent::CompanionDelta, "An answer grew. At most one per 40 ms; a gap in `seq` is healed by reading the answer.", {
            object([
                ("message_id", id()),
                ("seq", about(count(), "From 1 without gaps.")),
                ("text", about(text(), "What this frame adds.")),
            ])
        }),
        event(
            DeskEvent::CompanionDone,
            "An answer ended: it is complete, was stopped, or the server went away.",
            end(&["done", "stopped", "interrupted"]),
        ),
        event(DeskEvent::CompanionFailed, "An answer ended because the provider failed.", end(&["failed"])),
    ]
}

fn thread_fields() -> [(&'static str, Value); 4] {
    [("id", id()), ("title", about(text(), "Empty until something was asked.")), ("created_at", time()), ("last_message_at", time())]
}

fn kind() -> Value {
    about(one_of(&AnswerKind::ALL.map(AnswerKind::as_str)), "Who gave it: a model, the offline companion, or people (the fixed help card).")
}

fn message() -> Value {
    json!({ "anyOf": [shape("Question"), shape("Answer")] })
}

fn asked() -> Value {
    object([("question", shape("Question")), ("answer", shape("Answer"))])
}
