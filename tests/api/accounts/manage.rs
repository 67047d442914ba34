//! Admins list, create, change and import accounts; each change takes effect at once and is written
//! to the audit trail.

use crate::support::{TestApp, TestUser, socket::Received, user::PASSWORD, wait::until};
use educounsel::{backends::store::UserChange, domain::ids::UserId, services::accounts::hashing_line, wire::signature::to_hex};
use reqwest::Method;
use serde_json::{Value, json};

async fn patch(user: &TestUser, id: &str, body: &Value) -> (u16, Value) {
    let response = user.request(Method::PATCH, &format!("/admin/users/{id}")).json(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn login_status(app: &TestApp, login: &str, password: &str) -> u16 {
    let body = json!({ "login": login, "password": password });
    app.client().post(app.url("/api/v1/auth/login")).json(&body).send().await.unwrap().status().as_u16()
}

#[actix_web::test]
async fn accounts_are_made_listed_in_pages_and_found() {
    let app = TestApp::start().await;
    let admin = app.admin("kepala").await;
    let body = json!({ "login": "rina.s", "name": "  Rina Sari ", "role": "student", "password": "kuda laut biru" });
    let (status, rina) = admin.post("/admin/users", &body).await;
    assert_eq!(status, 201, "{rina}");
    assert_eq!(rina["name"], "Rina Sari");
    assert_eq!(rina["disabled_at"], Value::Null);
    assert_eq!(rina["last_login_at"], Value::Null);
    assert!(!rina.to_string().contains("argon2"));
    assert_eq!(login_status(&app, "rina.s", "kuda laut biru").await, 200);
    let (status, taken) = admin.post("/admin/users", &body).await;
    assert_eq!(status, 409, "{taken}");
    assert_eq!(taken["code"], "users.login_taken");
    let page = admin.get("/admin/users?limit=1").await;
    assert_eq!(page["items"][0]["id"], rina["id"]);
    let rest = admin.get(&format!("/admin/users?after={}", page["next"].as_str().unwrap())).await;
    assert_eq!(rest["items"][0]["login"], "kepala");
    assert_eq!(rest["next"], Value::Null);
    for (query, found) in
        [("query=sari", 1), ("query=nobody", 0), ("role=admin", 1), ("role=student&state=active", 1), ("state=disabled", 0)]
    {
        assert_eq!(admin.get(&format!("/admin/users?{query}")).await["items"].as_array().unwrap().len(), found, "{query}");
    }
    app.stop().await;
}

#[actix_web::test]
async fn disabling_ends_sessions_and_sockets_until_it_is_undone() {
    let app = TestApp::start().await;
    let (admin, ana) = (app.admin("kepala").await, app.student("ana").await);
    let mut socket = ana.connect().await;
    let (status, body) = patch(&admin, &ana.id, &json!({ "disabled": true })).await;
    assert!(status == 200 && body["disabled_at"].is_string(), "{body}");
    assert_eq!(socket.next_named("session.ended").await.json(), json!({ "session_id": null, "reason": "disabled" }));
    assert!(matches!(socket.receive().await, Received::Closed { code: 4009, .. }));
    assert_eq!(ana.request(Method::GET, "/auth/me").send().await.unwrap().status(), 401);
    assert_eq!(login_status(&app, "ana", PASSWORD).await, 401);
    let (status, body) = patch(&admin, &ana.id, &json!({ "disabled": false })).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["disabled_at"], Value::Null);
    assert_eq!(login_status(&app, "ana", PASSWORD).await, 200);
    assert_eq!(ana.request(Method::GET, "/auth/me").send().await.unwrap().status(), 401, "the old session stays ended");
    app.stop().await;
}

#[actix_web::test]
async fn a_new_role_or_password_ends_sessions_and_a_new_name_does_not() {
    let app = TestApp::start().await;
    let (admin, ana, budi) = (app.admin("kepala").await, app.student("ana").await, app.student("budi").await);
    assert_eq!(patch(&admin, &ana.id, &json!({ "name": "Ana Baru" })).await.0, 200);
    assert_eq!(ana.get("/auth/me").await["user"]["name"], "Ana Baru");
    assert_eq!(patch(&admin, &ana.id, &json!({ "role": "counsellor" })).await.0, 200);
    assert_eq!(ana.request(Method::GET, "/auth/me").send().await.unwrap().status(), 401);
    assert_eq!(app.sign_in("ana", PASSWORD).await.get("/auth/me").await["user"]["role"], "counsellor");
    assert_eq!(patch(&admin, &budi.id, &json!({ "password": "kuda laut biru" })).await.0, 200);
    assert_eq!(budi.request(Method::GET, "/auth/me").send().await.unwrap().status(), 401);
    assert_eq!(login_status(&app, "budi", PASSWORD).await, 401);
    assert_eq!(login_status(&app, "budi", "kuda laut biru").await, 200);
    app.stop().await;
}

#[actix_web::test]
async fn admins_cannot_shut_themselves_out_and_unknown_accounts_are_not_found() {
    let app = TestApp::start().await;
    let admin = app.admin("kepala").await;
    for body in [json!({ "disabled": true }), json!({ "role": "student" })] {
        let (status, answer) = patch(&admin, &admin.id, &body).await;
        assert_eq!(status, 409, "{body}");
        assert_eq!(answer["code"], "conflict", "{body}");
    }
    for id in [UserId::generate().to_string(), "x".into()] {
        let (status, answer) = patch(&admin, &id, &json!({ "name": "x" })).await;
        assert_eq!(status, 404, "{id}");
        assert_eq!(answer["code"], "not_found", "{id}");
    }
    assert_eq!(admin.get("/auth/me").await["user"]["role"], "admin");
    app.stop().await;
}

#[actix_web::test]
async fn a_repeated_creation_gets_the_first_answer() {
    let app = TestApp::start().await;
    let (admin, other) = (app.admin("kepala").await, app.admin("wakil").await);
    let create = async |user: &TestUser, login: &str| {
        let body = json!({ "login": login, "name": "Rina", "role": "student", "password": "kuda laut biru" });
        let response = user.request(Method::POST, "/admin/users").header("idempotency-key", "k-1").json(&body).send().await.unwrap();
        let is_replay = response.headers().contains_key("idempotency-replayed");
        (response.status().as_u16(), is_replay, response.json::<Value>().await.unwrap())
    };
    let (status, is_replay, rina) = create(&admin, "rina").await;
    assert_eq!(status, 201);
    assert!(!is_replay);
    let (status, is_replay, again) = create(&admin, "rina").await;
    assert_eq!(status, 201);
    assert!(is_replay);
    assert_eq!(again, rina);
    let (status, _, reused) = create(&admin, "lain").await;
    assert_eq!(status, 422, "{reused}");
    assert_eq!(reused["code"], "idempotency.key_reused");
    let (status, _, taken) = create(&other, "rina").await;
    assert_eq!(status, 409, "keys are each user's own");
    assert_eq!(taken["code"], "users.login_taken", "keys are each user's own");
    assert_eq!(create(&other, "lain").await.0, 201, "a refused request frees its key");
    app.stop().await;
}

#[actix_web::test]
async fn an_import_makes_the_good_lines_and_reports_the_bad_ones() {
    let app = TestApp::start().await;
    let admin = app.admin("kepala").await;
    let csv = "login;name;role;password\r\nrina;Rina Sari;student;kuda laut biru\r\nAna!;;student;pendek\r\nkepala;Lain;admin;kuda laut biru\r\n\
               doni;Doni;teacher;kuda laut biru\r\nsalah\r\n";
    let import = async |content_type: &str, body: Vec<u8>| {
        let request = admin.request(Method::POST, "/admin/users/import").header("content-type", content_type).body(body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let (status, report) = import("text/csv; charset=utf-8", csv.into()).await;
    assert_eq!(status, 200, "{report}");
    assert_eq!(report["created"], 1, "{report}");
    assert_eq!(report["failed"], 4, "{report}");
    let codes = |line: usize| -> Vec<String> {
        let errors = report["lines"][line]["errors"].as_array().unwrap();
        errors.iter().map(|error| format!("{}:{}", error["field"].as_str().unwrap(), error["code"].as_str().unwrap())).collect()
    };
    assert_eq!(report["lines"][0]["line"], 2);
    assert_eq!(report["lines"][0]["status"], "created");
    assert_eq!(codes(1), ["login:unknown_value", "name:required", "password:too_short"]);
    assert_eq!(codes(2), ["login:login_taken"]);
    assert_eq!(codes(3), ["role:unknown_value"]);
    assert_eq!(codes(4), ["line:required"]);
    assert_eq!(login_status(&app, "rina", "kuda laut biru").await, 200);
    for (content_type, body, expected_status, code) in [
        ("application/json", b"{}".to_vec(), 415, "request.media_type"),
        ("text/csv", b"a,b\n1,2\n".to_vec(), 400, "request.malformed"),
        ("text/csv", vec![b'a'; 1_048_577], 413, "request.too_large"),
    ] {
        let (status, body) = import(content_type, body).await;
        assert_eq!(status, expected_status, "{body}");
        assert_eq!(body["code"], code);
    }
    app.stop().await;
}

#[actix_web::test]
async fn the_audit_trail_tells_who_did_what_from_where_and_no_secrets() {
    let app = TestApp::start().await;
    let (admin, ana) = (app.admin("kepala").await, app.student("ana").await);
    assert_eq!(login_status(&app, "ana", "salah salah salah").await, 401);
    patch(&admin, &ana.id, &json!({ "disabled": true })).await;
    ana.request(Method::POST, "/auth/logout").send().await.unwrap();
    let trail = admin.get("/admin/audit").await;
    let actions: Vec<&str> = trail["items"].as_array().unwrap().iter().map(|item| item["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["user.disabled", "auth.login_failed", "auth.login", "user.created", "auth.login", "user.created"]);
    let first = &trail["items"][0];
    assert_eq!(first["actor"]["id"], json!(admin.id));
    assert_eq!(first["target_id"], json!(ana.id));
    assert_eq!(first["address"], "127.0.0.1");
    assert_eq!(trail["items"][1]["target_id"], json!(ana.id));
    assert_eq!([0, 1, 2].map(|at| trail["items"][at]["target_name"].clone()), [json!("Uji ana"), json!("Uji ana"), json!(null)]);
    let text = trail.to_string();
    assert!(!text.contains("salah salah") && !text.contains("argon2") && !text.contains(&admin.token));
    let ana_id = ana.id.as_str();
    for (filter, found) in [
        (format!("actor_id={ana_id}"), 1),
        (format!("target_kind=user&target_id={ana_id}"), 3),
        (format!("target_id={ana_id}&actor_id={}", admin.id), 1),
        ("target_kind=material".to_owned(), 0),
        ("target_kind=&target_id=".to_owned(), 6),
    ] {
        let lines = admin.get(&format!("/admin/audit?{filter}")).await;
        assert_eq!(lines["items"].as_array().unwrap().len(), found, "{filter}: {lines}");
    }
    assert_eq!(admin.request(Method::GET, "/admin/audit?actor_id=ana").send().await.unwrap().status(), 422);
    let page = admin.get("/admin/audit?limit=2").await;
    let rest = admin.get(&format!("/admin/audit?after={}", page["next"].as_str().unwrap())).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 4);
    app.stop().await;
}

#[actix_web::test]
async fn a_patch_that_changes_nothing_ends_sessions_that_an_earlier_one_left() {
    let app = TestApp::start().await;
    let (admin, context) = (app.admin("kepala").await, &app.running.context);
    for (login, body) in
        [("ana", json!({ "disabled": true })), ("budi", json!({ "disabled": false })), ("citra", json!({ "role": "student" }))]
    {
        let user = app.student(login).await;
        let id: UserId = user.id.parse().unwrap();
        let left = context.cache.list_logins(id).await.unwrap().remove(0);
        patch(&admin, &user.id, &body).await;
        // The first time the cache did not answer after the commit.
        context.cache.put_login(&left).await.unwrap();
        assert_eq!(patch(&admin, &user.id, &body).await.0, 200);
        assert!(context.cache.list_logins(id).await.unwrap().is_empty(), "{body}");
    }
    let dewi = app.student("dewi").await;
    patch(&admin, &dewi.id, &json!({ "name": "Dewi Ayu" })).await;
    assert_eq!(dewi.request(Method::GET, "/auth/me").send().await.unwrap().status(), 200, "a name has nothing to do with it");
    app.stop().await;
}

/// The login waits for the right to write while the password is replaced: it would begin after the
/// replacement has ended all other logins.
#[actix_web::test]
async fn a_login_that_was_right_before_a_password_reset_gets_no_session_after_it() {
    let app = TestApp::builder().set(|config| config.http.trust_proxy = true).start().await;
    let ana = app.student("ana").await;
    let (context, id): (_, UserId) = (&app.running.context, ana.id.parse().unwrap());
    let hash = hashing_line::hash_password("sandi yang baru".to_owned()).await.unwrap();
    let mut tx = context.store.begin().await.unwrap();
    let address = "203.0.113.9";
    let body = json!({ "login": "ana", "password": PASSWORD });
    let login = app.client().post(app.url("/api/v1/auth/login")).header("x-forwarded-for", address).json(&body).send();
    let reset = async {
        let known = format!("login-known-{}", &to_hex(ring::digest::digest(&ring::digest::SHA256, address.as_bytes()).as_ref())[..32]);
        until("the password was found right", async || context.cache.get_value(&known).await.unwrap().is_some()).await;
        let change = UserChange { password_hash: Some(hash), ..UserChange::default() };
        assert!(tx.update_user(id, &change).await.unwrap());
        tx.commit().await.unwrap();
        context.cache.delete_logins_of(id).await.unwrap();
    };
    let (response, ()) = futures_util::future::join(login, reset).await;
    let response = response.unwrap();
    assert_eq!(response.status(), 401);
    assert!(response.headers().get("set-cookie").is_none());
    assert!(context.cache.list_logins(id).await.unwrap().is_empty());
    app.stop().await;
}
