//! Secrets stay secret: this test searches everything that two nodes log, answer, measure and send
//! to Redis.

use crate::{
    databases::{Database, TestDatabase},
    redis_server::TestRedis,
    support::{
        TestSocket,
        process::{ServerPlan, ServerProcess},
        user::{PASSWORD, TestUser},
        wait::until,
    },
    webhook_receiver::{Reaction, Receiver},
    webhooks::knows_app,
};
use educounsel::{
    domain::{clock::Clock, principal::Role},
    wire::signature::{SecretKey, to_hex},
};
use md5::{Digest as _, Md5};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const SERVER_SECRET: &str = "rahasia-server-5a1c0e7b94d2486f-0123456789";
const SETTINGS_SECRET: &str = "rahasia-aplikasi-c77e1f0a52b3";
/// A secret in the address of a webhook: a stranger who knows it can pose as this server there.
const WEBHOOK_TOKEN: &str = "token=rahasia";
const WRONG_PASSWORD: &str = "sandi-yang-salah-83b1";

/// Everything that passes through a Redis, including the bus.
struct Wiretap(Arc<Mutex<Vec<u8>>>);

impl Wiretap {
    async fn on(redis: &TestRedis) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", redis.port())).await.unwrap();
        stream.write_all(b"MONITOR\r\n").await.unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let into = heard.clone();
        tokio::spawn(async move {
            let mut piece = [0; 65_536];
            while let Ok(read @ 1..) = stream.read(&mut piece).await {
                into.lock().unwrap().extend_from_slice(&piece[..read]);
            }
        });
        let tap = Self(heard);
        until("Redis tells what it does", async || tap.text().starts_with("+OK")).await;
        tap
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// Prepares servers that log everything and hold every kind of secret.
async fn talkative_plan(redis: &TestRedis) -> ServerPlan {
    let database = TestDatabase::create(Database::Postgres).await;
    ServerPlan::new()
        .set("database.url", &database.url)
        .set("redis.url", redis.url())
        .set("security.secret", SERVER_SECRET)
        .set("telemetry.filter", "trace")
        .set("webhooks.allow_private_targets", true)
        .set(
            "apps",
            json!([{ "id": "7", "key": "uji-key", "secret": SETTINGS_SECRET, "client_events": true, "subscription_counts": true }]),
        )
        .keeping(database)
}

/// Signs a request of an app's backend with any secret; returns status and body.
async fn post_event(server: &ServerProcess, app: (&str, &str), secret: &str, body: &str) -> (u16, String) {
    let now_s = Clock::System.now_ms() / 1000;
    let path = format!("/apps/{}/events", app.0);
    let query = format!("auth_key={}&auth_timestamp={now_s}&auth_version=1.0&body_md5={}", app.1, to_hex(&Md5::digest(body)));
    let signature = SecretKey::new(secret.as_bytes()).sign(&format!("POST\n{path}\n{query}"));
    let url = server.at().url(&format!("{path}?{query}&auth_signature={signature}"));
    let response = server.at().client().post(url).body(body.to_owned()).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// Publishes as an app's backend, then sends broken and wrongly signed requests; returns the
/// answers to those.
async fn publish(server: &ServerProcess, app: (&str, &str), secret: &str) -> Vec<String> {
    let body = json!({ "name": "e", "channel": "private-a", "data": "{}" }).to_string();
    assert_eq!(post_event(server, app, secret, &body).await.0, 200);
    let mut answers = Vec::new();
    for (secret, body) in [(secret, "{"), (secret, r#"{"name":"e","channel":"no name","data":""}"#), ("wrong", &body)] {
        let (status, answer) = post_event(server, app, secret, body).await;
        assert!((400..500).contains(&status), "{status} {answer}");
        answers.push(answer);
    }
    answers
}

/// Joins with a proof of a right and of a wrong secret, and sends a malformed one; returns all
/// answers.
async fn use_sockets(server: &ServerProcess, key: &str, secret: &str) -> String {
    let mut answers = String::new();
    let mut socket = TestSocket::open(server.at(), &format!("/app/{key}?protocol=7"), &[]).await.unwrap();
    socket.greet().await;
    for with in ["wrong", secret] {
        let auth = SecretKey::new(with.as_bytes()).sign(&format!("{}:private-a", socket.socket_id));
        answers += &socket.ask_subscribe(json!({ "channel": "private-a", "auth": format!("{key}:{auth}") })).await.raw;
    }
    assert!(answers.contains("subscription_succeeded"), "{answers}");
    // A client that sends its secret in the wrong field finds it neither in the answer nor in the
    // log.
    for frame in [
        json!({ "event": "pusher:subscribe", "data": { "channel": "private-b", "auth": secret } }),
        json!({ "event": "pusher:signin", "data": secret }),
    ] {
        socket.send(frame).await;
        answers += &socket.next_event().await.raw;
    }
    answers
}

async fn problem(user: &TestUser, method: Method, path: &str, body: Value) -> String {
    let response = user.request(method, path).json(&body).send().await.unwrap();
    assert!(response.status().is_client_error(), "{path}: {}", response.status());
    response.text().await.unwrap()
}

/// Signs in wrongly, sends forbidden requests and reads what is allowed; returns all answers.
async fn be_refused(kepala: &TestUser, app: &str) -> Vec<String> {
    let app = format!("/admin/apps/{app}");
    let log_in = json!({ "login": "kepala", "password": WRONG_PASSWORD });
    let mut answers = vec![
        problem(kepala, Method::POST, "/auth/login", log_in).await,
        problem(kepala, Method::POST, "/admin/apps", json!({ "name": "" })).await,
        problem(kepala, Method::PATCH, &app, json!({ "limits": { "connections": "many" } })).await,
        problem(kepala, Method::POST, "/admin/apps/7/rotate", json!({})).await,
    ];
    for path in ["/admin/apps", "/admin/audit", &app, "/realtime"] {
        answers.push(kepala.get(path).await.to_string());
    }
    answers
}

#[tokio::test]
async fn secrets_never_appear_in_logs_errors_metrics_or_the_bus() {
    let redis = TestRedis::start();
    let tap = Wiretap::on(&redis).await;
    let plan = talkative_plan(&redis).await;
    plan.add_user("kepala", Role::Admin);
    let (a, b) = (plan.start().await, plan.start().await);
    let kepala = a.sign_in("kepala").await;
    let mut answers = Vec::new();

    // Apps created, used and rotated on both nodes.
    let receiver = Receiver::start().await;
    receiver.next([Reaction::Answer(500, "")]);
    let webhooks = json!([{ "url": receiver.url(), "events": ["channel_occupied"] }]);
    let (status, made) = kepala.post("/admin/apps", &json!({ "name": "Kampus", "webhooks": webhooks })).await;
    assert_eq!(status, 201, "{made}");
    let text = |value: &Value, field: &str| value[field].as_str().unwrap().to_owned();
    let (id, key, first_secret) = (text(&made, "id"), text(&made, "key"), text(&made, "secret"));
    until("the other node knows the app", async || knows_app(&b, &key).await).await;
    // An admin watches, so every following line travels over the bus.
    let mut console = kepala.connect().await;
    for app in [id.as_str(), "7"] {
        let (status, opened) = kepala.post(&format!("/admin/apps/{app}/console"), &json!({})).await;
        assert_eq!(status, 200, "{opened}");
        console.subscribe(opened["channel"].as_str().unwrap()).await;
    }
    answers.push(use_sockets(&b, &key, &first_secret).await);
    answers.push(use_sockets(&a, "uji-key", SETTINGS_SECRET).await);
    let (status, rotated) = kepala.post(&format!("/admin/apps/{id}/rotate"), &json!({})).await;
    assert_eq!(status, 200, "{rotated}");
    let second_secret = text(&rotated, "secret");
    assert_ne!(first_secret, second_secret);
    answers.extend(publish(&a, ("7", "uji-key"), SETTINGS_SECRET).await);
    answers.extend(publish(&a, (&id, &key), &second_secret).await);

    answers.extend(be_refused(&kepala, &id).await);

    let mut shown = String::new();
    while !(shown.contains("api_refused") && shown.contains("AuthError")) {
        shown += &console.next_named("app.console").await.raw;
    }
    answers.push(shown);
    until("a webhook that failed is delivered", async || !receiver.events().is_empty()).await;
    assert!(receiver.hooks().iter().all(|hook| hook.target.contains(WEBHOOK_TOKEN)));

    let mut places = vec![("the bus", tap.text()), ("answers", answers.join("\n"))];
    for node in [&a, &b] {
        places.push(("metrics", node.at().client().get(node.at().url("/metrics")).send().await.unwrap().text().await.unwrap()));
        places.push(("the log", node.log()));
    }
    assert_hidden(
        &places,
        &[
            ("the server's secret", SERVER_SECRET),
            ("the secret of an app of the settings", SETTINGS_SECRET),
            ("the first secret of an app", &first_secret),
            ("its second secret", &second_secret),
            ("a password", PASSWORD),
            ("a wrong password", WRONG_PASSWORD),
            ("the token of a session", &kepala.token),
        ],
    );
}

/// Checks that the text of each place, given by its name, contains none of the secrets.
fn assert_hidden(places: &[(&str, String)], secrets: &[(&str, &str)]) {
    // Each place was really read: its text contains a sign of its content.
    for (name, sign) in [
        ("the bus", "private-a"),
        ("the bus", "app.console"),
        ("answers", "apps.not_signed"),
        ("metrics", "http_request_duration_seconds"),
        ("the log", "http.request"),
    ] {
        assert!(places.iter().any(|(place, text)| *place == name && text.contains(sign)), "no {sign} in {name}");
    }
    for (place, text) in places {
        for (what, secret) in secrets {
            let found = text.lines().find(|line| line.contains(secret));
            assert!(found.is_none(), "{what} in {place}: {}", found.unwrap_or_default());
        }
        // Admins see the addresses that they entered.
        let found = text.lines().find(|line| *place != "answers" && line.contains(WEBHOOK_TOKEN));
        assert!(found.is_none(), "the address of a webhook in {place}: {}", found.unwrap_or_default());
    }
}
