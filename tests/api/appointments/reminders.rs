//! Reminders go out once and in time, on a clock that the tests turn.

use crate::{
    appointments::availability::{mornings, open_desk, start},
    support::{TestApp, TestUser, app::TestAppBuilder, wait::until},
};
use educounsel::{
    actors::scheduler::StopScheduler,
    domain::clock::Clock,
    services::{
        appointments::{ReminderRound, send_due_reminders},
        operations::housekeeping,
    },
};
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Starts a server whose reminders only the test sends: a round of the scheduler could come between
/// two steps.
async fn start_without_scheduler() -> (TestApp, Clock) {
    let (app, clock) = start().await;
    app.running.scheduler.send(StopScheduler).await.unwrap();
    (app, clock)
}

/// Books Wednesday, 4 February, 09:00 in Jakarta: 50 hours from now.
async fn school_with_an_appointment() -> (TestApp, Clock, TestUser, TestUser, Value) {
    let (app, clock) = start_without_scheduler().await;
    let (guru, ana) = (app.counsellor("guru").await, app.student("ana").await);
    open_desk(&guru, &mornings()).await;
    let booking = json!({ "counsellor_id": guru.id, "starts_at": "2026-02-04T02:00:00Z", "topic": "Karier", "mode": "onsite" });
    let (status, booked) = ana.post("/appointments", &booking).await;
    assert_eq!(status, 201, "{booked}");
    (app, clock, guru, ana, booked)
}

const NONE_DUE: ReminderRound = ReminderRound { sent: 0, dropped: 0 };
const ONE_SENT: ReminderRound = ReminderRound { sent: 1, dropped: 0 };
const ONE_DROPPED: ReminderRound = ReminderRound { sent: 0, dropped: 1 };

async fn round(app: &TestApp) -> ReminderRound {
    send_due_reminders(&app.running.context).await.unwrap()
}

/// Returns the minutes of the reminders a user got, newest first.
async fn reminders(user: &TestUser) -> Vec<i64> {
    let notices = user.get("/notices").await;
    let items = notices["items"].as_array().unwrap().iter().filter(|item| item["kind"] == "appointment.reminder");
    items.map(|item| item["data"]["minutes_before"].as_i64().unwrap()).collect()
}

async fn act(user: &TestUser, appointment: &Value, action: &str, body: Value) {
    let (status, body) = user.post(&format!("/appointments/{}/{action}", appointment["id"].as_str().unwrap()), &body).await;
    assert_eq!(status, 200, "{body}");
}

#[actix_web::test]
async fn both_sides_are_reminded_a_day_an_hour_and_ten_minutes_before() {
    let (app, clock, guru, ana, booked) = school_with_an_appointment().await;
    act(&guru, &booked, "confirm", json!({})).await;
    clock.advance(26 * HOUR_MS - 1);
    assert_eq!(round(&app).await, NONE_DUE);
    clock.advance(1);
    until("the log is published", async || app.running.context.store.log_backlog().await.unwrap().rows == 0).await;
    let mut socket = ana.connect().await;
    assert_eq!(round(&app).await, ONE_SENT);
    assert_eq!(round(&app).await, NONE_DUE, "once");
    let notice = socket.next_named("notice.created").await.json();
    assert_eq!(notice["kind"], "appointment.reminder");
    assert_eq!(notice["body"], "Dalam 24 jam: janji temu dengan Uji guru, Rabu, 4 Februari 2026 pukul 09.00 WIB.");
    assert_eq!(notice["data"], json!({ "appointment_id": booked["id"], "starts_at": "2026-02-04T02:00:00.000Z", "minutes_before": 1440 }));
    clock.advance(23 * HOUR_MS);
    assert_eq!(round(&app).await, ONE_SENT);
    clock.advance(50 * MINUTE_MS);
    assert_eq!(round(&app).await, ONE_SENT);
    for user in [&ana, &guru] {
        assert_eq!(reminders(user).await, [10, 60, 1440]);
    }
    clock.advance(HOUR_MS);
    assert_eq!(round(&app).await, NONE_DUE);
    app.stop().await;
}

