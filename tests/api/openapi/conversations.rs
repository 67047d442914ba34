//! Conversations, their messages, and prepared answers.

use super::{School, step};
use crate::{
    conversations::{channel_of, connect, id_of, join, new_client_id},
    support::{TestSocket, TestUser, pdf::one_page_pdf, schema::Checked},
};
use reqwest::{Method, multipart};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) async fn walk_conversations(seen: &mut Checked, school: &School) {
    let School { app, guru, ana, clock, .. } = school;
    let id = walk_openings(seen, school).await;
    walk_queue(seen, school).await;
    app.settle().await;
    let (mut at_anas, mut at_gurus) = (connect(app, ana).await, connect(app, guru).await);
    join(&mut at_anas, &id).await;
    join(&mut at_gurus, &id).await;
    let message = walk_messages(seen, school, &id).await;
    walk_files(seen, guru, &id).await;
    at_gurus.send(json!({ "event": "client-typing", "channel": channel_of(&id), "data": {} })).await;
    walk_chat_events(seen, &mut at_anas).await;
    walk_standing(seen, school, &id).await;
    clock.advance(16 * 60_000);
    let edit = "patch /conversations/{id}/messages/{message_id}";
    step(seen, guru, edit, &[&id, &message], (json!({ "body": "Terlambat" }), 409)).await;
    let remove = "delete /conversations/{id}/messages/{message_id}";
    step(seen, guru, remove, &[&id, &message], (Value::Null, 200)).await;
    step(seen, ana, remove, &[&id, &message], (Value::Null, 404)).await;
}

/// Returns the conversation of the student with the counsellor.
async fn walk_openings(seen: &mut Checked, school: &School) -> String {
    let School { guru, ana, kepala, .. } = school;
    let first = json!({ "client_id": new_client_id(), "body": "Halo, Bu" });
    let wanted = json!({ "counsellor_id": guru.id, "subject": "Jurusan", "first_message": first });
    let open = "post /conversations";
    let id = id_of(&step(seen, ana, open, &[], (wanted.clone(), 201)).await);
    step(seen, ana, open, &[], (wanted.clone(), 200)).await;
    let mut other = wanted;
    other["first_message"]["body"] = json!("Lain");
    step(seen, ana, open, &[], (other, 409)).await;
    step(seen, guru, open, &[], (json!({}), 422)).await;
    step(seen, kepala, open, &[], (json!({ "student_id": ana.id }), 403)).await;
    for user in [ana, guru] {
        step(seen, user, "get /conversations", &[], (Value::Null, 200)).await;
        step(seen, user, "get /conversations/{id}", &[&id], (Value::Null, 200)).await;
    }
    step(seen, ana, "get /conversations?scope=old", &[], (Value::Null, 422)).await;
    step(seen, ana, "get /conversations?scope=waiting", &[], (Value::Null, 403)).await;
    step(seen, kepala, "get /conversations/{id}", &[&id], (Value::Null, 404)).await;
    id
}

async fn walk_queue(seen: &mut Checked, school: &School) {
    let School { guru, guru2, budi, .. } = school;
    let id = id_of(&step(seen, budi, "post /conversations", &[], (json!({ "subject": "Cemas" }), 201)).await);
    step(seen, guru, "get /conversations?scope=waiting", &[], (Value::Null, 200)).await;
    step(seen, guru, "get /conversations/{id}", &[&id], (Value::Null, 200)).await;
    step(seen, budi, "post /conversations/next", &[], (json!({}), 403)).await;
    step(seen, guru, "post /conversations/next", &[], (json!({}), 200)).await;
    step(seen, guru, "post /conversations/next", &[], (json!({}), 204)).await;
    let transfer = "post /conversations/{id}/transfer";
    let body = json!({ "counsellor_id": guru2.id, "note": "Mohon dilanjutkan" });
    step(seen, guru, transfer, &[&id], (json!({ "counsellor_id": budi.id, "note": "" }), 422)).await;
    step(seen, budi, transfer, &[&id], (body.clone(), 403)).await;
    step(seen, guru, transfer, &[&id], (body.clone(), 204)).await;
    step(seen, guru, transfer, &[&id], (body, 404)).await;
    let note = json!({ "body": "Sudah lebih tenang" });
    step(seen, guru2, "post /conversations/{id}/notes", &[&id], (note.clone(), 201)).await;
    step(seen, budi, "post /conversations/{id}/notes", &[&id], (note, 404)).await;
    step(seen, guru2, "get /conversations/{id}/notes", &[&id], (Value::Null, 200)).await;
}

