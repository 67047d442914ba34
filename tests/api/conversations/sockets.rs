//! Conversations over sockets: joins, typing, read marks and the effect of a transfer, over both
//! transports where the socket matters.

use crate::{
    conversations::{channel_of, connect, id_of, join, open, say, wait_in_queue},
    redis_server::TestRedis,
    support::{TestApp, TestSocket, app::TestTransport, wait::until},
};
use educounsel::domain::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};

on_both_transports! {
    the_login_of_the_handshake_says_who_joins,
    commands_of_a_socket_keep_their_order,
}

async fn start(transport: TestTransport) -> TestApp {
    TestApp::builder().transport(transport).start().await
}

async fn type_in(socket: &mut TestSocket, conversation: &str) {
    socket.send(json!({ "event": "client-typing", "channel": channel_of(conversation), "data": { "text": "smuggled" } })).await;
}

/// How long the server ignores further typing events of a socket after one.
const TYPING_PAUSE_MS: i64 = 2_500;

/// Each transport reads the login of the handshake by itself.
async fn the_login_of_the_handshake_says_who_joins(transport: TestTransport) {
    let app = start(transport).await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let id = open(&ana, &guru).await;
    let alone = join(&mut connect(&app, &ana).await, &id).await;
    assert_eq!(alone, json!({ "count": 1, "ids": [ana.id], "hash": { ana.id.as_str(): { "name": "Uji ana", "role": "student" } } }));
    app.stop().await;
}

#[actix_web::test]
async fn members_join_by_session_and_see_each_other() {
    let app = start(TestTransport::Raw).await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let id = open(&ana, &guru).await;
    let (mut ana_socket, mut guru_socket) = (connect(&app, &ana).await, connect(&app, &guru).await);
    join(&mut ana_socket, &id).await;
    // A client's claim about its own user does not count.
    let lie = json!({ "user_id": ana.id, "user_info": { "name": "Bukan guru", "role": "admin" } }).to_string();
    let data = json!({ "channel": channel_of(&id), "auth": "", "channel_data": lie });
    let both = guru_socket.ask_subscribe(data).await.json()["presence"].clone();
    assert_eq!(both["count"], 2);
    assert_eq!(both["hash"][guru.id.as_str()], json!({ "name": "Uji guru", "role": "counsellor" }));
    let added = ana_socket.next_event().await;
    assert_eq!(added.event.as_str(), "pusher_internal:member_added");
    assert_eq!(added.json()["user_id"], json!(guru.id));

    let sent = say(&ana, &id, "Halo, Bu").await;
    let heard = guru_socket.next_event().await;
    let data = heard.json();
    assert_eq!(heard.event.as_str(), "message.created");
    assert_eq!(data["message"], sent);
    assert_eq!(data["id"], sent["id"]);
    assert!(data["cursor"].is_string());
    assert_eq!(ana_socket.next_event().await.json()["message"], sent, "the sender's other devices too");
    guru.post(&format!("/conversations/{id}/read"), &json!({ "seq": 1 })).await;
    let read = ana_socket.next_event().await;
    assert_eq!(read.event.as_str(), "message.read");
    assert_eq!(read.json(), json!({ "user_id": guru.id, "delivered_seq": 1, "read_seq": 1 }));
    guru_socket.cut();
    assert_eq!(ana_socket.next_event().await.event, "pusher_internal:member_removed");
    app.stop().await;
}

/// A second tab's list holds its user already, even when the first tab's join event was still on
/// its way.
#[actix_web::test]
async fn a_second_tab_does_not_hear_of_the_first() {
    let app = TestApp::builder().set(|config| config.http.workers = 1).start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let id = open(&ana, &guru).await;
    let mut ana_socket = connect(&app, &ana).await;
    join(&mut ana_socket, &id).await;
    let mut tabs = Vec::new();
    for _ in 0..6 {
        tabs.push(connect(&app, &guru).await);
    }
    for _ in 0..20 {
        // All at once, so that the first join event is on its way when the other joins are handled.
        for tab in &mut tabs {
            tab.send(json!({ "event": "pusher:subscribe", "data": { "channel": channel_of(&id) } })).await;
        }
        for tab in &mut tabs {
            assert_eq!(tab.next_event().await.event, "pusher_internal:subscription_succeeded");
        }
        for tab in &mut tabs {
            app.barrier(tab).await;
        }
        for tab in &mut tabs {
            tab.send(json!({ "event": "pusher:unsubscribe", "data": { "channel": channel_of(&id) } })).await;
            // The server accepts this one without an answer.
            tab.expect_silence().await;
        }
        for name in ["pusher_internal:member_added", "pusher_internal:member_removed"] {
            assert_eq!(ana_socket.next_event().await.event, name, "once, with the first and the last tab");
        }
    }
    app.stop().await;
}

