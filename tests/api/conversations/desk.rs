//! Conversations open, queue, close and carry notes, prepared answers and preferences.

use crate::{
    conversations::{ask, bodies, connect, id_of, join, new_client_id, open, say, wait_in_queue},
    support::{TestApp, TestUser},
};
use educounsel::domain::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};

const UNKNOWN: &str = "0197f0c0-0000-7000-8000-000000000000";

async fn audit_actions(admin: &TestUser) -> Vec<String> {
    let list = admin.get("/admin/audit?limit=100").await;
    let actions = list["items"].as_array().unwrap().iter().map(|item| item["action"].as_str().unwrap().to_owned());
    actions.filter(|action| action.starts_with("conversation.")).collect()
}

#[actix_web::test]
async fn a_student_opens_one_conversation_per_counsellor_and_finds_it_again() {
    let app = TestApp::start().await;
    let (ana, guru, other) = (app.student("ana").await, app.counsellor("guru").await, app.counsellor("guru2").await);
    let first = json!({ "client_id": new_client_id(), "body": "Selamat pagi, Bu." });
    let body = json!({ "counsellor_id": guru.id, "subject": " Pilihan jurusan ", "first_message": first });
    let (status, made) = ana.post("/conversations", &body).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["state"], "open");
    assert_eq!(made["subject"], "Pilihan jurusan");
    assert_eq!(made["student"], json!({ "id": ana.id, "name": "Uji ana" }));
    assert_eq!(made["counsellor"]["id"], json!(guru.id));
    assert_eq!(made["last_message"]["preview"], "Selamat pagi, Bu.");
    assert_eq!(made["last_seq"], 1);
    assert_eq!(made["unread_count"], 0);
    assert_eq!(made["waiting_since"], Value::Null);
    assert_eq!(made["closed_at"], Value::Null);
    let (status, again) = ana.post("/conversations", &body).await;
    assert_eq!(status, 200);
    assert_eq!(id_of(&again), id_of(&made));
    let (status, continued) = ana
        .post(
            "/conversations",
            &json!({ "counsellor_id": guru.id, "first_message": { "client_id": new_client_id(), "body": "Masih ada?" } }),
        )
        .await;
    assert_eq!(status, 200, "{continued}");
    assert_eq!(id_of(&continued), id_of(&made));
    assert_eq!(continued["last_seq"], 2);
    let (status, found) = guru.post("/conversations", &json!({ "student_id": ana.id })).await;
    assert_eq!(status, 200, "{found}");
    assert_eq!(id_of(&found), id_of(&made));
    assert_eq!(found["unread_count"], 2);
    let reused = json!({ "counsellor_id": guru.id, "first_message": { "client_id": first["client_id"], "body": "lain" } });
    let (status, problem) = ana.post("/conversations", &reused).await;
    assert_eq!(status, 409, "{problem}");
    assert_eq!(problem["code"], "messages.client_id_reused");
    let (status, _) = other.post("/conversations", &json!({ "student_id": ana.id })).await;
    assert_eq!(status, 201, "another pair");
    assert_eq!(ana.get("/conversations").await["items"].as_array().unwrap().len(), 2);
    app.stop().await;
}

#[actix_web::test]
async fn parallel_openings_are_one_conversation() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let body = json!({ "first_message": { "client_id": new_client_id(), "body": "Halo" } });
    let with_guru = json!({ "counsellor_id": guru.id });
    for body in [body, with_guru] {
        let answers = futures_util::future::join_all((0..8).map(|_| ana.post("/conversations", &body))).await;
        let made = answers.iter().filter(|(status, _)| *status == 201).count();
        let ids: std::collections::BTreeSet<_> = answers.iter().map(|(_, item)| id_of(item)).collect();
        assert_eq!(made, 1, "{answers:?}");
        assert_eq!(ids.len(), 1, "{answers:?}");
    }
    app.stop().await;
}

