//! Every endpoint checks permissions, answers bad requests as documented, and sends the common
//! headers.

use crate::{
    appointments::availability::mornings,
    support::{TestApp, TestUser, app::TestTransport},
};
use educounsel::{
    domain::{ids::UserId, principal::Role},
    http::openapi::document,
};
use reqwest::Method;
use serde_json::{Value, json};

on_both_transports! {
    handshakes_that_lead_nowhere_are_answered_like_everything_else,
}

/// Every operation that needs a permission: method, path, and whether student, counsellor and admin
/// may use it, as the description says. A refusal is 403; an allowed user gets anything but 401 and
/// 403. The operation that signs the user out comes last.
fn permission_table() -> Vec<(Method, String, [bool; 3])> {
    let mut table = Vec::new();
    for (path, methods) in document()["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if let Some(roles) = operation["x-roles"].as_array() {
                let row = Role::ALL.map(|role| roles.contains(&json!(role)));
                table.push((method.to_uppercase().parse().unwrap(), path.clone(), row));
            }
        }
    }
    table.sort_by_key(|(_, path, _)| path.ends_with("/logout"));
    assert!(table.len() > 20, "{table:?}");
    table
}

/// Valid bodies, so that the permission decides.
fn with_body(request: reqwest::RequestBuilder, method: &Method, path: &str) -> reqwest::RequestBuilder {
    match (method.as_str(), path.trim_start_matches("/api/v1")) {
        ("POST", "/admin/users/import") => request.header("content-type", "text/csv").body("login,name,role,password\n"),
        ("POST", "/admin/users") => {
            request.json(&json!({ "login": "baru", "name": "Baru", "role": "student", "password": "kuda laut biru" }))
        }
        ("POST", "/materials") => {
            request.multipart(reqwest::multipart::Form::new().text("title", "Judul").text("category", "Belajar").text("body", "isi"))
        }
        ("PUT", "/counsellors/me/status") => request.json(&json!({ "status": "online" })),
        ("PUT", "/availability") | ("POST", "/availability/check") => request.json(&mornings()),
        ("POST", "/appointments") => request.json(&json!({
            "counsellor_id": UserId::generate(), "starts_at": "2026-02-03T01:00:00.000Z", "topic": "Judul", "mode": "onsite"
        })),
        ("POST", "/conversations/{id}/transfer") => request.json(&json!({ "counsellor_id": UserId::generate(), "note": "Catatan" })),
        ("POST", "/canned-replies") => request.json(&json!({ "shortcut": "salam", "body": "Halo", "scope": "school" })),
        ("PUT", "/chat-preferences") => request.json(&json!({ "hide_typing": false, "hide_read_receipts": false })),
        ("POST", "/companion/threads") => request.json(&json!({})),
        ("POST", "/companion/threads/{id}/messages") => request.json(&json!({ "client_id": UserId::generate(), "body": "Halo" })),
        ("POST", "/companion/threads/{id}/hand-over") => request.json(&json!({ "to": "chat", "summary": "Ringkasan" })),
        ("PUT", "/admin/hotlines") => request.json(&json!({ "items": [] })),
        ("POST", "/admin/apps") => request.json(&json!({ "name": "Sistem lain" })),
        ("POST", "/conversations") => request.json(&json!({})),
        ("PATCH", _) => request.json(&json!({})),
        _ => request,
    }
}

async fn problem(response: reqwest::Response) -> (u16, String, Value) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/problem+json", "status {status}");
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["status"], json!(status));
    assert_eq!(body["request_id"], json!(id));
    assert!(["type", "title", "code", "detail"].iter().all(|field| body[field].is_string()) && body["errors"].is_array(), "{body}");
    (status, body["code"].as_str().unwrap().to_owned(), body)
}

