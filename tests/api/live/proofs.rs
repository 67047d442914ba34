//! Sockets of the built-in app that join with a proof of `/broadcasting/auth` and no login get an
//! owner: a proof names no user and never expires, so the server remembers to whom it gave it.

use crate::support::{TestApp, socket::TestSocket};
use educounsel::domain::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};

/// Joins and returns 200, or the status of the refusal.
async fn join(socket: &mut TestSocket, channel: &str, auth: &str) -> Value {
    let answer = socket.ask_subscribe(json!({ "channel": channel, "auth": auth })).await;
    if answer.event == "pusher_internal:subscription_succeeded" { json!(200) } else { answer.json()["status"].clone() }
}

#[actix_web::test]
async fn a_socket_that_joined_with_a_proof_ends_with_the_account_and_with_the_login_it_was_given_to() {
    let app = TestApp::builder().set(|config| config.http.workers = 1).start().await;
    let kepala = app.admin("kepala").await;
    for end in ["disabled", "logout"] {
        let guru = app.counsellor(end).await;
        let mut sockets = [app.socket("educounsel").await, app.socket("educounsel").await];
        for (socket, channel) in sockets.iter_mut().zip(["private-role.counsellor", &format!("private-user.{}", guru.id)]) {
            let auth = guru.proof(socket, channel).await;
            assert_eq!(join(socket, channel, &auth).await, 200);
        }
        app.logins_looked_up().await;
        let ended = match end {
            "disabled" => kepala.request(Method::PATCH, &format!("/admin/users/{}", guru.id)).json(&json!({ "disabled": true })),
            _ => guru.request(Method::POST, "/auth/logout"),
        };
        assert!(ended.send().await.unwrap().status().is_success());
        for mut socket in sockets {
            assert_eq!(socket.next_named("session.ended").await.json()["reason"], end);
            socket.expect_close(4009).await;
        }
    }
    app.stop().await;
}

#[actix_web::test]
async fn a_login_that_ended_before_the_join_ends_the_socket_at_the_join() {
    let app = TestApp::builder().set(|config| config.realtime.login_check_s = 3600).start().await;
    let guru = app.counsellor("guru").await;
    let mut socket = app.socket("educounsel").await;
    let auth = guru.proof(&socket, "private-role.counsellor").await;
    guru.request(Method::POST, "/auth/logout").send().await.unwrap();
    socket.ask_subscribe(json!({ "channel": "private-role.counsellor", "auth": auth })).await;
    socket.expect_close(4009).await;
    app.stop().await;
}

#[actix_web::test]
async fn a_socket_is_one_persons() {
    let app = TestApp::start().await;
    let (guru, ana) = (app.counsellor("guru").await, app.student("ana").await);
    let (role, own) = ("private-role.counsellor", format!("private-user.{}", ana.id));
    let mut without = app.socket("educounsel").await;
    let (by_guru, by_ana) = (guru.proof(&without, role).await, ana.proof(&without, &own).await);
    assert_eq!(join(&mut without, role, &by_guru).await, 200);
    assert_eq!(join(&mut without, &own, &by_ana).await, 401);
    let mut with = ana.connect().await;
    let slots = format!("private-slots.{}", guru.id);
    let (by_guru, by_ana) = (guru.proof(&with, role).await, ana.proof(&with, &slots).await);
    assert_eq!(join(&mut with, role, &by_guru).await, 401);
    assert_eq!(join(&mut with, &slots, &by_ana).await, 200, "the owner's own proof is fine");
    app.stop().await;
}

#[actix_web::test]
async fn a_proof_that_nobody_was_given_lately_opens_nothing() {
    let clock = Clock::manual(1_800_000_000_000);
    let app = TestApp::builder().clock(clock.clone()).start().await;
    let guru = app.counsellor("guru").await;
    let mut socket = app.socket("educounsel").await;
    let role = "private-role.counsellor";
    let forged = app.running.context.apps.built_in().proof(&format!("{}:{role}", socket.socket_id));
    assert_eq!(join(&mut socket, role, &forged).await, 401);
    let auth = guru.proof(&socket, role).await;
    assert_eq!(auth, forged, "the signature alone says nothing new");
    clock.advance(3_600_001);
    assert_eq!(join(&mut socket, role, &auth).await, 401);
    let auth = guru.proof(&socket, role).await;
    assert_eq!(join(&mut socket, role, &auth).await, 200);
    app.stop().await;
}