#[actix_web::test]
async fn a_repeated_opening_finds_the_conversation_that_left_the_queue() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let body = json!({ "first_message": { "client_id": new_client_id(), "body": "Bolehkah saya bercerita?" } });
    let (status, made) = ana.post("/conversations", &body).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["state"], "waiting");
    let (status, taken) = guru.post("/conversations/next", &json!({})).await;
    assert_eq!(status, 200);
    assert_eq!(id_of(&taken), id_of(&made));
    let (status, again) = ana.post("/conversations", &body).await;
    assert_eq!(status, 200, "{again}");
    assert_eq!(id_of(&again), id_of(&made));
    assert_eq!(again["state"], "open");
    assert_eq!(bodies(&guru, &id_of(&made)).await, ["Bolehkah saya bercerita?"]);
    app.stop().await;
}

#[actix_web::test]
async fn the_queue_shows_who_waits_but_nothing_they_wrote() {
    let app = TestApp::start().await;
    let (ana, budi, guru) = (app.student("ana").await, app.student("budi").await, app.counsellor("guru").await);
    let first = wait_in_queue(&ana, "Cemas ujian").await;
    say(&ana, &id_of(&first), "rahasia sekali").await;
    wait_in_queue(&budi, "Teman").await;
    assert_eq!(ana.post("/conversations", &json!({})).await.0, 200, "one place in the queue");
    let queue = guru.get("/conversations?scope=waiting&limit=1").await;
    let entry = &queue["items"][0];
    assert_eq!(id_of(entry), id_of(&first));
    assert_eq!(entry["subject"], "Cemas ujian");
    assert_eq!(entry["last_message"], Value::Null);
    assert_eq!(entry["unread_count"], 0);
    assert!(entry["waiting_since"].is_string());
    let rest = guru.get(&format!("/conversations?scope=waiting&after={}", queue["next"].as_str().unwrap())).await;
    assert_eq!(rest["items"][0]["student"]["name"], "Uji budi");
    assert_eq!(rest["next"], Value::Null);
    let seen = guru.get(&format!("/conversations/{}", id_of(&first))).await;
    assert!(!seen.to_string().contains("rahasia") && !queue.to_string().contains("rahasia"));
    let path = format!("/conversations/{}", id_of(&first));
    for (method, path) in
        [(Method::GET, format!("{path}/messages")), (Method::GET, format!("{path}/notes")), (Method::POST, format!("{path}/read"))]
    {
        assert_eq!(ask(&guru, method, &path, &json!({ "seq": 1 })).await.0, 404, "{path}");
    }
    assert_eq!(ask(&guru, Method::POST, &format!("{path}/messages"), &json!({ "client_id": new_client_id(), "body": "x" })).await.0, 404);
    assert_eq!(ask(&guru, Method::POST, &format!("{path}/close"), &json!({})).await.0, 404);
    assert_eq!(ask(&ana, Method::GET, "/conversations?scope=waiting", &Value::Null).await.0, 403);
    let notices = guru.get("/notices").await;
    assert_eq!(notices["items"][0]["kind"], "conversation.waiting");
    assert!(!notices.to_string().contains("Uji ana") && !notices.to_string().contains("Cemas"), "neutral");
    app.stop().await;
}

#[actix_web::test]
async fn takers_of_the_queue_never_share_a_student() {
    let app = TestApp::start().await;
    let mut waiting = Vec::new();
    for number in 0..6 {
        waiting.push(id_of(&wait_in_queue(&app.student(&format!("siswa{number}")).await, "x").await));
    }
    let counsellors = [app.counsellor("guru1").await, app.counsellor("guru2").await, app.counsellor("guru3").await];
    let body = json!({});
    let takers = (0..12).map(|number| counsellors[number % 3].post("/conversations/next", &body));
    let answers = futures_util::future::join_all(takers).await;
    let mut taken: Vec<_> = answers.iter().filter(|(status, _)| *status == 200).map(|(_, item)| id_of(item)).collect();
    let empty = answers.iter().filter(|(status, _)| *status == 204).count();
    taken.sort();
    waiting.sort();
    assert_eq!(taken, waiting);
    assert_eq!(empty, 6);
    assert_eq!(counsellors[0].get("/conversations?scope=waiting").await["items"], json!([]));
    // The first answer was lost: the repeat does not take a second student.
    for login in ["ana", "budi"] {
        wait_in_queue(&app.student(login).await, "x").await;
    }
    let take = async || {
        let request = counsellors[0].request(Method::POST, "/conversations/next").header("idempotency-key", "k-1");
        request.json(&json!({})).send().await.unwrap().json::<Value>().await.unwrap()
    };
    assert_eq!(id_of(&take().await), id_of(&take().await));
    assert_eq!(counsellors[1].get("/conversations?scope=waiting").await["items"].as_array().unwrap().len(), 1);
    app.stop().await;
}

