//! While the disk of SQLite is full, everybody hears of the outage; it ends by itself when there is
//! room again.

use crate::{
    small_disk::SmallDisk,
    support::{
        pdf::one_page_pdf,
        process::{ServerPlan, ServerProcess},
        user::TestUser,
        wait::until,
    },
};
use educounsel::domain::{clock::Clock, ids::NodeId, principal::Role};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _};

/// Room for the database and for the write-ahead log of a school of two.
const DISK_MIB: u32 = 12;
/// Requests at once: more than one connection of the pool meets the full disk.
const AT_ONCE: usize = 8;
/// As many rounds of [`AT_ONCE`] as the school sent in vain in the outage that led to this test.
const ROUNDS: usize = 5;
/// Often, so that the pump fails many times within a test.
const POLL_MS: u64 = 20;
/// How long the pump is paused, in ms: time to fill the disk.
const HELD_FOR_MS: i64 = 6_000;
/// How many failures the pump has had when its lines are counted.
const PUMP_FAILURES: usize = 32;

/// The answer to a message.
#[derive(Debug)]
struct Answer {
    status: u16,
    retry_after: Option<String>,
    body: Value,
}

async fn say(user: &TestUser, conversation: &str, text: &str) -> Answer {
    let body = json!({ "client_id": uuid::Uuid::new_v4().to_string(), "body": text });
    let request = user.request(Method::POST, &format!("/conversations/{conversation}/messages")).json(&body);
    let response = request.send().await.unwrap();
    let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    Answer { status: response.status().as_u16(), retry_after, body: response.json().await.unwrap() }
}

async fn say_at_once(user: &TestUser, conversation: &str, round: usize) -> Vec<Answer> {
    let texts: Vec<String> = (0..AT_ONCE).map(|number| format!("{round}-{number} {}", "panjang ".repeat(100))).collect();
    join_all(texts.iter().map(|text| say(user, conversation, text))).await
}

async fn readiness(server: &ServerProcess) -> (u16, Value) {
    let response = server.at().client().get(server.at().url("/health/ready")).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// Returns how often the pump has failed, by its own count, and in how many lines it logged that.
fn pump_failures(server: &ServerProcess) -> (usize, usize) {
    let log = server.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("log rows not published")).collect();
    let attempt = |line: &&str| {
        let line: Value = serde_json::from_str(line).unwrap();
        usize::try_from(line["attempt"].as_u64().unwrap()).unwrap()
    };
    (lines.iter().map(attempt).max().unwrap_or_default(), lines.len())
}

