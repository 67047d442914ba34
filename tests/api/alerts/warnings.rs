//! A warning calls the right people in time, one of them takes it up, and the student hears nothing
//! of it.

use crate::{
    appointments::availability::start,
    conversations::id_of,
    databases::{Database, TestDatabase},
    support::{TestApp, TestUser, app::TestAppBuilder, user::PASSWORD, wait::until},
};
use educounsel::{
    domain::{
        clock::Clock,
        ids::{AlertId, MessageId, ThreadId, UserId},
        risk::{Level, RulePack},
    },
    services::alerts::{self, NewAlert, escalate_overdue},
};
use futures_util::future::join_all;
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;
const WORDS: &str = "aku pengen mati aja, udah nggak kuat";
const UNKNOWN: &str = "0197f0c0-0000-7000-8000-000000000000";

/// Raises a warning as the companion does: writes it in one transaction, then wakes the pump.
pub async fn raise(app: &TestApp, student: &TestUser, level: Level, words: &str) -> AlertId {
    let context = &app.running.context;
    let assessment = RulePack::built_in().assess(WORDS);
    let alert = NewAlert {
        student: UserId::parse(&student.id).unwrap(),
        thread: Some(ThreadId::generate()),
        question: Some(MessageId::generate()),
        words,
        level,
        assessment: &assessment,
        now_ms: context.clock.now_ms(),
    };
    let mut tx = context.store.begin().await.unwrap();
    let id = alerts::raise(context, &mut tx, alert).await.unwrap();
    tx.commit().await.unwrap();
    context.announce.wake_pump();
    id
}

struct School {
    app: TestApp,
    clock: Clock,
    ana: TestUser,
    guru: TestUser,
    guru2: TestUser,
    kepala: TestUser,
}

impl School {
    async fn open() -> Self {
        let (app, clock) = start().await;
        let (ana, guru, guru2) = (app.student("ana").await, app.counsellor("guru").await, app.counsellor("guru2").await);
        let kepala = app.admin("kepala").await;
        Self { app, clock, ana, guru, guru2, kepala }
    }

    async fn escalate(&self) -> u64 {
        escalate_overdue(&self.app.running.context).await.unwrap().escalated
    }
}

async fn on_duty(guru: &TestUser) {
    assert_eq!(guru.put("/counsellors/me/status", &json!({ "status": "online" })).await.0, 200);
}

/// Returns name and data of the durable events of warnings that a user could hear.
async fn heard(user: &TestUser) -> Vec<(String, Value)> {
    let missed = user.get("/sync").await;
    let events =
        missed["events"].as_array().unwrap().iter().map(|event| (event["event"].as_str().unwrap().to_owned(), event["data"].clone()));
    events.filter(|(name, _)| name.starts_with("risk.")).collect()
}

async fn names_heard(user: &TestUser) -> Vec<String> {
    let name = |(name, data): (String, Value)| data["change"].as_str().map_or(name.clone(), |change| format!("{name}:{change}"));
    heard(user).await.into_iter().map(name).collect()
}

async fn safety_notices(user: &TestUser) -> Vec<String> {
    let notices = user.get("/notices").await;
    let items = notices["items"].as_array().unwrap().iter().filter(|item| item["category"] == "safety");
    items.map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
}

async fn only_alert(user: &TestUser) -> Value {
    let list = user.get("/alerts?state=all").await;
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{list}");
    items[0].clone()
}

async fn audit(kepala: &TestUser, prefix: &str) -> Vec<(String, String)> {
    let list = kepala.get("/admin/audit?limit=100").await;
    let lines = list["items"].as_array().unwrap().iter().filter(|line| line["action"].as_str().unwrap().starts_with(prefix));
    lines.map(|line| (line["action"].as_str().unwrap().to_owned(), line["actor"]["id"].as_str().unwrap().to_owned())).collect()
}