#[actix_web::test]
async fn the_student_hears_who_took_them() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let waiting = wait_in_queue(&ana, "x").await;
    app.settle().await;
    let (mut ana_socket, mut guru_socket) = (ana.connect().await, guru.connect().await);
    guru.post("/conversations/next", &json!({})).await;
    let changed = ana_socket.next_named("conversation.changed").await.json();
    assert_eq!(changed["change"], "assigned");
    assert_eq!(changed["conversation"]["counsellor"]["id"], json!(guru.id));
    assert_eq!(changed["conversation_id"], waiting["id"]);
    assert!(changed["cursor"].is_string());
    let notice = ana_socket.next_named("notice.created").await.json();
    assert_eq!(notice["kind"], "conversation.assigned");
    assert_eq!(notice["data"]["conversation_id"], waiting["id"]);
    let own = guru_socket.next_named("conversation.changed").await.json();
    assert_eq!(own["change"], "assigned");
    assert_eq!(own["conversation"]["student"]["id"], json!(ana.id));
    let budi = app.student("budi").await;
    wait_in_queue(&budi, "y").await;
    // The event of the queue that became empty once ana was taken may be on its way.
    while guru_socket.next_named("queue.changed").await.json() != json!({ "waiting": 1 }) {}
    app.stop().await;
}

#[actix_web::test]
async fn a_closed_conversation_takes_no_messages_until_it_is_opened_again() {
    let app = TestApp::start().await;
    let (ana, guru, admin) = (app.student("ana").await, app.counsellor("guru").await, app.admin("admin").await);
    let id = open(&ana, &guru).await;
    let path = format!("/conversations/{id}");
    let message = say(&ana, &id, "Terima kasih").await;
    let (status, closed) = guru.post(&format!("{path}/close"), &json!({})).await;
    assert_eq!(status, 200, "{closed}");
    assert_eq!(closed["state"], "closed");
    assert!(closed["closed_at"].is_string());
    let code = async |user: &TestUser, method: Method, path: String, body: Value| {
        let (status, problem) = ask(user, method, &path, &body).await;
        (status, problem["code"].as_str().unwrap_or_default().to_owned())
    };
    let is_closed = (409, "conversations.closed".to_owned());
    let new = json!({ "client_id": new_client_id(), "body": "x" });
    assert_eq!(code(&ana, Method::POST, format!("{path}/messages"), new.clone()).await, is_closed);
    assert_eq!(code(&guru, Method::POST, format!("{path}/messages"), new).await, is_closed);
    assert_eq!(code(&ana, Method::POST, format!("{path}/close"), json!({})).await, is_closed);
    let edit = format!("{path}/messages/{}", id_of(&message));
    assert_eq!(code(&ana, Method::PATCH, edit.clone(), json!({ "body": "y" })).await, is_closed);
    let repeat = json!({ "client_id": message["client_id"], "body": "Terima kasih" });
    assert_eq!(ask(&ana, Method::POST, &format!("{path}/messages"), &repeat).await.0, 200, "what was sent stays sent");
    assert_eq!(ana.get("/conversations").await["items"], json!([]));
    assert_eq!(id_of(&ana.get("/conversations?scope=closed").await["items"][0]), id);

    let (status, reopened) = ana.post(&format!("{path}/reopen"), &json!({})).await;
    assert_eq!(status, 200, "{reopened}");
    assert_eq!(reopened["state"], "open");
    assert_eq!(reopened["closed_at"], Value::Null);
    let (status, problem) = ana.post(&format!("{path}/reopen"), &json!({})).await;
    assert_eq!(status, 409, "{problem}");
    assert_eq!(problem["code"], "conversations.illegal_transition");
    say(&guru, &id, "Sama-sama").await;
    guru.post(&format!("{path}/close"), &json!({})).await;
    open(&ana, &guru).await;
    let (status, problem) = guru.post(&format!("{path}/reopen"), &json!({})).await;
    assert_eq!(status, 409, "the pair has another live one");
    assert_eq!(problem["code"], "conversations.illegal_transition", "the pair has another live one");
    let trail = audit_actions(&admin).await;
    assert_eq!(trail, ["conversation.closed", "conversation.reopened", "conversation.closed"]);
    app.stop().await;
}

