//! Appointments over HTTP: both sides hear of changes, and calendar files and video rooms work.

use crate::{
    appointments::availability::{mornings, on_monday, open_desk, slots, start},
    support::{TestApp, TestSocket, TestUser, wait::until},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use calcard::icalendar::{ICalendar, ICalendarProperty};
use educounsel::domain::{clock::Clock, ids::AppointmentId};
use reqwest::Method;
use serde_json::{Value, json};

const HOUR_MS: i64 = 3_600_000;
const TUESDAY_8: &str = "2026-02-03T01:00:00.000Z";
const TUESDAY_9: &str = "2026-02-03T02:00:00.000Z";

/// A school with one open desk and two students.
struct School {
    app: TestApp,
    clock: Clock,
    guru: TestUser,
    ana: TestUser,
    budi: TestUser,
}

impl School {
    async fn open() -> Self {
        let (app, clock) = start().await;
        let school =
            Self { guru: app.counsellor("guru").await, ana: app.student("ana").await, budi: app.student("budi").await, app, clock };
        open_desk(&school.guru, &mornings()).await;
        school
    }

    fn booking(&self, starts_at: &str) -> Value {
        json!({ "counsellor_id": self.guru.id, "starts_at": starts_at, "topic": "Pilihan jurusan", "note": "Rahasia saya", "mode": "onsite" })
    }

    /// Waits until no event is on its way to sockets that are opened now.
    async fn published(&self) {
        until("the log is published", async || self.app.running.context.store.log_backlog().await.unwrap().rows == 0).await;
    }

    async fn book(&self, student: &TestUser, starts_at: &str) -> Value {
        let (status, body) = student.post("/appointments", &self.booking(starts_at)).await;
        assert_eq!(status, 201, "{body}");
        body
    }
}

async fn act(user: &TestUser, appointment: &Value, action: &str, body: Value) -> (u16, Value) {
    user.post(&format!("/appointments/{}/{action}", appointment["id"].as_str().unwrap()), &body).await
}

fn starts(body: &Value, list: &str) -> Vec<String> {
    body[list].as_array().unwrap().iter().map(|item| item["starts_at"].as_str().unwrap().to_owned()).collect()
}

fn fields(problem: &Value) -> Vec<(String, String)> {
    let text = |error: &Value, key: &str| error[key].as_str().unwrap().to_owned();
    problem["errors"].as_array().unwrap().iter().map(|error| (text(error, "field"), text(error, "code"))).collect()
}

/// Reads the event of a change and, for the other side, the notice that comes with it.
async fn hear(socket: &mut TestSocket, change: &str, notice: Option<&str>) -> Value {
    let event = socket.next_named("appointment.changed").await.json();
    assert_eq!(event["change"], change);
    if let Some(kind) = notice {
        let notice = socket.next_named("notice.created").await.json();
        assert_eq!(notice["kind"], json!(kind));
        assert_eq!(notice["category"], "appointments");
        assert_eq!(notice["data"]["appointment_id"], event["appointment"]["id"]);
    }
    event
}

#[actix_web::test]
async fn a_booking_is_answered_listed_and_heard_by_both_sides() {
    let school = School::open().await;
    let (mut at_anas, mut at_gurus) = (school.ana.connect().await, school.guru.connect().await);
    let mut at_budis = school.budi.connect().await;
    at_budis.subscribe(&format!("private-slots.{}", school.guru.id)).await;
    let booked = school.book(&school.ana, TUESDAY_8).await;
    assert_eq!(
        booked,
        json!({
            "id": booked["id"],
            "counsellor": { "id": school.guru.id, "name": "Uji guru" },
            "student": { "id": school.ana.id, "name": "Uji ana" },
            "starts_at": TUESDAY_8, "ends_at": "2026-02-03T01:30:00.000Z",
            "state": "requested", "mode": "onsite", "topic": "Pilihan jurusan", "note": "Rahasia saya", "reason": null, "cancelled_by": null,
            "proposed_by": { "id": school.ana.id, "name": "Uji ana" },
            "sequence": 0, "actions": ["reschedule", "cancel"], "video": null,
            "created_at": "2026-02-02T00:00:00.000Z", "updated_at": "2026-02-02T00:00:00.000Z",
        })
    );
    let event = hear(&mut at_gurus, "requested", Some("appointment.requested")).await;
    assert_eq!(event["actor_id"], json!(school.ana.id));
    assert_eq!(event["appointment"]["topic"], "Pilihan jurusan");
    for hidden in ["actions", "video", "note"] {
        assert_eq!(event["appointment"].get(hidden), None, "{hidden}");
    }
    hear(&mut at_anas, "requested", None).await;
    school.app.barrier(&mut at_anas).await;
    let told = at_budis.next_named("slots.changed").await.json();
    assert_eq!(told, json!({ "counsellor_id": school.guru.id, "dates": ["2026-02-03"] }));
    assert_eq!(slots(&school.budi, &school.guru, "2026-02-03").await, ["01:30", "02:00", "02:30"]);

    let notice = &school.guru.get("/notices").await["items"][0];
    assert_eq!(notice["body"], "Uji ana mengajukan janji temu pada Selasa, 3 Februari 2026 pukul 08.00 WIB.");
    assert_eq!(notice["data"], json!({ "appointment_id": booked["id"], "starts_at": TUESDAY_8 }));
    assert!(!notice.to_string().contains("jurusan") && !notice.to_string().contains("Rahasia"));
    for user in [&school.ana, &school.guru] {
        let listed = user.get("/appointments").await;
        assert_eq!(listed["items"][0]["id"], booked["id"]);
        assert_eq!(listed["next"], Value::Null);
        assert_eq!(user.get(&format!("/appointments/{}", booked["id"].as_str().unwrap())).await["note"], "Rahasia saya");
    }
    assert_eq!(school.guru.get("/appointments").await["items"][0]["actions"], json!(["confirm", "reschedule", "cancel"]));
    school.app.stop().await;
}

#[actix_web::test]
async fn a_taken_time_is_answered_with_times_free_for_both() {
    let school = School::open().await;
    let other = school.app.counsellor("lain").await;
    open_desk(&other, &mornings()).await;
    school.book(&school.ana, TUESDAY_8).await;
    // Budi has another appointment at nine.
    let elsewhere = json!({ "counsellor_id": other.id, "starts_at": TUESDAY_9, "topic": "Lain", "mode": "chat" });
    assert_eq!(school.budi.post("/appointments", &elsewhere).await.0, 201);
    let (status, problem) = school.budi.post("/appointments", &school.booking(TUESDAY_8)).await;
    assert_eq!(status, 409, "{problem}");
    assert_eq!(problem["code"], "appointments.slot_taken");
    assert_eq!(problem["status"], 409);
    assert_eq!(starts(&problem, "alternatives"), ["2026-02-03T01:30:00.000Z", "2026-02-03T02:30:00.000Z", "2026-02-04T01:00:00.000Z"]);
    assert_eq!(problem["alternatives"][0]["ends_at"], "2026-02-03T02:00:00.000Z");
    let (status, problem) = school.budi.post("/appointments", &school.booking(TUESDAY_9)).await;
    assert_eq!(status, 409, "the student is taken, not the counsellor");
    assert_eq!(problem["code"], "appointments.slot_taken", "the student is taken, not the counsellor");
    assert_eq!(slots(&school.budi, &school.guru, "2026-02-03").await, ["01:30", "02:30"], "own bookings elsewhere count as taken");
    let first = starts(&problem, "alternatives")[0].clone();
    assert_eq!(school.budi.post("/appointments", &school.booking(&first)).await.0, 201, "an alternative can be booked");
    school.app.stop().await;
}

#[actix_web::test]
async fn what_cannot_be_booked_is_refused_with_its_field() {
    let school = School::open().await;
    let refused = async |user: &TestUser, change: Value| {
        let mut booking = school.booking(TUESDAY_8);
        for (name, value) in change.as_object().unwrap() {
            booking[name] = value.clone();
        }
        let (status, problem) = user.post("/appointments", &booking).await;
        assert_eq!(status, 422, "{change}: {problem}");
        assert_eq!(problem["code"], "validation", "{change}: {problem}");
        fields(&problem).into_iter().map(|(field, code)| format!("{field}:{code}")).collect::<Vec<_>>().join(" ")
    };
    let (ana, guru) = (&school.ana, &school.guru);
    for no_slot in [
        "2026-02-03T01:10:00Z",
        "2026-02-03T00:30:00Z",
        "2026-02-02T00:00:00Z",
        "2026-01-26T01:00:00Z",
        "2026-03-03T01:00:00Z",
        "9999-01-01T00:00:00Z",
    ] {
        assert_eq!(refused(ana, json!({ "starts_at": no_slot })).await, "starts_at:unavailable", "{no_slot}");
    }
    assert_eq!(refused(ana, json!({ "starts_at": "besok" })).await, "starts_at:unknown_value");
    assert_eq!(
        refused(ana, json!({ "starts_at": "x", "topic": "", "counsellor_id": "x" })).await,
        "counsellor_id:unknown_value starts_at:unknown_value topic:required"
    );
    assert_eq!(refused(ana, json!({ "topic": "x".repeat(121), "note": "x".repeat(2001) })).await, "topic:too_long note:too_long");
    assert_eq!(refused(ana, json!({ "mode": "video" })).await, "mode:unavailable", "there is no video server");
    assert_eq!(refused(ana, json!({ "mode": "phone" })).await, "mode:unknown_value");
    assert_eq!(refused(ana, json!({ "counsellor_id": ana.id })).await, "counsellor_id:unknown_value");
    assert_eq!(refused(ana, json!({ "student_id": school.budi.id })).await, "student_id:unknown_value");
    let closed = school.app.counsellor("tutup").await;
    assert_eq!(refused(ana, json!({ "counsellor_id": closed.id })).await, "starts_at:unavailable");
    assert_eq!(refused(guru, json!({})).await, "student_id:required");
    assert_eq!(refused(guru, json!({ "student_id": closed.id })).await, "student_id:unknown_value");
    assert_eq!(refused(guru, json!({ "student_id": ana.id, "counsellor_id": closed.id })).await, "counsellor_id:unknown_value");
    let admin = school.app.admin("admin").await;
    assert_eq!(admin.post("/appointments", &school.booking(TUESDAY_8)).await.0, 403);
    let malformed = ana.request(Method::POST, "/appointments").header("content-type", "application/json").body("{").send().await.unwrap();
    assert_eq!(malformed.status(), 400);
    assert_eq!(ana.get("/appointments").await["items"], json!([]));
    school.app.stop().await;
}

#[actix_web::test]
async fn a_counsellor_books_any_time_of_the_own_hours_and_the_student_confirms() {
    let school = School::open().await;
    let mut at_anas = school.ana.connect().await;
    let mut booking = school.booking("2026-02-03T01:10:00Z");
    booking["student_id"] = json!(school.ana.id);
    let (status, booked) = school.guru.post("/appointments", &booking).await;
    assert_eq!(status, 201, "{booked}");
    assert_eq!(booked["state"], "requested");
    assert_eq!(booked["proposed_by"]["id"], json!(school.guru.id));
    assert_eq!(booked["actions"], json!(["reschedule", "cancel"]));
    hear(&mut at_anas, "requested", Some("appointment.requested")).await;
    assert_eq!(act(&school.guru, &booked, "confirm", json!({})).await.0, 409);
    let (status, confirmed) = act(&school.ana, &booked, "confirm", json!({})).await;
    assert_eq!(status, 200, "{confirmed}");
    assert_eq!(confirmed["state"], "confirmed");
    assert_eq!(confirmed["proposed_by"], Value::Null);
    assert_eq!(confirmed["sequence"], 1);
    assert_eq!(slots(&school.budi, &school.guru, "2026-02-03").await, ["02:00", "02:30"], "it stands across two slots");
    booking["starts_at"] = json!("2026-02-03T02:35:00Z");
    assert_eq!(school.guru.post("/appointments", &booking).await.0, 422, "it would end after the hours");
    school.app.stop().await;
}

#[actix_web::test]
async fn a_life_from_request_over_a_new_time_to_completion() {
    let school = School::open().await;
    let booked = school.book(&school.ana, TUESDAY_8).await;
    school.published().await;
    let (mut at_anas, mut at_gurus) = (school.ana.connect().await, school.guru.connect().await);
    let (status, moved) = act(&school.guru, &booked, "reschedule", json!({ "starts_at": TUESDAY_9, "reason": "Ada rapat" })).await;
    assert_eq!(status, 200, "{moved}");
    assert_eq!(moved["state"], "rescheduled");
    assert_eq!(moved["starts_at"], json!(TUESDAY_9));
    assert_eq!(moved["reason"], "Ada rapat");
    assert_eq!(moved["proposed_by"]["id"], json!(school.guru.id));
    assert_eq!(moved["actions"], json!(["reschedule", "cancel"]));
    let event = hear(&mut at_anas, "rescheduled", Some("appointment.rescheduled")).await;
    assert_eq!(event["appointment"]["starts_at"], TUESDAY_9);
    hear(&mut at_gurus, "rescheduled", None).await;
    assert_eq!(slots(&school.budi, &school.guru, "2026-02-03").await, ["01:00", "01:30", "02:30"], "the old time is free again");

    let (status, confirmed) = act(&school.ana, &booked, "confirm", json!({})).await;
    assert_eq!(status, 200, "{confirmed}");
    assert_eq!(confirmed["actions"], json!(["reschedule", "cancel"]));
    hear(&mut at_gurus, "confirmed", Some("appointment.confirmed")).await;
    assert_eq!(act(&school.guru, &booked, "complete", json!({})).await.1["code"], "appointments.illegal_transition", "it has not begun");

    school.clock.advance(26 * HOUR_MS + 60_000);
    let (guru, ana) = (&school.guru, &school.ana);
    let listed = guru.get("/appointments").await;
    assert_eq!(listed["items"][0]["actions"], json!(["cancel", "complete", "no-show"]), "it is under way");
    assert_eq!(act(ana, &booked, "cancel", json!({ "reason": "x" })).await.0, 409, "nobody slips away from what has begun");
    let (status, completed) = act(guru, &booked, "complete", json!({})).await;
    assert_eq!(status, 200, "{completed}");
    assert_eq!(completed["state"], "completed");
    assert_eq!(completed["actions"], json!([]));
    assert_eq!(completed["sequence"], 3);
    hear(&mut at_anas, "confirmed", None).await;
    hear(&mut at_anas, "completed", Some("appointment.completed")).await;
    assert_eq!(ana.get("/appointments").await["items"], json!([]));
    assert_eq!(ana.get("/appointments?scope=past").await["items"][0]["id"], booked["id"]);
    for (action, body) in [
        ("confirm", json!({})),
        ("reschedule", json!({ "starts_at": TUESDAY_8 })),
        ("cancel", json!({ "reason": "x" })),
        ("no-show", json!({})),
    ] {
        let (status, problem) = act(guru, &booked, action, body).await;
        assert_eq!(status, 409, "{action}");
        assert_eq!(problem["code"], "appointments.illegal_transition", "{action}");
    }
    school.app.stop().await;
}

#[actix_web::test]
async fn a_cancelled_time_is_free_again_and_says_who_and_why() {
    let school = School::open().await;
    let booked = school.book(&school.ana, TUESDAY_8).await;
    for body in [json!({}), json!({ "reason": " " }), json!({ "reason": "x".repeat(501) })] {
        let (status, problem) = act(&school.ana, &booked, "cancel", body).await;
        assert_eq!(status, 422);
        assert_eq!(fields(&problem)[0].0.as_str(), "reason");
    }
    school.published().await;
    let mut at_gurus = school.guru.connect().await;
    let (status, cancelled) = act(&school.ana, &booked, "cancel", json!({ "reason": "Sakit" })).await;
    assert_eq!(status, 200, "{cancelled}");
    assert_eq!(cancelled["state"], "cancelled");
    assert_eq!(cancelled["reason"], "Sakit");
    assert_eq!(cancelled["cancelled_by"], json!({ "id": school.ana.id, "name": "Uji ana" }));
    assert_eq!(cancelled["actions"], json!([]));
    hear(&mut at_gurus, "cancelled", Some("appointment.cancelled")).await;
    assert_eq!(act(&school.ana, &booked, "cancel", json!({ "reason": "lagi" })).await.0, 409);
    school.book(&school.budi, TUESDAY_8).await;
    school.app.stop().await;
}

#[actix_web::test]
async fn a_new_time_must_be_a_free_slot() {
    let school = School::open().await;
    let booked = school.book(&school.ana, TUESDAY_8).await;
    school.book(&school.budi, TUESDAY_9).await;
    let (status, problem) = act(&school.ana, &booked, "reschedule", json!({ "starts_at": TUESDAY_9 })).await;
    assert_eq!(status, 409, "{problem}");
    assert_eq!(problem["code"], "appointments.slot_taken");
    assert_eq!(starts(&problem, "alternatives"), ["2026-02-03T02:30:00.000Z", "2026-02-04T01:00:00.000Z", "2026-02-04T01:30:00.000Z"]);
    for (body, expected) in [
        (json!({}), ("starts_at", "required")),
        (json!({ "starts_at": TUESDAY_8 }), ("starts_at", "unavailable")),
        (json!({ "starts_at": "2026-02-03T01:10:00Z" }), ("starts_at", "unavailable")),
        (json!({ "starts_at": "x" }), ("starts_at", "unknown_value")),
        (json!({ "starts_at": "2026-02-03T01:30:00Z", "reason": "x".repeat(501) }), ("reason", "too_long")),
    ] {
        let (status, problem) = act(&school.ana, &booked, "reschedule", body).await;
        assert_eq!(status, 422);
        assert_eq!(fields(&problem), [(expected.0.to_owned(), expected.1.to_owned())]);
    }
    // A shift by ten minutes overlaps the old time, which does not block it.
    let (status, moved) = act(&school.guru, &booked, "reschedule", json!({ "starts_at": "2026-02-03T01:10:00Z" })).await;
    assert_eq!(status, 200, "{moved}");
    assert_eq!(moved["starts_at"], "2026-02-03T01:10:00.000Z");
    assert_eq!(school.ana.get("/appointments").await["items"][0]["state"], "rescheduled");
    let admin = school.app.admin("admin").await;
    let path = format!("/admin/users/{}", school.guru.id);
    assert_eq!(admin.request(Method::PATCH, &path).json(&json!({ "disabled": true })).send().await.unwrap().status(), 200);
    let (status, problem) = act(&school.ana, &booked, "reschedule", json!({ "starts_at": "2026-02-04T01:00:00Z" })).await;
    assert_eq!(status, 422, "a counsellor who left takes no new time");
    assert_eq!(fields(&problem)[0].1.as_str(), "unavailable", "a counsellor who left takes no new time");
    assert_eq!(school.ana.post("/appointments", &school.booking("2026-02-04T01:00:00Z")).await.0, 422);
    assert_eq!(act(&school.ana, &booked, "cancel", json!({ "reason": "Guru pindah" })).await.0, 200);
    school.app.stop().await;
}

#[actix_web::test]
async fn full_days_take_nobody_more() {
    let (app, _) = start().await;
    let (guru, ana, budi) = (app.counsellor("guru").await, app.student("ana").await, app.student("budi").await);
    let mut hours = mornings();
    hours["daily_cap"] = json!(1);
    open_desk(&guru, &hours).await;
    let booking = |starts_at: &str| json!({ "counsellor_id": guru.id, "starts_at": starts_at, "topic": "x", "mode": "onsite" });
    let (_, booked) = ana.post("/appointments", &booking(TUESDAY_8)).await;
    let (status, problem) = budi.post("/appointments", &booking(TUESDAY_9)).await;
    assert_eq!(status, 409);
    assert_eq!(starts(&problem, "alternatives")[0].as_str(), "2026-02-04T01:00:00.000Z");
    assert_eq!(slots(&budi, &guru, "2026-02-03").await, [""; 0]);
    assert_eq!(act(&ana, &booked, "reschedule", json!({ "starts_at": TUESDAY_9 })).await.0, 200, "its own day is not full for itself");
    app.stop().await;
}

#[actix_web::test]
async fn a_student_has_a_limited_number_of_appointments_ahead() {
    let school = School::open().await;
    school.clock.advance(HOUR_MS);
    let days = ["2026-02-03", "2026-02-04", "2026-02-05", "2026-02-06", "2026-02-09"].map(|day| format!("{day}T01:00:00Z"));
    let mut booked = Vec::new();
    for starts_at in &days {
        booked.push(school.book(&school.ana, starts_at).await);
    }
    let (status, problem) = school.ana.post("/appointments", &school.booking("2026-02-10T01:00:00Z")).await;
    assert_eq!(status, 409, "{problem}");
    assert_eq!(problem["code"], "appointments.too_many");
    school.book(&school.budi, "2026-02-10T01:00:00Z").await;
    let mut by_guru = school.booking("2026-02-10T02:00:00Z");
    by_guru["student_id"] = json!(school.ana.id);
    let (status, sixth) = school.guru.post("/appointments", &by_guru).await;
    assert_eq!(status, 201, "counsellors know why: {sixth}");
    // Appointments that were cancelled or are over do not count.
    for appointment in [&sixth, &booked[4]] {
        assert_eq!(act(&school.ana, appointment, "cancel", json!({ "reason": "Sudah terjawab" })).await.0, 200);
    }
    school.book(&school.ana, "2026-02-10T02:30:00Z").await;
    school.clock.advance(24 * HOUR_MS);
    school.book(&school.ana, "2026-02-11T02:30:00Z").await;
    school.app.stop().await;
}

#[actix_web::test]
async fn a_repeat_under_one_key_books_once() {
    let school = School::open().await;
    let send = async |starts_at: &str| {
        let request = school.ana.request(Method::POST, "/appointments").header("idempotency-key", "k-1").json(&school.booking(starts_at));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (first, repeat) = (send(TUESDAY_8).await, send(TUESDAY_8).await);
    assert_eq!(first.0, 201);
    assert_eq!(repeat.0, 201);
    assert_eq!(first.1, repeat.1);
    assert_eq!(send(TUESDAY_9).await.1["code"], "idempotency.key_reused");
    assert_eq!(school.ana.get("/appointments").await["items"].as_array().unwrap().len(), 1);
    let confirm = async || {
        let path = format!("/appointments/{}/confirm", first.1["id"].as_str().unwrap());
        let answer = school.guru.request(Method::POST, &path).header("idempotency-key", "k-2").json(&json!({})).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap()["sequence"].clone())
    };
    assert_eq!(confirm().await, (200, json!(1)), "the second is the first one's answer");
    assert_eq!(confirm().await, (200, json!(1)), "the second is the first one's answer");
    assert_eq!(school.ana.get("/notices").await["unread_count"], 1);
    school.app.stop().await;
}

#[actix_web::test]
async fn foreign_and_unknown_appointments_are_not_found() {
    let school = School::open().await;
    let booked = school.book(&school.ana, TUESDAY_8).await;
    let other = school.app.counsellor("lain").await;
    let unknown = json!({ "id": AppointmentId::generate() });
    let crooked = json!({ "id": "x" });
    for (user, appointment) in [(&school.budi, &booked), (&other, &booked), (&school.ana, &unknown), (&school.ana, &crooked)] {
        let id = appointment["id"].as_str().unwrap();
        for path in ["", ".ics", "/video"] {
            assert_eq!(user.try_get(&format!("/appointments/{id}{path}")).await.0, 404, "{path}");
        }
        for action in ["confirm", "reschedule", "cancel", "complete", "no-show"] {
            let (status, problem) = act(user, appointment, action, json!({ "starts_at": TUESDAY_9, "reason": "x" })).await;
            assert_eq!(status, 404, "{action}");
            assert_eq!(problem["code"], "not_found", "{action}");
        }
        assert_eq!(user.get("/appointments").await["items"].as_array().unwrap().len(), usize::from(user.id == school.ana.id));
    }
    assert_eq!(act(&school.ana, &booked, "explode", json!({})).await.0, 404);
    school.app.stop().await;
}

#[actix_web::test]
async fn admins_see_who_and_when_but_not_why_and_may_cancel() {
    let school = School::open().await;
    let other = school.app.counsellor("lain").await;
    open_desk(&other, &mornings()).await;
    let booked = school.book(&school.ana, TUESDAY_8).await;
    let elsewhere = json!({ "counsellor_id": other.id, "starts_at": TUESDAY_9, "topic": "Lain", "mode": "chat" });
    assert_eq!(school.budi.post("/appointments", &elsewhere).await.0, 201);
    let admin = school.app.admin("admin").await;
    assert_eq!(admin.get("/appointments").await["items"].as_array().unwrap().len(), 2);
    let listed = admin.get(&format!("/appointments?counsellor_id={}", school.guru.id)).await;
    let item = &listed["items"][0];
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(item["id"], booked["id"]);
    assert_eq!(item["actions"], json!(["cancel"]));
    assert_eq!(item["topic"], Value::Null);
    assert_eq!(item["note"], Value::Null);
    assert_eq!(item["student"]["name"], "Uji ana");
    assert_eq!(act(&admin, &booked, "reschedule", json!({ "starts_at": TUESDAY_9 })).await.0, 409);
    school.published().await;
    let (mut at_anas, mut at_gurus) = (school.ana.connect().await, school.guru.connect().await);
    assert_eq!(act(&admin, &booked, "cancel", json!({ "reason": "Sekolah libur" })).await.0, 200);
    hear(&mut at_anas, "cancelled", Some("appointment.cancelled")).await;
    hear(&mut at_gurus, "cancelled", Some("appointment.cancelled")).await;
    admin.get(&format!("/appointments/{}", booked["id"].as_str().unwrap())).await;
    assert_eq!(admin.try_get(&format!("/appointments/{}.ics", booked["id"].as_str().unwrap())).await.0, 200);
    let audit = admin.get("/admin/audit?limit=100").await;
    let lines: Vec<&Value> =
        audit["items"].as_array().unwrap().iter().filter(|line| line["action"].as_str().unwrap().starts_with("appointment.")).collect();
    let actions: Vec<_> = lines.iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        [
            "appointment.viewed",
            "appointment.viewed",
            "appointment.cancelled",
            "appointment.listed",
            "appointment.listed",
            "appointment.requested",
            "appointment.requested"
        ]
    );
    assert!(!audit.to_string().contains("jurusan") && !audit.to_string().contains("libur"), "the trail keeps who and when, not why");
    school.app.stop().await;
}