#[actix_web::test]
async fn strangers_do_not_join_whatever_they_say() {
    let app = start(TestTransport::Raw).await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let (budi, other, admin) = (app.student("budi").await, app.counsellor("guru2").await, app.admin("admin").await);
    let id = open(&ana, &guru).await;
    let waiting = id_of(&wait_in_queue(&budi, "x").await);
    for (user, conversation) in [(&budi, &id), (&other, &id), (&admin, &id), (&guru, &waiting)] {
        let mut socket = connect(&app, user).await;
        let answer = socket.ask_to_join(&channel_of(conversation)).await;
        assert_eq!(answer.event.as_str(), "pusher:subscription_error");
        assert_eq!(answer.json()["status"], 401);
        let data = json!({ "channel": channel_of(conversation), "channel_data": json!({ "user_id": ana.id }).to_string() });
        assert_eq!(socket.ask_subscribe(data).await.event, "pusher:subscription_error");
        assert_eq!(user.authorise(&socket, &channel_of(conversation)).await.0, 403);
    }
    let mut nobody = app.socket("educounsel").await;
    assert_eq!(nobody.ask_to_join(&channel_of(&id)).await.event, "pusher:subscription_error");
    let mut socket = connect(&app, &ana).await;
    for name in [id.to_uppercase(), "x".to_owned(), format!("{id}.x")] {
        assert_eq!(socket.ask_to_join(&channel_of(&name)).await.event, "pusher:subscription_error", "{name}");
    }
    // A program joins with the signature of the same right.
    let mut program = app.socket("educounsel").await;
    let (status, proof) = ana.authorise(&program, &channel_of(&id)).await;
    assert_eq!(status, 200);
    let data = json!({ "channel": channel_of(&id), "auth": proof["auth"], "channel_data": proof["channel_data"] });
    let answer = program.ask_subscribe(data).await;
    assert_eq!(answer.event.as_str(), "pusher_internal:subscription_succeeded");
    assert_eq!(answer.json()["presence"]["ids"], json!([ana.id]));
    app.stop().await;
}

async fn commands_of_a_socket_keep_their_order(transport: TestTransport) {
    let app = start(transport).await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let id = open(&ana, &guru).await;
    let mut socket = connect(&app, &ana).await;
    // None of these waits for the answer to the one before, and the first needs a database query.
    let command = |name: &str| json!({ "event": format!("pusher:{name}"), "data": { "channel": channel_of(&id) } });
    for frame in
        [command("subscribe"), command("ping"), command("unsubscribe"), command("subscribe"), command("subscribe"), command("ping")]
    {
        socket.send(frame).await;
    }
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(socket.next_event().await.event);
    }
    let joined = "pusher_internal:subscription_succeeded";
    assert_eq!(answers, [joined, "pusher:pong", joined, "pusher:subscription_error", "pusher:pong"]);
    app.stop().await;
}

#[actix_web::test]
async fn typing_reaches_the_other_side_only_and_not_too_often() {
    let clock = Clock::manual(Clock::System.now_ms());
    let app = TestApp::builder().clock(clock.clone()).start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let id = open(&ana, &guru).await;
    let (mut ana_socket, mut guru_socket) = (connect(&app, &ana).await, connect(&app, &guru).await);
    join(&mut ana_socket, &id).await;
    join(&mut guru_socket, &id).await;
    ana_socket.next_named("pusher_internal:member_added").await;
    for _ in 0..30 {
        type_in(&mut ana_socket, &id).await;
    }
    let typing = guru_socket.next_event().await;
    assert_eq!(typing.event.as_str(), "client-typing");
    assert_eq!(typing.user_id.as_deref(), Some(ana.id.as_str()));
    assert_eq!(typing.data, json!({}));
    // The server accepts all of them.
    ana_socket.expect_silence().await;
    app.barrier(&mut guru_socket).await;
    let hidden = json!({ "hide_typing": true, "hide_read_receipts": false });
    ana.request(Method::PUT, "/chat-preferences").json(&hidden).send().await.unwrap();
    clock.advance(TYPING_PAUSE_MS);
    type_in(&mut ana_socket, &id).await;
    ana_socket.expect_silence().await;
    app.barrier(&mut guru_socket).await;
    type_in(&mut guru_socket, &id).await;
    assert_eq!(ana_socket.next_event().await.user_id, Some(guru.id.clone()), "the counsellor's is shown");
    // No other event overtakes the history.
    for (event, channel) in [("client-chat", channel_of(&id)), ("client-typing", format!("private-user.{}", ana.id))] {
        ana_socket.send(json!({ "event": event, "channel": channel, "data": {} })).await;
        assert_eq!(ana_socket.next_event().await.json()["code"], 4301, "{event} {channel}");
    }
    let other = open(&ana, &app.counsellor("guru2").await).await;
    type_in(&mut guru_socket, &other).await;
    assert_eq!(guru_socket.next_event().await.json()["code"], 4301, "not joined");
    app.stop().await;
}

