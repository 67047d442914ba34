//! Admins watch a connected app on its console, and publish events to it by hand.

use crate::{
    apps::backend::{Backend, Mistake, sent},
    apps::manage::{change, make_app},
    support::{TestApp, TestSocket, TestUser, wait::until},
    webhook_receiver::{Reaction, Receiver},
};
use educounsel::{
    domain::{
        clock::{Clock, rfc3339},
        ids::AppId,
    },
    services::apps::watched::WATCH_MS,
    wire::console::{Line, LineKind},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const DAY_MS: i64 = 86_400_000;

/// A server with a stopped clock, an app in its database, its backend, and an admin who watches.
struct Scene {
    app: TestApp,
    clock: Clock,
    made: Value,
    backend: Backend,
    kepala: TestUser,
    console: Console,
}

/// An admin's socket on the channel of a console.
struct Console {
    socket: TestSocket,
    /// Lines that arrived and that no test step has taken yet.
    waiting: Vec<Value>,
    /// Frames as they arrived.
    frames: Vec<String>,
    skipped: u64,
}

impl Console {
    async fn open(admin: &TestUser, app: &str) -> Self {
        let mut socket = admin.connect().await;
        let opened = watch(admin, app).await;
        socket.subscribe(opened["channel"].as_str().unwrap()).await;
        Self { socket, waiting: Vec::new(), frames: Vec::new(), skipped: 0 }
    }

    /// Reads one frame; returns its number of lines.
    async fn read(&mut self) -> usize {
        let frame = self.socket.next_named("app.console").await;
        let told = frame.json();
        let lines = told["lines"].as_array().unwrap();
        assert!((1..=50).contains(&lines.len()), "{told}");
        self.waiting.extend(lines.iter().cloned());
        self.skipped += told["skipped"].as_u64().unwrap();
        self.frames.push(frame.raw);
        lines.len()
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

    /// Waits for a line of a kind and returns the named fields of it.
    async fn told<const N: usize>(&mut self, kind: &str, names: [&str; N]) -> [Value; N] {
        let line = self.line(kind).await;
        names.map(|name| line[name].clone())
    }
}

/// Opens the console of an app; returns its channel, and until when.
pub async fn watch(admin: &TestUser, app: &str) -> Value {
    let (status, opened) = admin.post(&format!("/admin/apps/{app}/console"), &json!({})).await;
    assert_eq!(status, 200, "{opened}");
    opened
}

impl Scene {
    async fn open() -> Self {
        Self::with(json!({ "name": "Kampus", "subscription_counts": true })).await
    }

    async fn with(new: Value) -> Self {
        let clock = Clock::manual(Clock::System.now_ms());
        let app = TestApp::builder().pusher_app().clock(clock.clone()).set(|config| config.webhooks.allow_private_targets = true);
        let app = app.start().await;
        let kepala = app.admin("kepala").await;
        let made = make_app(&kepala, &new).await;
        let console = Console::open(&kepala, made["id"].as_str().unwrap()).await;
        Self { clock, backend: Backend::of(&app, &made), kepala, console, made, app }
    }

    fn id(&self) -> &str {
        &self.backend.id
    }

    async fn socket(&self) -> TestSocket {
        self.app.socket(&self.backend.key).await
    }

    /// Joins a channel with its signature; on presence channels as `user`.
    async fn join(&self, socket: &mut TestSocket, channel: &str, user: Option<&str>) {
        let data = user.map(|user| json!({ "user_id": user }).to_string());
        let signed: Vec<&str> = [Some(socket.socket_id.as_str()), Some(channel), data.as_deref()].into_iter().flatten().collect();
        let request = json!({ "channel": channel, "auth": self.backend.sign(&signed.join(":")), "channel_data": data });
        assert_eq!(socket.ask_subscribe(request).await.event, "pusher_internal:subscription_succeeded");
    }

    /// Signs a socket in; returns its proof.
    async fn sign_in(&self, socket: &mut TestSocket, user_data: &Value) -> String {
        let data = user_data.to_string();
        let auth = self.backend.sign(&format!("{}::user::{data}", socket.socket_id));
        socket.send(json!({ "event": "pusher:signin", "data": { "auth": auth, "user_data": data } })).await;
        assert_eq!(socket.next_event().await.event, "pusher:signin_success");
        auth
    }

    /// Publishes as the event creator does; returns status and code.
    async fn create(&self, event: &Value) -> (u16, String) {
        let (status, answer) = self.kepala.post(&format!("/admin/apps/{}/events", self.id()), event).await;
        (status, answer["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Returns the lines of an action in the audit trail, newest first.
    async fn trail(&self, action: &str) -> Vec<Value> {
        let list = self.kepala.get("/admin/audit?limit=100").await;
        list["items"].as_array().unwrap().iter().filter(|entry| entry["action"] == action).cloned().collect()
    }
}

#[actix_web::test]
async fn what_backends_publish_is_shown_with_its_beginning_and_its_length() {
    let mut scene = Scene::open().await;
    let mut channels: Vec<String> = (0..12).map(|n| format!("c{n}")).collect();
    let event = json!({ "name": "terbit", "channels": channels, "data": "é".repeat(600), "socket_id": "1.2" });
    assert_eq!(sent(scene.backend.post("events", &event)).await.0, 200);
    channels.truncate(10);
    let first = scene.console.line("api_event").await;
    let expected = [json!(format!("{}, +2", channels.join(", "))), json!("terbit"), json!("é".repeat(500)), json!(1200), json!("1.2")];
    assert_eq!(["channel", "event", "data", "bytes", "socket_id"].map(|name| first[name].clone()), expected);
    assert_eq!(first["at"], json!(rfc3339(scene.clock.now_ms())));
    assert_eq!(first["node"], json!(scene.app.running.context.node.to_string()));
    let batch = json!({ "batch": [{ "name": "1", "channel": "a", "data": "" }, { "name": "2", "channel": "b", "data": "" }] });
    assert_eq!(sent(scene.backend.post("batch_events", &batch)).await.0, 200);
    let second = scene.console.line("api_event").await;
    assert_eq!([&second["channel"], &second["event"], &second["data"]], [&json!("a"), &json!("1"), &json!("")]);
    assert_ne!(second["id"], first["id"]);
    assert_eq!(scene.console.told("api_event", ["channel", "event"]).await, [json!("b"), json!("2")]);
    scene.app.stop().await;
}

#[actix_web::test]
async fn sockets_are_shown_from_their_opening_to_their_end() {
    let mut scene = Scene::open().await;
    let (mut ana, mut budi) = (scene.socket().await, scene.socket().await);
    for socket in [&ana, &budi] {
        assert_eq!(scene.console.told("connected", ["socket_id"]).await, [json!(socket.socket_id)]);
    }
    let id = json!(ana.socket_id);
    scene.sign_in(&mut ana, &json!({ "id": "ana" })).await;
    assert_eq!(scene.console.told("signed_in", ["socket_id", "user_id"]).await, [id.clone(), json!("ana")]);
    ana.subscribe("#server-to-user-ana").await;
    let joined = ["channel", "socket_id", "user_id"];
    assert_eq!(scene.console.told("subscribed", joined).await, [json!("#server-to-user-ana"), id.clone(), Value::Null]);
    scene.join(&mut ana, "presence-a", Some("ana")).await;
    assert_eq!(scene.console.told("subscribed", joined).await, [json!("presence-a"), id.clone(), json!("ana")]);
    ana.send(json!({ "event": "pusher:unsubscribe", "data": { "channel": "presence-a" } })).await;
    assert_eq!(scene.console.told("unsubscribed", joined).await, [json!("presence-a"), id.clone(), json!("ana")]);
    ana.cut();
    let ended = ["socket_id", "code", "reason"];
    assert_eq!(scene.console.told("disconnected", ended).await, [id, Value::Null, Value::Null]);
    scene.sign_in(&mut budi, &json!({ "id": 7 })).await;
    assert_eq!(sent(scene.backend.post("users/7/terminate_connections", &json!({}))).await.0, 200);
    budi.expect_close(4009).await;
    let id = json!(budi.socket_id);
    // Without this the server would cut it 5 s later, by a clock that stands still.
    budi.cut();
    let told = scene.console.told("disconnected", ended).await;
    assert_eq!(told, [id, json!(4009), json!("Connection is unauthorized")]);
    scene.app.stop().await;
}

#[actix_web::test]
async fn what_owners_are_told_of_is_shown_of_apps_without_webhooks_too() {
    let mut scene = Scene::open().await;
    let mut ana = scene.socket().await;
    scene.join(&mut ana, "presence-a", Some("ana")).await;
    let console = &mut scene.console;
    assert_eq!(console.told("occupied", ["channel"]).await, [json!("presence-a")]);
    assert_eq!(console.told("member_added", ["channel", "user_id"]).await, [json!("presence-a"), json!("ana")]);
    ana.send(json!({ "event": "client-x", "channel": "presence-a", "data": { "a": 1 } })).await;
    let told = console.told("client_event", ["channel", "event", "data", "bytes", "socket_id", "user_id"]).await;
    let expected = [json!("presence-a"), json!("client-x"), json!("{\"a\":1}"), json!(7), json!(ana.socket_id), json!("ana")];
    assert_eq!(told, expected);
    ana.subscribe("cache-b").await;
    assert_eq!(console.told("cache_miss", ["channel"]).await, [json!("cache-b")]);
    assert_eq!(console.told("count", ["channel", "data"]).await, [json!("cache-b"), json!("1")]);
    ana.cut();
    assert_eq!(console.told("member_removed", ["channel", "user_id"]).await, [json!("presence-a"), json!("ana")]);
    let mut vacated = [console.told("vacated", ["channel"]).await, console.told("vacated", ["channel"]).await].concat();
    vacated.sort_by_key(Value::to_string);
    assert_eq!(vacated, [json!("cache-b"), json!("presence-a")]);
    scene.app.stop().await;
}

#[actix_web::test]
async fn errors_that_clients_get_are_shown_with_code_and_reason() {
    let mut scene = Scene::open().await;
    let mut socket = scene.socket().await;
    let about = ["channel", "event", "code", "reason", "socket_id"];
    let id = json!(socket.socket_id);
    let cases = [
        (
            json!({ "event": "pusher:subscribe", "data": { "channel": "private-a", "auth": "x:y" } }),
            [json!("private-a"), Value::Null, json!(401), json!("AuthError: invalid signature"), id.clone()],
        ),
        (
            json!({ "event": "client-x", "channel": "news", "data": 1 }),
            [
                json!("news"),
                json!("client-x"),
                json!(4301),
                json!("client events are only allowed on private and presence channels"),
                id.clone(),
            ],
        ),
        (
            json!({ "event": "client-x", "channel": "private-a", "data": 1 }),
            [json!("private-a"), json!("client-x"), json!(4301), json!("client events need a subscription to the channel"), id.clone()],
        ),
        (
            json!({ "event": "pusher:signin", "data": { "auth": "x:y", "user_data": "{}" } }),
            [Value::Null, Value::Null, Value::Null, json!("sign-in: invalid signature"), id.clone()],
        ),
        (json!({ "event": "halo" }), [Value::Null, json!("halo"), Value::Null, json!("unknown event"), id.clone()]),
        (json!([]), [Value::Null, Value::Null, Value::Null, json!("frame is not a JSON object with a text field 'event'"), id.clone()]),
    ];
    for (frame, expected) in cases {
        socket.send(frame).await;
        socket.next_event().await;
        assert_eq!(scene.console.told("refused", about).await, expected);
    }
    let watchlist: Vec<String> = (0..101).map(|n| format!("u{n}")).collect();
    scene.sign_in(&mut socket, &json!({ "id": "ana", "watchlist": watchlist })).await;
    assert_eq!(scene.console.told("refused", ["code"]).await, [json!(4302)]);
    // Failed handshakes: wrong version, a page that may not, and a disabled app.
    let path = format!("/app/{}", scene.backend.key);
    scene.app.handshake(&format!("{path}?protocol=4"), &[]).await.unwrap().expect_close(4007).await;
    let told = scene.console.told("refused", ["code", "reason", "socket_id"]).await;
    assert_eq!(told, [json!(4007), json!("Unsupported protocol version"), Value::Null]);
    change(&scene.kepala, &scene.made, &json!({ "allowed_origins": ["https://a.example"] })).await;
    scene.app.handshake(&path, &[("origin", "https://b.example")]).await.unwrap().expect_close(4009).await;
    assert_eq!(scene.console.told("refused", ["code"]).await, [json!(4009)]);
    change(&scene.kepala, &scene.made, &json!({ "enabled": false })).await;
    socket.expect_close(4003).await;
    // Without this the server would cut it 5 s later, by a clock that stands still.
    socket.cut();
    assert_eq!(scene.console.told("disconnected", ["code"]).await, [json!(4003)]);
    scene.app.handshake(&path, &[]).await.unwrap().expect_close(4003).await;
    assert_eq!(scene.console.told("refused", ["code"]).await, [json!(4003)]);
    scene.app.stop().await;
}

#[actix_web::test]
async fn requests_of_backends_that_are_refused_are_shown_without_their_query() {
    let mut scene = Scene::open().await;
    let path = format!("/apps/{}/events", scene.id());
    let asked = json!(format!("POST {path}"));
    let about = ["code", "data", "reason"];
    let mistake = Mistake { signature: Some("0123456789abcdef"), ..Mistake::default() };
    assert_eq!(sent(scene.backend.request(Method::POST, &path, &[], b"{}", &mistake)).await.0, 401);
    let told = scene.console.told("api_refused", about).await;
    assert_eq!(told[0], 401);
    assert_eq!(told[1], asked);
    assert!(told[2].as_str().unwrap().contains("not signed by this app"), "{told:?}");
    assert_eq!(sent(scene.backend.post("events", &json!({ "name": "e", "channel": "a" }))).await.0, 400);
    assert_eq!(scene.console.told("api_refused", about).await, [json!(400), asked.clone(), json!("data is missing")]);
    assert_eq!(sent(scene.backend.post("events", &json!({ "name": "e", "channel": "a", "data": "x".repeat(10_241) }))).await.0, 413);
    assert_eq!(scene.console.told("api_refused", ["code"]).await, [json!(413)]);
    // The one path without an app id belongs to the app of its key.
    let by_key = scene.backend.request(Method::POST, "/users/7/terminate_connections", &[], b"{}", &mistake);
    assert_eq!(sent(by_key).await.0, 401);
    let told = scene.console.told("api_refused", ["code", "data"]).await;
    assert_eq!(told, [json!(401), json!("POST /users/7/terminate_connections")]);
    change(&scene.kepala, &scene.made, &json!({ "limits": { "events_per_s": 1 } })).await;
    let event = json!({ "name": "e", "channel": "a", "data": "" });
    until("the rate is used up", async || sent(scene.backend.post("events", &event)).await.0 == 429).await;
    assert_eq!(scene.console.told("api_refused", ["code"]).await, [json!(429)]);
    scene.app.stop().await;
}

#[actix_web::test]
async fn webhooks_are_shown_with_the_names_of_their_events() {
    let receiver = Receiver::start().await;
    receiver.next([Reaction::Answer(503, "")]);
    let webhooks = json!([{ "url": receiver.url(), "events": ["channel_occupied", "member_added"] }]);
    let mut scene = Scene::with(json!({ "name": "Kampus", "webhooks": webhooks })).await;
    let mut ana = scene.socket().await;
    scene.join(&mut ana, "presence-a", Some("ana")).await;
    let told = scene.console.told("webhook_failed", ["code", "reason", "channel", "data"]).await;
    assert_eq!(told, [json!(503), json!("answered with status 503"), Value::Null, Value::Null]);
    scene.clock.advance(2_000);
    let sent = scene.console.line("webhook_sent").await;
    assert_eq!(sent["code"], 200);
    assert_eq!(sent["data"], Value::Null);
    assert_eq!(sent["reason"], Value::Null);
    assert_eq!(sent["event"], json!("channel_occupied, member_added"));
    scene.app.stop().await;
}

#[actix_web::test]
async fn proofs_and_secrets_are_never_in_a_line() {
    let receiver = Receiver::start().await;
    let webhooks = json!([{ "url": receiver.url(), "events": ["channel_occupied", "client_event"] }]);
    let mut scene = Scene::with(json!({ "name": "Kampus", "webhooks": webhooks })).await;
    let mut ana = scene.socket().await;
    let user_auth = scene.sign_in(&mut ana, &json!({ "id": "ana", "user_info": { "phone": "0812-rahasia" } })).await;
    let data = json!({ "user_id": "ana", "user_info": { "phone": "0812-rahasia" } }).to_string();
    let auth = scene.backend.sign(&format!("{}:presence-a:{data}", ana.socket_id));
    ana.ask_subscribe(json!({ "channel": "presence-a", "auth": auth, "channel_data": data })).await;
    let wrong = format!("{}:0000000000", scene.backend.key);
    ana.ask_subscribe(json!({ "channel": "private-b", "auth": wrong })).await;
    ana.send(json!({ "event": "pusher:signin", "data": scene.backend.secret })).await;
    ana.next_event().await;
    ana.send(json!({ "event": "pusher:signin", "data": { "auth": scene.backend.secret, "user_data": "{\"id\":\"rahasia-lain\"}" } })).await;
    ana.next_event().await;
    scene.backend.trigger("presence-a", "terbit", "isi").await;
    let mistake = Mistake { signature: Some("tanda-tangan-palsu"), ..Mistake::default() };
    let path = format!("/apps/{}/events", scene.id());
    sent(scene.backend.request(Method::POST, &path, &[("lagi", "rahasia-dalam-query")], b"{\"isi\":\"rahasia-dalam-badan\"}", &mistake))
        .await;
    let rotated = scene.kepala.post(&format!("/admin/apps/{}/rotate", scene.id()), &json!({})).await.1;
    for kind in ["connected", "signed_in", "subscribed", "refused", "refused", "refused", "api_event", "api_refused", "webhook_sent"] {
        scene.console.line(kind).await;
    }
    let frames = scene.console.frames.join("\n");
    assert!(frames.contains("terbit") && frames.contains("isi"), "{frames}");
    let signature = |proof: &str| proof.split_once(':').unwrap().1.to_owned();
    for secret in [
        scene.backend.secret.clone(),
        rotated["secret"].as_str().unwrap().to_owned(),
        signature(&auth),
        signature(&user_auth),
        "0000000000".to_owned(),
        "rahasia".to_owned(),
        "tanda-tangan".to_owned(),
        "auth_".to_owned(),
        receiver.url(),
        scene.kepala.token.clone(),
    ] {
        assert!(!frames.contains(&secret), "{secret} in {frames}");
    }
    scene.app.stop().await;
}

#[actix_web::test]
async fn only_those_who_manage_apps_may_watch_and_publish() {
    let app = TestApp::builder().pusher_app().start().await;
    let kepala = app.admin("kepala").await;
    let channel = watch(&kepala, "7").await["channel"].as_str().unwrap().to_owned();
    assert_eq!(channel, "private-app-console.7", "apps of the settings can be watched too");
    let event = json!({ "channels": ["a"], "name": "e", "data": "" });
    for user in [app.counsellor("guru").await, app.student("ana").await] {
        assert_eq!(user.post("/admin/apps/7/console", &json!({})).await.0, 403);
        assert_eq!(user.post("/admin/apps/7/events", &event).await.0, 403);
        let mut socket = user.connect().await;
        let answer = socket.ask_subscribe(json!({ "channel": channel })).await;
        assert_eq!(answer.event.as_str(), "pusher:subscription_error");
        assert_eq!(answer.json()["status"], 401);
        assert_eq!(user.authorise(&socket, &channel).await.0, 403);
    }
    for path in ["console", "events"] {
        assert_eq!(app.client().post(app.url(&format!("/api/v1/admin/apps/7/{path}"))).json(&event).send().await.unwrap().status(), 401);
        assert_eq!(kepala.post(&format!("/admin/apps/1/{path}"), &event).await.0, 404);
    }
    assert_eq!(kepala.post("/admin/apps/educounsel/events", &event).await.0, 404, "the console of refused joins only");
    // A user who loses the admin's role is removed.
    let wakil = app.admin("wakil").await;
    let mut console = Console::open(&wakil, "7").await;
    let demoted = kepala.request(Method::PATCH, &format!("/admin/users/{}", wakil.id)).json(&json!({ "role": "counsellor" }));
    assert_eq!(demoted.send().await.unwrap().status(), 200);
    console.socket.expect_close(4009).await;
    app.stop().await;
}

/// A proof never expires and names no user: a socket that joined with one could outlive its admin.
#[actix_web::test]
async fn a_proof_does_not_let_a_socket_without_a_session_watch() {
    let app = TestApp::builder().pusher_app().start().await;
    let wakil = app.admin("wakil").await;
    let channel = watch(&wakil, "7").await["channel"].as_str().unwrap().to_owned();
    let mut nobody = app.socket("educounsel").await;
    let (status, signed) = wakil.authorise(&nobody, &channel).await;
    assert_eq!(status, 403, "{signed}");
    let auth = app.running.context.apps.built_in().proof(&format!("{}:{channel}", nobody.socket_id));
    let answer = nobody.ask_subscribe(json!({ "channel": channel, "auth": auth })).await;
    assert_eq!(answer.event.as_str(), "pusher:subscription_error");
    assert_eq!(answer.json()["status"], 401);
    app.stop().await;
}

#[actix_web::test]
async fn nothing_is_published_when_nobody_watches_and_a_watch_ends_unless_it_is_repeated() {
    let mut scene = Scene::open().await;
    let context = scene.app.running.context.clone();
    let mut other = Console::open(&scene.kepala, "7").await;
    scene.clock.advance(WATCH_MS - 1);
    assert_eq!(watch(&scene.kepala, scene.id()).await["until"], json!(rfc3339(scene.clock.now_ms() + WATCH_MS)));
    scene.backend.trigger("a", "satu", "").await;
    assert_eq!(scene.console.told("api_event", ["event"]).await, [json!("satu")]);
    scene.clock.advance(1);
    // Only the second app is watched now.
    Backend::of_settings(&scene.app).trigger("a", "dua", "").await;
    scene.backend.trigger("a", "dua di sini", "").await;
    assert_eq!(scene.console.told("api_event", ["event"]).await, [json!("dua di sini")]);
    scene.app.barrier(&mut other.socket).await;
    assert!(context.watched.is_anybody_watching());
    scene.clock.advance(WATCH_MS - 1);
    scene.backend.trigger("a", "tiga", "").await;
    assert!(!context.watched.is_anybody_watching());
    let mut socket = scene.socket().await;
    socket.subscribe("news").await;
    socket.cut();
    until("the socket is gone", async || scene.kepala.get(&format!("/admin/apps/{}", scene.id())).await["live"]["connections"] == 0).await;
    // Lines come in order: the first one of the next watch is the first since the last one.
    watch(&scene.kepala, scene.id()).await;
    scene.backend.trigger("a", "empat", "").await;
    assert_eq!(scene.console.told("api_event", ["event"]).await, [json!("empat")]);
    scene.app.stop().await;
}

#[actix_web::test]
async fn a_frame_has_at_most_50_lines_and_says_how_many_there_were_beside_them() {
    let mut scene = Scene::open().await;
    let (watched, app) = (scene.app.running.context.watched.clone(), AppId(scene.id().into()));
    let began = Instant::now();
    // The loop does not await, so no frame leaves before it is over.
    (0..60).for_each(|_| watched.show(&app, || Line::new(LineKind::Connected)));
    assert_eq!(scene.console.read().await, 50);
    assert_eq!(scene.console.skipped, 10);
    for _ in 0..4 {
        watched.show(&app, || Line::new(LineKind::Connected));
        assert_eq!(scene.console.read().await, 1);
        assert_eq!(scene.console.skipped, 10);
    }
    assert!(began.elapsed() >= Duration::from_millis(400), "five frames in {:?}", began.elapsed());
    scene.app.stop().await;
}

#[actix_web::test]
async fn a_watch_is_in_the_audit_trail_once_per_admin_app_and_day() {
    let scene = Scene::open().await;
    watch(&scene.kepala, scene.id()).await;
    watch(&scene.kepala, "7").await;
    watch(&scene.app.admin("wakil").await, scene.id()).await;
    let trail = scene.trail("app.console_opened").await;
    let targets: Vec<&str> = trail.iter().map(|entry| entry["target_id"].as_str().unwrap()).collect();
    assert_eq!(targets, [scene.id(), "7", scene.id()]);
    assert_eq!(trail[2]["actor"]["id"], json!(scene.kepala.id));
    assert_eq!(trail[2]["data"]["title"], "Kampus");
    scene.clock.advance(DAY_MS);
    let kepala = scene.app.sign_in("kepala", crate::support::user::PASSWORD).await;
    for _ in 0..2 {
        watch(&kepala, scene.id()).await;
    }
    let again = kepala.get("/admin/audit?limit=100").await;
    let again = again["items"].as_array().unwrap().iter().filter(|entry| entry["action"] == "app.console_opened").count();
    assert_eq!(again, 4);
    scene.clock.advance(2 * DAY_MS);
    let removed = educounsel::services::operations::housekeeping::run_once(&scene.app.running.context).await.unwrap();
    assert_eq!(removed.console_views, 4, "the trail keeps them");
    scene.app.stop().await;
}

#[actix_web::test]
async fn an_admin_publishes_by_hand_under_the_rules_of_backends() {
    let mut scene = Scene::open().await;
    let mut socket = scene.socket().await;
    socket.subscribe("news").await;
    socket.next_named("pusher_internal:subscription_count").await;
    assert_eq!(scene.create(&json!({ "channels": ["news", "sport"], "name": "halo", "data": "teks \"a\"" })).await.0, 200);
    assert_eq!(socket.next_event().await.raw, r#"{"event":"halo","channel":"news","data":"teks \"a\""}"#);
    let told = scene.console.told("api_event", ["channel", "event", "data"]).await;
    assert_eq!(told, [json!("news, sport"), json!("halo"), json!("teks \"a\"")]);
    // Other JSON is published in its original spelling.
    let path = format!("/admin/apps/{}/events", scene.id());
    let raw = r#"{"channels":["news"],"name":"json","data":{"b": 1, "a": [null]}}"#;
    let request = scene.kepala.request(Method::POST, &path).header("content-type", "application/json").body(raw);
    assert_eq!(sent(request).await, (200, "{}".to_owned()));
    assert_eq!(socket.next_event().await.data, json!(r#"{"b": 1, "a": [null]}"#));
    let trail = scene.trail("app.event_sent").await;
    assert_eq!(trail[1]["data"], json!({ "title": "Kampus", "channels": ["news", "sport"], "name": "halo" }));
    assert!(!json!(trail).to_string().contains("teks"), "the data is nobody's business later on");
    let channels: Vec<String> = (0..101).map(|n| format!("c{n}")).collect();
    for (event, expected_status, expected_code) in [
        (json!({ "channels": [], "name": "e", "data": "" }), 400, "request.malformed"),
        (json!({ "channels": channels, "name": "e", "data": "" }), 400, "request.malformed"),
        (json!({ "channels": ["a b"], "name": "e", "data": "" }), 400, "request.malformed"),
        (json!({ "channels": ["a"], "name": "", "data": "" }), 400, "request.malformed"),
        (json!({ "channels": ["a"], "name": "e" }), 400, "request.malformed"),
        (json!({ "channels": ["a"], "name": "e", "data": "x".repeat(10_241) }), 413, "request.too_large"),
        (json!({ "channels": "a", "name": "e", "data": "" }), 422, "validation"),
        (json!({ "channels": ["a"], "data": "" }), 422, "validation"),
    ] {
        let (status, code) = scene.create(&event).await;
        assert_eq!(status, expected_status, "{event}: {code}");
        assert_eq!(code, expected_code, "{event}");
    }
    assert_eq!(scene.trail("app.event_sent").await.len(), 2, "what is refused is not noted");
    let event = json!({ "channels": ["news"], "name": "e", "data": 1 });
    change(&scene.kepala, &scene.made, &json!({ "limits": { "events_per_s": 1 } })).await;
    until("the rate is used up", async || scene.create(&event).await == (429, "rate_limited".to_owned())).await;
    change(&scene.kepala, &scene.made, &json!({ "enabled": false })).await;
    assert_eq!(scene.create(&event).await, (403, "apps.disabled".to_owned()));
    scene.app.stop().await;
}