#[actix_web::test]
async fn every_cell_of_the_permission_table_holds_over_http() {
    let app = TestApp::start().await;
    let mut users: Vec<TestUser> = Vec::new();
    for role in Role::ALL {
        users.push(app.user(role.as_str(), role).await);
    }
    let id = UserId::generate().to_string();
    for (method, pattern, row) in permission_table() {
        let path = pattern
            .replace("{id}", &id)
            .replace("{message_id}", &id)
            .replace("{action}", "confirm")
            .replace("/search", "/search?query=kata");
        let request = || app.client().request(method.clone(), app.url(&path));
        let (status, code, _) = problem(with_body(request(), &method, &pattern).send().await.unwrap()).await;
        assert_eq!(status, 401, "stranger {method} {pattern}");
        assert_eq!(code.as_str(), "auth.required", "stranger {method} {pattern}");
        for (user, (role, is_allowed)) in users.iter().zip(Role::ALL.into_iter().zip(row)) {
            let response = with_body(request().bearer_auth(&user.token), &method, &pattern).send().await.unwrap();
            let status = response.status().as_u16();
            assert_eq!(![401, 403].contains(&status), is_allowed, "{role:?} {method} {pattern} answered {status}");
            assert!(status < 500, "{role:?} {method} {pattern} answered {status}");
        }
    }
    app.stop().await;
}

#[actix_web::test]
async fn a_path_part_that_is_no_id_is_unknown() {
    let app = TestApp::start().await;
    let mut users: Vec<TestUser> = Vec::new();
    for role in Role::ALL {
        users.push(app.user(role.as_str(), role).await);
    }
    let without_hyphens = UserId::generate().to_string().replace('-', "");
    // Any text may be the id of a connected app.
    let with_ids = permission_table().into_iter().filter(|(_, pattern, _)| pattern.contains("{id}") && !pattern.contains("/admin/apps/"));
    for (method, pattern, row) in with_ids {
        let (user, _) = users.iter().zip(row).find(|(_, is_allowed)| *is_allowed).unwrap();
        for id in ["bukan-id", &without_hyphens] {
            let path = pattern.replace("{id}", id).replace("{message_id}", id).replace("{action}", "confirm");
            let request = app.client().request(method.clone(), app.url(&path)).bearer_auth(&user.token);
            let (status, code, _) = problem(with_body(request, &method, &pattern).send().await.unwrap()).await;
            assert_eq!(status, 404, "{method} {path}");
            assert_eq!(code.as_str(), "not_found", "{method} {path}");
        }
    }
    app.stop().await;
}

#[actix_web::test]
async fn bodies_that_are_wrong_are_answered_as_documented_and_leave_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin("kepala").await;
    let send = async |content_type: &str, body: Vec<u8>| {
        let request = admin.request(Method::POST, "/admin/users").header("content-type", content_type).body(body);
        problem(request.send().await.unwrap()).await
    };
    let json_type = "application/json";
    for (content_type, body, expected_status, expected_code) in [
        (json_type, b"{\"login\":".to_vec(), 400, "request.malformed"),
        (json_type, b"".to_vec(), 400, "request.malformed"),
        (json_type, b"\xff\xfe".to_vec(), 400, "request.malformed"),
        ("text/plain", b"{}".to_vec(), 415, "request.media_type"),
        (json_type, vec![b' '; 1_048_577], 413, "request.too_large"),
    ] {
        let (status, code, _) = send(content_type, body).await;
        assert_eq!(status, expected_status, "{content_type}: {code}");
        assert_eq!(code, expected_code, "{content_type}");
    }
    let good = json!({ "login": "rina", "name": "Rina", "role": "student", "password": "kuda laut biru" });
    for (field, value, code) in [
        ("login", json!(7), "type"),
        ("login", json!("a"), "too_short"),
        ("login", json!("a".repeat(65)), "too_long"),
        ("login", json!("ri\u{0}na"), "control_character"),
        ("login", json!("Rina"), "unknown_value"),
        ("name", json!("  "), "required"),
        ("name", json!("x".repeat(121)), "too_long"),
        ("name", json!("a\u{202e}b"), "control_character"),
        ("role", json!("teacher"), "unknown_value"),
        ("password", json!("pendek"), "too_short"),
        ("password", json!("x".repeat(201)), "too_long"),
        ("password", Value::Null, "type"),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let (status, problem_code, problem) = send(json_type, body.to_string().into_bytes()).await;
        assert_eq!(status, 422, "{field} {value}");
        assert_eq!(problem_code.as_str(), "validation", "{field} {value}");
        assert_eq!(problem["errors"][0]["field"], json!(field), "{value}");
        assert_eq!(problem["errors"][0]["code"], json!(code), "{value}");
    }
    let mut missing = good;
    missing.as_object_mut().unwrap().remove("name");
    let (_, _, missing) = send(json_type, missing.to_string().into_bytes()).await;
    assert_eq!(missing["errors"][0]["field"], "name");
    assert_eq!(missing["errors"][0]["code"], "required");
    assert_eq!(admin.get("/admin/users").await["items"].as_array().unwrap().len(), 1, "no row was left");
    app.stop().await;
}

