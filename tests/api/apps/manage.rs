//! Admins create, change and disable connected Pusher apps while the server runs.

use crate::support::{TestApp, TestUser, socket::Received};
use educounsel::wire::signature::SecretKey;
use reqwest::Method;
use serde_json::{Value, json};

/// Makes an app and returns it with its secret.
pub async fn make_app(admin: &TestUser, body: &Value) -> Value {
    let (status, app) = admin.post("/admin/apps", body).await;
    assert_eq!(status, 201, "{app}");
    app
}

pub async fn change(admin: &TestUser, app: &Value, body: &Value) -> (u16, Value) {
    let path = format!("/admin/apps/{}", app["id"].as_str().unwrap());
    let response = admin.request(Method::PATCH, &path).json(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn text<'a>(app: &'a Value, field: &str) -> &'a str {
    app[field].as_str().unwrap_or_else(|| panic!("{field} of {app}"))
}

/// Returns the proof for a private channel, made by a backend with the secret.
fn proof(key: &str, secret: &str, socket: &str, channel: &str) -> String {
    format!("{key}:{}", SecretKey::new(secret.as_bytes()).sign(&format!("{socket}:{channel}")))
}

#[actix_web::test]
async fn an_app_is_usable_as_soon_as_it_is_made_and_shows_its_secret_once() {
    let app = TestApp::start().await;
    let kepala = app.admin("kepala").await;
    let made = make_app(&kepala, &json!({ "name": "Pengadaan" })).await;
    let (key, secret) = (text(&made, "key"), text(&made, "secret"));
    assert!(text(&made, "id").bytes().all(|byte| byte.is_ascii_digit()) && secret.len() == 40);
    let mut socket = app.socket(key).await;
    let auth = proof(key, secret, &socket.socket_id, "private-a");
    let answer = socket.ask_subscribe(json!({ "channel": "private-a", "auth": auth })).await;
    assert_eq!(answer.event, "pusher_internal:subscription_succeeded");

    let listed = kepala.get("/admin/apps").await;
    assert_eq!(listed["items"][0]["live"], json!({ "connections": 1, "channels": 1 }));
    let read = kepala.get(&format!("/admin/apps/{}", text(&made, "id"))).await;
    for answer in [&listed["items"][0], &read, &kepala.get("/admin/audit").await] {
        assert!(!answer.to_string().contains(secret) && answer.get("secret").is_none(), "{answer}");
    }
    app.stop().await;
}

#[actix_web::test]
async fn a_repeated_creation_makes_no_second_app_and_the_kept_answer_holds_no_secret() {
    let app = TestApp::start().await;
    let kepala = app.admin("kepala").await;
    let create = async || {
        let request = kepala.request(Method::POST, "/admin/apps").header("idempotency-key", "a").json(&json!({ "name": "Kampus" }));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 201);
        response.json::<Value>().await.unwrap()
    };
    let (first, repeat) = (create().await, create().await);
    assert_eq!(text(&first, "id"), text(&repeat, "id"));
    assert_eq!(repeat.get("secret"), None);
    assert_eq!(kepala.get("/admin/apps").await["items"].as_array().map(Vec::len), Some(1));
    let secret = text(&first, "secret").as_bytes();
    for file in ["educounsel.db", "educounsel.db-wal"] {
        let bytes = std::fs::read(app.folder.path().join("data").join(file)).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "the secret lies readable in {file}");
    }
    app.stop().await;
}

#[actix_web::test]
async fn disabling_ends_sockets_with_4003_and_enabling_lets_them_in_again() {
    let app = TestApp::start().await;
    let kepala = app.admin("kepala").await;
    let (shut, other) = (make_app(&kepala, &json!({ "name": "A" })).await, make_app(&kepala, &json!({ "name": "B" })).await);
    let (mut socket, mut bystander) = (app.socket(text(&shut, "key")).await, app.socket(text(&other, "key")).await);
    let (status, changed) = change(&kepala, &shut, &json!({ "enabled": false })).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(changed["enabled"], false);
    socket.expect_close(4003).await;
    let mut refused = app.handshake(&format!("/app/{}", text(&shut, "key")), &[]).await.unwrap();
    let told = refused.next_event().await;
    assert_eq!(told.event.as_str(), "pusher:error");
    assert_eq!(told.data["code"], 4003);
    assert!(matches!(refused.receive().await, Received::Closed { code: 4003, .. }));
    app.barrier(&mut bystander).await;
    change(&kepala, &shut, &json!({ "enabled": true })).await;
    app.socket(text(&shut, "key")).await.expect_silence().await;
    app.stop().await;
}

