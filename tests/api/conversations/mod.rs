//! Helpers that the tests of conversations share.

mod delivery;
mod desk;
mod engines;
mod messages;
mod sockets;

use crate::support::{TestApp, TestSocket, TestUser};
use reqwest::Method;
use serde_json::{Value, json};

/// Sends JSON and returns status and body (null when empty).
pub async fn ask(user: &TestUser, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let request = user.request(method.clone(), path);
    let request = if method == Method::GET { request } else { request.json(body) };
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
}

/// POSTs JSON until an answer comes: the server may close a kept connection just as it is used
/// again.
pub async fn post_until_answered(user: &TestUser, path: &str, body: &Value) -> (u16, Value) {
    for _ in 0..5 {
        if let Ok(response) = user.request(Method::POST, path).json(body).send().await {
            let status = response.status().as_u16();
            if let Ok(bytes) = response.bytes().await {
                return (status, serde_json::from_slice(&bytes).unwrap_or_default());
            }
        }
    }
    panic!("no answer to POST {path}");
}

pub fn new_client_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

pub fn id_of(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

/// Opens a conversation of a student with a counsellor and returns its id.
pub async fn open(student: &TestUser, counsellor: &TestUser) -> String {
    let (status, conversation) = student.post("/conversations", &json!({ "counsellor_id": counsellor.id })).await;
    assert_eq!(status, 201, "{conversation}");
    id_of(&conversation)
}

/// Puts a student into the queue and returns the conversation.
pub async fn wait_in_queue(student: &TestUser, subject: &str) -> Value {
    let (status, conversation) = student.post("/conversations", &json!({ "subject": subject })).await;
    assert_eq!(status, 201, "{conversation}");
    assert_eq!(conversation["state"], "waiting", "{conversation}");
    conversation
}

/// Sends a message and returns it.
pub async fn say(user: &TestUser, conversation: &str, body: &str) -> Value {
    let (status, message) =
        user.post(&format!("/conversations/{conversation}/messages"), &json!({ "client_id": new_client_id(), "body": body })).await;
    assert_eq!(status, 201, "{message}");
    message
}

/// Returns the bodies of the newest messages.
pub async fn bodies(user: &TestUser, conversation: &str) -> Vec<String> {
    let page = user.get(&format!("/conversations/{conversation}/messages?limit=100")).await;
    page["items"].as_array().unwrap().iter().map(|item| item["body"].as_str().unwrap().to_owned()).collect()
}

/// Opens a socket with a login and joins no channel.
pub async fn connect(app: &TestApp, user: &TestUser) -> TestSocket {
    let mut socket = app.handshake("/app/educounsel?protocol=7&client=test", &[("cookie", user.cookie.as_str())]).await.unwrap();
    socket.greet().await;
    socket
}

/// Joins a conversation and returns its members.
pub async fn join(socket: &mut TestSocket, conversation: &str) -> Value {
    socket.join_meanwhile(&channel_of(conversation)).await.json()["presence"].clone()
}

pub fn channel_of(conversation: &str) -> String {
    format!("presence-conversation.{conversation}")
}
