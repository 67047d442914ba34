//! The companion: threads, an answer of every kind, hand-over.

use super::{School, step};
use crate::{
    conversations::{id_of, new_client_id},
    support::{
        provider::{Reply, words},
        schema::Checked,
        wait::until,
    },
};
use serde_json::{Value, json};
use std::time::Duration;

pub(super) async fn walk_companion(seen: &mut Checked, school: &School) {
    let School { ana, guru, provider, .. } = school;
    step(seen, ana, "get /companion", &[], (Value::Null, 200)).await;
    step(seen, guru, "get /companion", &[], (Value::Null, 403)).await;
    let create = "post /companion/threads";
    let id = id_of(&step(seen, ana, create, &[], (json!({}), 201)).await);
    let other = id_of(&step(seen, ana, create, &[], (json!({ "title": "Ujian" }), 201)).await);
    step(seen, ana, create, &[], (json!({ "title": 1 }), 422)).await;
    step(seen, ana, "get /companion/threads?limit=1", &[], (Value::Null, 200)).await;
    step(seen, ana, "patch /companion/threads/{id}", &[&other], (json!({ "title": "Ulangan" }), 200)).await;
    walk_answers(seen, school, &id).await;
    step(seen, ana, "get /companion/threads/{id}", &[&id], (Value::Null, 200)).await;
    step(seen, ana, "get /companion/threads/{id}?before=x", &[&id], (Value::Null, 422)).await;
    step(seen, ana, "post /companion/threads/{id}/summary", &[&id], (json!({}), 200)).await;
    let hand_over = "post /companion/threads/{id}/hand-over";
    step(seen, ana, hand_over, &[&id], (json!({ "to": "chat", "summary": "Tolong" }), 201)).await;
    step(seen, ana, hand_over, &[&id], (json!({ "to": "booking", "summary": "Tolong" }), 200)).await;
    step(seen, ana, hand_over, &[&id], (json!({ "to": "mail", "summary": "Tolong" }), 422)).await;
    step(seen, ana, "delete /companion/threads/{id}", &[&other], (Value::Null, 204)).await;
    step(seen, ana, "delete /companion/threads/{id}", &[&other], (Value::Null, 404)).await;
    assert!(provider.chats().len() >= 4);
}

async fn walk_answers(seen: &mut Checked, school: &School, id: &str) {
    let School { app, ana, budi, provider, .. } = school;
    let ask = "post /companion/threads/{id}/messages";
    let question = |body: &str| json!({ "client_id": new_client_id(), "body": body });
    let ended = async || until("no chatbot lives", async || app.running.live_answers().await == 0).await;
    provider.then(Reply::Words { words: words(&"Satu kalimat. ".repeat(50)), every: Duration::from_millis(20) });
    let first = question("Halo");
    let answer = id_of(&step(seen, ana, ask, &[id], (first.clone(), 202)).await["answer"]);
    step(seen, ana, ask, &[id], (question("Sibuk?"), 409)).await;
    step(seen, ana, ask, &[id], (json!({ "client_id": first["client_id"], "body": "Lain" }), 409)).await;
    until("it grows", async || ana.get(&format!("/companion/messages/{answer}")).await["seq"].as_i64().unwrap() > 0).await;
    step(seen, ana, "get /companion/messages/{id}", &[&answer], (Value::Null, 200)).await;
    step(seen, ana, "post /companion/messages/{id}/stop", &[&answer], (json!({}), 200)).await;
    step(seen, ana, ask, &[id], (first, 200)).await;
    let regenerate = "post /companion/messages/{id}/regenerate";
    step(seen, ana, regenerate, &[&answer], (json!({}), 202)).await;
    ended().await;
    provider.then(Reply::Status { code: 401, retry_after: None });
    let failed = id_of(&step(seen, ana, regenerate, &[&answer], (json!({}), 202)).await["answer"]);
    ended().await;
    step(seen, ana, "get /companion/messages/{id}", &[&failed], (Value::Null, 200)).await;
    step(seen, budi, "get /companion/messages/{id}", &[&failed], (Value::Null, 404)).await;
    let help = step(seen, ana, ask, &[id], (question("aku mau bunuh diri malam ini"), 202)).await;
    assert_eq!(help["answer"]["kind"], "help_card");
    step(seen, ana, regenerate, &[&id_of(&help["answer"])], (json!({}), 409)).await;
}
