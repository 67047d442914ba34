//! The dashboards show the student's widgets and the counsellor's statistics.

use crate::support::{TestApp, TestUser};
use educounsel::domain::clock::Clock;
use serde_json::{Value, json};

async fn statistics(user: &TestUser) -> (String, String, Value) {
    let answer = user.request(reqwest::Method::GET, "/dashboard/counsellor").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    let (cache, age) = (header("x-cache"), header("age"));
    (cache, age, answer.json().await.unwrap())
}

#[actix_web::test]
async fn a_student_sees_the_newest_materials_and_the_bell() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    for title in ["Satu", "Dua", "Tiga", "Empat"] {
        guru.upload_pdf(title).await;
    }
    let board = ana.get("/dashboard/student").await;
    let titles: Vec<_> = board["materials"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Empat", "Tiga", "Dua"]);
    assert_eq!(board["notices"]["unread_count"], 4);
    assert_eq!(board["notices"]["items"].as_array().unwrap().len(), 4);
    assert_eq!(board["school"], json!({ "zone": "Asia/Jakarta" }));
    let parts: Vec<_> = board.as_object().unwrap().keys().collect();
    assert_eq!(parts, ["materials", "notices", "school"], "nothing that the page asks for elsewhere");
    assert_eq!(guru.request(reqwest::Method::GET, "/dashboard/student").send().await.unwrap().status(), 403);
    assert_eq!(ana.request(reqwest::Method::GET, "/dashboard/counsellor").send().await.unwrap().status(), 403);
    app.stop().await;
}

#[actix_web::test]
async fn statistics_are_real_and_kept_per_counsellor() {
    // Statistics count by day, so this day must not end meanwhile.
    let clock = Clock::manual(Clock::System.now_ms());
    let app = TestApp::builder().clock(clock.clone()).start().await;
    let (ana, guru, other) = (app.student("ana").await, app.counsellor("guru").await, app.counsellor("lain").await);
    app.student("budi").await;
    let material = guru.upload_pdf("Satu").await;
    clock.advance(1);
    ana.get(&format!("/materials/{}", material["id"].as_str().unwrap())).await;
    assert_eq!(ana.post("/notices/read-all", &json!({})).await.0, 200);

    let (cache, age, fresh) = statistics(&guru).await;
    assert_eq!(cache.as_str(), "MISS");
    assert_eq!(age.as_str(), "0");
    assert_eq!(fresh["students"], json!({ "total": 2, "active_7d": 2, "new_7d": 2 }));
    assert_eq!(fresh["materials"], json!({ "total": 1, "active": 1, "draft": 0, "archived": 0, "views": 1, "downloads": 0 }));
    assert_eq!(fresh["notifications"], json!({ "sent": 1, "sent_7d": 1, "reads": 1, "read_rate": 0.5 }));
    let days = fresh["engagement"].as_array().unwrap();
    assert_eq!(days.len(), 14);
    assert_eq!(days[13]["active_students"], 1);
    assert_eq!(days[13]["views"], 1);
    assert_eq!(days[0]["views"], 0);
    let actions: Vec<_> = fresh["recent_activity"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["material.viewed", "material.created"]);

    guru.upload_pdf("Dua").await;
    let (cache, _, kept) = statistics(&guru).await;
    assert_eq!(cache.as_str(), "HIT");
    assert_eq!(kept, fresh);
    let (cache, _, theirs) = statistics(&other).await;
    assert_eq!(cache.as_str(), "MISS");
    assert_eq!(theirs["materials"]["total"], 2);
    app.stop().await;
}

#[actix_web::test]
async fn statistics_are_gathered_anew_when_keeping_is_off() {
    let app = TestApp::builder().set(|config| config.school.dashboard_cache_s = 0).start().await;
    let guru = app.counsellor("guru").await;
    assert_eq!(statistics(&guru).await.2["materials"]["total"], 0);
    guru.upload_pdf("Satu").await;
    let (cache, _, fresh) = statistics(&guru).await;
    assert_eq!(cache.as_str(), "MISS");
    assert_eq!(fresh["materials"]["total"], 1);
    app.stop().await;
}