#[actix_web::test]
async fn a_student_leaves_the_queue_and_a_conversation_without_counsellor_waits_again() {
    let app = TestApp::start().await;
    let (ana, guru, admin) = (app.student("ana").await, app.counsellor("guru").await, app.admin("admin").await);
    let waiting = id_of(&wait_in_queue(&ana, "x").await);
    assert_eq!(ana.post(&format!("/conversations/{waiting}/close"), &json!({})).await.0, 200);
    assert_eq!(guru.post("/conversations/next", &json!({})).await.0, 204);
    let (status, again) = ana.post(&format!("/conversations/{waiting}/reopen"), &json!({})).await;
    assert_eq!(status, 200, "{again}");
    assert_eq!(again["state"], "waiting");
    assert_eq!(guru.post("/conversations/next", &json!({})).await.0, 200);
    guru.post(&format!("/conversations/{waiting}/close"), &json!({})).await;
    // A counsellor who left the school has no conversations.
    assert_eq!(ask(&admin, Method::PATCH, &format!("/admin/users/{}", guru.id), &json!({ "disabled": true })).await.0, 200);
    let (_, again) = ana.post(&format!("/conversations/{waiting}/reopen"), &json!({})).await;
    assert_eq!(again["state"], "waiting");
    assert_eq!(again["counsellor"], Value::Null);
    app.stop().await;
}

#[actix_web::test]
async fn lists_have_pages_words_and_an_unread_total() {
    let app = TestApp::start().await;
    let guru = app.counsellor("guru").await;
    let mut ids = Vec::new();
    for login in ["ana", "budi", "citra"] {
        let student = app.student(login).await;
        let id = open(&student, &guru).await;
        say(&student, &id, "halo").await;
        ids.insert(0, id);
    }
    let page = guru.get("/conversations?limit=2").await;
    let rest = guru.get(&format!("/conversations?limit=2&after={}", page["next"].as_str().unwrap())).await;
    let listed: Vec<_> = [&page, &rest].iter().flat_map(|page| page["items"].as_array().unwrap().iter().map(id_of)).collect();
    assert_eq!(listed, ids.clone());
    assert_eq!(rest["next"], Value::Null);
    assert_eq!(page["unread_total"], 3);
    let found = guru.get("/conversations?query=BUDI").await;
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(id_of(&found["items"][0]), ids[1].clone());
    guru.post(&format!("/conversations/{}/read", ids[1]), &json!({ "seq": 1 })).await;
    assert_eq!(guru.get("/conversations").await["unread_total"], 2);
    for (query, status) in [("scope=all", 422), ("after=x", 422), ("limit=0", 422), ("limit=x", 422)] {
        assert_eq!(ask(&guru, Method::GET, &format!("/conversations?{query}"), &Value::Null).await.0, status, "{query}");
    }
    app.stop().await;
}

/// POSTs under an idempotency key and returns status and body.
async fn post_as(user: &TestUser, key: &str, path: &str, body: &Value) -> (u16, Value) {
    let answer = user.request(Method::POST, path).header("idempotency-key", key).json(body).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
}

