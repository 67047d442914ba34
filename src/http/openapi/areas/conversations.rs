//! Conversations of a student with a counsellor, the queue, private notes, and what a student hides.

use crate::domain::{access::Action, conversations::conversation::ConversationState};
use crate::http::openapi::{
    Area, Event,
    operation::{Operation, get, post, put},
    schema::{about, count, cursor, id, list, object, one_of, or_null, page, shape, text, text_of, time, yes_no},
};
use crate::wire::desk_event::DeskEvent;
use serde_json::Value;

pub(super) fn area() -> Area {
    let mut operations = life();
    operations.extend(marks_and_notes());
    Area {
        name: "Conversations",
        about: "Of a student with a counsellor, or waiting for one. At most one live one per pair, and one waiting per student.",
        operations,
        shapes: vec![
            ("ConversationState", one_of(&ConversationState::ALL.map(ConversationState::as_str))),
            ("Conversation", conversation()),
            ("LastMessage", last_message()),
            ("Marks", object([("delivered_seq", count()), ("read_seq", about(or_null(count()), "Null when it is hidden."))])),
            ("OwnMarks", object([("delivered_seq", count()), ("read_seq", count()), ("unread_count", count())])),
            ("Note", object([("id", id()), ("author", shape("Person")), ("body", text()), ("created_at", time())])),
            ("ChatPreferences", object([("hide_typing", yes_no()), ("hide_read_receipts", yes_no())])),
        ],
        events: events(),
    }
}

fn events() -> Vec<Event> {
    let changes = ["created", "message", "read", "assigned", "transferred", "closed", "reopened", "left"];
    vec![
        Event {
            event: DeskEvent::ConversationChanged,
            meaning: "A conversation as this member sees it now. Durable for all changes but `message` and `read`, which carry neither `id` nor \
`cursor`. `left`: it is not this counsellor's any more, and nothing more comes on its channel.",
            data: object([
                ("id?", id()),
                ("cursor?", cursor()),
                ("change", one_of(&changes)),
                ("conversation_id", id()),
                ("conversation", about(or_null(shape("Conversation")), "Null with `left`.")),
            ])
            .into(),
        },
        Event {
            event: DeskEvent::QueueChanged,
            meaning: "The queue changed.",
            data: object([("waiting", about(count(), "How many students wait now."))]).into(),
        },
    ]
}

/// From opening to closing.
fn life() -> Vec<Operation> {
    vec![
        get("/api/v1/conversations", "list_conversations", "Lists one's own conversations, or the queue.")
            .needs(Action::Converse)
            .query(
                "scope",
                one_of(&["mine", "waiting", "closed"]),
                "Default: mine (live ones, newest message first). Waiting: the queue, longest first; of counsellors.",
            )
            .query("query", text_of(0, 200), "Words to find; not in the queue.")
            .in_pages()
            .answers(200, "A page.", page("Conversation", [("unread_total", about(count(), "In all own conversations."))])),
        open(),
        post("/api/v1/conversations/next", "take_next_conversation", "Takes the student who has waited longest.")
            .needs(Action::WorkChatQueue)
            .idempotent()
            .answers(200, "It is yours.", shape("Conversation"))
            .answers_nothing(204, "Nobody waits.")
            .refuses(&["conflict"]),
        get("/api/v1/conversations/{id}", "read_conversation", "Reads one conversation.")
            .about("Of members; a waiting one also of counsellors, as a place in the queue. All others, admins too, get 404.")
            .answers(200, "The conversation.", shape("Conversation")),
        post("/api/v1/conversations/{id}/transfer", "transfer_conversation", "Hands a conversation to another counsellor.")
            .about("The one who had it loses it at once: list, messages and channel. The note is kept as a private note.")
            .needs(Action::WorkChatQueue)
            .idempotent()
            .takes_shape(object([("counsellor_id", id()), ("note", text_of(1, 2_000))]))
            .answers_nothing(204, "Handed over.")
            .refuses(&["conversations.closed", "conversations.illegal_transition", "conflict"]),
        post("/api/v1/conversations/{id}/close", "close_conversation", "Closes a conversation; a student who waits leaves the queue.")
            .about("Of members; a body is not read.")
            .idempotent()
            .answers(200, "As it is now.", shape("Conversation"))
            .refuses(&["conversations.closed", "conflict"]),
        post("/api/v1/conversations/{id}/reopen", "reopen_conversation", "Opens a closed conversation again.")
            .about("With its counsellor, or in the queue when that one has left. Of members; a body is not read.")
            .idempotent()
            .answers(200, "As it is now.", shape("Conversation"))
            .refuses(&["conversations.illegal_transition", "conflict"]),
    ]
}