/// Returns a message of the counsellor that was edited.
async fn walk_messages(seen: &mut Checked, school: &School, id: &str) -> String {
    let School { guru, ana, kepala, .. } = school;
    let (send, client_id) = ("post /conversations/{id}/messages", new_client_id());
    let body = json!({ "client_id": client_id, "body": "Silakan cerita" });
    let message = id_of(&step(seen, guru, send, &[id], (body.clone(), 201)).await);
    step(seen, guru, send, &[id], (body, 200)).await;
    step(seen, guru, send, &[id], (json!({ "client_id": client_id, "body": "Lain" }), 409)).await;
    step(seen, guru, send, &[id], (json!({ "client_id": "1", "body": "" }), 422)).await;
    step(seen, kepala, send, &[id], (json!({ "client_id": new_client_id(), "body": "x" }), 404)).await;
    step(seen, ana, "get /conversations/{id}/messages?before_seq=3", &[id], (Value::Null, 200)).await;
    step(seen, ana, "get /conversations/{id}/messages?after_seq=x", &[id], (Value::Null, 422)).await;

    let edit = "patch /conversations/{id}/messages/{message_id}";
    step(seen, guru, edit, &[id, &message], (json!({ "body": "Silakan bercerita" }), 200)).await;
    step(seen, guru, edit, &[id, &message], (json!({ "body": "" }), 422)).await;
    step(seen, ana, edit, &[id, &message], (json!({ "body": "x" }), 404)).await;
    let history = "get /conversations/{id}/messages/{message_id}/history";
    for (user, status) in [(guru, 200), (kepala, 200), (ana, 404)] {
        step(seen, user, history, &[id, &message], (Value::Null, status)).await;
    }
    step(seen, ana, "get /conversations/search?query=bercerita", &[], (Value::Null, 200)).await;
    step(seen, ana, "get /conversations/search", &[], (Value::Null, 422)).await;
    step(seen, kepala, "get /conversations/search?query=x", &[], (Value::Null, 403)).await;
    for mark in ["delivered", "read"] {
        let raise = format!("post /conversations/{{id}}/{mark}");
        step(seen, ana, &raise, &[id], (json!({ "seq": 2 }), 200)).await;
        step(seen, ana, &raise, &[id], (json!({ "seq": -1 }), 422)).await;
    }
    message
}

async fn walk_files(seen: &mut Checked, guru: &TestUser, id: &str) {
    let upload = |bytes: Vec<u8>| {
        let file = multipart::Part::bytes(bytes).file_name("surat.pdf");
        let form = multipart::Form::new().text("client_id", new_client_id()).part("file", file);
        guru.request(Method::POST, &format!("/conversations/{id}/messages")).multipart(form)
    };
    let send = "/api/v1/conversations/{id}/messages";
    let message = id_of(&seen.call(send, "post", upload(one_page_pdf("Surat")), 201).await);
    seen.call(send, "post", upload(b"teks".to_vec()), 415).await;
    let link = "get /conversations/{id}/messages/{message_id}/link";
    step(seen, guru, link, &[id, &message], (Value::Null, 200)).await;
    step(seen, guru, &format!("{link}?disposition=aside"), &[id, &message], (Value::Null, 422)).await;
    step(seen, guru, link, &[id, id], (Value::Null, 404)).await;
}

async fn walk_standing(seen: &mut Checked, school: &School, id: &str) {
    let School { guru, ana, .. } = school;
    let (close, reopen) = ("post /conversations/{id}/close", "post /conversations/{id}/reopen");
    step(seen, ana, close, &[id], (json!({}), 200)).await;
    step(seen, guru, close, &[id], (json!({}), 409)).await;
    step(seen, ana, "get /conversations?scope=closed", &[], (Value::Null, 200)).await;
    let body = json!({ "client_id": new_client_id(), "body": "Masih ada?" });
    step(seen, ana, "post /conversations/{id}/messages", &[id], (body, 409)).await;
    step(seen, guru, reopen, &[id], (json!({}), 200)).await;
    step(seen, guru, reopen, &[id], (json!({}), 409)).await;
    step(seen, ana, "get /chat-preferences", &[], (Value::Null, 200)).await;
    let hide = json!({ "hide_typing": false, "hide_read_receipts": true });
    step(seen, ana, "put /chat-preferences", &[], (hide.clone(), 200)).await;
    step(seen, guru, "put /chat-preferences", &[], (hide, 403)).await;
    // The other side's mark is hidden now.
    step(seen, guru, "get /conversations/{id}", &[id], (Value::Null, 200)).await;
}

pub(super) async fn walk_canned_replies(seen: &mut Checked, guru: &TestUser, kepala: &TestUser) {
    let reply = |scope: &str| json!({ "shortcut": "salam", "body": "Selamat pagi", "scope": scope });
    let add = "post /canned-replies";
    let id = id_of(&step(seen, guru, add, &[], (reply("own"), 201)).await);
    step(seen, guru, add, &[], (reply("own"), 409)).await;
    step(seen, kepala, add, &[], (reply("own"), 422)).await;
    step(seen, kepala, add, &[], (reply("school"), 201)).await;
    step(seen, guru, "get /canned-replies", &[], (Value::Null, 200)).await;
    let one = "/canned-replies/{id}";
    step(seen, guru, &format!("patch {one}"), &[&id], (json!({ "body": "Selamat siang" }), 200)).await;
    step(seen, kepala, &format!("patch {one}"), &[&id], (json!({}), 404)).await;
    step(seen, guru, &format!("delete {one}"), &[&id], (Value::Null, 204)).await;
    step(seen, guru, &format!("delete {one}"), &[&id], (Value::Null, 404)).await;
}

/// Reads a member's socket until it has received every event of a conversation.
async fn walk_chat_events(seen: &mut Checked, socket: &mut TestSocket) {
    let mut missing = BTreeSet::from(["message.created", "message.changed", "message.read", "client-typing"]);
    while !missing.is_empty() {
        let event = socket.next_event().await;
        if !event.event.starts_with("pusher") {
            seen.event(&event.event, &event.json());
            missing.remove(event.event.as_str());
        }
    }
}