#[actix_web::test]
async fn rescheduling_moves_reminders_and_cancelling_drops_them() {
    let (app, clock, guru, ana, booked) = school_with_an_appointment().await;
    // A day later, at half past nine.
    act(&guru, &booked, "reschedule", json!({ "starts_at": "2026-02-05T02:30:00Z" })).await;
    clock.advance(26 * HOUR_MS);
    assert_eq!(round(&app).await, NONE_DUE, "nothing for the old time");
    clock.advance(24 * HOUR_MS + 30 * MINUTE_MS);
    assert_eq!(round(&app).await, ONE_SENT);
    let notice = &ana.get("/notices").await["items"][0];
    assert!(notice["body"].as_str().unwrap().ends_with("Kamis, 5 Februari 2026 pukul 09.30 WIB. Waktunya belum dikonfirmasi."), "{notice}");
    act(&ana, &booked, "cancel", json!({ "reason": "Sakit" })).await;
    clock.advance(23 * HOUR_MS);
    assert_eq!(round(&app).await, NONE_DUE);
    assert_eq!(reminders(&guru).await, [1440]);
    app.stop().await;
}

#[actix_web::test]
async fn late_reminders_are_dropped_not_sent() {
    let (app, clock, guru, ana, _) = school_with_an_appointment().await;
    clock.advance(26 * HOUR_MS + 5 * MINUTE_MS);
    assert_eq!(round(&app).await, ONE_SENT, "five minutes late will do");
    clock.advance(23 * HOUR_MS + 1);
    assert_eq!(round(&app).await, ONE_DROPPED);
    clock.advance(2 * HOUR_MS);
    assert_eq!(round(&app).await, ONE_DROPPED, "the appointment has begun");
    assert_eq!(reminders(&ana).await, vec![1440]);
    assert_eq!(reminders(&guru).await, vec![1440]);
    app.stop().await;
}

#[actix_web::test]
async fn a_booking_at_short_notice_is_reminded_of_what_is_still_to_come() {
    let (app, clock) = start_without_scheduler().await;
    let (guru, ana) = (app.counsellor("guru").await, app.student("ana").await);
    open_desk(&guru, &mornings()).await;
    clock.advance(30 * MINUTE_MS);
    let booking = json!({ "counsellor_id": guru.id, "starts_at": "2026-02-02T01:00:00Z", "topic": "Karier", "mode": "onsite" });
    assert_eq!(ana.post("/appointments", &booking).await.0, 201);
    assert_eq!(round(&app).await, NONE_DUE, "an hour before is over");
    clock.advance(20 * MINUTE_MS);
    assert_eq!(round(&app).await, ONE_SENT);
    assert_eq!(reminders(&ana).await, [10]);
    app.stop().await;
}

#[actix_web::test]
async fn two_nodes_remind_once() {
    let (app, clock, guru, ana, _) = school_with_an_appointment().await;
    clock.advance(26 * HOUR_MS);
    let context = &app.running.context;
    let rounds = futures_util::future::join_all((0..8).map(|_| send_due_reminders(context))).await;
    assert_eq!(rounds.into_iter().map(|round| round.unwrap().sent).sum::<u64>(), 1);
    assert_eq!(reminders(&ana).await, vec![1440]);
    assert_eq!(reminders(&guru).await, vec![1440]);
    app.stop().await;
}

#[actix_web::test]
async fn a_server_that_comes_back_in_time_reminds_by_itself() {
    let (app, clock, ..) = school_with_an_appointment().await;
    let folder = app.folder.clone();
    app.stop().await;
    clock.advance(26 * HOUR_MS + MINUTE_MS);
    let again = TestAppBuilder::in_folder(folder).clock(clock).start().await;
    let ana = again.sign_in("ana", crate::support::user::PASSWORD).await;
    until("the reminder is there", async || reminders(&ana).await == [1440]).await;
    again.stop().await;
}

#[actix_web::test]
async fn claims_of_past_times_are_cleared_away() {
    let (app, clock, ..) = school_with_an_appointment().await;
    assert_eq!(housekeeping::run_once(&app.running.context).await.unwrap().slot_claims, 0);
    clock.advance(75 * HOUR_MS);
    assert_eq!(housekeeping::run_once(&app.running.context).await.unwrap().slot_claims, 12, "half an hour of two people");
    app.stop().await;
}
