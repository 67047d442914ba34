//! The API description matches the running server: a walk provokes every operation and event once
//! and compares the answer with its schema. A new endpoint or event needs a line in a walk; the
//! last assertion names those without one.

mod appointments;
mod companion;
mod conversations;
mod roles;
mod safety;
mod strictness;

use crate::{
    appointments::availability::on_monday,
    apps::backend::Backend,
    support::{TestApp, TestSocket, TestUser, pdf::one_page_pdf, provider::FakeProvider, schema::Checked, user::PASSWORD},
};
use educounsel::{domain::clock::Clock, http::openapi::document};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// Operations that no walk covers: sockets have tests of their own.
const BESIDE: [&str; 4] = [
    "get /app/{key}",
    "post /pusher/app/{key}/{server}/{session}/xhr_streaming",
    "post /pusher/app/{key}/{server}/{session}/xhr",
    "post /pusher/app/{key}/{server}/{session}/xhr_send",
];

/// A school on a Monday morning: two counsellors, two students, an admin, a video server, and a
/// language model.
struct School {
    app: TestApp,
    clock: Clock,
    guru: TestUser,
    guru2: TestUser,
    ana: TestUser,
    budi: TestUser,
    kepala: TestUser,
    provider: FakeProvider,
}

impl School {
    async fn open() -> Self {
        let (builder, clock) = on_monday();
        let provider = FakeProvider::start().await;
        let model = provider.url.clone();
        let with_video = builder.set(|config| {
            config.jitsi.url = "https://meet.example.sch.id/".into();
            config.jitsi.app_id = "educounsel".into();
            config.jitsi.secret = "rahasia-jitsi".into();
            config.openai.base_url = model;
        });
        let app = with_video.start().await;
        Self {
            clock,
            guru: app.counsellor("guru").await,
            guru2: app.counsellor("guru2").await,
            ana: app.student("ana").await,
            budi: app.student("tono").await,
            kepala: app.admin("kepala").await,
            app,
            provider,
        }
    }
}

/// Sends one request of a walk: `operation` is method and path under `/api/v1` with its query,
/// `parts` fills its braces; the body and the expected status follow.
async fn step(seen: &mut Checked, user: &TestUser, operation: &str, parts: &[&str], (body, status): (Value, u16)) -> Value {
    let (method, target) = operation.split_once(' ').unwrap();
    let mut path = target.to_owned();
    for part in parts {
        let (from, to) = (path.find('{').unwrap(), path.find('}').unwrap());
        path.replace_range(from..=to, part);
    }
    let request = user.request(method.to_uppercase().parse().unwrap(), &path);
    let request = if body.is_null() { request } else { request.json(&body) };
    seen.call(&format!("/api/v1{}", target.split('?').next().unwrap()), method, request, status).await
}

#[actix_web::test]
async fn every_answer_and_event_has_the_shape_that_is_described() {
    let school = School::open().await;
    let School { app, guru, ana, kepala, .. } = &school;
    let mut seen = Checked::default();
    let mut sockets = [ana.connect().await, guru.connect().await];
    sockets[0].subscribe("private-counsellors.status").await;
    sockets[0].subscribe(&format!("private-slots.{}", guru.id)).await;

    let material = walk_materials(&mut seen, app, guru, ana).await;
    appointments::walk_counsellors(&mut seen, &school).await;
    appointments::walk_appointments(&mut seen, &school).await;
    conversations::walk_conversations(&mut seen, &school).await;
    conversations::walk_canned_replies(&mut seen, guru, kepala).await;
    safety::walk_safety(&mut seen, &school).await;
    companion::walk_companion(&mut seen, &school).await;
    walk_notices(&mut seen, ana).await;
    walk_real_time(&mut seen, app, ana).await;
    for (path, user) in [("student", ana), ("counsellor", guru), ("counsellor", guru)] {
        seen.call(&format!("/api/v1/dashboard/{path}"), "get", user.request(Method::GET, &format!("/dashboard/{path}")), 200).await;
    }
    walk_admin(&mut seen, kepala).await;
    walk_apps(&mut seen, kepala).await;
    walk_pusher_api(&mut seen, app, kepala).await;
    walk_service(&mut seen, app).await;
    app.settle().await;
    let removal = guru.request(Method::DELETE, &format!("/materials/{material}"));
    seen.call("/api/v1/materials/{id}", "delete", removal, 204).await;
    walk_accounts(&mut seen, app, ana).await;
    walk_events(&mut seen, &mut sockets).await;

    let unseen = seen.unseen(&BESIDE);
    assert!(unseen.is_empty(), "described, but no walk of tests/api/openapi provokes it: {unseen:#?}");
    school.app.stop().await;
}

