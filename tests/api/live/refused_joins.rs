//! A refused join tells its cause: in the answer, in a metric, in a line of the log, and on the
//! console that admins open for the built-in app.

use crate::{
    apps::console::watch,
    support::{
        TestApp, TestSocket,
        process::{ServerPlan, ServerProcess},
        wait::until,
    },
};
use educounsel::{domain::principal::Role, services::apps::table::BUILT_IN_APP};
use serde_json::{Value, json};

const STRANGE: &str = "presence-conversation.0197f0c0-0000-7000-8000-000000000000";

/// Asks to join and returns kind, status and sentence of the refusal.
async fn refusal(socket: &mut TestSocket, channel: &str) -> (String, u64, String) {
    let answer = socket.ask_to_join(channel).await;
    assert_eq!(answer.event, "pusher:subscription_error", "{channel}");
    let data = answer.json();
    let text = |field: &str| data[field].as_str().unwrap().to_owned();
    (text("type"), data["status"].as_u64().unwrap(), text("error"))
}

#[actix_web::test]
async fn each_cause_is_answered_with_its_own_sentence() {
    let app = TestApp::start().await;
    let (ana, budi) = (app.student("ana").await, app.student("budi").await);
    let mut socket = ana.connect().await;
    let budis = format!("private-user.{}", budi.id);
    for (channel, status, sentence) in [
        (STRANGE, 401, "this account is not in this conversation"),
        (budis.as_str(), 401, "this account may not join this channel"),
        ("private-role.admin", 401, "this account may not join this channel"),
        ("#server-to-user-7", 401, "this channel needs a sign-in as its user"),
    ] {
        assert_eq!(refusal(&mut socket, channel).await, ("AuthError".to_owned(), status, sentence.to_owned()), "{channel}");
    }
    let mut nobody = app.socket("educounsel").await;
    for channel in [STRANGE, budis.as_str()] {
        let told = ("AuthError".to_owned(), 401, "this channel needs a login or a signature".to_owned());
        assert_eq!(refusal(&mut nobody, channel).await, told, "{channel}");
    }
    app.stop().await;
}

/// Admins see that a join was refused and why. They see nothing else of the built-in app: neither
/// who is there nor what is written.
#[actix_web::test]
async fn the_console_of_the_built_in_app_shows_refused_joins_only() {
    let app = TestApp::start().await;
    let (ana, admin) = (app.student("ana").await, app.admin("kepala").await);
    let opened = watch(&admin, BUILT_IN_APP).await;
    let mut console = admin.connect().await;
    console.subscribe(opened["channel"].as_str().unwrap()).await;
    let mut socket = ana.connect().await;
    socket.send(json!({ "event": "rahasia ana", "data": {} })).await;
    socket.ask_to_join("bukan nama: rahasia").await;
    refusal(&mut socket, STRANGE).await;
    let told = console.next_named("app.console").await;
    let lines = told.json()["lines"].as_array().unwrap().clone();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    assert_eq!((&line["kind"], &line["channel"], &line["code"]), (&json!("refused"), &json!(STRANGE), &json!(401)));
    assert_eq!(line["reason"], "AuthError: this account is not in this conversation");
    assert_eq!((&line["user_id"], &line["event"], &line["data"]), (&Value::Null, &Value::Null, &Value::Null));
    assert!(!told.raw.contains("rahasia"), "{}", told.raw);
    let (status, _) =
        admin.post(&format!("/admin/apps/{BUILT_IN_APP}/events"), &json!({ "channels": ["a"], "name": "e", "data": "" })).await;
    assert_eq!(status, 404, "nobody publishes to the built-in app by hand");
    assert_eq!(ana.post(&format!("/admin/apps/{BUILT_IN_APP}/console"), &json!({})).await.0, 403);
    app.stop().await;
}

async fn count(server: &ServerProcess, reason: &str) -> f64 {
    server.metric(&format!("joins_refused_total{{reason=\"{reason}\"}}")).await
}

#[actix_web::test]
async fn each_cause_is_counted_and_logged() {
    let plan = ServerPlan::new();
    plan.add_user("ana", Role::Student);
    let server = plan.start().await;
    let ana = server.sign_in("ana").await;
    assert_eq!((count(&server, "not_in_conversation").await, count(&server, "not_allowed").await), (0.0, 0.0));
    let mut socket = ana.connect().await;
    refusal(&mut socket, STRANGE).await;
    refusal(&mut socket, "private-role.admin").await;
    assert_eq!(ana.authorise(&socket, "private-role.admin").await.0, 403);
    assert_eq!((count(&server, "not_in_conversation").await, count(&server, "not_allowed").await), (1.0, 2.0));
    let is_told = |reason: &str| {
        let log = server.log();
        log.lines().any(|line| line.contains("join refused") && line.contains(reason) && line.contains(&ana.id))
    };
    until("both causes stand in the log", async || is_told("not_in_conversation") && is_told("not_allowed")).await;
}
