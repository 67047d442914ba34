//! Sockets over plain HTTP work as pusher-js uses them where WebSockets are blocked.

use crate::{
    apps::backend::Backend,
    support::{
        TestApp, TestUser,
        app::TestTransport,
        wait::{PATIENCE, until},
    },
};
use educounsel::{domain::clock::Clock, wire::signature::SecretKey};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};

static NUMBER: AtomicU32 = AtomicU32::new(0);
/// Default of `realtime.http_heartbeat_s`.
const HEARTBEAT_MS: i64 = 25_000;

/// A client that exposes every line.
struct Client {
    http: reqwest::Client,
    base: String,
    headers: Vec<(&'static str, String)>,
    answer: Option<Response>,
    /// Received bytes that are not a whole line yet.
    rest: Vec<u8>,
    /// UTF-16 units of the current answer.
    units: usize,
}

impl Client {
    fn new(app: &TestApp, key: &str) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let base = app.url(&format!("/pusher/app/{key}/{}/uji{number:05}", number % 1000));
        Self { http: app.client(), base, headers: Vec::new(), answer: None, rest: Vec::new(), units: 0 }
    }

    async fn post(&self, action: &str, body: String) -> Response {
        let url = format!("{}/{action}?protocol=7&client=js&version=8.6.0&t=1&n=2", self.base);
        let request = self.http.post(url).header("content-type", "application/json").body(body);
        self.headers.iter().fold(request, |request, (name, value)| request.header(*name, value)).send().await.unwrap()
    }

    /// Asks for a streaming answer; drops the one before.
    async fn stream(&mut self) {
        self.answer = None;
        let response = self.post("xhr_streaming", String::new()).await;
        assert_eq!(response.status(), 200);
        (self.answer, self.units) = (Some(response), 0);
        self.rest.clear();
    }

    /// Asks for one answer and returns its lines.
    async fn poll(&self) -> Vec<String> {
        let response = self.post("xhr", String::new()).await;
        assert_eq!(response.status(), 200);
        response.text().await.unwrap().lines().map(str::to_owned).collect()
    }

    /// Returns the next line of the answer; `None` when it has ended.
    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line = self.rest.drain(..=end).collect();
                let line = String::from_utf8(line).unwrap();
                self.units += line.encode_utf16().count();
                return Some(line.trim_end().to_owned());
            }
            let piece = tokio::time::timeout(PATIENCE, self.answer.as_mut().unwrap().chunk()).await.expect("a line in time").unwrap()?;
            self.rest.extend_from_slice(&piece);
        }
    }

    /// Returns the events of the next line.
    async fn events(&mut self) -> Vec<Value> {
        let line = self.line().await.expect("the answer goes on");
        frames(&line)
    }

    /// Opens a session by streaming; returns the socket id.
    async fn connect(&mut self) -> String {
        self.stream().await;
        assert_eq!(self.line().await.as_deref(), Some("o{}"));
        let greeting = self.events().await.remove(0);
        assert_eq!(greeting["event"], "pusher:connection_established");
        let data: Value = serde_json::from_str(greeting["data"].as_str().unwrap()).unwrap();
        data["socket_id"].as_str().unwrap().to_owned()
    }

    async fn try_send(&self, frames: &[Value]) -> u16 {
        let body = json!(frames.iter().map(Value::to_string).collect::<Vec<_>>()).to_string();
        self.post("xhr_send", body).await.status().as_u16()
    }

    async fn send(&self, frame: Value) {
        assert_eq!(self.try_send(&[frame]).await, 204);
    }

    async fn subscribe(&mut self, data: Value) {
        let channel = data["channel"].clone();
        self.send(json!({ "event": "pusher:subscribe", "data": data })).await;
        let answer = self.events().await.remove(0);
        assert_eq!(answer["event"], "pusher_internal:subscription_succeeded");
        assert_eq!(answer["channel"], channel);
    }
}

async fn text_in_time(response: Response) -> String {
    tokio::time::timeout(PATIENCE, response.text()).await.expect("an answer in time").unwrap()
}