#[actix_web::test]
async fn unknown_paths_ids_and_methods_are_problems_too() {
    let app = TestApp::start().await;
    let admin = app.admin("kepala").await;
    for path in ["/api/v1/nothing", "/api/v1", "/api/v1/auth", "/nothing", "/wp-login.php", "/files/../etc/passwd"] {
        let (status, code, _) = problem(app.client().get(app.url(path)).send().await.unwrap()).await;
        assert_eq!(status, 404, "{path}");
        assert_eq!(code.as_str(), "not_found", "{path}");
    }
    let (status, code, _) = problem(admin.request(Method::DELETE, "/auth/sessions/x").send().await.unwrap()).await;
    assert_eq!(status, 404);
    assert_eq!(code.as_str(), "not_found");
    for query in ["limit=0", "limit=101", "limit=x", "after=x", "role=teacher", "state=open"] {
        let (status, code, _) = problem(admin.request(Method::GET, &format!("/admin/users?{query}")).send().await.unwrap()).await;
        assert_eq!(status, 422, "{query}");
        assert_eq!(code.as_str(), "validation", "{query}");
    }
    for (method, path, allowed) in
        [("PUT", "/api/v1/auth/login", "POST"), ("DELETE", "/api/v1/admin/users", "GET, HEAD, POST"), ("POST", "/health", "GET, HEAD")]
    {
        let response = app.client().request(method.parse().unwrap(), app.url(path)).send().await.unwrap();
        assert_eq!(response.headers()["allow"], allowed);
        let (status, code, _) = problem(response).await;
        assert_eq!(status, 405, "{method} {path}");
        assert_eq!(code.as_str(), "method_not_allowed", "{method} {path}");
    }
    app.stop().await;
}

#[actix_web::test]
async fn security_headers_and_a_request_id_stand_on_every_answer() {
    let app = TestApp::start().await;
    let ana = app.student("ana").await;
    let mut ids = std::collections::HashSet::new();
    for path in
        ["/", "/login", "/assets/none.js", "/api/v1/auth/me", "/api/v1/nothing", "/health", "/metrics", "/files/x", "/broadcasting/auth"]
    {
        let response = app.client().get(app.url(path)).bearer_auth(&ana.token).send().await.unwrap();
        let headers = response.headers();
        let header = |name: &str| headers.get(name).unwrap_or_else(|| panic!("{path} lacks {name}")).to_str().unwrap();
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("strict-transport-security"), "max-age=31536000", "{path}");
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'self'") && policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{path}"
        );
        assert!(headers.contains_key("referrer-policy") && headers.contains_key("permissions-policy"), "{path}");
        assert!(headers.contains_key("cache-control"), "{path}");
        if path.starts_with("/api/") {
            assert_eq!(header("cache-control"), "no-store", "{path}");
        }
        assert!(ids.insert(header("x-request-id").to_owned()), "{path} repeats a request id");
    }
    app.stop().await;
}