#[tokio::test]
async fn a_full_disk_is_an_outage_and_writing_comes_back_by_itself() {
    let Some(disk) = SmallDisk::enter(module_path!(), "a_full_disk_is_an_outage_and_writing_comes_back_by_itself", DISK_MIB) else {
        return;
    };
    let plan = ServerPlan::new().set("data_dir", disk.path().join("data").display()).set("telemetry.format", "json");
    let plan = plan.set("http.requests_per_minute", 1_000_000);
    plan.add_user("guru", Role::Counsellor);
    plan.add_user("ana", Role::Student);
    let server = plan.start().await;
    let (guru, ana) = (server.sign_in("guru").await, server.sign_in("ana").await);
    let (status, conversation) = ana.post("/conversations", &json!({ "counsellor_id": guru.id })).await;
    assert_eq!(status, 201, "{conversation}");
    let conversation = conversation["id"].as_str().unwrap();
    let history = format!("/conversations/{conversation}/messages");
    assert!(say_at_once(&ana, conversation, 0).await.iter().all(|answer| answer.status == 201));
    until("everything is published", async || server.metric("log_backlog_rows").await == 0.0).await;
    assert_eq!(readiness(&server).await.0, 200);
    let before = ana.get(&history).await["items"].as_array().unwrap().len();

    disk.fill();
    until("the disk is full for the server too", async || say(&ana, conversation, "pengisi").await.status != 201).await;
    let kept = ana.get(&history).await["items"].as_array().unwrap().len();
    for round in 0..ROUNDS {
        for answer in say_at_once(&ana, conversation, round).await {
            assert_eq!(answer.status, 503, "{answer:?}");
            assert_eq!(answer.body["code"], "unavailable", "{answer:?}");
            assert_eq!(answer.retry_after.as_deref(), Some("2"));
        }
        let (status, body) = readiness(&server).await;
        assert_eq!(status, 503, "{body}");
        assert_eq!(body["status"], "error", "{body}");
        assert_eq!(body["database"], "disconnected", "{body}");
        assert_eq!(body["cache"], "connected");
        assert_eq!(body["bus"], "connected");
    }
    assert_eq!(ana.get(&history).await["items"].as_array().unwrap().len(), kept, "reading goes on, and what was refused was not kept");
    assert!(kept >= before);
    assert_eq!(guru.upload("Saat penuh", one_page_pdf("Saat penuh")).await.0, 503, "files stand on the same disk");

    disk.free();
    until("the server says that it is back", async || readiness(&server).await.0 == 200).await;
    for round in 0..ROUNDS {
        for answer in say_at_once(&ana, conversation, round).await {
            assert_eq!(answer.status, 201, "{answer:?}");
        }
    }
    guru.upload_pdf("Sesudahnya").await;
    until("the pump is back too", async || server.metric("log_backlog_rows").await == 0.0).await;
    assert_eq!(readiness(&server).await.0, 200);
    let newest = guru.get(&format!("{history}?limit=1")).await;
    assert_eq!(newest["items"][0]["seq"], json!(kept + ROUNDS * AT_ONCE), "messages have numbers without gaps");
}

#[tokio::test]
async fn the_pump_waits_for_room_without_flooding_the_log() {
    let Some(disk) = SmallDisk::enter(module_path!(), "the_pump_waits_for_room_without_flooding_the_log", DISK_MIB) else {
        return;
    };
    let plan = ServerPlan::new().set("data_dir", disk.path().join("data").display()).set("telemetry.format", "json");
    let plan = plan.set("log.poll_ms", POLL_MS);
    plan.add_user("guru", Role::Counsellor);
    plan.add_user("ana", Role::Student);
    let server = plan.start().await;
    let (guru, ana) = (server.sign_in("guru").await, server.sign_in("ana").await);
    let (_, conversation) = ana.post("/conversations", &json!({ "counsellor_id": guru.id })).await;
    let conversation = conversation["id"].as_str().unwrap();
    until("nothing waits", async || server.metric("log_backlog_rows").await == 0.0).await;
    // Another node holds the lease until the disk is full, so that a row is waiting to be published
    // then.
    let database = format!("sqlite://{}", disk.path().join("data/educounsel.db").display());
    sqlx::any::install_default_drivers();
    let mut other_node = sqlx::AnyConnection::connect(&database).await.unwrap();
    let until_ms = Clock::System.now_ms() + HELD_FOR_MS;
    let hold = format!("UPDATE log_head SET lease_by = '{}', lease_until_ms = {until_ms} WHERE id = 1", NodeId::generate());
    other_node.execute(sqlx::AssertSqlSafe(hold)).await.unwrap();
    other_node.close().await.unwrap();
    assert_eq!(say(&ana, conversation, "Sebelum penuh").await.status, 201);
    disk.fill();
    assert_eq!(server.metric("log_backlog_rows").await, 1.0, "it waits");
    until("the pump has failed often", async || pump_failures(&server).0 >= PUMP_FAILURES).await;
    let (failures, lines) = pump_failures(&server);
    assert!(lines <= 1 + usize::try_from(failures.ilog2()).unwrap(), "{lines} lines about {failures} failures");
    disk.free();
    until("the pump is back", async || server.metric("log_backlog_rows").await == 0.0).await;
}
