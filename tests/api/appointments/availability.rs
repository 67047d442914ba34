//! Counsellors set their hours and their status, and students see the slots that follow from them.

use crate::support::{TestApp, TestUser, app::TestAppBuilder};
use educounsel::domain::{clock::Clock, ids::UserId};
use serde_json::{Value, json};

/// Monday, 2 February 2026, 07:00 in Jakarta.
pub const MONDAY_7: i64 = 1_769_990_400_000;

/// Hours of every weekday from 08:00 to 10:00, half an hour each, without notice, four weeks ahead.
pub fn mornings() -> Value {
    let weekly: Vec<Value> = (1..=5).map(|day| json!({ "weekday": day, "from": "08:00", "to": "10:00" })).collect();
    json!({
        "version": 0, "weekly": weekly, "exceptions": [], "slot_minutes": 30, "buffer_before_minutes": 0, "buffer_after_minutes": 0,
        "daily_cap": null, "minimum_notice_minutes": 0, "horizon_days": 28,
    })
}

/// Sets a counsellor's hours and returns the answer.
pub async fn open_desk(counsellor: &TestUser, hours: &Value) -> Value {
    let (status, body) = counsellor.put("/availability", hours).await;
    assert_eq!(status, 200, "{body}");
    body
}

/// Returns the slots that a user could book on a day, as `HH:MM` UTC.
pub async fn slots(user: &TestUser, counsellor: &TestUser, day: &str) -> Vec<String> {
    let list = user.get(&format!("/counsellors/{}/slots?from={day}&to={day}", counsellor.id)).await;
    list["slots"].as_array().unwrap().iter().map(|slot| slot["starts_at"].as_str().unwrap()[11..16].to_owned()).collect()
}

/// Starts a server on a clock that stands on Monday; its logins survive when the test turns the
/// clock by days.
pub fn on_monday() -> (TestAppBuilder, Clock) {
    let clock = Clock::manual(MONDAY_7);
    let builder = TestApp::builder().clock(clock.clone()).set(|config| config.security.session_idle_h = 240);
    (builder, clock)
}

pub async fn start() -> (TestApp, Clock) {
    let (builder, clock) = on_monday();
    (builder.start().await, clock)
}

#[actix_web::test]
async fn counsellors_are_listed_by_name_with_status_and_modes() {
    let (app, clock) = start().await;
    let (zul, ayu) = (app.counsellor("zul").await, app.counsellor("ayu").await);
    let (ana, admin) = (app.student("ana").await, app.admin("admin").await);
    let mut socket = ana.connect().await;
    socket.subscribe("private-counsellors.status").await;
    assert_eq!(zul.put("/counsellors/me/status", &json!({ "status": "online" })).await, (200, json!({ "id": zul.id, "status": "online" })));
    assert_eq!(socket.next_named("counsellor.status").await.json(), json!({ "id": zul.id, "status": "online" }));
    let listed = ana.get("/counsellors").await;
    let expected = json!({ "items": [
        { "id": ayu.id, "name": "Uji ayu", "status": "offline", "modes": ["onsite", "chat"] },
        { "id": zul.id, "name": "Uji zul", "status": "online", "modes": ["onsite", "chat"] },
    ] });
    assert_eq!(listed, expected);
    assert_eq!(admin.get("/counsellors").await, expected);
    assert_eq!(zul.put("/counsellors/me/status", &json!({ "status": "busy" })).await.0, 422);
    assert_eq!(ana.put("/counsellors/me/status", &json!({ "status": "online" })).await.0, 403);
    clock.advance(12 * 3_600_000 - 1);
    assert_eq!(ana.get("/counsellors").await["items"][1]["status"], "online");
    clock.advance(1);
    assert_eq!(ana.get("/counsellors").await["items"][1]["status"], "offline", "nobody is on duty for ever");
    app.stop().await;
}