/// Returns the id of a material with a file.
async fn walk_materials(seen: &mut Checked, app: &TestApp, guru: &TestUser, ana: &TestUser) -> String {
    let path = "/api/v1/materials";
    let file = |bytes: Vec<u8>| reqwest::multipart::Part::bytes(bytes).file_name("materi.pdf");
    let form = |title: &str| reqwest::multipart::Form::new().text("title", title.to_owned()).text("category", "Belajar");
    let upload = |form| guru.request(Method::POST, "/materials").multipart(form);
    let made = seen.call(path, "post", upload(form("Napas").part("file", file(one_page_pdf("Napas")))), 201).await;
    seen.call(path, "post", upload(form("Tenang").text("body", "Tarik napas.").text("status", "draft")), 201).await;
    seen.call(path, "post", upload(form("")), 422).await;
    seen.call(path, "post", upload(form("Bukan").part("file", file(b"teks".to_vec()))), 415).await;
    seen.call(path, "post", guru.request(Method::POST, "/materials").body("x"), 415).await;
    seen.call(path, "post", ana.request(Method::POST, "/materials"), 403).await;

    for user in [guru, ana] {
        seen.call(path, "get", user.request(Method::GET, "/materials?limit=1"), 200).await;
    }
    seen.call(path, "get", ana.request(Method::GET, "/materials?status=old"), 422).await;
    seen.call(path, "get", app.client().get(app.url(path)), 401).await;
    let id = made["id"].as_str().unwrap();
    let (one, at) = ("/api/v1/materials/{id}", format!("/materials/{id}"));
    seen.call(one, "get", ana.request(Method::GET, &at), 200).await;
    seen.call(one, "get", ana.request(Method::GET, "/materials/none"), 404).await;
    seen.call(one, "patch", guru.request(Method::PATCH, &at).json(&json!({ "title": "Napas panjang" })), 200).await;
    seen.call(one, "patch", guru.request(Method::PATCH, &at).json(&json!({ "title": 1 })), 422).await;
    seen.call(one, "patch", guru.request(Method::PATCH, &at).header("content-type", "application/json").body("{"), 400).await;
    seen.call(one, "patch", app.client().patch(app.url(&format!("/api/v1{at}"))).header("cookie", &guru.cookie).json(&json!({})), 403)
        .await;

    let (link, at) = ("/api/v1/materials/{id}/link", format!("{at}/link?disposition=attachment"));
    let url = seen.call(link, "get", ana.request(Method::GET, &at), 200).await["url"].as_str().unwrap().to_owned();
    let fetch = || app.client().get(app.url(&url));
    seen.call("/files/{key}", "get", fetch(), 200).await;
    seen.call("/files/{key}", "get", fetch().header("range", "bytes=0-3"), 206).await;
    seen.call("/files/{key}", "get", fetch().header("range", "bytes=9999999-"), 416).await;
    seen.call("/files/{key}", "get", fetch().header("if-none-match", "*"), 304).await;
    seen.call("/files/{key}", "get", app.client().get(app.url("/files/none")), 404).await;
    id.to_owned()
}

async fn walk_notices(seen: &mut Checked, ana: &TestUser) {
    let list = seen.call("/api/v1/notices", "get", ana.request(Method::GET, "/notices"), 200).await;
    let id = list["items"][0]["id"].as_str().unwrap();
    seen.call("/api/v1/notices/{id}/read", "post", ana.request(Method::POST, &format!("/notices/{id}/read")), 200).await;
    seen.call("/api/v1/notices/{id}/read", "post", ana.request(Method::POST, "/notices/none/read"), 404).await;
    seen.call("/api/v1/notices/read-all", "post", ana.request(Method::POST, "/notices/read-all"), 200).await;
    // Read notices carry a time.
    seen.call("/api/v1/notices", "get", ana.request(Method::GET, "/notices?state=all"), 200).await;
}