#[actix_web::test]
async fn a_risk_calls_those_on_duty_with_a_clock() {
    let school = School::open().await;
    let School { app, ana, guru, guru2, kepala, .. } = &school;
    on_duty(guru).await;
    let mut socket = guru.connect().await;
    let id = raise(app, ana, Level::Risk, &format!("  {WORDS}\n\n{}", "x".repeat(400))).await;
    let event = socket.next_named("risk.raised").await.json();
    assert_eq!(event["alert"]["id"], json!(id));
    assert_eq!(event["alert"]["level"], 3);
    assert_eq!(event["alert"]["state"], "open");
    assert!(event["id"].is_string() && event["cursor"].is_string(), "durable");
    assert!(!event.to_string().contains("pengen mati"), "no words in the log");
    app.settle().await;
    assert_eq!(names_heard(guru).await, ["risk.raised", "risk.changed:raised"]);
    assert_eq!(names_heard(guru2).await, ["risk.changed:raised"], "not on duty: the list moves, nothing rings");
    assert_eq!(safety_notices(guru).await, vec!["risk.raised".to_owned()]);
    assert!(safety_notices(guru2).await.is_empty());
    assert!(safety_notices(kepala).await.is_empty());

    let alert = only_alert(guru).await;
    assert_eq!(alert["student"], json!({ "id": ana.id, "name": "Uji ana" }));
    assert_eq!(alert["count"], 1);
    assert_eq!(alert["source"], "companion");
    assert_eq!(alert["escalated_at"], Value::Null);
    let excerpt = alert["excerpt"].as_str().unwrap();
    assert!(excerpt.starts_with(WORDS) && excerpt.chars().count() == 280);
    assert_eq!(alert["raised_at"], "2026-02-02T00:00:00.000Z");
    assert_eq!(alert["acknowledge_by"], "2026-02-02T00:05:00.000Z");
    assert_eq!(only_alert(kepala).await["excerpt"], Value::Null, "admins do not see the words");
    school.app.stop().await;
}

#[actix_web::test]
async fn when_nobody_is_on_duty_all_counsellors_are_called() {
    let school = School::open().await;
    let School { app, clock, ana, guru, guru2, kepala } = &school;
    on_duty(guru).await;
    clock.advance(12 * 60 * MINUTE_MS);
    raise(app, ana, Level::Risk, WORDS).await;
    app.settle().await;
    for counsellor in [guru, guru2] {
        assert_eq!(names_heard(counsellor).await, ["risk.raised", "risk.changed:raised"]);
        assert_eq!(safety_notices(counsellor).await, ["risk.raised"]);
    }
    assert_eq!(names_heard(kepala).await, ["risk.changed:raised"]);
    school.app.stop().await;
}

#[actix_web::test]
async fn a_concern_tells_counsellors_and_has_no_clock() {
    let school = School::open().await;
    let School { app, clock, ana, guru, guru2, kepala } = &school;
    on_duty(guru).await;
    raise(app, ana, Level::Concern, WORDS).await;
    app.settle().await;
    for counsellor in [guru, guru2] {
        assert_eq!(names_heard(counsellor).await, ["risk.changed:concern"]);
        assert_eq!(safety_notices(counsellor).await, ["risk.concern"]);
    }
    let alert = only_alert(guru).await;
    assert_eq!(alert["level"], 2);
    assert_eq!(alert["acknowledge_by"], Value::Null);
    clock.advance(60 * MINUTE_MS);
    assert_eq!(school.escalate().await, 0);
    assert!(safety_notices(kepala).await.is_empty());
    school.app.stop().await;
}

#[actix_web::test]
async fn a_repeat_joins_and_something_more_serious_calls_again() {
    let school = School::open().await;
    let School { app, clock, ana, guru, .. } = &school;
    let concern = raise(app, ana, Level::Concern, "pertama").await;
    clock.advance(MINUTE_MS);
    assert_eq!(raise(app, ana, Level::Concern, "kedua").await, concern);
    let risk = raise(app, ana, Level::Risk, WORDS).await;
    assert_ne!(risk, concern);
    clock.advance(MINUTE_MS);
    assert_eq!(raise(app, ana, Level::Risk, "masih sama").await, risk);
    assert_eq!(raise(app, ana, Level::Concern, "lebih ringan").await, risk, "less serious than what is open");
    app.settle().await;
    assert_eq!(safety_notices(guru).await, ["risk.raised", "risk.concern"], "one call each");
    let list = guru.get("/alerts").await;
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(list["open_count"], 2);
    assert_eq!(items[0]["id"], json!(risk));
    assert_eq!(items[0]["count"], 3);
    assert_eq!(items[0]["excerpt"], "masih sama");
    assert_eq!(items[0]["raised_at"], "2026-02-02T00:01:00.000Z");
    assert_eq!(items[0]["last_raised_at"], "2026-02-02T00:02:00.000Z");
    assert_eq!(items[0]["acknowledge_by"], "2026-02-02T00:06:00.000Z", "the clock of the first one");
    assert_eq!(items[1]["count"], 2);
    assert_eq!(items[1]["excerpt"], "kedua");
    let page = guru.get("/alerts?limit=1").await;
    assert_eq!(page["next"], json!(risk));
    let rest = guru.get(&format!("/alerts?limit=1&after={risk}")).await;
    assert_eq!(rest["items"][0]["id"], json!(concern));
    assert_eq!(rest["next"], Value::Null);
    school.app.stop().await;
}