#[actix_web::test]
async fn hours_are_kept_by_version_and_open_lists_are_told() {
    let (app, _) = start().await;
    let (guru, ana, admin) = (app.counsellor("guru").await, app.student("ana").await, app.admin("admin").await);
    let unset = guru.get("/availability").await;
    assert_eq!(unset["version"], 0);
    assert_eq!(unset["weekly"], json!([]));
    assert_eq!(unset["zone"], "Asia/Jakarta");
    assert_eq!(slots(&ana, &guru, "2026-02-02").await, [""; 0]);

    let mut socket = ana.connect().await;
    socket.subscribe(&format!("private-slots.{}", guru.id)).await;
    let kept = open_desk(&guru, &mornings()).await;
    assert_eq!(kept["version"], 1);
    assert_eq!(kept["conflicts"], json!([]));
    assert_eq!(kept["weekly"][4]["weekday"], 5);
    let told = socket.next_named("slots.changed").await.json();
    assert_eq!(told["counsellor_id"], json!(guru.id));
    assert_eq!(told["dates"][0], "2026-02-02");
    assert_eq!(told["dates"].as_array().unwrap().len(), 21);
    assert_eq!(slots(&ana, &guru, "2026-02-02").await, ["01:00", "01:30", "02:00", "02:30"]);

    let (status, problem) = guru.put("/availability", &mornings()).await;
    assert_eq!(status, 409, "version 0 is gone");
    assert_eq!(problem["code"], "conflict", "version 0 is gone");
    let mut hours = mornings();
    hours["version"] = json!(1);
    hours["exceptions"] = json!([{ "date": "2026-02-03", "kind": "closed", "reason": "Rapat" }, { "date": "2026-02-07", "kind": "extra", "from": "09:00", "to": "10:00" }]);
    hours["minimum_notice_minutes"] = json!(90);
    assert_eq!(open_desk(&guru, &hours).await["version"], 2);
    assert_eq!(socket.next_named("slots.changed").await.json()["dates"], json!(["2026-02-02", "2026-02-03", "2026-02-07"]));
    assert_eq!(slots(&ana, &guru, "2026-02-02").await, ["01:30", "02:00", "02:30"], "an hour and a half before");
    assert_eq!(slots(&guru, &guru, "2026-02-02").await.len(), 4, "the own notice binds nobody");
    assert_eq!(slots(&ana, &guru, "2026-02-03").await, [""; 0]);
    assert_eq!(slots(&ana, &guru, "2026-02-07").await, ["02:00", "02:30"]);
    assert_eq!(guru.get("/availability").await, admin.get(&format!("/availability?counsellor_id={}", guru.id)).await);
    let audit = admin.get("/admin/audit?limit=100").await;
    let changed = audit["items"].as_array().unwrap().iter().filter(|line| line["action"] == "availability.changed").count();
    assert_eq!(changed, 2);
    app.stop().await;
}

#[actix_web::test]
async fn hours_that_make_no_sense_are_refused_with_their_fields() {
    let (app, _) = start().await;
    let guru = app.counsellor("guru").await;
    let fields = async |change: Value| {
        let mut hours = mornings();
        for (name, value) in change.as_object().unwrap() {
            hours[name] = value.clone();
        }
        let (status, problem) = guru.put("/availability", &hours).await;
        assert_eq!(status, 422, "{change}");
        assert_eq!(problem["code"], "validation", "{change}");
        let check = guru.post("/availability/check", &hours).await;
        assert!(check.0 == 422 || change.get("version").is_some(), "the check refuses the same: {change}");
        problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        fields(json!({ "slot_minutes": 7, "daily_cap": 0, "horizon_days": 366 })).await,
        ["daily_cap", "horizon_days", "slot_minutes"]
    );
    assert_eq!(fields(json!({ "weekly": [{ "weekday": 1, "from": "10:00", "to": "09:00" }] })).await, ["weekly"]);
    assert_eq!(fields(json!({ "weekly": [{ "weekday": 1, "from": 8, "to": "09:00" }] })).await, ["weekly[0].from"]);
    assert_eq!(fields(json!({ "weekly": [{ "weekday": 1, "to": "09:00" }] })).await, ["weekly[0].from"]);
    assert_eq!(fields(json!({ "exceptions": [{ "date": "tomorrow", "kind": "closed" }] })).await, ["exceptions"]);
    assert_eq!(fields(json!({ "minimum_notice_minutes": -1 })).await, ["minimum_notice_minutes"]);
    assert_eq!(fields(json!({ "version": "x" })).await, ["version"]);
    assert_eq!(guru.get("/availability").await["version"], 0);
    app.stop().await;
}

