//! The event debug console of connected apps, and the event creator.

use crate::{
    backend::{Backend, Mistake, sent},
    connected_apps::{change, make_app},
    support::{TestApp, TestSocket, TestUser, wait::until},
};
use educounsel::{domain::clock::Clock, services::watched_apps::WATCH_MS};
use reqwest::Method;
use serde_json::{Value, json};

/// A server with an app of the settings, and an admin who watches it.
struct Scene {
    app: TestApp,
    clock: Clock,
    backend: Backend,
    kepala: TestUser,
    console: Console,
}

/// An admin's socket on the channel of a console.
struct Console {
    socket: TestSocket,
    /// Lines that came and were not asked for.
    waiting: Vec<Value>,
    skipped: u64,
}

impl Console {
    async fn open(admin: &TestUser, app: &str) -> Self {
        let mut socket = admin.connect().await;
        let opened = watch(admin, app).await;
        socket.subscribe(opened["channel"].as_str().unwrap()).await;
        Self { socket, waiting: Vec::new(), skipped: 0 }
    }

    /// Reads one frame.
    async fn read(&mut self) {
        let frame = self.socket.next_named("app.console").await;
        let told = frame.json();
        let lines = told["lines"].as_array().unwrap();
        assert!((1..=50).contains(&lines.len()), "{told}");
        self.waiting.extend(lines.iter().cloned());
        self.skipped += told["skipped"].as_u64().unwrap();
    }

    /// Waits for a line of a kind and returns it; others stay.
    async fn line(&mut self, kind: &str) -> Value {
        loop {
            if let Some(at) = self.waiting.iter().position(|line| line["kind"] == kind) {
                return self.waiting.remove(at);
            }
            self.read().await;
        }
    }
}

async fn watch(admin: &TestUser, app: &str) -> Value {
    let (status, opened) = admin.post(&format!("/admin/apps/{app}/console"), &json!({})).await;
    assert_eq!(status, 200, "{opened}");
    opened
}

impl Scene {
    async fn open() -> Self {
        let clock = Clock::manual(Clock::System.now_ms());
        let app = TestApp::builder().pusher_app().clock(clock.clone()).start().await;
        let kepala = app.admin("kepala").await;
        let console = Console::open(&kepala, "7").await;
        Self { clock, backend: Backend::of_settings(&app), kepala, console, app }
    }
}

/// The named fields of a line.
fn fields<const N: usize>(line: &Value, names: [&str; N]) -> [Value; N] {
    names.map(|name| line[name].clone())
}

#[actix_web::test]
async fn what_backends_publish_and_who_connects_and_subscribes_is_shown() {
    let Scene { app, backend, mut console, clock, .. } = Scene::open().await;
    let mut socket = app.socket("uji-key").await;
    assert_eq!(console.line("connected").await["socket_id"], json!(socket.socket_id));
    socket.subscribe("news").await;
    let subscribed = console.line("subscribed").await;
    assert_eq!(fields(&subscribed, ["channel", "socket_id"]), [json!("news"), json!(socket.socket_id)]);
    let event = json!({ "name": "terbit", "channels": ["news", "sport"], "data": "é".repeat(600), "socket_id": socket.socket_id });
    assert_eq!(sent(backend.post("events", &event)).await.0, 200);
    let told = console.line("api_event").await;
    let expected = [json!("news, sport"), json!("terbit"), json!("é".repeat(500)), json!(1200), json!(socket.socket_id)];
    assert_eq!(fields(&told, ["channel", "event", "data", "bytes", "socket_id"]), expected);
    assert_eq!(told["at"], json!(educounsel::domain::clock::rfc3339(clock.now_ms())));
    assert_eq!(told["node"], json!(app.running.context.node.to_string()));
    assert_ne!(told["id"], subscribed["id"]);
    app.stop().await;
}