#[actix_web::test]
async fn a_repeat_under_one_key_hears_what_the_first_one_did() {
    let app = TestApp::start().await;
    let (ana, budi) = (app.student("ana").await, app.student("budi").await);
    let (guru, other) = (app.counsellor("guru").await, app.counsellor("guru2").await);
    wait_in_queue(&ana, "pertama").await;
    wait_in_queue(&budi, "kedua").await;
    let take = async || post_as(&guru, "take", "/conversations/next", &json!({})).await;
    let (first, repeat) = (take().await, take().await);
    assert_eq!(first.0, 200);
    assert_eq!(first.1["student"]["id"], json!(ana.id));
    assert_eq!(first, repeat, "the second student still waits");
    let path = format!("/conversations/{}", id_of(&first.1));
    for (action, state) in [("close", "closed"), ("reopen", "open")] {
        for _ in 0..2 {
            let (status, item) = post_as(&guru, action, &format!("{path}/{action}"), &json!({})).await;
            assert_eq!(status, 200, "{action}");
            assert_eq!(item["state"], json!(state), "{action}");
        }
    }
    let transfer = json!({ "counsellor_id": other.id, "note": "Mohon dilanjutkan" });
    for _ in 0..2 {
        assert_eq!(post_as(&guru, "transfer", &format!("{path}/transfer"), &transfer).await.0, 204, "not 404 for who has lost it");
    }
    assert_eq!(other.get(&format!("{path}/notes")).await["items"].as_array().unwrap().len(), 1, "one note");
    app.stop().await;
}

#[actix_web::test]
async fn strangers_and_admins_get_404_and_wrong_roles_403() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let (budi, other, admin) = (app.student("budi").await, app.counsellor("guru2").await, app.admin("admin").await);
    let id = open(&ana, &guru).await;
    let message = id_of(&say(&ana, &id, "hanya untuk guru").await);
    guru.post(&format!("/conversations/{id}/notes"), &json!({ "body": "catatan" })).await;
    let path = format!("/conversations/{id}");
    let paths = [
        (Method::GET, path.clone(), json!({})),
        (Method::GET, format!("{path}/messages"), json!({})),
        (Method::POST, format!("{path}/messages"), json!({ "client_id": new_client_id(), "body": "x" })),
        (Method::PATCH, format!("{path}/messages/{message}"), json!({ "body": "x" })),
        (Method::DELETE, format!("{path}/messages/{message}"), json!({})),
        (Method::GET, format!("{path}/messages/{message}/link"), json!({})),
        (Method::POST, format!("{path}/delivered"), json!({ "seq": 1 })),
        (Method::POST, format!("{path}/read"), json!({ "seq": 1 })),
        (Method::POST, format!("{path}/close"), json!({})),
        (Method::POST, format!("{path}/reopen"), json!({})),
        (Method::GET, format!("{path}/notes"), json!({})),
        (Method::POST, format!("{path}/notes"), json!({ "body": "x" })),
    ];
    for stranger in [&budi, &other, &admin] {
        for (method, path, body) in &paths {
            assert_eq!(ask(stranger, method.clone(), path, body).await.0, 404, "{} {method} {path}", stranger.id);
        }
    }
    let transfer = json!({ "counsellor_id": other.id, "note": "x" });
    for (user, status) in [(&budi, 403), (&ana, 403), (&other, 404), (&admin, 403)] {
        assert_eq!(ask(user, Method::POST, &format!("{path}/transfer"), &transfer).await.0, status);
    }
    let history = format!("{path}/messages/{message}/history");
    for (user, status) in [(&ana, 404), (&budi, 404), (&other, 404), (&guru, 200), (&admin, 200)] {
        assert_eq!(ask(user, Method::GET, &history, &Value::Null).await.0, status);
    }
    for unknown in [UNKNOWN, "1", "x%00"] {
        assert_eq!(ask(&ana, Method::GET, &format!("/conversations/{unknown}"), &Value::Null).await.0, 404, "{unknown}");
        assert_eq!(ask(&ana, Method::GET, &format!("/conversations/{unknown}/messages"), &Value::Null).await.0, 404, "{unknown}");
    }
    for (user, method, path, body) in [
        (&ana, Method::POST, "/conversations/next", json!({})),
        (&admin, Method::POST, "/conversations/next", json!({})),
        (&admin, Method::GET, "/conversations", json!({})),
        (&admin, Method::GET, "/conversations/search?query=x", json!({})),
        (&admin, Method::GET, "/conversations/search", json!({})),
        (&admin, Method::POST, "/conversations", json!({ "student_id": ana.id })),
        (&guru, Method::GET, "/chat-preferences", json!({})),
        (&guru, Method::PUT, "/chat-preferences", json!({ "hide_typing": true, "hide_read_receipts": true })),
        (&ana, Method::GET, "/canned-replies", json!({})),
        (&ana, Method::POST, "/canned-replies", json!({ "shortcut": "a", "body": "b", "scope": "school" })),
    ] {
        assert_eq!(ask(user, method.clone(), path, &body).await.0, 403, "{method} {path}");
    }
    let anonymous = app.client().get(app.url("/api/v1/conversations")).send().await.unwrap();
    assert_eq!(anonymous.status(), 401);
    app.stop().await;
}

