//! Messages of conversations and their files.

use crate::domain::access::Action;
use crate::http::openapi::{
    Area, Event,
    operation::{Operation, delete, get, patch, post},
    schema::{about, bytes, count, cursor, id, list, object, one_of, or_null, page, shape, text, text_of, time, yes_no},
};
use crate::wire::desk_event::DeskEvent;
use serde_json::Value;

pub(super) fn area() -> Area {
    Area {
        name: "Messages",
        about: "Numbered without gaps in each conversation. A client repeats a send under the same `client_id` until it hears the answer.",
        operations: vec![list_messages(), send(), edit(), remove(), link(), history(), search()],
        shapes: vec![
            ("Message", object(message())),
            ("FoundMessage", found()),
            ("MessageEdit", object([("body", about(text(), "The text that was replaced.")), ("edited_at", time())])),
        ],
        events: events(),
    }
}

fn events() -> Vec<Event> {
    let data = || object([("id", about(id(), "The event's.")), ("cursor", cursor()), ("message", shape("Message"))]);
    let event = |event, meaning, data: Value| Event { event, meaning, data: data.into() };
    vec![
        event(DeskEvent::MessageCreated, "There is a new message.", data()),
        event(DeskEvent::MessageChanged, "A message was edited or taken back.", data()),
        event(
            DeskEvent::MessageRead,
            "The marks of a member rose.",
            object([("user_id", id()), ("delivered_seq", count()), ("read_seq", about(or_null(count()), "Null when it is hidden."))]),
        ),
        event(
            DeskEvent::Typing,
            "The other side is typing. Sent by members as a client event, without data; whatever data comes with it is dropped.",
            object([]),
        ),
    ]
}

fn list_messages() -> Operation {
    get("/api/v1/conversations/{id}/messages", "list_messages", "Reads messages of a conversation, by rising number.")
        .about("Of members. At most one of `before_seq`, `after_seq` and `around`; without any: the newest.")
        .query("before_seq", count(), "Those before this number.")
        .query("after_seq", count(), "Those after this number.")
        .query("around", time(), "Those around this time.")
        .query("limit", one_to_hundred(), "Most items of a page.")
        .answers(200, "The messages.", object([("items", list(shape("Message"))), ("has_before", yes_no()), ("has_after", yes_no())]))
}

fn send() -> Operation {
    let file = about(bytes(), "PDF, PNG, JPEG or WebP of at most 10 MiB; only in a form (`multipart/form-data`).");
    post("/api/v1/conversations/{id}/messages", "send_message", "Sends a message.")
        .about("Of members. Without a file as `application/json` `{client_id, body}`; with one as a form, where `body` may be left out.")
        .takes_shape(object([("client_id", about(text_of(36, 36), "A UUID.")), ("body", text_of(1, 4_000))]))
        .takes_as("multipart/form-data", object([("client_id", text_of(36, 36)), ("body?", text_of(0, 4_000)), ("file?", file)]))
        .answers(201, "Sent.", shape("Message"))
        .answers(200, "It was sent before.", shape("Message"))
        .refuses(&["conversations.closed", "messages.client_id_reused", "conflict", "materials.file_too_large", "materials.file_type"])
        .refuses(&["materials.file_encrypted", "materials.file_unsafe", "materials.file_unreadable"])
}

fn edit() -> Operation {
    patch("/api/v1/conversations/{id}/messages/{message_id}", "edit_message", "Changes the text of an own message, within 15 minutes.")
        .about("Of members. A deleted one answers 409 `conflict`.")
        .takes_shape(object([("body", text_of(0, 4_000))]))
        .answers(200, "As it is now.", shape("Message"))
        .refuses(&["conversations.closed", "messages.too_late", "conflict"])
}

fn remove() -> Operation {
    delete("/api/v1/conversations/{id}/messages/{message_id}", "delete_message", "Takes an own message back.")
        .about("Its text, its earlier texts and its file go for good; also in closed conversations.")
        .answers(200, "What stays: an empty `body`, no `attachment`.", shape("Message"))
        .refuses(&["conflict"])
}

fn link() -> Operation {
    get("/api/v1/conversations/{id}/messages/{message_id}/link", "link_message_file", "Makes a link to the file of a message.")
        .about("Of members. Works for 1 h without signing in.")
        .query("disposition", one_of(&["inline", "attachment"]), "Default: inline.")
        .answers(200, "The link.", object([("url", text()), ("expires_at", time())]))
}

fn history() -> Operation {
    get("/api/v1/conversations/{id}/messages/{message_id}/history", "message_history", "Tells what a message said before its edits.")
        .about("Of the conversation's counsellor and admins; all others get 404. Oldest first.")
        .answers(200, "Its earlier texts.", object([("items", list(shape("MessageEdit")))]))
}

fn search() -> Operation {
    get("/api/v1/conversations/search", "search_messages", "Finds messages in the conversations one is in, newest first.")
        .needs(Action::Converse)
        .query("query", text_of(1, 200), "Words that all must be there.")
        .in_pages()
        .answers(200, "A page.", page("FoundMessage", []))
}

fn one_to_hundred() -> Value {
    let mut limit = count();
    (limit["minimum"], limit["maximum"], limit["default"]) = (1.into(), 100.into(), 20.into());
    limit
}

fn message() -> [(&'static str, Value); 10] {
    [
        ("id", id()),
        ("conversation_id", id()),
        ("seq", about(count(), "Its number in the conversation, from 1.")),
        ("client_id", about(text(), "The UUID its sender gave it.")),
        ("sender_id", id()),
        ("body", about(text(), "Empty when deleted.")),
        ("attachment", or_null(shape("FileInfo"))),
        ("created_at", time()),
        ("edited_at", or_null(time())),
        ("deleted_at", or_null(time())),
    ]
}

fn found() -> Value {
    let [id_, conversation_id, seq, client_id, sender_id, body, attachment, created_at, edited_at, deleted_at] = message();
    let place = ("conversation", shape("Conversation"));
    object([id_, conversation_id, seq, client_id, sender_id, body, attachment, created_at, edited_at, deleted_at, place])
}
