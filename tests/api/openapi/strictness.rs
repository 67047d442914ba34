//! The server refuses what its own description forbids: null, empty text, an array for an object.

use crate::support::{TestApp, TestUser, pdf::one_page_pdf, schema::resolved};
use educounsel::http::openapi::document;
use reqwest::Method;
use serde_json::{Value, json};

/// A day of availability in the shape of a check, which needs no version.
fn hours(version: &Value) -> Value {
    json!({
        "weekly": [], "exceptions": [], "slot_minutes": 30, "buffer_before_minutes": 0, "buffer_after_minutes": 0,
        "daily_cap": null, "minimum_notice_minutes": 0, "horizon_days": 30, "version": version,
    })
}

async fn status(user: &TestUser, method: Method, path: &str, body: &Value) -> u16 {
    user.request(method, path).json(body).send().await.unwrap().status().as_u16()
}

#[actix_web::test]
async fn null_is_refused_where_a_field_may_only_be_left_out() {
    let app = TestApp::start().await;
    let (guru, ana, kepala) = (app.counsellor("guru").await, app.student("ana").await, app.admin("kepala").await);
    let (_, material) = guru.upload("Napas", one_page_pdf("Napas")).await;
    let material = format!("/materials/{}", material["id"].as_str().unwrap());
    let account = format!("/admin/users/{}", ana.id);
    for (user, path, field) in [
        (&guru, &material, "title"),
        (&guru, &material, "category"),
        (&guru, &material, "body"),
        (&guru, &material, "status"),
        (&kepala, &account, "name"),
        (&kepala, &account, "role"),
        (&kepala, &account, "password"),
        (&kepala, &account, "disabled"),
    ] {
        assert_eq!(status(user, Method::PATCH, path, &json!({ field: null })).await, 422, "{path} {field}");
    }
    let replies = "/canned-replies";
    let (_, reply) = guru.post(replies, &json!({ "shortcut": "halo", "body": "Halo", "scope": "own" })).await;
    let reply = format!("{replies}/{}", reply["id"].as_str().unwrap());
    assert_eq!(status(&guru, Method::PATCH, &reply, &json!([null, null])).await, 422, "an array is no object");
    assert_eq!(status(&guru, Method::PATCH, &reply, &json!({ "body": null })).await, 422);
    assert_eq!(status(&guru, Method::PATCH, &reply, &json!({ "body": "Hai" })).await, 200);
    assert_eq!(status(&guru, Method::POST, "/availability/check", &hours(&Value::Null)).await, 422);
    assert_eq!(status(&guru, Method::POST, "/availability/check", &hours(&json!(-1))).await, 422);
    assert_eq!(status(&guru, Method::POST, "/availability/check", &hours(&json!(0))).await, 200);
    let hotline = |id: &str| json!({ "items": [{ "id": id, "name": "A", "number": "119", "url": null, "hours": "24", "note": { "id": "a", "en": "a" }, "checked_on": "2026-11-30" }] });
    assert_eq!(status(&kepala, Method::PUT, "/admin/hotlines", &hotline("")).await, 422);
    assert_eq!(status(&kepala, Method::PUT, "/admin/hotlines", &hotline("a")).await, 200);
    app.stop().await;
}

#[actix_web::test]
async fn a_parameter_that_breaks_its_shape_is_refused() {
    let app = TestApp::start().await;
    let (guru, ana, kepala) = (app.counsellor("guru").await, app.student("ana").await, app.admin("kepala").await);
    let (_, conversation) = ana.post("/conversations", &json!({ "counsellor_id": guru.id })).await;
    let conversation = format!("/conversations/{}/messages", conversation["id"].as_str().unwrap());
    let slots = format!("/counsellors/{}/slots", guru.id);
    for (user, path) in [
        (&ana, "/appointments?from=".to_owned()),
        (&ana, "/appointments?scope=".to_owned()),
        (&kepala, "/appointments?counsellor_id=".to_owned()),
        (&ana, format!("{slots}?to=")),
        (&ana, "/sync?after=".to_owned()),
        (&ana, format!("{conversation}?before_seq=")),
        (&ana, format!("{conversation}?before_seq=-1")),
        (&ana, "/materials?status=".to_owned()),
        (&kepala, "/admin/audit?actor_id=".to_owned()),
        (&kepala, "/admin/users?role=".to_owned()),
        (&kepala, "/admin/users?state=".to_owned()),
    ] {
        assert_eq!(user.try_get(&path).await.0, 422, "{path}");
    }
    app.stop().await;
}

/// A parameter that comes twice is 400; so the document says for every operation with a query.
#[actix_web::test]
async fn a_parameter_that_comes_twice_is_the_documented_400() {
    let app = TestApp::start().await;
    let ana = app.student("ana").await;
    assert_eq!(ana.try_get("/notices?state=all&state=all").await.0, 400);
    for (path, methods) in document()["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let has_query = operation["parameters"].as_array().into_iter().flatten().any(|parameter| parameter["in"] == "query");
            let is_api = path.starts_with("/api/v1/");
            assert!(!is_api || !has_query || operation["responses"].get("400").is_some(), "{method} {path} describes no 400");
        }
    }
    app.stop().await;
}

/// Every parameter with a format, a pattern or a list of words: the document names them.
#[actix_web::test]
async fn no_list_takes_an_empty_word() {
    let app = TestApp::start().await;
    let (guru, ana, kepala) = (app.counsellor("guru").await, app.student("ana").await, app.admin("kepala").await);
    let mut asked = 0;
    for (path, methods) in document()["paths"].as_object().unwrap() {
        let Some(operation) = methods.get("get").filter(|_| path.starts_with("/api/v1/") && !path.contains('{')) else { continue };
        let roles = operation["x-roles"].as_array().cloned().unwrap_or_default();
        let user =
            [("student", &ana), ("counsellor", &guru), ("admin", &kepala)].into_iter().find(|(role, _)| roles.contains(&json!(role)));
        for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "query") {
            let schema = resolved(&parameter["schema"]);
            if ["enum", "format", "pattern"].iter().any(|rule| schema.get(rule).is_some()) {
                let target = format!("{}?{}=", path.trim_start_matches("/api/v1"), parameter["name"].as_str().unwrap());
                let (status, _) = user.unwrap().1.try_get(&target).await;
                assert!([404, 422].contains(&status), "{target} is answered with {status}");
                asked += 1;
            }
        }
    }
    assert!(asked >= 10, "{asked} only");
    app.stop().await;
}