#[actix_web::test]
async fn the_former_counsellor_hears_nothing_after_a_transfer() {
    let app = start(TestTransport::Raw).await;
    let (ana, guru, other) = (app.student("ana").await, app.counsellor("guru").await, app.counsellor("guru2").await);
    let id = open(&ana, &guru).await;
    let before_all = guru.get("/realtime").await["cursor"].as_str().unwrap().to_owned();
    say(&ana, &id, "sebelum").await;
    app.settle().await;
    let (mut ana_socket, mut first, mut second) = (connect(&app, &ana).await, connect(&app, &guru).await, connect(&app, &guru).await);
    for socket in [&mut ana_socket, &mut first, &mut second] {
        join(socket, &id).await;
    }
    ana_socket.next_named("pusher_internal:member_added").await;
    let (status, proof) = guru.authorise(&first, &channel_of(&id)).await;
    assert_eq!(status, 200);

    let transfer = json!({ "counsellor_id": other.id, "note": "Mohon dilanjutkan" });
    assert_eq!(guru.post(&format!("/conversations/{id}/transfer"), &transfer).await, (204, Value::Null));
    say(&ana, &id, "sesudah").await;
    type_in(&mut ana_socket, &id).await;
    ana.post(&format!("/conversations/{id}/read"), &json!({ "seq": 2 })).await;
    let mut other_socket = connect(&app, &other).await;
    join(&mut other_socket, &id).await;
    say(&other, &id, "Saya melanjutkan").await;
    let removed = ana_socket.next_named("pusher_internal:member_removed").await;
    assert_eq!(removed.json()["user_id"], json!(guru.id));
    ana_socket.next_named("message.created").await;
    for socket in [&mut first, &mut second] {
        app.barrier_beside(socket).await;
        type_in(socket, &id).await;
        assert_eq!(socket.next_event().await.json()["code"], 4301, "not on the channel any more");
        assert_eq!(socket.ask_to_join(&channel_of(&id)).await.event, "pusher:subscription_error");
    }
    // Nor with a signature from before the transfer.
    let data = json!({ "channel": channel_of(&id), "auth": proof["auth"], "channel_data": proof["channel_data"] });
    assert_eq!(first.ask_subscribe(data).await.event, "pusher:subscription_error");
    assert_eq!(guru.authorise(&first, &channel_of(&id)).await.0, 403);

    let missed = guru.get(&format!("/sync?after={before_all}")).await;
    let text = missed.to_string();
    assert!(!text.contains("sebelum") && !text.contains("sesudah") && !text.contains("melanjutkan"), "{text}");
    let last = missed["events"].as_array().unwrap().last().unwrap();
    assert_eq!(last["event"], "conversation.changed");
    assert_eq!(last["data"]["change"], "left");
    assert_eq!(last["data"]["conversation"], Value::Null);
    for path in [format!("/conversations/{id}"), format!("/conversations/{id}/messages"), format!("/conversations/{id}/notes")] {
        assert_eq!(guru.request(Method::GET, &path).send().await.unwrap().status(), 404, "{path}");
    }
    assert_eq!(guru.get("/conversations").await["items"], json!([]));
    let given = other.get("/sync").await.to_string();
    assert!(given.contains("sebelum") && given.contains("sesudah"), "the new counsellor has all of it");
    let item = other.get(&format!("/conversations/{id}")).await;
    assert_eq!(item["counsellor"]["id"], json!(other.id));
    assert_eq!(item["last_seq"], 3);
    app.stop().await;
}