#[actix_web::test]
async fn bad_openings_have_their_codes() {
    let app = TestApp::start().await;
    let (ana, guru, budi) = (app.student("ana").await, app.counsellor("guru").await, app.student("budi").await);
    let id = new_client_id();
    for (user, body, field, code) in [
        (&ana, json!({ "counsellor_id": UNKNOWN }), "counsellor_id", "unknown_value"),
        (&ana, json!({ "counsellor_id": "x" }), "counsellor_id", "unknown_value"),
        (&ana, json!({ "counsellor_id": budi.id }), "counsellor_id", "unknown_value"),
        (&ana, json!({ "student_id": budi.id }), "student_id", "unknown_value"),
        (&ana, json!({ "subject": "x".repeat(121) }), "subject", "too_long"),
        (&ana, json!({ "subject": 5 }), "subject", "type"),
        (&ana, json!({ "first_message": { "client_id": "1", "body": "x" } }), "client_id", "unknown_value"),
        (&ana, json!({ "first_message": { "client_id": id, "body": " " } }), "body", "required"),
        (&ana, json!({ "first_message": { "body": "x" } }), "first_message.client_id", "required"),
        (&guru, json!({}), "student_id", "required"),
        (&guru, json!({ "student_id": guru.id }), "student_id", "unknown_value"),
        (&guru, json!({ "student_id": ana.id, "counsellor_id": guru.id }), "counsellor_id", "unknown_value"),
    ] {
        let (status, problem) = user.post("/conversations", &body).await;
        let error = &problem["errors"][0];
        assert_eq!(status, 422, "{body}");
        assert_eq!(error["field"], json!(field), "{body}");
        assert_eq!(error["code"], json!(code), "{body}");
    }
    assert_eq!(ana.get("/conversations").await["items"], json!([]));
    app.stop().await;
}

