//! Many users want the same time at once, on two running nodes on each database: one gets it, and
//! the others get a clean answer with the times that are still free.

use crate::{
    appointments::availability::{MONDAY_7, mornings, open_desk},
    databases::{Database, TestDatabase},
    support::{TestApp, TestUser},
};
use educounsel::domain::{clock::Clock, principal::Role};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Instant;

/// Makes `sqlite::NAME`, `mariadb::NAME` and `postgres::NAME` of every named function.
macro_rules! on_every_database {
    ($($name:ident),+ $(,)?) => {
        mod sqlite { $(#[actix_web::test] async fn $name() { super::$name(super::Database::Sqlite).await; })+ }
        mod mariadb { $(#[actix_web::test] async fn $name() { super::$name(super::Database::MariaDb).await; })+ }
        mod postgres { $(#[actix_web::test] async fn $name() { super::$name(super::Database::Postgres).await; })+ }
    };
}

on_every_database!(
    of_a_thousand_parallel_bookings_one_is_made,
    overlapping_and_shared_times_never_meet,
    a_full_day_is_never_overrun,
    of_parallel_moves_to_one_time_one_is_made_and_the_others_keep_theirs,
);

const CROWD: usize = 1000;
const MINUTE_MS: i64 = 60_000;

/// Starts two nodes on one database.
async fn start_on(database: Database) -> (TestApp, TestApp, TestDatabase) {
    let database = TestDatabase::create(database).await;
    let node = async || {
        let url = database.url.clone();
        TestApp::builder().clock(Clock::manual(MONDAY_7)).set(|config| config.database.url = url).start().await
    };
    (node().await, node().await, database)
}

/// Sends every other user to the other node.
fn spread(users: Vec<TestUser>, other: &TestApp) -> Vec<TestUser> {
    (0..).zip(users).map(|(number, user)| if number % 2 == 0 { user } else { user.on(&other.at()) }).collect()
}

fn booking(counsellor: &TestUser, starts_at_ms: i64) -> Value {
    let starts_at = educounsel::domain::clock::rfc3339(starts_at_ms);
    json!({ "counsellor_id": counsellor.id, "starts_at": starts_at, "topic": "Rebutan", "mode": "onsite" })
}

async fn of_a_thousand_parallel_bookings_one_is_made(database: Database) {
    let (app, second, _database) = start_on(database).await;
    let guru = app.counsellor("guru").await;
    open_desk(&guru, &mornings()).await;
    let crowd = spread(app.crowd("siswa", Role::Student, CROWD).await, &second);
    let wanted = booking(&guru, MONDAY_7 + 25 * 60 * MINUTE_MS);
    let begun = Instant::now();
    let answers = join_all(crowd.iter().map(|student| student.post("/appointments", &wanted))).await;
    let took = begun.elapsed();
    let made: Vec<&Value> = answers.iter().filter(|(status, _)| *status == 201).map(|(_, body)| body).collect();
    assert_eq!(made.len(), 1, "exactly one is made");
    for (status, body) in answers.iter().filter(|(status, _)| *status != 201) {
        assert_eq!(*status, 409, "{body}");
        assert_eq!(body["code"], "appointments.slot_taken", "{body}");
        let alternatives: Vec<_> =
            body["alternatives"].as_array().unwrap().iter().map(|slot| slot["starts_at"].as_str().unwrap()).collect();
        assert_eq!(alternatives, ["2026-02-03T01:30:00.000Z", "2026-02-03T02:00:00.000Z", "2026-02-03T02:30:00.000Z"]);
    }
    let kept = guru.get("/appointments").await;
    assert_eq!(kept["items"].as_array().unwrap().len(), 1, "losers leave nothing");
    assert_eq!(kept["items"][0]["id"], made[0]["id"], "losers leave nothing");
    println!("{CROWD} parallel bookings of one slot on {database:?}: {} ms", took.as_millis());
    second.stop().await;
    app.stop().await;
}

/// Counsellors book any time on the grid with students whom both want; at the same time students
/// book the regular slots.
async fn overlapping_and_shared_times_never_meet(database: Database) {
    let (app, second, _database) = start_on(database).await;
    let counsellors = [app.counsellor("guru").await, app.counsellor("lain").await];
    let mut hours = mornings();
    hours["buffer_after_minutes"] = json!(10);
    for counsellor in &counsellors {
        open_desk(counsellor, &hours).await;
    }
    let students = spread(app.crowd("siswa", Role::Student, 6).await, &second);
    let eight = MONDAY_7 + 25 * 60 * MINUTE_MS;
    let mut requests = Vec::new();
    for round in 0..18_i64 {
        for counsellor in &counsellors {
            for (number, student) in (0_i64..).zip(&students) {
                let mut by_counsellor = booking(counsellor, eight + (round + number) % 18 * 5 * MINUTE_MS);
                by_counsellor["student_id"] = json!(student.id);
                requests.push((counsellor, by_counsellor));
                requests.push((student, booking(counsellor, eight + (round + number) % 3 * 40 * MINUTE_MS)));
            }
        }
    }
    let answers = join_all(requests.iter().map(|(user, body)| user.post("/appointments", body))).await;
    let mut made = Vec::new();
    for (status, body) in answers {
        match status {
            201 => made.push(body),
            409 => assert!(body["code"] == "appointments.slot_taken" && body["alternatives"].is_array(), "{body}"),
            _ => panic!("{status} {body}"),
        }
    }
    assert!(made.len() >= 3, "{} were made", made.len());
    let time = |item: &Value, key: &str| item[key].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_millisecond();
    for (index, one) in made.iter().enumerate() {
        for other in &made[index + 1..] {
            let overlap_with = |buffer_ms: i64| {
                time(one, "starts_at") < time(other, "ends_at") + buffer_ms && time(other, "starts_at") < time(one, "ends_at") + buffer_ms
            };
            assert!(one["student"]["id"] != other["student"]["id"] || !overlap_with(0), "{one}\n{other}");
            assert!(one["counsellor"]["id"] != other["counsellor"]["id"] || !overlap_with(10 * MINUTE_MS), "{one}\n{other}");
        }
    }
    second.stop().await;
    app.stop().await;
}

/// Everybody wants to move to one free time, some cancel theirs meanwhile, and newcomers want it as
/// well.
async fn of_parallel_moves_to_one_time_one_is_made_and_the_others_keep_theirs(database: Database) {
    let (app, second, _database) = start_on(database).await;
    let guru = app.counsellor("guru").await;
    let mut hours = mornings();
    hours["slot_minutes"] = json!(10);
    open_desk(&guru, &hours).await;
    let crowd = spread(app.crowd("siswa", Role::Student, 16).await, &second);
    let (movers, newcomers) = crowd.split_at(8);
    let eight = MONDAY_7 + 25 * 60 * MINUTE_MS;
    let mut booked = Vec::new();
    for (number, student) in (0_i64..).zip(movers) {
        let (status, body) = student.post("/appointments", &booking(&guru, eight + number * 10 * MINUTE_MS)).await;
        assert_eq!(status, 201, "{body}");
        booked.push(body);
    }
    let wanted = eight + 100 * MINUTE_MS;
    let to = json!({ "starts_at": educounsel::domain::clock::rfc3339(wanted) });
    let off = json!({ "reason": "Tidak jadi" });
    let path = |number: usize, action: &str| format!("/appointments/{}/{action}", booked[number]["id"].as_str().unwrap());
    let moves = join_all((0..8).map(|number| {
        let path = path(number, "reschedule");
        let to = &to;
        async move { movers[number].post(&path, to).await }
    }));
    let calls_off = join_all((0..2).map(|number| {
        let path = path(number, "cancel");
        let (guru, off) = (&guru, &off);
        async move { guru.post(&path, off).await }
    }));
    let new = booking(&guru, wanted);
    let news = join_all(newcomers.iter().map(|student| student.post("/appointments", &new)));
    let (moves, calls_off, news) = tokio::join!(moves, calls_off, news);
    let codes = |answers: &[(u16, Value)]| answers.iter().map(|(status, body)| (*status, body["code"].clone())).collect::<Vec<_>>();
    for (status, code) in codes(&moves).into_iter().chain(codes(&news)) {
        let is_lost = status == 409 && (code == "appointments.slot_taken" || code == "appointments.illegal_transition");
        assert!(status == 200 || status == 201 || is_lost, "{status} {code}");
    }
    assert!(calls_off.iter().all(|(status, _)| *status == 200), "{calls_off:?}");
    let live = guru.get("/appointments?limit=100").await;
    let mut starts: Vec<&str> = live["items"].as_array().unwrap().iter().map(|item| item["starts_at"].as_str().unwrap()).collect();
    let count = starts.len();
    starts.dedup();
    assert_eq!(starts.len(), count, "no two at one time: {starts:?}");
    // The wanted time has one owner, unless its winner cancelled afterwards; each loser still has
    // the old time.
    let at_wanted = starts.iter().filter(|start| **start == to["starts_at"].as_str().unwrap()).count();
    let made = moves.iter().chain(&news).filter(|(status, _)| matches!(status, 200 | 201)).count();
    assert!(at_wanted <= 1 && made >= 1, "{made} were told so, {at_wanted} are there");
    for (number, (status, _)) in moves.iter().enumerate().skip(2).filter(|(_, (status, _))| *status == 409) {
        let item = movers[number].get(&format!("/appointments/{}", booked[number]["id"].as_str().unwrap())).await;
        assert_eq!(item["starts_at"], booked[number]["starts_at"], "{status}");
        assert_eq!(item["state"], "requested", "{status}");
        let (status, body) =
            newcomers[0].post("/appointments", &booking(&guru, eight + i64::try_from(number).unwrap() * 10 * MINUTE_MS)).await;
        assert_eq!(status, 409, "the time of who lost is held");
        assert_eq!(body["code"], "appointments.slot_taken", "the time of who lost is held");
    }
    second.stop().await;
    app.stop().await;
}

async fn a_full_day_is_never_overrun(database: Database) {
    let (app, second, _database) = start_on(database).await;
    let guru = app.counsellor("guru").await;
    let mut hours = mornings();
    hours["daily_cap"] = json!(2);
    hours["slot_minutes"] = json!(10);
    open_desk(&guru, &hours).await;
    let crowd = spread(app.crowd("siswa", Role::Student, 60).await, &second);
    let eight = MONDAY_7 + 25 * 60 * MINUTE_MS;
    let wanted = (0_i64..).zip(&crowd).map(|(number, student)| {
        let body = booking(&guru, eight + number % 12 * 10 * MINUTE_MS);
        async move { student.post("/appointments", &body).await }
    });
    let answers = join_all(wanted).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 2);
    assert!(answers.iter().all(|(status, _)| matches!(status, 201 | 409)), "{answers:?}");
    second.stop().await;
    app.stop().await;
}
