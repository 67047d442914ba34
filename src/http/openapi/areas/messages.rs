//! Messages of conversations and their files.

use crate::{
    domain::{access::Action, shape::Nothing},
    http::{
        input::{forms::message::MessageForm, page::Items},
        openapi::{
            Area, Event,
            operation::{Operation, delete, get, patch, post},
        },
        resources::messages::{HistoryQuery, MessageEditBody, MessageLinkQuery, SearchQuery, SendBody},
    },
    services::conversations::{EditItem, HistoryPage, MarksRaised, MessageItem, MessageLink, MessageWritten, SearchPage},
    wire::desk_event::DeskEvent,
};

pub(super) fn area() -> Area {
    Area {
        name: "Messages",
        about: "Numbered without gaps in each conversation. A client repeats a send under the same `client_id` until it hears the answer.",
        operations: vec![list_messages(), send(), edit(), remove(), link(), history(), search()],
        events: events(),
    }
}

fn events() -> Vec<Event> {
    vec![
        Event::of::<MessageWritten>(DeskEvent::MessageCreated, "There is a new message."),
        Event::of::<MessageWritten>(DeskEvent::MessageChanged, "A message was edited or taken back."),
        Event::of::<MarksRaised>(DeskEvent::MessageRead, "The marks of a member rose."),
        Event::of::<Nothing>(
            DeskEvent::Typing,
            "The other side is typing. Sent by members as a client event, without data; whatever data comes with it is dropped.",
        ),
    ]
}

fn list_messages() -> Operation {
    get("/api/v1/conversations/{id}/messages", "list_messages", "Reads messages of a conversation, by rising number.")
        .about("Of members. At most one of `before_seq`, `after_seq` and `around`; without any: the newest.")
        .query_of::<HistoryQuery>()
        .answers_with::<HistoryPage>(200, "The messages.")
}

fn send() -> Operation {
    post("/api/v1/conversations/{id}/messages", "send_message", "Sends a message.")
        .about("Of members. Without a file as `application/json` `{client_id, body}`; with one as a form, where `body` may be left out.")
        .takes::<SendBody>()
        .takes_as::<MessageForm>("multipart/form-data")
        .answers_with::<MessageItem>(201, "Sent.")
        .answers_with::<MessageItem>(200, "It was sent before.")
        .refuses(&["conversations.closed", "messages.client_id_reused", "conflict", "materials.file_too_large", "materials.file_type"])
        .refuses(&["materials.file_encrypted", "materials.file_unsafe", "materials.file_unreadable"])
}

fn edit() -> Operation {
    patch("/api/v1/conversations/{id}/messages/{message_id}", "edit_message", "Changes the text of an own message, within 15 minutes.")
        .about("Of members. A deleted one answers 409 `conflict`.")
        .takes::<MessageEditBody>()
        .answers_with::<MessageItem>(200, "As it is now.")
        .refuses(&["conversations.closed", "messages.too_late", "conflict"])
}

fn remove() -> Operation {
    delete("/api/v1/conversations/{id}/messages/{message_id}", "delete_message", "Takes an own message back.")
        .about("Its text, its earlier texts and its file go for good; also in closed conversations.")
        .answers_with::<MessageItem>(200, "What stays: an empty `body`, no `attachment`.")
        .refuses(&["conflict"])
}

fn link() -> Operation {
    get("/api/v1/conversations/{id}/messages/{message_id}/link", "link_message_file", "Makes a link to the file of a message.")
        .about("Of members. Works for 1 h without signing in.")
        .query_of::<MessageLinkQuery>()
        .answers_with::<MessageLink>(200, "The link.")
}

fn history() -> Operation {
    get("/api/v1/conversations/{id}/messages/{message_id}/history", "message_history", "Tells what a message said before its edits.")
        .about("Of the conversation's counsellor and admins; all others get 404. Oldest first.")
        .answers_with::<Items<EditItem>>(200, "Its earlier texts.")
}

fn search() -> Operation {
    get("/api/v1/conversations/search", "search_messages", "Finds messages in the conversations one is in, newest first.")
        .needs(Action::Converse)
        .query_of::<SearchQuery>()
        .answers_with::<SearchPage>(200, "A page.")
}