fn frames(line: &str) -> Vec<Value> {
    let list = line.strip_prefix('a').unwrap_or_else(|| panic!("not a list of frames: {line}"));
    serde_json::from_str::<Vec<String>>(list).unwrap().iter().map(|frame| serde_json::from_str(frame).unwrap()).collect()
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

fn member(backend: &Backend, socket: &str, channel: &str, user: &str) -> Value {
    let data = json!({ "user_id": user }).to_string();
    let signature = SecretKey::new(backend.secret.as_bytes()).sign(&format!("{socket}:{channel}:{data}"));
    json!({ "channel": channel, "auth": format!("{}:{signature}", backend.key), "channel_data": data })
}

async fn a_stream_brings_what_a_socket_brings(transport: TestTransport) {
    let app = TestApp::builder().transport(transport).pusher_app().start().await;
    let backend = Backend::of_settings(&app);
    let mut client = Client::new(&app, "uji-key");
    let socket = client.connect().await;
    client.subscribe(json!({ "channel": "umum" })).await;
    client.subscribe(member(&backend, &socket, "presence-a", "ana")).await;
    backend.trigger("umum", "e1", "satu é").await;
    assert_eq!(client.events().await, [json!({ "event": "e1", "channel": "umum", "data": "satu é" })]);
    // Client events reach sockets of the other kind, in both directions.
    let mut other = app.socket("uji-key").await;
    other.ask_subscribe(member(&backend, &other.socket_id.clone(), "presence-a", "budi")).await;
    assert_eq!(names(&client.events().await), ["pusher_internal:member_added"]);
    client.send(json!({ "event": "client-x", "channel": "presence-a", "data": { "a": 1 } })).await;
    assert_eq!(other.next_named("client-x").await.user_id.as_deref(), Some("ana"));
    other.send(json!({ "event": "client-y", "channel": "presence-a", "data": {} })).await;
    assert_eq!(names(&client.events().await), ["client-y"]);
    assert_eq!(client.try_send(&[json!({ "event": "pusher:ping" }), json!({ "event": "pusher:ping" })]).await, 204);
    let mut pongs = client.events().await;
    if pongs.len() < 2 {
        pongs.extend(client.events().await);
    }
    assert_eq!(names(&pongs), ["pusher:pong", "pusher:pong"]);
    assert_eq!(client.try_send(&[]).await, 204);
    drop((client, other));
    app.stop().await;
}

#[actix_web::test]
async fn a_stream_over_the_raw_stream() {
    a_stream_brings_what_a_socket_brings(TestTransport::Raw).await;
}

#[actix_web::test]
async fn a_stream_over_tls() {
    a_stream_brings_what_a_socket_brings(TestTransport::Context).await;
}

#[actix_web::test]
async fn polls_bring_one_batch_each_and_show_life() {
    let clock = Clock::manual(Clock::System.now_ms());
    let app = TestApp::builder().pusher_app().clock(clock.clone()).start().await;
    let backend = Backend::of_settings(&app);
    let client = Client::new(&app, "uji-key");
    assert_eq!(client.poll().await, ["o{}"]);
    assert_eq!(names(&frames(&client.poll().await[0])), ["pusher:connection_established"]);
    client.send(json!({ "event": "pusher:subscribe", "data": { "channel": "umum" } })).await;
    assert_eq!(names(&frames(&client.poll().await[0])), ["pusher_internal:subscription_succeeded"]);
    for number in 0..5 {
        backend.trigger("umum", &format!("e{number}"), "x").await;
    }
    let mut heard = Vec::new();
    while heard.len() < 5 {
        let lines = client.poll().await;
        assert_eq!(lines.len(), 1, "{lines:?}");
        heard.extend(frames(&lines[0]));
    }
    assert_eq!(names(&heard), ["e0", "e1", "e2", "e3", "e4"]);
    // The heartbeat is sent after the request for an answer, so that request is waiting by now.
    let waiting = client.post("xhr", String::new()).await;
    assert_eq!(client.try_send(&[]).await, 204);
    clock.advance(HEARTBEAT_MS);
    assert_eq!(text_in_time(waiting).await, "h\n");
    drop(client);
    app.stop().await;
}

#[actix_web::test]
async fn a_stream_shows_life_after_every_pause_of_that_length() {
    let clock = Clock::manual(Clock::System.now_ms());
    let app = TestApp::builder().pusher_app().clock(clock.clone()).start().await;
    let backend = Backend::of_settings(&app);
    let mut client = Client::new(&app, "uji-key");
    client.connect().await;
    client.subscribe(json!({ "channel": "umum" })).await;
    for number in 0..3 {
        // The clock stands still after the event: its pause begins anew.
        backend.trigger("umum", &format!("e{number}"), "x").await;
        assert_eq!(names(&client.events().await), [format!("e{number}")]);
        assert_eq!(client.try_send(&[]).await, 204);
        clock.advance(HEARTBEAT_MS - 1);
    }
    backend.trigger("umum", "last", "x").await;
    assert_eq!(names(&client.events().await), ["last"], "no heartbeat came before");
    for _ in 0..2 {
        assert_eq!(client.try_send(&[]).await, 204);
        clock.advance(HEARTBEAT_MS);
        assert_eq!(client.line().await.as_deref(), Some("h"));
    }
    drop(client);
    app.stop().await;
}

#[actix_web::test]
async fn a_session_outlives_its_answers_and_loses_nothing_between_them() {
    let app = TestApp::builder().pusher_app().start().await;
    let backend = Backend::of_settings(&app);
    let mut client = Client::new(&app, "uji-key");
    client.connect().await;
    client.subscribe(json!({ "channel": "umum" })).await;
    for round in 0..3 {
        client.answer = None;
        // After the heartbeat the end of the answer has arrived too.
        assert_eq!(client.try_send(&[]).await, 204);
        for number in 0..3 {
            backend.trigger("umum", &format!("e{round}{number}"), "x").await;
        }
        client.stream().await;
        let mut heard = Vec::new();
        while heard.len() < 3 {
            heard.extend(client.events().await);
        }
        let expected: Vec<String> = (0..3).map(|number| format!("e{round}{number}")).collect();
        assert_eq!(names(&heard), expected, "without a second opening");
    }
    // A second answer ends the first.
    let first = client.answer.take().unwrap();
    client.stream().await;
    assert_eq!(first.text().await.unwrap(), "");
    backend.trigger("umum", "last", "x").await;
    assert_eq!(names(&client.events().await), ["last"]);
    drop(client);
    app.stop().await;
}

#[actix_web::test]
async fn an_answer_of_256_kib_pauses_until_the_next_so_that_nothing_is_under_way() {
    let app = TestApp::builder().pusher_app().start().await;
    let backend = Backend::of_settings(&app);
    let mut client = Client::new(&app, "uji-key");
    client.connect().await;
    client.subscribe(json!({ "channel": "umum" })).await;
    let data = "é".repeat(5_000);
    let (mut heard, mut answers) = (Vec::new(), 1);
    for number in 0..90 {
        backend.trigger("umum", &format!("e{number}"), &data).await;
        // As pusher-js does: it reads all there is and, when that is too much, drops the answer at
        // once.
        heard.extend(client.events().await);
        if client.units > 256 * 1024 && client.rest.is_empty() {
            client.stream().await;
            answers += 1;
        }
    }
    assert_eq!(names(&heard), (0..90).map(|number| format!("e{number}")).collect::<Vec<_>>());
    assert!(answers >= 2, "{answers} answers");
    drop(client);
    app.stop().await;
}

#[actix_web::test]
async fn who_asks_no_more_is_gone_after_the_grace_and_an_old_session_opens_anew() {
    let app = TestApp::builder().pusher_app().set(|config| config.realtime.http_grace_s = 1).start().await;
    let backend = Backend::of_settings(&app);
    let mut watcher = app.socket("uji-key").await;
    watcher.ask_subscribe(member(&backend, &watcher.socket_id.clone(), "presence-a", "budi")).await;
    let mut client = Client::new(&app, "uji-key");
    let socket = client.connect().await;
    client.subscribe(member(&backend, &socket, "presence-a", "ana")).await;
    watcher.next_named("pusher_internal:member_added").await;
    // The server sees the end of its connection at once, long before a heartbeat.
    client.answer = None;
    assert_eq!(watcher.next_named("pusher_internal:member_removed").await.json(), json!({ "user_id": "ana" }));
    // It is counted out after the events of its channels.
    until("its socket is gone", async || app.running.socket_count() == 1).await;
    assert_eq!(client.try_send(&[]).await, 404, "the session is over");
    // pusher-js takes a second opening for the loss of its session and connects again.
    client.stream().await;
    assert_eq!(client.line().await.as_deref(), Some("o{}"));
    drop((client, watcher));
    app.stop().await;
}

#[actix_web::test]
async fn refusals_are_told_as_on_a_websocket() {
    let app = TestApp::builder().pusher_app().set(|config| config.realtime.max_sockets = 1).start().await;
    let refused = async |client: &mut Client| {
        client.stream().await;
        assert_eq!(client.line().await.as_deref(), Some("o{}"));
        let error = client.events().await.remove(0);
        let close = client.line().await.unwrap();
        assert_eq!(client.line().await, None);
        assert_eq!(error["event"], "pusher:error");
        let close: Value = serde_json::from_str(close.strip_prefix('c').unwrap()).unwrap();
        assert_eq!(close[0], error["data"]["code"]);
        close[0].as_u64().unwrap()
    };
    assert_eq!(refused(&mut Client::new(&app, "unknown")).await, 4001);
    let (mut first, mut second) = (Client::new(&app, "uji-key"), Client::new(&app, "uji-key"));
    first.connect().await;
    assert_eq!(refused(&mut second).await, 4100);
    drop((first, second));
    app.stop().await;
}

#[actix_web::test]
async fn requests_that_lead_nowhere_are_refused() {
    let app = TestApp::builder().pusher_app().start().await;
    let mut client = Client::new(&app, "uji-key");
    assert_eq!(client.try_send(&[]).await, 404, "no such session");
    client.connect().await;
    for (body, status) in [("{", 400), ("{}", 400), ("[1]", 400), ("[]", 204), (r#"["x"]"#, 204)] {
        assert_eq!(client.post("xhr_send", body.into()).await.status(), status, "{body}");
    }
    assert_eq!(names(&client.events().await), ["pusher:error"]);
    for path in [
        "/pusher/app/uji-key/1234/abc/xhr",
        "/pusher/app/uji-key/1a/abc/xhr",
        "/pusher/app/uji-key/1/a%20b/xhr",
        "/pusher/app/uji-key/1/abc/jsonp",
    ] {
        assert_eq!(app.client().post(app.url(path)).send().await.unwrap().status(), 404, "{path}");
    }
    let get = app.client().get(app.url("/pusher/app/uji-key/1/abc/xhr")).send().await.unwrap();
    assert_eq!(get.status().as_u16(), 405);
    assert_eq!(get.headers()["allow"].to_str().unwrap(), "POST, OPTIONS");
    assert_eq!(client.post("xhr_send", format!("[\"{}\"]", "x".repeat(200_000))).await.status(), 413);
    client.send(json!("x".repeat(65_536))).await;
    assert_eq!(client.line().await.as_deref(), Some(r#"c[1009,"message too large"]"#));
    assert_eq!(client.line().await, None);
    until("the socket is gone", async || app.running.socket_count() == 0).await;
    app.stop().await;
}

#[actix_web::test]
async fn a_client_that_does_not_read_is_closed_with_4100() {
    let app = TestApp::builder().pusher_app().set(|config| config.realtime.outbound_limit_bytes = 20_000).start().await;
    let backend = Backend::of_settings(&app);
    let client = Client::new(&app, "uji-key");
    assert_eq!(client.poll().await, ["o{}"]);
    client.poll().await;
    client.send(json!({ "event": "pusher:subscribe", "data": { "channel": "umum" } })).await;
    client.poll().await;
    for _ in 0..4 {
        backend.trigger("umum", "e", &"x".repeat(9_000)).await;
    }
    assert_eq!(client.poll().await, [r#"c[4100,"Over capacity"]"#]);
    until("the socket is gone", async || app.running.socket_count() == 0).await;
    app.stop().await;
}

#[actix_web::test]
async fn a_stopping_server_sends_its_clients_away_with_4200() {
    let app = TestApp::builder().pusher_app().start().await;
    let mut client = Client::new(&app, "uji-key");
    client.connect().await;
    futures_util::future::join(app.stop(), async {
        assert_eq!(client.line().await.as_deref(), Some(r#"c[4200,"Server is shutting down"]"#));
        assert_eq!(client.line().await, None);
        client.answer = None;
    })
    .await;
}

#[actix_web::test]
async fn pages_of_every_origin_may_ask_but_never_with_credentials() {
    let app = TestApp::builder().pusher_app().set(|config| config.realtime.http_hostname = "node-3.example".into()).start().await;
    let mut client = Client::new(&app, "uji-key");
    client.headers = vec![("origin", "https://anywhere.example".to_owned())];
    let preflight = client.http.request(Method::OPTIONS, format!("{}/xhr_send", client.base));
    let preflight =
        preflight.header("origin", "https://anywhere.example").header("access-control-request-method", "POST").send().await.unwrap();
    let header = |response: &Response, name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(preflight.status(), 204);
    assert_eq!(header(&preflight, "access-control-allow-headers").as_deref(), Some("content-type"));
    let answers = [
        preflight,
        client.post("xhr", String::new()).await,
        client.post("xhr_send", "[]".into()).await,
        client.post("xhr_send", "{".into()).await,
    ];
    for answer in &answers {
        assert_eq!(header(answer, "access-control-allow-origin").as_deref(), Some("*"), "{answer:?}");
        assert_eq!(header(answer, "access-control-allow-credentials"), None);
    }
    let [_, opening, ..] = answers;
    assert_eq!(opening.text().await.unwrap(), "o{\"hostname\":\"node-3.example\"}\n");
    app.stop().await;
}

async fn built_in(app: &TestApp, user: &TestUser, origin: Option<String>) -> Client {
    let key = user.get("/realtime").await["key"].as_str().unwrap().to_owned();
    let mut client = Client::new(app, &key);
    client.headers = vec![("cookie", user.cookie.clone())];
    client.headers.extend(origin.map(|origin| ("origin", origin)));
    client
}

#[actix_web::test]
async fn the_session_cookie_counts_for_our_own_pages_only_and_for_every_request() {
    let app = TestApp::builder().set(|config| config.http.allowed_origins = vec!["https://portal.example".into()]).start().await;
    let ana = app.student("ana").await;
    let mut own = built_in(&app, &ana, Some(app.url(""))).await;
    own.connect().await;
    own.subscribe(json!({ "channel": format!("private-user.{}", ana.id) })).await;
    for foreign in ["https://evil.example", "https://portal.example"] {
        let mut client = built_in(&app, &ana, Some(foreign.into())).await;
        client.stream().await;
        assert_eq!(client.line().await.as_deref(), Some("o{}"));
        assert_eq!(client.events().await[0]["data"]["code"], 4009, "{foreign}");
    }
    // A client that knows the name of a session but not its cookie cannot use it.
    let cookie = own.headers.remove(0);
    assert_eq!(own.try_send(&[]).await, 404);
    assert_eq!(own.post("xhr", String::new()).await.status(), 404);
    own.headers.insert(0, cookie);
    assert_eq!(own.try_send(&[]).await, 204);
    // The end of the login ends this socket like every other.
    assert_eq!(ana.post("/auth/logout", &json!({})).await.0, 204);
    assert_eq!(names(&own.events().await), ["session.ended"]);
    assert!(own.line().await.unwrap().starts_with("c[4009,"));
    app.stop().await;
}