#[actix_web::test]
async fn lists_have_scopes_stretches_and_pages() {
    let school = School::open().await;
    for starts_at in ["2026-02-02T01:00:00Z", TUESDAY_8, "2026-02-04T01:00:00Z", "2026-02-05T01:00:00Z"] {
        school.book(&school.ana, starts_at).await;
    }
    school.clock.advance(2 * HOUR_MS);
    let first = school.ana.get("/appointments?scope=upcoming&limit=2").await;
    assert_eq!(starts(&first, "items"), [TUESDAY_8, "2026-02-04T01:00:00.000Z"]);
    let second = school.ana.get(&format!("/appointments?limit=2&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!(starts(&second, "items"), vec!["2026-02-05T01:00:00.000Z".to_owned()]);
    assert_eq!(second["next"], Value::Null);
    assert_eq!(starts(&school.ana.get("/appointments?scope=past").await, "items"), ["2026-02-02T01:00:00.000Z"]);
    let week = "/appointments?from=2026-02-02T00:00:00Z&to=2026-02-04T01:00:00Z";
    assert_eq!(starts(&school.guru.get(week).await, "items"), ["2026-02-02T01:00:00.000Z", TUESDAY_8]);
    for query in [
        "scope=old",
        "from=2026-02-02T00:00:00Z",
        "to=x",
        "from=x&to=y",
        "from=2026-02-03T00:00:00Z&to=2026-02-02T00:00:00Z",
        "after=x",
        "limit=0",
        "counsellor_id=x",
        "scope=past&from=2026-02-02T00:00:00Z&to=2026-02-04T01:00:00Z",
    ] {
        let (status, problem) = school.ana.try_get(&format!("/appointments?{query}")).await;
        assert_eq!(status, 422, "{query}");
        assert_eq!(problem["code"], "validation", "{query}");
    }
    school.app.stop().await;
}

#[actix_web::test]
async fn a_calendar_file_follows_its_appointment() {
    let school = School::open().await;
    let booked = school.book(&school.ana, TUESDAY_8).await;
    let download = async |user: &TestUser| {
        let path = format!("/appointments/{}.ics", booked["id"].as_str().unwrap());
        let answer = user.request(Method::GET, &path).header("accept-language", "en").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"janji-temu.ics\"");
        let content_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (content_type, answer.text().await.unwrap())
    };
    let property = |text: &str, name: &ICalendarProperty| {
        let event = &ICalendar::parse(text).unwrap().components[1];
        let value = &event.property(name).unwrap().values[0];
        value.as_integer().map_or_else(|| value.as_text().unwrap_or_default().to_owned(), |number| number.to_string())
    };
    let (content_type, text) = download(&school.ana).await;
    assert_eq!(content_type, "text/calendar; charset=utf-8; method=PUBLISH");
    let uid = property(&text, &ICalendarProperty::Uid);
    assert!(uid.contains(booked["id"].as_str().unwrap()), "{uid}");
    assert_eq!(property(&text, &ICalendarProperty::Sequence), "0");
    assert_eq!(property(&text, &ICalendarProperty::Summary), "Appointment");
    assert!(text.contains("DTSTART:20260203T010000Z"), "{text}");
    act(&school.guru, &booked, "reschedule", json!({ "starts_at": TUESDAY_9 })).await;
    let (_, text) = download(&school.guru).await;
    assert_eq!(property(&text, &ICalendarProperty::Uid), uid);
    assert_eq!(property(&text, &ICalendarProperty::Sequence), "1");
    assert!(text.contains("DTSTART:20260203T020000Z"));
    act(&school.ana, &booked, "cancel", json!({ "reason": "Sakit" })).await;
    let (content_type, text) = download(&school.ana).await;
    assert_eq!(content_type, "text/calendar; charset=utf-8; method=CANCEL");
    assert_eq!(property(&text, &ICalendarProperty::Uid), uid);
    assert_eq!(property(&text, &ICalendarProperty::Sequence), "2");
    assert!(!text.contains("jurusan") && !text.contains("Rahasia") && !text.contains("Sakit"));
    school.app.stop().await;
}

#[actix_web::test]
async fn the_video_room_opens_for_both_sides_around_the_appointment() {
    let (builder, clock) = on_monday();
    let app = builder.set(|config| {
        config.jitsi.url = "https://meet.example.sch.id/".into();
        config.jitsi.app_id = "educounsel".into();
        config.jitsi.secret = "rahasia-jitsi".into();
    });
    let app = app.start().await;
    let (guru, ana, admin) = (app.counsellor("guru").await, app.student("ana").await, app.admin("admin").await);
    open_desk(&guru, &mornings()).await;
    assert_eq!(ana.get("/counsellors").await["items"][0]["modes"], json!(["onsite", "chat", "video"]));
    let booking = json!({ "counsellor_id": guru.id, "starts_at": TUESDAY_8, "topic": "x", "mode": "video" });
    let (status, booked) = ana.post("/appointments", &booking).await;
    assert_eq!(status, 201, "not before it is agreed");
    assert_eq!(booked["video"], Value::Null, "not before it is agreed");
    let path = format!("/appointments/{}/video", booked["id"].as_str().unwrap());
    let closed = (409, json!("appointments.video_closed"));
    let code = async |user: &TestUser| {
        let (status, body) = user.try_get(&path).await;
        (status, body["code"].clone())
    };
    assert_eq!(code(&ana).await, closed);
    let (_, confirmed) = act(&guru, &booked, "confirm", json!({})).await;
    let video = json!({ "url": format!("/api/v1{path}"), "opens_at": "2026-02-03T00:50:00.000Z", "closes_at": "2026-02-03T01:45:00.000Z" });
    assert_eq!(confirmed["video"], video);
    clock.advance(25 * HOUR_MS - 600_001);
    assert_eq!(code(&ana).await, closed, "a moment too early");
    clock.advance(1);
    let mut rooms = Vec::new();
    for (user, is_moderator) in [(&ana, false), (&guru, true)] {
        let link = user.get(&path).await;
        assert_eq!(link["expires_at"], "2026-02-03T01:45:00.000Z");
        let (address, token) = link["url"].as_str().unwrap().split_once("?jwt=").unwrap();
        let room = address.strip_prefix("https://meet.example.sch.id/").unwrap().to_owned();
        let claims = verified(token, b"rahasia-jitsi");
        assert_eq!(claims["room"], json!(room));
        assert_eq!(claims["iss"], "educounsel");
        assert_eq!(claims["aud"], "jitsi");
        assert_eq!(claims["sub"], "meet.example.sch.id");
        assert_eq!(claims["nbf"], 1_770_079_800, "10 minutes before to 15 after");
        assert_eq!(claims["exp"], 1_770_083_100, "10 minutes before to 15 after");
        assert_eq!(claims["moderator"], json!(is_moderator));
        assert_eq!(claims["context"]["user"]["moderator"], json!(is_moderator));
        rooms.push(room);
    }
    assert_eq!(rooms[0].len(), 32, "one room, 128 bits");
    assert_eq!(rooms[0], rooms[1], "one room, 128 bits");
    assert_eq!(code(&admin).await, (404, json!("not_found")));
    assert!(!admin.get("/appointments").await.to_string().contains(&rooms[0]));
    clock.advance(55 * 60_000 - 1);
    assert_eq!(ana.try_get(&path).await.0, 200);
    clock.advance(1);
    assert_eq!(code(&ana).await, closed, "over");
    app.stop().await;
}

/// Checks the signature of a token and returns its claims.
fn verified(token: &str, secret: &[u8]) -> Value {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    ring::hmac::verify(&key, signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    assert_eq!(read(header)["alg"], "HS256");
    read(claims)
}

#[actix_web::test]
async fn what_was_missed_is_synced() {
    let school = School::open().await;
    let left_at = school.guru.get("/realtime").await["cursor"].as_str().unwrap().to_owned();
    let booked = school.book(&school.ana, TUESDAY_8).await;
    school.published().await;
    let missed = school.guru.get(&format!("/sync?after={left_at}")).await;
    let events: Vec<_> = missed["events"].as_array().unwrap().iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["appointment.changed", "notice.created"]);
    assert_eq!(missed["events"][0]["data"]["appointment"]["id"], booked["id"]);
    assert_eq!(school.budi.get("/sync").await["events"], json!([]));
    school.app.stop().await;
}

#[actix_web::test]
async fn the_demo_school_can_be_booked() {
    let app = TestApp::builder().demo().start().await;
    let (ana, guru) = (app.sign_in("siswa15", "rahasia-demo").await, app.sign_in("guru1", "rahasia-demo").await);
    let counsellors = ana.get("/counsellors").await;
    assert_eq!(counsellors["items"].as_array().unwrap().len(), 3);
    for counsellor in counsellors["items"].as_array().unwrap() {
        let list = ana.get(&format!("/counsellors/{}/slots", counsellor["id"].as_str().unwrap())).await;
        let slots = list["slots"].as_array().unwrap();
        assert!(slots.len() > 20, "{}", slots.len());
        let booking = json!({ "counsellor_id": counsellor["id"], "starts_at": slots[10]["starts_at"], "topic": "Uji", "mode": "onsite" });
        let (status, body) = ana.post("/appointments", &booking).await;
        assert!(status == 201 || body["code"] == "appointments.slot_taken", "{body}");
    }
    assert!(!guru.get("/appointments").await["items"].as_array().unwrap().is_empty());
    assert!(!guru.get("/appointments?scope=past").await["items"].as_array().unwrap().is_empty());
    app.stop().await;
}