async fn walk_real_time(seen: &mut Checked, app: &TestApp, ana: &TestUser) {
    seen.call("/api/v1/realtime", "get", ana.request(Method::GET, "/realtime"), 200).await;
    let missed = seen.call("/api/v1/sync", "get", ana.request(Method::GET, "/sync"), 200).await;
    for event in missed["events"].as_array().unwrap() {
        seen.event(event["event"].as_str().unwrap(), &event["data"]);
    }
    assert_eq!(seen.call("/api/v1/sync", "get", ana.request(Method::GET, "/sync?after=999999"), 200).await["reset"], json!(true));
    seen.call("/api/v1/sync", "get", ana.request(Method::GET, "/sync?after=x"), 422).await;
    let sign = |path: &str, form: String| {
        let request = app.client().post(app.url(path)).bearer_auth(&ana.token);
        request.header("content-type", "application/x-www-form-urlencoded").body(form)
    };
    let channel = format!("private-user.{}", ana.id);
    for path in ["/broadcasting/auth", "/pusher/auth"] {
        seen.call(path, "post", sign(path, format!("socket_id=1.2&channel_name={channel}")), 200).await;
        seen.call(path, "post", sign(path, "socket_id=1.2&channel_name=private-role.admin".into()), 403).await;
        seen.call(path, "post", sign(path, String::new()), 422).await;
        let json = app.client().post(app.url(path)).bearer_auth(&ana.token).json(&json!({ "socket_id": "1.2", "channel_name": channel }));
        seen.call(path, "post", json, 200).await;
    }
    for path in ["/broadcasting/user-auth", "/pusher/user-auth"] {
        seen.call(path, "post", sign(path, "socket_id=1.2".into()), 200).await;
    }
}

async fn walk_admin(seen: &mut Checked, kepala: &TestUser) {
    let path = "/api/v1/admin/users";
    let body = json!({ "login": "rina", "name": "Rina", "role": "student", "password": "kuda laut biru" });
    let create = |key: &str| kepala.request(Method::POST, "/admin/users").header("idempotency-key", key).json(&body);
    let made = seen.call(path, "post", create("a"), 201).await;
    seen.call(path, "post", create("a"), 201).await;
    seen.call(path, "post", create("b"), 409).await;
    seen.call(path, "post", kepala.request(Method::POST, "/admin/users").json(&json!({})), 422).await;
    seen.call(path, "get", kepala.request(Method::GET, "/admin/users?limit=2"), 200).await;
    seen.call(path, "get", kepala.request(Method::GET, "/admin/users?role=teacher"), 422).await;
    let change = |id: &str, body: &Value| kepala.request(Method::PATCH, &format!("/admin/users/{id}")).json(body);
    let one = "/api/v1/admin/users/{id}";
    seen.call(one, "patch", change(made["id"].as_str().unwrap(), &json!({ "disabled": true })), 200).await;
    seen.call(one, "patch", change(&kepala.id, &json!({ "disabled": true })), 409).await;
    let import = |text: &'static str| kepala.request(Method::POST, "/admin/users/import").header("content-type", "text/csv").body(text);
    let csv = "login,name,role,password\nbudi,Budi,student,kuda laut biru\nrina,Rina,student,kuda laut biru\nsari,Sari,teacher,x\n";
    let report = seen.call("/api/v1/admin/users/import", "post", import(csv), 200).await;
    assert_eq!(report["created"], 1);
    assert_eq!(report["failed"], 2);
    seen.call("/api/v1/admin/users/import", "post", import("a,b\n"), 400).await;
    seen.call("/api/v1/admin/audit", "get", kepala.request(Method::GET, "/admin/audit?limit=100"), 200).await;
    seen.call("/api/v1/admin/system", "get", kepala.request(Method::GET, "/admin/system"), 200).await;
}

