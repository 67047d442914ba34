//! Everybody can read the help card, and admins edit its hotlines.

use crate::support::TestApp;
use serde_json::{Value, json};

async fn card(app: &TestApp, language: &str) -> (reqwest::header::HeaderMap, Value) {
    let response = app.client().get(app.url("/api/v1/help")).header("accept-language", language).send().await.unwrap();
    assert_eq!(response.status(), 200);
    (response.headers().clone(), response.json().await.unwrap())
}

#[actix_web::test]
async fn the_card_is_there_without_a_login_in_both_languages() {
    let app = TestApp::start().await;
    let (headers, id) = card(&app, "id").await;
    assert_eq!(id["title"], "Kamu tidak sendirian. Ayo cari bantuan sekarang.");
    assert_eq!(headers["cache-control"], "public, max-age=300, stale-if-error=86400");
    assert!(headers.get_all("vary").iter().any(|value| value.to_str().unwrap().to_lowercase().contains("accept-language")), "{headers:?}");
    assert!(headers.contains_key("ratelimit-limit"), "strangers are counted by address");
    let numbers: Vec<&str> = id["hotlines"].as_array().unwrap().iter().map(|hotline| hotline["number"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["119", "129"]);
    assert!(id["hotlines"][0]["note"].as_str().unwrap().contains("Darurat"));
    let (_, en) = card(&app, "en-GB").await;
    assert_eq!(en["title"], "You are not alone. Let's get help now.");
    assert_eq!(en["lines"].as_array().unwrap().len(), id["lines"].as_array().unwrap().len());
    app.stop().await;
}

#[actix_web::test]
async fn strangers_cannot_ask_without_end() {
    let app = TestApp::builder().set(|config| config.http.requests_per_minute = 2).start().await;
    let client = app.client();
    let mut statuses = Vec::new();
    for _ in 0..25 {
        statuses.push(client.get(app.url("/api/v1/help")).send().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 20, "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429));
    app.stop().await;
}

#[actix_web::test]
async fn the_card_is_there_when_the_database_is_not() {
    let app = TestApp::start().await;
    let ana = app.student("ana").await;
    app.running.context.store.close().await;
    let (_, card) = card(&app, "id").await;
    assert_eq!(card["hotlines"][0]["number"], "119");
    assert_eq!(ana.try_get("/auth/me").await.0, 503, "sessions are in the database");
    assert_eq!(ana.get("/help").await, card, "and yet who is signed in gets the card");
    app.running.stop().await;
}

#[actix_web::test]
async fn admins_keep_the_hotlines_and_it_is_audited() {
    let app = TestApp::start().await;
    let (ana, guru, kepala) = (app.student("ana").await, app.counsellor("guru").await, app.admin("kepala").await);
    let mut list = kepala.get("/admin/hotlines").await;
    assert_eq!(list["items"][1]["note"]["en"].as_str().unwrap().split('.').next(), Some("Violence against children and women"));
    for user in [&ana, &guru] {
        assert_eq!(user.try_get("/admin/hotlines").await.0, 403);
        let (status, problem) = user.put("/admin/hotlines", &list).await;
        assert_eq!(status, 403, "{problem}");
        assert_eq!(problem["code"], "access.denied");
    }
    list["items"].as_array_mut().unwrap().insert(
        0,
        json!({ "name": "Puskesmas Sukamaju", "number": "(0274) 555-0119", "hours": "Senin–Jumat 08.00–14.00",
            "note": { "id": "Psikolog tiap Rabu", "en": "Psychologist on Wednesdays" }, "checked_on": "2026-11-20" }),
    );
    let (status, kept) = kepala.put("/admin/hotlines", &list).await;
    assert_eq!(status, 200, "{kept}");
    assert_eq!(kept, kepala.get("/admin/hotlines").await);
    let (_, id) = card(&app, "id").await;
    assert_eq!(id["hotlines"][0]["name"], "Puskesmas Sukamaju");
    assert_eq!(id["hotlines"][0]["note"], "Psikolog tiap Rabu");
    assert_eq!(id["hotlines"][0]["url"], Value::Null);
    assert_eq!(id["hotlines"][0]["checked_on"], "2026-11-20");
    let audit = kepala.get("/admin/audit?limit=5").await;
    let line = audit["items"].as_array().unwrap().iter().find(|line| line["action"] == "hotlines.changed").expect("audited");
    assert_eq!(line["actor"]["id"], json!(kepala.id));
    assert_eq!(line["data"]["hotlines"][0]["number"], "(0274) 555-0119");

    let wrong = |change: fn(&mut Value)| {
        let mut bad = kept.clone();
        change(&mut bad["items"][2]);
        bad
    };
    for (bad, word) in [
        (wrong(|item| item["number"] = json!("hubungi kami")), "entry 3: number"),
        (wrong(|item| item["url"] = json!("javascript:alert(1)")), "entry 3: url"),
        (wrong(|item| item["checked_on"] = json!("kemarin")), "entry 3: checked_on"),
        (json!({ "items": [] }), "1 to 12"),
    ] {
        let (status, problem) = kepala.put("/admin/hotlines", &bad).await;
        assert_eq!(status, 422, "{problem}");
        assert_eq!(problem["errors"][0]["field"], "items", "{problem}");
        assert!(problem["errors"][0]["message"].as_str().unwrap().starts_with(word), "{problem}");
    }
    assert_eq!(kept, kepala.get("/admin/hotlines").await, "a refused list changes nothing");
    app.stop().await;
}
