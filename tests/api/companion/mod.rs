//! Tests of the AI companion over HTTP and sockets, with a provider that the test controls.

mod faults;
mod limits;
mod safety;
mod threads;
mod turns;

use crate::support::{
    TestApp, TestSocket, TestUser,
    app::TestAppBuilder,
    provider::{FakeProvider, Reply, words},
    wait::until,
};
use educounsel::domain::clock::Clock;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// 20:00 in Jakarta, 20 May 2026.
const EVENING: i64 = 1_779_282_000_000;

/// A student with a thread, at a server with a language model.
struct Scene {
    app: TestApp,
    provider: FakeProvider,
    ana: TestUser,
    thread: String,
}

/// Prepares a server that uses `provider`.
fn asking(provider: &FakeProvider) -> TestAppBuilder {
    let url = provider.url.clone();
    TestApp::builder().set(|config| {
        config.openai.base_url = url;
        config.openai.api_key = "kunci-uji".into();
        config.openai.model = "model-uji".into();
    })
}

impl Scene {
    async fn open() -> Self {
        Self::with(|builder| builder).await
    }

    async fn with(change: impl FnOnce(TestAppBuilder) -> TestAppBuilder) -> Self {
        let provider = FakeProvider::start().await;
        let app = change(asking(&provider)).start().await;
        let ana = app.student("ana").await;
        let thread = new_thread(&ana).await;
        Self { app, provider, ana, thread }
    }

    /// Asks and expects 202; returns the answer as it began.
    async fn ask(&self, body: &str) -> Value {
        let (status, asked) = ask(&self.ana, &self.thread, body).await;
        assert_eq!(status, 202, "{asked}");
        asked["answer"].clone()
    }

    async fn answer(&self, id: &Value) -> Value {
        self.ana.get(&format!("/companion/messages/{}", id.as_str().unwrap())).await
    }

    /// Waits until an answer has ended, and until its actor is gone.
    async fn ended(&self, id: &Value) -> Value {
        until("the answer ends", async || self.answer(id).await["status"] != "streaming").await;
        self.nobody_talks().await;
        self.answer(id).await
    }

    async fn nobody_talks(&self) {
        until("no chatbot lives", async || self.app.running.live_answers().await == 0).await;
    }

    async fn close(self) {
        self.nobody_talks().await;
        self.app.stop().await;
    }
}

async fn new_thread(user: &TestUser) -> String {
    let (status, thread) = user.post("/companion/threads", &json!({})).await;
    assert_eq!(status, 201, "{thread}");
    thread["id"].as_str().unwrap().to_owned()
}

async fn ask(user: &TestUser, thread: &str, body: &str) -> (u16, Value) {
    ask_as(user, thread, &Uuid::now_v7().to_string(), body).await
}

async fn ask_as(user: &TestUser, thread: &str, client_id: &str, body: &str) -> (u16, Value) {
    user.post(&format!("/companion/threads/{thread}/messages"), &json!({ "client_id": client_id, "body": body })).await
}

async fn stop(user: &TestUser, answer: &Value) -> (u16, Value) {
    user.post(&format!("/companion/messages/{}/stop", answer["id"].as_str().unwrap()), &json!({})).await
}

async fn regenerate(user: &TestUser, answer: &Value) -> (u16, Value) {
    user.post(&format!("/companion/messages/{}/regenerate", answer["id"].as_str().unwrap()), &json!({})).await
}

/// One answer as a device shows it, assembled from frames.
#[derive(Debug, Default)]
struct Heard {
    text: String,
    seq: i64,
    started: Option<Value>,
    end: Option<(String, Value)>,
}

impl Heard {
    /// Listens until the answer has ended; frames must come without gaps.
    async fn to_the_end(socket: &mut TestSocket, id: &Value) -> Self {
        let mut heard = Self::default();
        while heard.end.is_none() {
            heard.one(socket, id).await;
        }
        heard
    }

    async fn one(&mut self, socket: &mut TestSocket, id: &Value) {
        let event = socket.next_event().await;
        let data = event.json();
        match event.event.as_str() {
            "companion.started" if data["answer"]["id"] == *id => self.started = Some(data),
            "companion.delta" if data["message_id"] == *id => {
                assert!(self.end.is_none(), "a frame behind the end: {data}");
                assert_eq!(data["seq"], self.seq + 1, "a gap");
                self.seq += 1;
                self.text.push_str(data["text"].as_str().unwrap());
            }
            "companion.done" | "companion.failed" if data["message_id"] == *id => self.end = Some((event.event, data)),
            _ => {}
        }
    }
}

/// Words at a readable pace, so that a test can stop them.
fn slow(text: &str) -> Reply {
    Reply::Words { words: words(text), every: Duration::from_millis(20) }
}

/// Words at a pace that leaves time for several requests before the answer ends, also on a busy
/// machine.
fn very_slow(text: &str) -> Reply {
    Reply::Words { words: words(text), every: Duration::from_millis(150) }
}
