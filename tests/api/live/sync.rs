//! A client catches up by cursor.

use crate::support::{TestApp, TestUser, wait::until};
use educounsel::{
    backends::store::LogEntry,
    domain::{clock::Clock, ids::LogId, live::audience::Audience, principal::Role},
};
use serde_json::{Value, json};

async fn published(app: &TestApp) {
    until("the log is published", async || app.running.context.store.log_backlog().await.unwrap().rows == 0).await;
}

fn titles(answer: &Value) -> Vec<String> {
    answer["events"].as_array().unwrap().iter().map(|event| event["data"]["data"]["title"].as_str().unwrap().to_owned()).collect()
}

async fn cursor(user: &TestUser) -> String {
    user.get("/realtime").await["cursor"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_student_who_was_away_gets_exactly_the_missed_uploads_in_order() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    guru.upload_pdf("Sebelum").await;
    published(&app).await;
    let left_at = cursor(&ana).await;
    for title in ["Satu", "Dua", "Tiga"] {
        guru.upload_pdf(title).await;
    }
    published(&app).await;
    let missed = ana.get(&format!("/sync?after={left_at}")).await;
    assert_eq!(titles(&missed), ["Satu", "Dua", "Tiga"]);
    assert_eq!(missed["more"], false);
    assert_eq!(missed["reset"], Value::Null);
    for event in missed["events"].as_array().unwrap() {
        assert_eq!(event["event"], "notice.created");
        assert_eq!(event["id"], event["data"]["id"]);
    }
    assert_eq!(missed["events"][2]["data"]["cursor"], missed["cursor"]);
    let again = ana.get(&format!("/sync?after={}", missed["cursor"].as_str().unwrap())).await;
    assert_eq!(titles(&again).len(), 0);
    assert_eq!(again["cursor"], missed["cursor"]);
    assert_eq!(titles(&ana.get("/sync").await), ["Sebelum", "Satu", "Dua", "Tiga"]);
    assert!(titles(&guru.get("/sync").await).is_empty(), "what is for students is not for counsellors");
    app.stop().await;
}

#[actix_web::test]
async fn a_long_absence_comes_in_pages_without_gap_or_repeat() {
    const EVENTS: usize = 450;
    let app = TestApp::start().await;
    let ana = app.student("ana").await;
    let mut at = cursor(&ana).await;
    let store = &app.running.context.store;
    let mut tx = store.begin().await.unwrap();
    for number in 0..EVENTS {
        // Every third is for others.
        let role = if number % 3 == 2 { Role::Counsellor } else { Role::Student };
        let data = json!({ "data": { "title": number.to_string() } }).to_string();
        let (id, audience, created_at_ms) = (LogId::generate(), Audience::Role(role), Clock::System.now_ms());
        tx.append_log(&LogEntry { id, audience, event: "notice.created".into(), data, created_at_ms }).await.unwrap();
    }
    tx.commit().await.unwrap();
    app.running.context.announce.wake_pump();
    published(&app).await;
    let (mut missed, mut sizes) = (Vec::new(), Vec::new());
    loop {
        let page = ana.get(&format!("/sync?after={at}")).await;
        at = page["cursor"].as_str().unwrap().to_owned();
        sizes.push(titles(&page).len());
        missed.extend(titles(&page));
        if page["more"] == json!(false) {
            break;
        }
    }
    assert_eq!(missed, (0..EVENTS).filter(|number| number % 3 != 2).map(|number| number.to_string()).collect::<Vec<_>>());
    assert_eq!(sizes, [200, 100]);
    assert!(titles(&ana.get(&format!("/sync?after={at}")).await).is_empty());
    app.stop().await;
}

#[actix_web::test]
async fn the_socket_and_sync_bring_the_same_data() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let left_at = cursor(&ana).await;
    let mut socket = ana.connect().await;
    guru.upload_pdf("Satu").await;
    let live = socket.next_named("notice.created").await.json();
    let missed = ana.get(&format!("/sync?after={left_at}")).await;
    assert_eq!(missed["events"][0]["data"], live);
    app.stop().await;
}

#[actix_web::test]
async fn a_new_student_does_not_hear_of_the_past() {
    let app = TestApp::start().await;
    let guru = app.counsellor("guru").await;
    guru.upload_pdf("Dulu").await;
    published(&app).await;
    let uploaded_by_ms = Clock::System.now_ms();
    until("the account is made in a later millisecond", async || Clock::System.now_ms() > uploaded_by_ms).await;
    let ana = app.student("ana").await;
    assert!(titles(&ana.get("/sync").await).is_empty());
    assert_eq!(ana.get("/notices").await["unread_count"], 0);
    app.stop().await;
}

#[actix_web::test]
async fn cursors_out_of_reach_start_over_and_unreadable_ones_are_refused() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    for title in ["Satu", "Dua"] {
        guru.upload_pdf(title).await;
    }
    published(&app).await;
    let head = cursor(&ana).await;
    let over = json!({ "reset": true, "events": [], "cursor": head, "more": false });
    assert_eq!(ana.get("/sync?after=999999").await, over, "a cursor of another life of the database");
    assert_eq!(app.running.context.store.trim_log(i64::MAX).await.unwrap(), 2);
    assert_eq!(ana.get("/sync?after=0").await, over);
    assert_eq!(ana.get(&format!("/sync?after={head}")).await["reset"], Value::Null, "who has seen all has missed nothing");
    assert_eq!(ana.get("/sync").await["reset"], Value::Null);
    for bad in ["x", "-1", "1.5", "99999999999999999999"] {
        let answer = ana.request(reqwest::Method::GET, &format!("/sync?after={bad}")).send().await.unwrap();
        assert_eq!(answer.status(), 422, "{bad}");
        assert_eq!(answer.json::<Value>().await.unwrap()["errors"][0]["field"], "after");
    }
    app.stop().await;
}