#[actix_web::test]
async fn too_many_requests_of_one_user_wait_and_others_do_not() {
    let app = TestApp::builder().set(|config| config.http.requests_per_minute = 5).start().await;
    let (ana, budi) = (app.student("ana").await, app.student("budi").await);
    for left in (0..5).rev() {
        let response = ana.request(Method::GET, "/auth/me").send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["ratelimit-remaining"].to_str().unwrap(), left.to_string().as_str());
        assert_eq!(response.headers()["ratelimit-limit"], "5");
    }
    let refused = ana.request(Method::GET, "/auth/me").send().await.unwrap();
    let retry_s: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=12).contains(&retry_s) && refused.headers().contains_key("ratelimit-reset"));
    assert_eq!(problem(refused).await.1, "rate_limited");
    assert_eq!(budi.request(Method::GET, "/auth/me").send().await.unwrap().status(), 200);
    assert_eq!(app.client().get(app.url("/health")).send().await.unwrap().status(), 200, "health is not counted");
    app.stop().await;
}

/// The router decodes percent signs, so every check of the path must do so too.
#[actix_web::test]
async fn a_path_spelled_with_percent_signs_is_counted_all_the_same() {
    let app = TestApp::builder().set(|config| config.http.requests_per_minute = 5).start().await;
    let ana = app.student("ana").await;
    let get = async |path: &str| app.client().get(app.url(path)).bearer_auth(&ana.token).send().await.unwrap();
    for path in ["/api/v1/auth/me", "/%61pi/v1/auth/me", "/a%70i/%761/auth/me", "/%61%70%69/v1/auth/m%65", "/api/v1/auth/me"] {
        let response = get(path).await;
        assert_eq!(response.status().as_u16(), 200, "{path}");
        assert!(response.headers().contains_key("ratelimit-limit"), "{path}");
    }
    assert_eq!(get("/%61pi/v1/auth/me").await.status(), 429);
    app.stop().await;
}

/// actix-web reads the arguments of a handler at the same time; the body's error must not come
/// first.
#[actix_web::test]
async fn who_may_not_hears_that_before_anything_about_the_body() {
    let app = TestApp::start().await;
    let ana = app.student("ana").await;
    let id = UserId::generate();
    let paths = [("POST", "/admin/users".to_owned()), ("POST", "/admin/users/import".to_owned()), ("PATCH", format!("/admin/users/{id}"))];
    for (method, path) in paths.into_iter().chain([("PATCH", format!("/materials/{id}"))]) {
        for (content_type, body) in [("application/json", "{"), ("application/json", "{\"role\":1}"), ("text/plain", "x")] {
            let request = |token: &str| {
                let request = app.client().request(method.parse().unwrap(), app.url(&format!("/api/v1{path}")));
                request.bearer_auth(token).header("content-type", content_type).body(body)
            };
            let (status, code, _) = problem(request(&ana.token).send().await.unwrap()).await;
            assert_eq!(status, 403, "{method} {path} {content_type}");
            assert_eq!(code.as_str(), "access.denied", "{method} {path} {content_type}");
            let (status, code, _) = problem(request("nobody").send().await.unwrap()).await;
            assert_eq!(status, 401, "{method} {path} {content_type}");
            assert_eq!(code.as_str(), "auth.required", "{method} {path} {content_type}");
        }
    }
    app.stop().await;
}