fn open() -> Operation {
    let first = object([("client_id", about(text_of(36, 36), "A UUID.")), ("body", text_of(1, 4_000))]);
    post("/api/v1/conversations", "open_conversation", "Opens a conversation, or finds the one that is live.")
        .about("Students name a counsellor, or nobody: then they wait. Counsellors name a student. A first message is sent in either case, once.")
        .needs(Action::Converse)
        .idempotent()
        .takes_shape(object([
            ("counsellor_id?", about(or_null(id()), "Of students.")),
            ("student_id?", about(or_null(id()), "Of counsellors, who must name one.")),
            ("subject?", or_null(text_of(0, 120))),
            ("first_message?", or_null(first)),
        ]))
        .answers(201, "Opened.", shape("Conversation"))
        .answers(200, "Found.", shape("Conversation"))
        .refuses(&["conversations.closed", "messages.client_id_reused", "not_found"])
}

fn marks_and_notes() -> Vec<Operation> {
    let raise = |path, name, summary| {
        post(path, name, summary)
            .about("Of members. Marks never move back, and never above `last_seq`.")
            .takes_shape(object([("seq", count())]))
            .answers(200, "Where one's own marks stand.", shape("OwnMarks"))
            .refuses(&["conflict"])
    };
    vec![
        raise("/api/v1/conversations/{id}/delivered", "mark_delivered", "Tells that messages reached a device."),
        raise("/api/v1/conversations/{id}/read", "mark_read", "Tells that messages were read."),
        get("/api/v1/conversations/{id}/notes", "list_notes", "Lists the private notes about a conversation, oldest first.")
            .about("Of its counsellor; all others get 404. Reading is noted in the audit trail.")
            .answers(200, "All of them.", object([("items", list(shape("Note")))])),
        post("/api/v1/conversations/{id}/notes", "add_note", "Writes a private note about a conversation.")
            .about("Of its counsellor; all others get 404.")
            .idempotent()
            .takes_shape(object([("body", text_of(1, 4_000))]))
            .answers(201, "Written.", shape("Note")),
        get("/api/v1/chat-preferences", "read_chat_preferences", "Tells what one hides from counsellors.")
            .needs(Action::SetChatPreferences)
            .answers(200, "What is hidden.", shape("ChatPreferences")),
        put("/api/v1/chat-preferences", "set_chat_preferences", "Sets what one hides from counsellors.")
            .about("Counts from the next event on.")
            .needs(Action::SetChatPreferences)
            .takes_shape(shape("ChatPreferences"))
            .answers(200, "As it is now.", shape("ChatPreferences"))
            .refuses(&["conflict"]),
    ]
}

fn conversation() -> Value {
    object([
        ("id", id()),
        ("student", shape("Person")),
        ("counsellor", about(or_null(shape("Person")), "Null in the queue.")),
        ("state", shape("ConversationState")),
        ("subject", or_null(text())),
        ("last_seq", about(count(), "Number of the newest message; 0 without any.")),
        ("last_message", or_null(shape("LastMessage"))),
        ("unread_count", count()),
        ("own", shape("Marks")),
        ("other", about(shape("Marks"), "Of the other side; `read_seq` is null when it hides read receipts.")),
        ("waiting_since", or_null(time())),
        ("created_at", time()),
        ("closed_at", or_null(time())),
    ])
}

fn last_message() -> Value {
    object([
        ("seq", count()),
        ("sender_id", id()),
        ("preview", about(or_null(text()), "How it begins; empty when deleted, null in durable events.")),
        ("created_at", time()),
        ("deleted", yes_no()),
    ])
}