#[actix_web::test]
async fn rotating_refuses_the_old_secret_at_once_and_keeps_open_sockets() {
    let app = TestApp::start().await;
    let kepala = app.admin("kepala").await;
    let made = make_app(&kepala, &json!({ "name": "A" })).await;
    let mut socket = app.socket(text(&made, "key")).await;
    let (status, rotated) = kepala.post(&format!("/admin/apps/{}/rotate", text(&made, "id")), &json!({})).await;
    assert_eq!(status, 200);
    assert_eq!(text(&rotated, "key"), text(&made, "key"));
    assert_ne!(text(&rotated, "secret"), text(&made, "secret"));
    for (secret, event) in
        [(text(&made, "secret"), "pusher:subscription_error"), (text(&rotated, "secret"), "pusher_internal:subscription_succeeded")]
    {
        let auth = proof(text(&made, "key"), secret, &socket.socket_id, "private-a");
        assert_eq!(socket.ask_subscribe(json!({ "channel": "private-a", "auth": auth })).await.event, event);
    }
    app.stop().await;
}

#[actix_web::test]
async fn client_events_can_be_switched_off_for_open_sockets() {
    let app = TestApp::start().await;
    let kepala = app.admin("kepala").await;
    let made = make_app(&kepala, &json!({ "name": "A" })).await;
    let mut socket = app.socket(text(&made, "key")).await;
    let auth = proof(text(&made, "key"), text(&made, "secret"), &socket.socket_id, "private-a");
    socket.ask_subscribe(json!({ "channel": "private-a", "auth": auth })).await;
    let event = json!({ "event": "client-x", "channel": "private-a", "data": 1 });
    socket.send(event.clone()).await;
    // An error would come before the pong.
    socket.expect_silence().await;
    change(&kepala, &made, &json!({ "client_events": false })).await;
    socket.send(event).await;
    assert_eq!(socket.next_event().await.json()["code"], 4301);
    app.stop().await;
}

#[actix_web::test]
async fn a_change_of_a_version_that_is_gone_is_a_conflict_and_changes_nothing() {
    let app = TestApp::start().await;
    let kepala = app.admin("kepala").await;
    let seen = make_app(&kepala, &json!({ "name": "Portal" })).await;
    let version = text(&seen, "updated_at");
    let (status, changed) = change(&kepala, &seen, &json!({ "name": "Portal Siswa", "updated_at": version })).await;
    assert_eq!(status, 200);
    assert_eq!(text(&changed, "name"), "Portal Siswa");
    let (status, refused) = change(&kepala, &seen, &json!({ "enabled": false, "updated_at": version })).await;
    assert_eq!(status, 409);
    assert_eq!(text(&refused, "code"), "conflict");
    let now = kepala.get(&format!("/admin/apps/{}", text(&seen, "id"))).await;
    assert_eq!(now["enabled"], true);
    assert_eq!(text(&now, "updated_at"), text(&changed, "updated_at"));
    app.stop().await;
}

#[actix_web::test]
async fn only_admins_manage_apps_and_those_of_the_settings_stay_as_they_are() {
    let app = TestApp::builder().pusher_app().start().await;
    let (kepala, guru) = (app.admin("kepala").await, app.counsellor("guru").await);
    assert_eq!(guru.try_get("/admin/apps").await.0, 403);
    assert_eq!(guru.post("/admin/apps", &json!({ "name": "A" })).await.0, 403);
    let listed = kepala.get("/admin/apps").await;
    let of_settings = &listed["items"][0];
    assert_eq!(text(of_settings, "id"), "7");
    assert_eq!(text(of_settings, "source"), "settings");
    assert!(!listed.to_string().contains("uji-secret"));
    assert_eq!(change(&kepala, of_settings, &json!({ "enabled": false })).await.0, 409);
    assert_eq!(kepala.post("/admin/apps/7/rotate", &json!({})).await.0, 409);
    app.stop().await;
}

#[actix_web::test]
async fn an_app_survives_a_restart_and_one_that_does_not_open_is_refused_until_it_is_rotated() {
    let app = TestApp::builder().set(|config| config.security.secret = "a".repeat(32)).start().await;
    let kepala = app.admin("kepala").await;
    let made = make_app(&kepala, &json!({ "name": "A" })).await;
    let folder = app.folder.clone();
    app.stop().await;
    let again = crate::support::app::TestAppBuilder::in_folder(folder.clone());
    let app = again.set(|config| config.security.secret = "a".repeat(32)).start().await;
    app.socket(text(&made, "key")).await.expect_silence().await;
    app.stop().await;
    let other = crate::support::app::TestAppBuilder::in_folder(folder);
    let app = other.set(|config| config.security.secret = "b".repeat(32)).start().await;
    let mut refused = app.handshake(&format!("/app/{}", text(&made, "key")), &[]).await.unwrap();
    refused.expect_close(4003).await;
    let kepala = app.sign_in("kepala", crate::support::user::PASSWORD).await;
    assert_eq!(kepala.post(&format!("/admin/apps/{}/rotate", text(&made, "id")), &json!({})).await.0, 200);
    app.socket(text(&made, "key")).await.expect_silence().await;
    app.stop().await;
}