#[actix_web::test]
async fn bodies_of_the_signing_paths_are_judged_as_all_others() {
    let app = TestApp::start().await;
    let ana = app.student("ana").await;
    let (json_type, form_type) = ("application/json", "application/x-www-form-urlencoded");
    for path in ["/broadcasting/auth", "/pusher/auth", "/broadcasting/user-auth"] {
        let send = async |content_type: &str, body: Vec<u8>| {
            let request = app.client().post(app.url(path)).bearer_auth(&ana.token).header("content-type", content_type).body(body);
            problem(request.send().await.unwrap()).await
        };
        for (content_type, body, expected_status, expected_code) in [
            (json_type, b"{".to_vec(), 400, "request.malformed"),
            (form_type, b"\xff".to_vec(), 400, "request.malformed"),
            (json_type, vec![b' '; 200_000], 413, "request.too_large"),
        ] {
            let (status, code, _) = send(content_type, body).await;
            assert_eq!(status, expected_status, "{path} {content_type}: {code}");
            assert_eq!(code, expected_code, "{path} {content_type}");
        }
        for (body, code) in [(r#"{"channel_name":"private-a"}"#, "required"), (r#"{"socket_id":"x","channel_name":"private-a"}"#, "type")] {
            let (status, _, problem) = send(json_type, body.into()).await;
            let field = &problem["errors"][0];
            assert_eq!(status, 422, "{path} {body}");
            assert_eq!(field["field"], "socket_id", "{path} {body}");
            assert_eq!(field["code"], json!(code), "{path} {body}");
        }
    }
    app.stop().await;
}

/// The raw transport writes these answers outside of the application.
async fn handshakes_that_lead_nowhere_are_answered_like_everything_else(transport: TestTransport) {
    let app = TestApp::builder().transport(transport).start().await;
    let ask = async |method: &str, path: &str, headers: &[(&str, &str)]| {
        let request = app.client().request(method.parse().unwrap(), app.url(path));
        let response = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().await.unwrap();
        assert_eq!(response.headers()["x-frame-options"], "DENY");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert!(response.headers().contains_key("content-security-policy"));
        let version = response.headers().get("sec-websocket-version").cloned();
        let (status, code, _) = problem(response).await;
        assert_eq!(version.is_some(), status == 426, "{method} {path}");
        (status, code)
    };
    let upgrade = [("connection", "upgrade"), ("upgrade", "websocket")];
    let key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let version = |number| ("sec-websocket-version", number);
    let with = |more: &[(&'static str, &'static str)]| [&upgrade[..], more].concat();
    let needs_upgrade = (426, "request.upgrade_required".to_owned());
    assert_eq!(ask("GET", "/app/educounsel", &[]).await, needs_upgrade);
    assert_eq!(ask("GET", "/app/educounsel", &with(&[key, version("12")])).await, needs_upgrade);
    assert_eq!(ask("GET", "/app/educounsel", &with(&[version("13")])).await, (400, "request.malformed".to_owned()));
    assert_eq!(ask("GET", "/nowhere", &with(&[key, version("13")])).await, (404, "not_found".to_owned()));
    let metrics = app.client().get(app.url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("route=\"/app/{key}\",status=\"426\""));
    app.stop().await;
}

#[actix_web::test]
async fn health_and_metrics_tell_how_the_server_is() {
    let app = TestApp::start().await;
    for path in ["/health-check", "/health"] {
        let body: Value = app.client().get(app.url(path)).send().await.unwrap().json().await.unwrap();
        assert_eq!(body["status"], "ok");
        assert_eq!(body["database"], "connected");
        assert!(body["timestamp"].as_str().unwrap().ends_with('Z'));
    }
    assert_eq!(app.client().get(app.url("/health/live")).send().await.unwrap().status(), 200);
    assert_eq!(app.client().get(app.url("/health/ready")).send().await.unwrap().status(), 200);
    let text = app.client().get(app.url("/metrics")).send().await.unwrap().text().await.unwrap();
    for name in ["http_request_duration_seconds_bucket", "database_pool_connections", "log_backlog_rows"] {
        assert!(text.contains(name), "{name} is missing");
    }
    assert!(text.contains("route=\"/health-check\""));
    app.running.context.store.close().await;
    let down = app.client().get(app.url("/health")).send().await.unwrap();
    assert_eq!(down.status(), 503);
    assert_eq!(down.json::<Value>().await.unwrap()["database"], "disconnected");
    assert_eq!(app.client().get(app.url("/health/ready")).send().await.unwrap().status(), 503);
    assert_eq!(app.client().get(app.url("/health/live")).send().await.unwrap().status(), 200);
}
