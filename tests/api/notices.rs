//! Notices over HTTP reach all devices of their user.

use crate::support::{TestApp, TestUser, wait::until};
use educounsel::domain::ids::NoticeId;
use serde_json::{Value, json};

async fn unread(user: &TestUser) -> i64 {
    user.get("/notices?state=unread").await["unread_count"].as_i64().unwrap()
}

fn version(state: &Value) -> i64 {
    state["version"].as_i64().unwrap()
}

#[actix_web::test]
async fn an_upload_is_a_notice_of_every_student_in_the_language_asked_for() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let material = guru.upload_pdf("Mengatur waktu").await;
    let page = ana.get("/notices").await;
    assert_eq!(page["unread_count"], 1);
    assert_eq!(page["next"], Value::Null);
    let item = &page["items"][0];
    assert_eq!(item["kind"], "material.published");
    assert_eq!(item["category"], "materials");
    assert_eq!(item["data"], json!({ "material_id": material["id"], "title": "Mengatur waktu", "category": "Belajar" }));
    assert_eq!(item["title"], "Materi baru");
    assert_eq!(item["title"], item["texts"]["id"]["title"]);
    assert_eq!(item["read_at"], Value::Null);
    let english = ana.request(reqwest::Method::GET, "/notices").header("accept-language", "en-GB,en;q=0.9").send().await.unwrap();
    assert_eq!(english.json::<Value>().await.unwrap()["items"][0]["title"], "New material");
    assert_eq!(unread(&guru).await, 0, "the counsellor is not told of the own upload");
    app.stop().await;
}

#[actix_web::test]
async fn reading_changes_the_number_on_every_device() {
    let app = TestApp::start().await;
    let (ana, budi, guru) = (app.student("ana").await, app.student("budi").await, app.counsellor("guru").await);
    for title in ["Satu", "Dua", "Tiga"] {
        guru.upload_pdf(title).await;
    }
    until("the uploads are published", async || app.running.context.store.log_backlog().await.unwrap().rows == 0).await;
    let (mut phone, mut laptop) = (ana.connect().await, ana.connect().await);
    let newest = ana.get("/notices?limit=1").await["items"][0]["id"].as_str().unwrap().to_owned();
    let before = version(&ana.get("/notices").await);
    let one = ana.post(&format!("/notices/{newest}/read"), &json!({})).await;
    assert_eq!(one, (200, json!({ "unread_count": 2, "version": before + 1 })));
    for device in [&mut phone, &mut laptop] {
        let state = device.next_named("notice.state").await.json();
        assert_eq!(state, json!({ "unread_count": 2, "version": before + 1, "all": false, "notice_ids": [newest] }));
    }
    assert_eq!(ana.post("/notices/read-all", &json!({})).await, (200, json!({ "unread_count": 0, "version": before + 2 })));
    let state = laptop.next_named("notice.state").await.json();
    assert_eq!(state, json!({ "unread_count": 0, "version": before + 2, "all": true, "notice_ids": [] }));
    assert_eq!(unread(&ana).await, 0);
    assert_eq!(unread(&budi).await, 3);
    assert!(ana.get("/notices").await["items"].as_array().unwrap().iter().all(|item| item["read_at"].is_string()));
    app.stop().await;
}

/// Events of many requests overtake each other on the way; the highest version is the final state.
#[actix_web::test]
async fn the_event_with_the_largest_version_tells_the_number_that_is_true_in_the_end() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    for number in 0..6 {
        guru.upload_pdf(&format!("Materi {number}")).await;
    }
    until("the uploads are published", async || app.running.context.store.log_backlog().await.unwrap().rows == 0).await;
    let mut phone = ana.connect().await;
    let listed = ana.get("/notices").await;
    let paths = listed["items"].as_array().unwrap().iter().map(|item| format!("/notices/{}/read", item["id"].as_str().unwrap()));
    let reads = paths.map(|path| {
        let ana = &ana;
        async move { ana.post(&path, &json!({})).await.1 }
    });
    let answers = futures_util::future::join_all(reads).await;
    let mut heard = Vec::new();
    for _ in 0..6 {
        heard.push(phone.next_named("notice.state").await.json());
    }
    for told in [&answers, &heard] {
        let newest = told.iter().max_by_key(|state| version(state)).unwrap();
        assert_eq!(newest["unread_count"].as_i64(), Some(0), "{told:?}");
        assert_eq!(version(newest), version(&listed) + 6, "{told:?}");
    }
    let after = ana.get("/notices").await;
    guru.upload_pdf("Baru").await;
    until("the upload is published", async || app.running.context.store.log_backlog().await.unwrap().rows == 0).await;
    let board = ana.get("/dashboard/student").await;
    assert!(board["notices"]["unread_count"] == 1 && version(&board["notices"]) > version(&after), "a new notice is newer, too");
    app.stop().await;
}

#[actix_web::test]
async fn pages_continue_and_bad_queries_are_refused() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    for title in ["Satu", "Dua", "Tiga"] {
        guru.upload_pdf(title).await;
    }
    let first = ana.get("/notices?limit=2").await;
    let next = first["next"].as_str().unwrap();
    let second = ana.get(&format!("/notices?limit=2&after={next}")).await;
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
    assert_eq!(second["next"], Value::Null);
    assert_eq!(second["items"][0]["data"]["title"], "Satu");
    for query in ["state=old", "limit=0", "limit=x", "after=x"] {
        let answer = ana.request(reqwest::Method::GET, &format!("/notices?{query}")).send().await.unwrap();
        assert_eq!(answer.status(), 422, "{query}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], "validation", "{query}");
    }
    app.stop().await;
}

#[actix_web::test]
async fn unknown_and_foreign_notices_are_not_found_and_strangers_sign_in_first() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    guru.upload_pdf("Satu").await;
    let id = ana.get("/notices").await["items"][0]["id"].as_str().unwrap().to_owned();
    for (user, id) in [(&guru, id.as_str()), (&ana, "x"), (&ana, &NoticeId::generate().to_string())] {
        let (status, body) = user.post(&format!("/notices/{id}/read"), &json!({})).await;
        assert_eq!(status, 404, "{id}");
        assert_eq!(body["code"], "not_found", "{id}");
    }
    for path in ["/api/v1/notices", "/api/v1/sync", "/api/v1/dashboard/student", "/api/v1/dashboard/counsellor"] {
        assert_eq!(app.client().get(app.url(path)).send().await.unwrap().status(), 401, "{path}");
    }
    app.stop().await;
}