async fn walk_apps(seen: &mut Checked, kepala: &TestUser) {
    let (path, one) = ("/api/v1/admin/apps", "/api/v1/admin/apps/{id}");
    let create = |body: &Value| kepala.request(Method::POST, "/admin/apps").json(body);
    let webhooks = json!([{ "url": "https://backend.example/hook", "events": ["member_added"], "channel_prefix": "presence-" }]);
    let made = seen.call(path, "post", create(&json!({ "name": "Pengadaan", "webhooks": webhooks })), 201).await;
    seen.call(path, "post", create(&json!({ "name": "" })), 422).await;
    seen.call(path, "get", kepala.request(Method::GET, "/admin/apps"), 200).await;
    let at = format!("/admin/apps/{}", made["id"].as_str().unwrap());
    seen.call(one, "get", kepala.request(Method::GET, &at), 200).await;
    seen.call(one, "get", kepala.request(Method::GET, "/admin/apps/1"), 404).await;
    seen.call(one, "patch", kepala.request(Method::PATCH, &at).json(&json!({ "limits": { "connections": 5 } })), 200).await;
    seen.call(one, "patch", kepala.request(Method::PATCH, &at).json(&json!({ "limits": { "payload_bytes": 0 } })), 422).await;
    seen.call("/api/v1/admin/apps/{id}/rotate", "post", kepala.request(Method::POST, &format!("{at}/rotate")).json(&json!({})), 200).await;
    let at = |path: &str| format!("{at}/{path}");
    let mut console = kepala.connect().await;
    let watch = |path: &str| kepala.request(Method::POST, path).json(&json!({}));
    let opened = seen.call("/api/v1/admin/apps/{id}/console", "post", watch(&at("console")), 200).await;
    seen.call("/api/v1/admin/apps/{id}/console", "post", watch("/admin/apps/1/console"), 404).await;
    console.subscribe(opened["channel"].as_str().unwrap()).await;
    let send = |body: &Value| kepala.request(Method::POST, &at("events")).json(body);
    let events = "/api/v1/admin/apps/{id}/events";
    seen.call(events, "post", send(&json!({ "channels": ["a"], "name": "e", "data": { "a": 1 } })), 200).await;
    seen.call(events, "post", send(&json!({ "channels": [], "name": "e", "data": "" })), 400).await;
    seen.call(events, "post", send(&json!({ "channels": ["a"], "name": "e", "data": "x".repeat(10_241) })), 413).await;
    seen.call(events, "post", send(&json!({ "channels": "a" })), 422).await;
    seen.event("app.console", &console.next_named("app.console").await.json());
    seen.call("/api/v1/admin/apps/{id}/webhooks", "get", kepala.request(Method::GET, &at("webhooks")), 200).await;
    let dead = "/api/v1/admin/apps/{id}/dead-letters";
    seen.call(dead, "get", kepala.request(Method::GET, &at("dead-letters?limit=2")), 200).await;
    seen.call(dead, "get", kepala.request(Method::GET, "/admin/apps/1/dead-letters"), 404).await;
    let replay = |body: &Value| kepala.request(Method::POST, &at("dead-letters/replay")).json(body);
    seen.call("/api/v1/admin/apps/{id}/dead-letters/replay", "post", replay(&json!({})), 200).await;
    seen.call("/api/v1/admin/apps/{id}/dead-letters/replay", "post", replay(&json!({ "ids": [1] })), 422).await;
}

async fn walk_pusher_api(seen: &mut Checked, app: &TestApp, kepala: &TestUser) {
    let made = kepala.post("/admin/apps", &json!({ "name": "Kampus" })).await.1;
    let backend = Backend::of(app, &made);
    let events = "/apps/{app_id}/events";
    let event = json!({ "name": "e", "data": "d", "channels": ["cache-a", "presence-a"], "info": "user_count,subscription_count" });
    seen.call(events, "post", backend.post("events", &event), 200).await;
    seen.call(events, "post", backend.post("events", &json!({ "name": "e", "data": "d", "channel": "a" })), 200).await;
    seen.call(events, "post", backend.post("events", &json!({})), 400).await;
    seen.call(events, "post", backend.post("events", &json!({ "name": "e", "data": "x".repeat(10_241), "channel": "a" })), 413).await;
    seen.call(events, "post", app.client().post(app.url("/apps/1/events")).body("{}"), 401).await;
    let batch = json!({ "batch": [{ "name": "e", "data": "d", "channel": "a", "info": "subscription_count" }] });
    seen.call("/apps/{app_id}/batch_events", "post", backend.post("batch_events", &batch), 200).await;
    let mut listener = app.socket(made["key"].as_str().unwrap()).await;
    listener.subscribe("cache-a").await;
    seen.call("/apps/{app_id}/channels", "get", backend.get("channels", &[("info", "subscription_count")]), 200).await;
    seen.call("/apps/{app_id}/channels", "get", backend.get("channels", &[("info", "user_count")]), 400).await;
    let one = "/apps/{app_id}/channels/{channel}";
    seen.call(one, "get", backend.get("channels/cache-a", &[("info", "subscription_count,cache")]), 200).await;
    seen.call(one, "get", backend.get("channels/presence-a", &[("info", "user_count")]), 200).await;
    seen.call("/apps/{app_id}/channels/{channel}/users", "get", backend.get("channels/presence-a/users", &[]), 200).await;
    let path = "/users/7/terminate_connections";
    seen.call("/apps/{app_id}/users/{user_id}/terminate_connections", "post", backend.post(&path[1..], &json!({})), 200).await;
    seen.call("/users/{user_id}/terminate_connections", "post", backend.post_at(path, &json!({})), 200).await;
}