#[actix_web::test]
async fn private_notes_are_read_by_the_counsellor_of_the_day_and_never_reach_a_student() {
    let app = TestApp::start().await;
    let (ana, guru, other) = (app.student("ana").await, app.counsellor("guru").await, app.counsellor("guru2").await);
    let id = open(&ana, &guru).await;
    let path = format!("/conversations/{id}");
    app.settle().await;
    let mut socket = ana.connect().await;
    let (status, note) = guru.post(&format!("{path}/notes"), &json!({ "body": "CATATAN-RAHASIA satu" })).await;
    assert_eq!(status, 201, "{note}");
    assert_eq!(note["author"]["id"], json!(guru.id));
    assert_eq!(note["body"], "CATATAN-RAHASIA satu");
    say(&guru, &id, "Halo Ana").await;
    assert_eq!(ana.post(&format!("{path}/notes"), &json!({ "body": "x" })).await.0, 404);
    let transfer = json!({ "counsellor_id": other.id, "note": "CATATAN-RAHASIA dua" });
    assert_eq!(guru.post(&format!("{path}/transfer"), &transfer).await.0, 204);
    let notes = other.get(&format!("{path}/notes")).await;
    let texts: Vec<_> = notes["items"].as_array().unwrap().iter().map(|note| note["body"].as_str().unwrap()).collect();
    assert_eq!(texts, ["CATATAN-RAHASIA satu", "CATATAN-RAHASIA dua"]);
    assert_eq!(ask(&guru, Method::GET, &format!("{path}/notes"), &Value::Null).await.0, 404, "the former counsellor");
    for (body, status) in [(json!({ "body": "" }), 422), (json!({ "body": "x".repeat(4_001) }), 422), (json!({}), 422)] {
        assert_eq!(other.post(&format!("{path}/notes"), &body).await.0, status);
    }
    say(&other, &id, "Saya melanjutkan").await;
    // Everything that a student receives, by every way.
    for path in [
        "/conversations",
        "/conversations?scope=closed",
        "/sync",
        "/notices",
        "/conversations/search?query=rahasia",
        "/dashboard/student",
        &path,
        &format!("{path}/messages"),
    ] {
        assert!(!ana.get(path).await.to_string().contains("CATATAN-RAHASIA"), "{path}");
    }
    socket.next_named("conversation.changed").await;
    loop {
        let event = socket.next_event().await;
        assert!(!event.raw.contains("CATATAN-RAHASIA"), "{}", event.raw);
        if event.raw.contains("Saya melanjutkan") {
            break;
        }
    }
    app.stop().await;
}

#[actix_web::test]
async fn prepared_answers_belong_to_a_counsellor_or_the_school() {
    let app = TestApp::start().await;
    let (guru, other, admin) = (app.counsellor("guru").await, app.counsellor("guru2").await, app.admin("admin").await);
    let add = async |user: &TestUser, shortcut: &str, scope: &str| {
        user.post("/canned-replies", &json!({ "shortcut": shortcut, "body": "Halo!", "scope": scope })).await
    };
    let (status, own) = add(&guru, "salam", "own").await;
    assert_eq!(status, 201, "{own}");
    assert_eq!([&own["scope"], &own["shortcut"]], ["own", "salam"]);
    assert_eq!(own["body"], "Halo!");
    let (status, school) = add(&admin, "salam", "school").await;
    assert_eq!(status, 201);
    assert_eq!(add(&guru, "salam", "own").await.0, 409);
    assert_eq!(add(&guru, "salam", "school").await.0, 409);
    assert_eq!(add(&admin, "a", "own").await.0, 422, "admins answer nobody");
    assert_eq!(add(&guru, "Salam!", "own").await.0, 422);
    assert_eq!(add(&guru, "a", "class").await.0, 422);
    let count = async |user: &TestUser| user.get("/canned-replies").await["items"].as_array().unwrap().len();
    assert_eq!([count(&guru).await, count(&other).await, count(&admin).await], [2, 1, 1]);
    let own = format!("/canned-replies/{}", id_of(&own));
    for stranger in [&other, &admin] {
        assert_eq!(ask(stranger, Method::PATCH, &own, &json!({ "body": "x" })).await.0, 404);
        assert_eq!(ask(stranger, Method::DELETE, &own, &Value::Null).await.0, 404);
    }
    let (status, changed) = ask(&guru, Method::PATCH, &own, &json!({ "body": "Apa kabar?" })).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!((&changed["body"], &changed["shortcut"]), (&json!("Apa kabar?"), &json!("salam")));
    assert_eq!(ask(&guru, Method::PATCH, &own, &json!({ "shortcut": null })).await.0, 422, "left out, but not null");
    assert_eq!(ask(&guru, Method::PATCH, &own, &json!({ "body": null })).await.0, 422, "left out, but not null");
    let school = format!("/canned-replies/{}", id_of(&school));
    assert_eq!(ask(&other, Method::PATCH, &school, &json!({ "shortcut": "halo" })).await.0, 200, "counsellors write for the school");
    assert_eq!(ask(&guru, Method::DELETE, &own, &Value::Null).await.0, 204);
    assert_eq!(ask(&guru, Method::DELETE, &own, &Value::Null).await.0, 404);
    assert_eq!(count(&guru).await, 1);
    app.stop().await;
}