#[actix_web::test]
async fn a_transfer_tells_the_three_who_are_concerned() {
    let app = TestApp::start().await;
    let (ana, guru, other) = (app.student("ana").await, app.counsellor("guru").await, app.counsellor("guru2").await);
    let id = open(&ana, &guru).await;
    app.settle().await;
    let (mut student, mut former, mut new) = (ana.connect().await, guru.connect().await, other.connect().await);
    let transfer = json!({ "counsellor_id": other.id, "note": "Mohon dilanjutkan" });
    assert_eq!(guru.post(&format!("/conversations/{id}/transfer"), &transfer).await.0, 204);
    let left = former.next_named("conversation.changed").await.json();
    assert_eq!(left["change"], "left");
    assert_eq!(left["conversation"], Value::Null);
    assert_eq!(left["conversation_id"], json!(id));
    for (socket, kind) in [(&mut student, "conversation.transferred"), (&mut new, "conversation.handed_over")] {
        let changed = socket.next_named("conversation.changed").await.json();
        assert_eq!(changed["change"], "transferred");
        assert_eq!(changed["conversation"]["counsellor"]["id"], json!(other.id));
        let notice = socket.next_named("notice.created").await.json();
        assert_eq!(notice["kind"], json!(kind));
        assert_eq!(notice["data"]["conversation_id"], json!(id));
        assert!(!notice.to_string().contains("Mohon") && !notice.to_string().contains("Uji"), "neutral");
    }
    for (body, field) in [
        (json!({ "counsellor_id": other.id, "note": "x" }), "counsellor_id"),
        (json!({ "counsellor_id": ana.id, "note": "x" }), "counsellor_id"),
        (json!({ "counsellor_id": guru.id, "note": "" }), "note"),
        (json!({ "counsellor_id": guru.id }), "note"),
    ] {
        let (status, problem) = other.post(&format!("/conversations/{id}/transfer"), &body).await;
        assert_eq!(status, 422, "{body}");
        assert_eq!(problem["errors"][0]["field"], json!(field), "{body}");
    }
    open(&ana, &guru).await;
    let (status, problem) = other.post(&format!("/conversations/{id}/transfer"), &json!({ "counsellor_id": guru.id, "note": "x" })).await;
    assert_eq!(status, 409, "they talk already");
    assert_eq!(problem["code"], "conversations.illegal_transition", "they talk already");
    app.stop().await;
}

#[actix_web::test]
async fn joins_that_race_with_a_transfer_never_stay() {
    let app = TestApp::start().await;
    let (ana, guru, other) = (app.student("ana").await, app.counsellor("guru").await, app.counsellor("guru2").await);
    let id = open(&ana, &guru).await;
    let (mut from, mut to) = (&guru, &other);
    for round in 0..12 {
        let mut sockets = Vec::new();
        for _ in 0..4 {
            sockets.push(connect(&app, from).await);
        }
        let transfer = json!({ "counsellor_id": to.id, "note": "x" });
        let path = format!("/conversations/{id}/transfer");
        let channel = channel_of(&id);
        let (answer, _) = tokio::join!(
            from.post(&path, &transfer),
            futures_util::future::join_all(sockets.iter_mut().map(|socket| socket.ask_to_join(&channel)))
        );
        assert_eq!(answer.0, 204);
        let text = format!("ronde {round}");
        let mut witness = connect(&app, to).await;
        join(&mut witness, &id).await;
        say(&ana, &id, &text).await;
        while !witness.next_event().await.raw.contains(&text) {}
        for socket in &mut sockets {
            // Other events may come before the transfer; this message must not.
            socket.send(json!({ "event": "pusher:ping", "data": {} })).await;
            loop {
                let event = socket.next_event().await;
                assert!(!event.raw.contains(&text), "round {round}: {}", event.raw);
                if event.event == "pusher:pong" {
                    break;
                }
            }
        }
        std::mem::swap(&mut from, &mut to);
    }
    app.stop().await;
}

#[actix_web::test]
async fn a_transfer_reaches_the_sockets_of_other_nodes_over_redis() {
    let redis = TestRedis::start();
    let folder = std::sync::Arc::new(tempfile::TempDir::new().unwrap());
    let node = || crate::support::app::TestAppBuilder::in_folder(folder.clone()).set(|config| config.redis.url = redis.url()).start();
    let (here, there) = (node().await, node().await);
    let (ana, guru, other) = (here.student("ana").await, here.counsellor("guru").await, here.counsellor("guru2").await);
    let id = open(&ana, &guru).await;
    let (mut former, mut student) = (connect(&there, &guru).await, connect(&there, &ana).await);
    join(&mut former, &id).await;
    join(&mut student, &id).await;
    former.next_named("pusher_internal:member_added").await;
    say(&ana, &id, "sebelum").await;
    assert_eq!(former.next_event().await.json()["message"]["body"], "sebelum");
    guru.post(&format!("/conversations/{id}/transfer"), &json!({ "counsellor_id": other.id, "note": "x" })).await;
    say(&ana, &id, "sesudah").await;
    while student.next_named("message.created").await.json()["message"]["body"] != "sesudah" {}
    here.barrier_beside(&mut former).await;
    assert_eq!(former.ask_to_join(&channel_of(&id)).await.event, "pusher:subscription_error");
    until("both nodes are done", async || here.running.context.store.log_backlog().await.unwrap().rows == 0).await;
    there.stop().await;
    here.stop().await;
}
