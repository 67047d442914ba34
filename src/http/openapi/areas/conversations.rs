//! Describes the conversations of a student with a counsellor, the queue, private notes, and the
//! preferences of a student.

use crate::http::{
    input::page::Items,
    openapi::{
        Area, Event,
        operation::{Operation, get, post, put},
    },
    resources::conversations::{ConversationListQuery, MarkBody, NoteBody, OpenBody, TransferBody},
};
use crate::{
    domain::access::Action,
    services::conversations::{
        ConversationChanged, ConversationItem, ConversationPage, MarkAnswer, NoteItem, PreferencesItem, QueueChanged,
    },
    wire::desk_event::DeskEvent,
};

pub(super) fn area() -> Area {
    let mut operations = life();
    operations.extend(marks_and_notes());
    Area {
        name: "Conversations",
        about: "Of a student with a counsellor, or waiting for one. At most one live one per pair, and one waiting per student.",
        operations,
        events: events(),
    }
}

fn events() -> Vec<Event> {
    vec![
        Event::of::<ConversationChanged<'_>>(
            DeskEvent::ConversationChanged,
            "A conversation as this member sees it now. Durable for all changes but `message` and `read`, which carry neither `id` nor \
`cursor`. `left`: it is not this counsellor's any more, and nothing more comes on its channel.",
        )
        .not_always_durable(),
        Event::of::<QueueChanged>(DeskEvent::QueueChanged, "The queue changed."),
    ]
}

/// From opening to closing.
fn life() -> Vec<Operation> {
    vec![
        get("/api/v1/conversations", "list_conversations", "Lists one's own conversations, or the queue.")
            .needs(Action::Converse)
            .query_of::<ConversationListQuery>()
            .answers_with::<ConversationPage>(200, "A page."),
        open(),
        post("/api/v1/conversations/next", "take_next_conversation", "Takes the student who has waited longest.")
            .needs(Action::WorkChatQueue)
            .idempotent()
            .answers_with::<ConversationItem>(200, "It is yours.")
            .answers_nothing(204, "Nobody waits.")
            .refuses(&["conflict"]),
        get("/api/v1/conversations/{id}", "read_conversation", "Reads one conversation.")
            .about("Of members; a waiting one also of counsellors, as a place in the queue. All others, admins too, get 404.")
            .answers_with::<ConversationItem>(200, "The conversation."),
        post("/api/v1/conversations/{id}/transfer", "transfer_conversation", "Hands a conversation to another counsellor.")
            .about("The one who had it loses it at once: list, messages and channel. The note is kept as a private note.")
            .needs(Action::WorkChatQueue)
            .idempotent()
            .takes::<TransferBody>()
            .answers_nothing(204, "Handed over.")
            .refuses(&["conversations.closed", "conversations.illegal_transition", "conflict"]),
        post("/api/v1/conversations/{id}/close", "close_conversation", "Closes a conversation; a student who waits leaves the queue.")
            .about("Of members; a body is not read.")
            .idempotent()
            .answers_with::<ConversationItem>(200, "As it is now.")
            .refuses(&["conversations.closed", "conflict"]),
        post("/api/v1/conversations/{id}/reopen", "reopen_conversation", "Opens a closed conversation again.")
            .about("With its counsellor, or in the queue when that one has left. Of members; a body is not read.")
            .idempotent()
            .answers_with::<ConversationItem>(200, "As it is now.")
            .refuses(&["conversations.illegal_transition", "conflict"]),
    ]
}

fn open() -> Operation {
    post("/api/v1/conversations", "open_conversation", "Opens a conversation, or finds the one that is live.")
        .about("Students name a counsellor, or nobody: then they wait. Counsellors name a student. A first message is sent in either case, once.")
        .needs(Action::Converse)
        .idempotent()
        .takes::<OpenBody>()
        .answers_with::<ConversationItem>(201, "Opened.")
        .answers_with::<ConversationItem>(200, "Found.")
        .refuses(&["conversations.closed", "messages.client_id_reused", "not_found"])
}

fn marks_and_notes() -> Vec<Operation> {
    let raise = |path, name, summary| {
        post(path, name, summary)
            .about("Of members. Marks never move back, and never above `last_seq`.")
            .takes::<MarkBody>()
            .answers_with::<MarkAnswer>(200, "Where one's own marks stand.")
            .refuses(&["conflict"])
    };
    vec![
        raise("/api/v1/conversations/{id}/delivered", "mark_delivered", "Tells that messages reached a device."),
        raise("/api/v1/conversations/{id}/read", "mark_read", "Tells that messages were read."),
        get("/api/v1/conversations/{id}/notes", "list_notes", "Lists the private notes about a conversation, oldest first.")
            .about("Of its counsellor; all others get 404. Reading is noted in the audit trail.")
            .answers_with::<Items<NoteItem>>(200, "All of them."),
        post("/api/v1/conversations/{id}/notes", "add_note", "Writes a private note about a conversation.")
            .about("Of its counsellor; all others get 404.")
            .idempotent()
            .takes::<NoteBody>()
            .answers_with::<NoteItem>(201, "Written."),
        get("/api/v1/chat-preferences", "read_chat_preferences", "Tells what one hides from counsellors.")
            .needs(Action::SetChatPreferences)
            .answers_with::<PreferencesItem>(200, "What is hidden."),
        put("/api/v1/chat-preferences", "set_chat_preferences", "Sets what one hides from counsellors.")
            .about("Counts from the next event on.")
            .needs(Action::SetChatPreferences)
            .takes::<PreferencesItem>()
            .answers_with::<PreferencesItem>(200, "As it is now.")
            .refuses(&["conflict"]),
    ]
}