async fn walk_service(seen: &mut Checked, app: &TestApp) {
    for path in
        ["/health-check", "/health", "/health/live", "/health/ready", "/metrics", "/api/v1/openapi.json", "/api/docs", "/api/docs.css"]
    {
        seen.call(path, "get", app.client().get(app.url(path)), 200).await;
    }
}

/// Ends with no user signed in.
async fn walk_accounts(seen: &mut Checked, app: &TestApp, ana: &TestUser) {
    let log_in = |password: &str, token: bool| -> RequestBuilder {
        app.client().post(app.url("/api/v1/auth/login")).json(&json!({ "login": "ana", "password": password, "token": token }))
    };
    seen.call("/api/v1/auth/login", "post", log_in(PASSWORD, true), 200).await;
    seen.call("/api/v1/auth/login", "post", log_in(PASSWORD, false), 200).await;
    seen.call("/api/v1/auth/login", "post", log_in("salah", false), 401).await;
    seen.call("/api/v1/auth/login", "post", log_in(PASSWORD, false).header("origin", "https://elsewhere.example"), 403).await;
    seen.call("/api/v1/auth/me", "get", ana.request(Method::GET, "/auth/me"), 200).await;
    let sessions = seen.call("/api/v1/auth/sessions", "get", ana.request(Method::GET, "/auth/sessions"), 200).await;
    let others = sessions["items"].as_array().unwrap().iter().filter(|session| session["current"] == false);
    for other in others {
        let path = format!("/auth/sessions/{}", other["id"].as_str().unwrap());
        seen.call("/api/v1/auth/sessions/{id}", "delete", ana.request(Method::DELETE, &path), 204).await;
        seen.call("/api/v1/auth/sessions/{id}", "delete", ana.request(Method::DELETE, &path), 404).await;
    }
    seen.call("/api/v1/auth/logout", "post", ana.request(Method::POST, "/auth/logout"), 204).await;
    seen.call("/api/v1/auth/logout", "post", ana.request(Method::POST, "/auth/logout"), 401).await;
}

/// Reads the events of the student's and the counsellor's socket during the walk, each up to an
/// event that comes last.
async fn walk_events(seen: &mut Checked, [student, counsellor]: &mut [TestSocket; 2]) {
    for (socket, last) in [(student, "session.ended"), (counsellor, "material.changed")] {
        loop {
            let event = socket.next_event().await;
            let data = event.json();
            seen.event(&event.event, &data);
            if event.event == last && (data.get("reason").is_some() || data["change"] == "deleted") {
                break;
            }
        }
    }
}

#[actix_web::test]
async fn the_page_for_people_is_served_under_the_policy_of_every_page() {
    let app = TestApp::start().await;
    let page = app.client().get(app.url("/api/docs")).send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("style-src 'self'"));
    let html = page.text().await.unwrap();
    assert!(html.contains("/api/v1/materials/{id}/link") && html.contains("notice.created") && html.contains("materials.file_unsafe"));
    let style = app.client().get(app.url("/api/docs.css")).send().await.unwrap();
    assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");
    let served: Value = app.client().get(app.url("/api/v1/openapi.json")).send().await.unwrap().json().await.unwrap();
    assert_eq!(&served, document());
    app.stop().await;
}

#[test]
fn the_checker_finds_what_differs() {
    use crate::support::schema::faults;
    let schema = json!({
        "type": "object",
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "at": { "type": ["string", "null"], "format": "date-time" },
            "kinds": { "type": "array", "items": { "type": "string", "enum": ["a"] } },
            "n": { "type": "integer", "minimum": 0 },
        },
        "required": ["id", "kinds", "n"],
    });
    let good = json!({ "id": "0197f0c0-0000-7000-8000-000000000000", "at": null, "kinds": ["a"], "n": 0 });
    assert_eq!(faults(&schema, &good), [""; 0]);
    for (field, value) in
        [("id", json!("x")), ("at", json!("2026-01-01")), ("kinds", json!(["b"])), ("n", json!(-1)), ("n", json!("1")), ("more", json!(1))]
    {
        let mut bad = good.clone();
        bad[field] = value;
        assert_eq!(faults(&schema, &bad).len(), 1, "{bad}");
    }
    assert_eq!(faults(&schema, &json!({ "id": good["id"], "kinds": [] })).len(), 1);
}