#[actix_web::test]
async fn after_five_minutes_everybody_is_called_once() {
    let school = School::open().await;
    let School { app, clock, ana, guru, guru2, kepala } = &school;
    on_duty(guru).await;
    raise(app, ana, Level::Risk, WORDS).await;
    clock.advance(5 * MINUTE_MS - 1);
    assert_eq!(school.escalate().await, 0);
    clock.advance(1);
    let context = &app.running.context;
    let rounds = join_all((0..8).map(|_| escalate_overdue(context))).await;
    let by_hand: u64 = rounds.into_iter().map(|round| round.unwrap().escalated).sum();
    // The server's own scheduler may have escalated it.
    assert!(by_hand <= 1);
    until("everybody was called", async || only_alert(kepala).await["escalated_at"] == "2026-02-02T00:05:00.000Z").await;
    app.settle().await;
    assert_eq!(names_heard(guru2).await, ["risk.changed:raised", "risk.raised", "risk.changed:escalated"]);
    assert_eq!(names_heard(kepala).await, ["risk.changed:raised", "risk.raised", "risk.changed:escalated"]);
    assert_eq!(safety_notices(guru2).await, vec!["risk.raised".to_owned()]);
    assert_eq!(safety_notices(kepala).await, vec!["risk.raised".to_owned()]);
    assert_eq!(safety_notices(guru).await.len(), 2, "the first call and the second");
    clock.advance(60 * MINUTE_MS);
    assert_eq!(school.escalate().await, 0, "once");
    school.app.stop().await;
}

#[actix_web::test]
async fn whoever_acknowledges_in_time_stops_the_clock() {
    let school = School::open().await;
    let School { app, clock, ana, guru, guru2, kepala } = &school;
    let id = raise(app, ana, Level::Risk, WORDS).await;
    clock.advance(4 * MINUTE_MS);
    let path = format!("/alerts/{id}/acknowledge");
    let (status, first) = guru.post(&path, &json!({})).await;
    assert_eq!(status, 200, "{first}");
    assert_eq!(first["state"], "acknowledged", "{first}");
    assert_eq!(first["acknowledged_by"], json!({ "id": guru.id, "name": "Uji guru" }));
    clock.advance(MINUTE_MS);
    assert_eq!(school.escalate().await, 0);
    let (status, second) = guru2.post(&path, &json!({})).await;
    assert_eq!(status, 200, "the same item, naming who was first");
    assert_eq!(second, first, "the same item, naming who was first");
    let (status, third) = kepala.post(&path, &json!({})).await;
    assert_eq!(status, 200, "{third}");
    assert_eq!(third["acknowledged_by"], first["acknowledged_by"]);
    assert_eq!(third["excerpt"], Value::Null);
    app.settle().await;
    assert_eq!(names_heard(guru2).await, ["risk.raised", "risk.changed:raised", "risk.changed:acknowledged"]);
    assert_eq!(audit(kepala, "alert.acknowledged").await, [("alert.acknowledged".to_owned(), guru.id.clone())]);
    assert_eq!(guru.get("/alerts").await["items"], json!([]));
    assert_eq!(guru.get("/alerts?state=acknowledged").await["items"][0]["id"], json!(id));
    assert_ne!(raise(app, ana, Level::Risk, WORDS).await, id, "what comes later is a new warning");
    school.app.stop().await;
}

#[actix_web::test]
async fn the_clock_goes_on_after_a_restart() {
    let school = School::open().await;
    raise(&school.app, &school.ana, Level::Risk, WORDS).await;
    let School { app, clock, .. } = school;
    let folder = app.folder.clone();
    app.stop().await;
    clock.advance(6 * MINUTE_MS);
    let again = TestAppBuilder::in_folder(folder).clock(clock).start().await;
    let kepala = again.sign_in("kepala", PASSWORD).await;
    until("the admin was called", async || safety_notices(&kepala).await == ["risk.raised"]).await;
    again.stop().await;
}