#[actix_web::test]
async fn a_check_shows_which_appointments_other_hours_would_leave_out() {
    let (app, _) = start().await;
    let (guru, ana) = (app.counsellor("guru").await, app.student("ana").await);
    open_desk(&guru, &mornings()).await;
    let booking = json!({ "counsellor_id": guru.id, "starts_at": "2026-02-03T01:00:00Z", "topic": "Karier", "mode": "onsite" });
    let (status, booked) = ana.post("/appointments", &booking).await;
    assert_eq!(status, 201, "{booked}");
    let mut later = mornings();
    later["version"] = json!(1);
    later["weekly"] = json!([{ "weekday": 2, "from": "08:15", "to": "10:00" }]);
    let (status, checked) = guru.post("/availability/check", &later).await;
    assert_eq!(status, 200, "{checked}");
    assert_eq!(checked["conflicts"][0]["id"], booked["id"]);
    assert_eq!(checked["conflicts"].as_array().unwrap().len(), 1);
    assert_eq!(guru.get("/availability").await["version"], 1, "a check changes nothing");
    let kept = open_desk(&guru, &later).await;
    assert_eq!(kept["conflicts"][0]["id"], booked["id"], "it stays");
    assert_eq!(kept["conflicts"][0]["state"], "requested", "it stays");
    assert_eq!(guru.get("/availability").await["conflicts"][0]["id"], booked["id"]);
    assert_eq!(guru.post("/availability/check", &mornings()).await.1["conflicts"], json!([]));
    app.stop().await;
}

#[actix_web::test]
async fn hours_and_slots_are_only_for_whom_they_are() {
    let (app, _) = start().await;
    let (guru, other) = (app.counsellor("guru").await, app.counsellor("lain").await);
    let (ana, admin) = (app.student("ana").await, app.admin("admin").await);
    open_desk(&guru, &mornings()).await;
    assert_eq!(ana.try_get("/availability").await.0, 403);
    assert_eq!(ana.put("/availability", &mornings()).await.0, 403);
    assert_eq!(admin.put("/availability", &mornings()).await.0, 403);
    assert_eq!(ana.post("/availability/check", &mornings()).await.0, 403);
    assert_eq!(other.try_get(&format!("/availability?counsellor_id={}", guru.id)).await.0, 404);
    assert_eq!(guru.try_get(&format!("/availability?counsellor_id={}", guru.id)).await.0, 200);
    for id in [UserId::generate().to_string(), ana.id.clone(), "x".to_owned()] {
        assert_eq!(admin.try_get(&format!("/availability?counsellor_id={id}")).await.0, 404, "{id}");
        assert_eq!(ana.try_get(&format!("/counsellors/{id}/slots")).await.0, 404, "{id}");
    }
    let fields = async |query: &str| {
        let (status, problem) = ana.try_get(&format!("/counsellors/{}/slots?{query}", guru.id)).await;
        assert_eq!(status, 422, "{query}");
        problem["errors"][0]["field"].as_str().unwrap().to_owned()
    };
    assert_eq!(fields("from=x").await, "from");
    assert_eq!(fields("from=2026-02-02&to=2026-02-01").await, "to");
    assert_eq!(fields("from=2026-02-02&to=2026-04-05").await, "to");
    let list = ana.get(&format!("/counsellors/{}/slots", guru.id)).await;
    assert_eq!(list["zone"], "Asia/Jakarta", "two weeks of mornings");
    assert_eq!(list["slots"].as_array().unwrap().len(), 40, "two weeks of mornings");
    assert_eq!(list["slots"][0], json!({ "starts_at": "2026-02-02T01:00:00.000Z", "ends_at": "2026-02-02T01:30:00.000Z" }));
    for path in ["/counsellors", "/availability", "/appointments"] {
        assert_eq!(app.client().get(app.url(&format!("/api/v1{path}"))).send().await.unwrap().status(), 401, "{path}");
    }
    app.stop().await;
}