#[actix_web::test]
async fn a_student_hides_what_was_read() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let id = open(&ana, &guru).await;
    say(&guru, &id, "Sudah baca?").await;
    let path = format!("/conversations/{id}");
    ana.post(&format!("{path}/read"), &json!({ "seq": 1 })).await;
    assert_eq!(guru.get(&path).await["other"], json!({ "delivered_seq": 1, "read_seq": 1 }));
    assert_eq!(ana.get("/chat-preferences").await, json!({ "hide_typing": false, "hide_read_receipts": false }));
    let hidden = json!({ "hide_typing": false, "hide_read_receipts": true });
    assert_eq!(ask(&ana, Method::PUT, "/chat-preferences", &hidden).await, (200, hidden.clone()));
    assert_eq!(ana.get("/chat-preferences").await, hidden);
    assert_eq!(guru.get(&path).await["other"], json!({ "delivered_seq": 1, "read_seq": null }));
    assert_eq!(ana.get(&path).await["own"], json!({ "delivered_seq": 1, "read_seq": 1 }));
    assert_eq!(ask(&ana, Method::PUT, "/chat-preferences", &json!({ "hide_typing": true })).await.0, 422);
    app.settle().await;
    let mut socket = connect(&app, &guru).await;
    join(&mut socket, &id).await;
    say(&guru, &id, "Dan ini?").await;
    socket.next_named("message.created").await;
    ana.post(&format!("{path}/delivered"), &json!({ "seq": 2 })).await;
    assert_eq!(socket.next_event().await.json(), json!({ "user_id": ana.id, "delivered_seq": 2, "read_seq": null }));
    ana.post(&format!("{path}/read"), &json!({ "seq": 2 })).await;
    app.barrier(&mut socket).await;
    app.stop().await;
}

#[actix_web::test]
async fn the_demo_school_has_conversations_in_every_state() {
    let app = TestApp::builder().demo().start().await;
    let (guru, siswa) = (app.sign_in("guru1", "rahasia-demo").await, app.sign_in("siswa1", "rahasia-demo").await);
    let count = async |scope: &str| guru.get(&format!("/conversations?scope={scope}")).await["items"].as_array().unwrap().len();
    assert_eq!(count("mine").await, 2);
    assert_eq!(count("waiting").await, 1);
    assert_eq!(count("closed").await, 1);
    assert_eq!(guru.get("/conversations").await["unread_total"], 2);
    assert_eq!(guru.get("/canned-replies").await["items"].as_array().unwrap().len(), 6);
    let own = &siswa.get("/conversations").await["items"][0];
    assert_eq!(own["unread_count"], 0);
    assert_eq!(own["last_seq"], 8);
    assert_eq!(siswa.get(&format!("/conversations/{}/messages", id_of(own))).await["items"].as_array().unwrap().len(), 8);
    app.stop().await;
}

#[actix_web::test]
async fn looking_into_a_conversation_is_noted_once_a_day() {
    // Ten minutes before midnight in Jakarta, 28 May 2026.
    let clock = Clock::manual(1_779_987_600_000 - 600_000);
    let app = TestApp::builder().clock(clock.clone()).start().await;
    let (ana, guru, admin) = (app.student("ana").await, app.counsellor("guru").await, app.admin("admin").await);
    let id = open(&ana, &guru).await;
    let message = id_of(&say(&ana, &id, "halo").await);
    let views = async || audit_actions(&admin).await.iter().filter(|action| *action == "conversation.viewed").count();
    for path in
        [format!("/conversations/{id}/messages"), "/conversations/search?query=halo".to_owned(), format!("/conversations/{id}/notes")]
    {
        guru.get(&path).await;
        ana.get(&format!("/conversations/{id}/messages")).await;
        assert_eq!(views().await, 1, "{path}");
    }
    admin.get(&format!("/conversations/{id}/messages/{message}/history")).await;
    assert_eq!(views().await, 2);
    clock.advance(1_200_000);
    guru.get(&format!("/conversations/{id}/messages")).await;
    assert_eq!(views().await, 3, "another day of the school");
    app.stop().await;
}