#[actix_web::test]
async fn who_was_shown_a_warning_is_noted_once_a_day() {
    let school = School::open().await;
    let School { app, clock, ana, guru, guru2, kepala } = &school;
    let id = raise(app, ana, Level::Concern, WORDS).await;
    for user in [guru, guru, kepala] {
        user.get("/alerts").await;
    }
    guru2.post(&format!("/alerts/{id}/acknowledge"), &json!({})).await;
    let mut viewers: Vec<String> = audit(kepala, "alert.viewed").await.into_iter().map(|(_, actor)| actor).collect();
    viewers.sort();
    let mut expected = vec![guru.id.clone(), guru2.id.clone(), kepala.id.clone()];
    expected.sort();
    assert_eq!(viewers, expected);
    clock.advance(24 * 60 * MINUTE_MS);
    guru.get("/alerts?state=all").await;
    assert_eq!(audit(kepala, "alert.viewed").await.len(), 4);
    school.app.stop().await;
}

#[actix_web::test]
async fn a_chat_is_opened_or_found_and_acknowledges() {
    let school = School::open().await;
    let School { app, ana, guru, guru2, kepala, .. } = &school;
    let id = raise(app, ana, Level::Risk, WORDS).await;
    let path = format!("/alerts/{id}/chat");
    let (status, opened) = guru.post(&path, &json!({})).await;
    assert_eq!(status, 200, "{opened}");
    assert_eq!(guru.post(&path, &json!({})).await, (200, opened.clone()), "the same one");
    let alert = only_alert(guru).await;
    assert_eq!(alert["state"], "acknowledged");
    assert_eq!(alert["conversation_id"], opened["conversation_id"]);
    let conversation = guru.get(&format!("/conversations/{}", opened["conversation_id"].as_str().unwrap())).await;
    assert_eq!(conversation["student"]["id"], json!(ana.id));
    assert_eq!(conversation["counsellor"]["id"], json!(guru.id));
    let (status, other) = guru2.post(&path, &json!({})).await;
    assert_eq!(status, 200);
    assert_ne!(other, opened, "everybody talks in a conversation of their own");
    let alert = only_alert(guru2).await;
    assert_eq!(alert["acknowledged_by"]["id"], json!(guru.id), "the first stays");
    assert_eq!(alert["conversation_id"], opened["conversation_id"], "the first stays");
    assert_eq!(audit(kepala, "alert.acknowledged").await.len(), 1);
    assert_eq!(audit(kepala, "alert.chat_opened").await.len(), 3);

    let budi = app.student("budi").await;
    let id = raise(app, &budi, Level::Risk, WORDS).await;
    let patch = kepala.request(reqwest::Method::PATCH, &format!("/admin/users/{}", budi.id)).json(&json!({ "disabled": true }));
    assert_eq!(patch.send().await.unwrap().status(), 200);
    let (status, problem) = guru.post(&format!("/alerts/{id}/chat"), &json!({})).await;
    assert_eq!(status, 409, "{problem}");
    assert_eq!(problem["code"], "conflict", "{problem}");
    school.app.stop().await;
}

#[actix_web::test]
async fn every_role_may_what_the_table_says_and_no_more() {
    let school = School::open().await;
    let School { app, ana, guru, kepala, .. } = &school;
    let id = raise(app, ana, Level::Risk, WORDS).await;
    let (acknowledge, chat) = (format!("/alerts/{id}/acknowledge"), format!("/alerts/{id}/chat"));
    for (user, list, close, talk) in [(ana, 403, 403, 403), (kepala, 200, 200, 403), (guru, 200, 200, 200)] {
        for state in ["", "?state=open", "?state=all", "?state=acknowledged"] {
            assert_eq!(user.try_get(&format!("/alerts{state}")).await.0, list);
        }
        assert_eq!(user.post(&acknowledge, &json!({})).await.0, close);
        assert_eq!(user.post(&chat, &json!({})).await.0, talk);
    }
    for unknown in [UNKNOWN, "x", &guru.id] {
        for action in ["acknowledge", "chat"] {
            assert_eq!(guru.post(&format!("/alerts/{unknown}/{action}"), &json!({})).await.0, 404, "{unknown} {action}");
        }
    }
    let stranger = app.client();
    assert_eq!(stranger.get(app.url("/api/v1/alerts")).send().await.unwrap().status(), 401);
    for path in [&acknowledge, &chat] {
        assert_eq!(stranger.post(app.url(&format!("/api/v1{path}"))).send().await.unwrap().status(), 401);
        let forged =
            stranger.post(app.url(&format!("/api/v1{path}"))).header("cookie", &guru.cookie).header("origin", "https://evil.example");
        assert_eq!(forged.send().await.unwrap().status(), 403);
    }
    assert_eq!(guru.try_get("/alerts?state=old").await.0, 422);
    assert_eq!(guru.try_get("/alerts?after=x").await.0, 422);
    school.app.stop().await;
}

#[actix_web::test]
async fn a_student_hears_and_reads_nothing_of_a_warning() {
    let school = School::open().await;
    let School { app, clock, ana, guru, .. } = &school;
    let mut socket = ana.connect().await;
    let id = raise(app, ana, Level::Risk, WORDS).await;
    clock.advance(6 * MINUTE_MS);
    school.escalate().await;
    guru.post(&format!("/alerts/{id}/acknowledge"), &json!({})).await;
    app.settle().await;
    app.barrier(&mut socket).await;
    let (_, opened) = guru.post(&format!("/alerts/{id}/chat"), &json!({})).await;
    let conversation = opened["conversation_id"].as_str().unwrap();
    app.settle().await;
    let changed = socket.next_named("conversation.changed").await.raw;
    let mut seen = vec![changed];
    for path in ["/sync", "/notices?state=all", "/realtime", "/dashboard/student", "/conversations", "/auth/me", "/help"] {
        seen.push(ana.get(path).await.to_string());
    }
    seen.push(ana.get(&format!("/conversations/{conversation}/messages")).await.to_string());
    for text in seen {
        for word in ["alert", "risk", "\"level\"", "rule", "safety", &id.to_string(), "pengen mati"] {
            assert!(!text.contains(word), "a student is shown {word}: {text}");
        }
    }
    school.app.stop().await;
}

#[actix_web::test]
async fn demo_data_shows_an_open_and_an_acknowledged_warning() {
    let app = TestApp::builder().demo().start().await;
    let guru = app.sign_in("guru1", "rahasia-demo").await;
    let list = guru.get("/alerts?state=all").await;
    let states: Vec<(&Value, &Value)> = list["items"].as_array().unwrap().iter().map(|item| (&item["state"], &item["level"])).collect();
    assert_eq!(states, [(&json!("open"), &json!(3)), (&json!("acknowledged"), &json!(2))]);
    assert!(list["items"][0]["escalated_at"].is_string() && list["items"][1]["acknowledged_by"]["name"].is_string());
    app.stop().await;
}

/// Many lines of one student at once, and many people at one warning, on every database.
async fn at_once(database: Database) {
    let database = TestDatabase::create(database).await;
    let url = database.url.clone();
    let (builder, clock) = crate::appointments::availability::on_monday();
    let app = builder.set(|config| config.database.url = url).start().await;
    let (ana, guru, kepala) = (app.student("ana").await, app.counsellor("guru").await, app.admin("kepala").await);
    let ids = join_all((0..6).map(|_| raise(&app, &ana, Level::Risk, WORDS))).await;
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(only_alert(&guru).await["count"], 6);
    clock.advance(5 * MINUTE_MS);
    let rounds = join_all((0..4).map(|_| escalate_overdue(&app.running.context))).await;
    assert!(rounds.into_iter().map(|round| round.unwrap().escalated).sum::<u64>() <= 1);
    until("everybody was called", async || safety_notices(&kepala).await == ["risk.raised"]).await;
    let (path, none) = (format!("/alerts/{}/acknowledge", ids[0]), json!({}));
    let answers = join_all([&guru, &kepala, &guru, &kepala].map(|user| user.post(&path, &none))).await;
    let first: Vec<String> = answers.iter().map(|(status, item)| format!("{status} {}", id_of(&item["acknowledged_by"]))).collect();
    assert!(first.iter().all(|who| *who == first[0] && who.starts_with("200")), "{first:?}");
    assert_eq!(audit(&kepala, "alert.acknowledged").await.len(), 1);
    app.stop().await;
}

#[actix_web::test]
async fn on_sqlite_one_warning_comes_of_many_lines_at_once() {
    at_once(Database::Sqlite).await;
}

#[actix_web::test]
async fn on_mariadb_one_warning_comes_of_many_lines_at_once() {
    at_once(Database::MariaDb).await;
}

#[actix_web::test]
async fn on_postgres_one_warning_comes_of_many_lines_at_once() {
    at_once(Database::Postgres).await;
}
