//! Messages are sent once, numbered, edited, deleted, read in both directions, found, and carry
//! files.

use crate::{
    conversations::{ask, bodies, id_of, new_client_id, open, say},
    support::{TestApp, TestUser, pdf::one_page_pdf},
};
use educounsel::{domain::clock::Clock, services::files::sweep};
use reqwest::{Method, multipart};
use serde_json::{Value, json};
use std::path::PathBuf;

fn stored_files(app: &TestApp) -> Vec<PathBuf> {
    let folder = app.folder.path().join("data/files/chat/files");
    std::fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
}

fn seqs(page: &Value) -> Vec<i64> {
    page["items"].as_array().unwrap().iter().map(|item| item["seq"].as_i64().unwrap()).collect()
}

/// A PNG of 2 x 1 pixels, headers only.
fn png(width: u32) -> Vec<u8> {
    let header = [&b"\x89PNG\r\n\x1a\n\0\0\0\x0DIHDR"[..], &width.to_be_bytes(), &1_u32.to_be_bytes(), b"\x08\x06\0\0\0\0\0\0\0"].concat();
    [&header[..], b"\0\0\0\0IEND\xAE\x42\x60\x82"].concat()
}

async fn send_file(user: &TestUser, conversation: &str, client_id: &str, body: &str, name: &str, bytes: Vec<u8>) -> (u16, Value) {
    let file = multipart::Part::bytes(bytes).file_name(name.to_owned());
    let form = multipart::Form::new().text("client_id", client_id.to_owned()).text("body", body.to_owned()).part("file", file);
    let request = user.request(Method::POST, &format!("/conversations/{conversation}/messages"));
    let response = request.multipart(form).send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
}

#[actix_web::test]
async fn a_repeat_returns_the_first_result_and_another_body_is_refused() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let id = open(&ana, &guru).await;
    let path = format!("/conversations/{id}/messages");
    let client_id = new_client_id();
    let body = json!({ "client_id": client_id.to_uppercase(), "body": " Halo,\r\nBu " });
    let (status, first) = ana.post(&path, &body).await;
    assert_eq!(status, 201, "{first}");
    assert_eq!(first["seq"], 1);
    assert_eq!(first["body"], "Halo,\nBu");
    assert_eq!(first["client_id"], json!(client_id));
    assert_eq!(first["sender_id"], json!(ana.id));
    assert_eq!(first["conversation_id"], json!(id));
    assert_eq!(first["attachment"], Value::Null);
    assert_eq!(ana.post(&path, &body).await, (200, first.clone()));
    let (status, problem) = ana.post(&path, &json!({ "client_id": client_id, "body": "lain" })).await;
    assert_eq!(status, 409, "{problem}");
    assert_eq!(problem["code"], "messages.client_id_reused");
    // The id is unique per sender, not per school.
    let (status, other) = guru.post(&path, &json!({ "client_id": client_id, "body": "lain" })).await;
    assert_eq!(status, 201, "{other}");
    assert_eq!(other["seq"], 2);
    let second = open(&ana, &app.counsellor("guru2").await).await;
    let (status, problem) = ana.post(&format!("/conversations/{second}/messages"), &body).await;
    assert_eq!(status, 409, "another conversation is another message");
    assert_eq!(problem["code"], "messages.client_id_reused", "another conversation is another message");
    app.stop().await;
}

#[actix_web::test]
async fn parallel_repeats_all_get_the_one_result() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let id = open(&ana, &guru).await;
    let path = format!("/conversations/{id}/messages");
    for round in 1..=5 {
        let body = json!({ "client_id": new_client_id(), "body": format!("pesan {round}") });
        let answers = futures_util::future::join_all((0..10).map(|_| ana.post(&path, &body))).await;
        assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|(status, item)| matches!(status, 200 | 201) && item["seq"] == json!(round)), "{answers:?}");
    }
    assert_eq!(bodies(&guru, &id).await.len(), 5);
    app.stop().await;
}

#[actix_web::test]
async fn bad_messages_have_their_codes() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let path = format!("/conversations/{}/messages", open(&ana, &guru).await);
    let id = new_client_id();
    for (body, field, code) in [
        (json!({ "client_id": id, "body": "" }), "body", "required"),
        (json!({ "client_id": id, "body": "x".repeat(4_001) }), "body", "too_long"),
        (json!({ "client_id": id, "body": "a\u{0}b" }), "body", "control_character"),
        (json!({ "client_id": id, "body": 7 }), "body", "type"),
        (json!({ "client_id": "", "body": "x" }), "client_id", "required"),
        (json!({ "client_id": "satu", "body": "x" }), "client_id", "unknown_value"),
        (json!({ "body": "x" }), "client_id", "required"),
    ] {
        let (status, problem) = ana.post(&path, &body).await;
        assert_eq!(status, 422, "{body}");
        assert_eq!(problem["errors"][0]["field"], json!(field), "{body}");
        assert_eq!(problem["errors"][0]["code"], json!(code), "{body}");
    }
    let plain = ana.request(Method::POST, &path).body("halo").send().await.unwrap();
    assert_eq!(plain.status(), 415);
    let broken = ana.request(Method::POST, &path).header("content-type", "application/json").body("{").send().await.unwrap();
    assert_eq!(broken.status(), 400);
    assert_eq!(ana.post(&path, &json!({ "client_id": id, "body": "😀".repeat(4_000) })).await.0, 201);
    app.stop().await;
}

#[actix_web::test]
async fn history_is_read_in_pages_both_ways_and_around_a_time() {
    let clock = Clock::manual(1_780_000_000_000);
    let app = TestApp::builder().clock(clock.clone()).start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let id = open(&ana, &guru).await;
    let mut times = Vec::new();
    for number in 1..=9 {
        clock.advance(60_000);
        times.push(say(&ana, &id, &format!("pesan {number}")).await["created_at"].as_str().unwrap().to_owned());
    }
    let page = async |query: &str| guru.get(&format!("/conversations/{id}/messages?{query}")).await;
    let assert_page = async |query: &str, expected: &[i64], has_before: bool, has_after: bool| {
        let page = page(query).await;
        assert_eq!(seqs(&page), expected, "{query}");
        assert_eq!(page["has_before"], has_before, "{query}");
        assert_eq!(page["has_after"], has_after, "{query}");
    };
    assert_page("limit=3", &[7, 8, 9], true, false).await;
    assert_page("limit=3&before_seq=7", &[4, 5, 6], true, true).await;
    assert_page("limit=3&before_seq=3", &[1, 2], false, true).await;
    assert_page("limit=3&before_seq=1", &[], false, true).await;
    assert_page("limit=2&after_seq=0", &[1, 2], false, true).await;
    assert_page("after_seq=7", &[8, 9], true, false).await;
    assert_page("after_seq=9", &[], true, false).await;
    assert_page(&format!("limit=4&around={}", times[4]), &[3, 4, 5, 6], true, true).await;
    assert_eq!(seqs(&page("limit=4&around=1999-01-01T00:00:00Z").await)[..2], [1, 2]);
    assert_page("limit=4&around=2999-01-01T00:00:00Z", &[6, 7, 8, 9], true, false).await;
    for query in ["before_seq=x", "around=yesterday", "before_seq=1&after_seq=2", "limit=101"] {
        assert_eq!(ask(&guru, Method::GET, &format!("/conversations/{id}/messages?{query}"), &Value::Null).await.0, 422, "{query}");
    }
    let empty = open(&ana, &app.counsellor("guru2").await).await;
    let page = ana.get(&format!("/conversations/{empty}/messages")).await;
    assert_eq!(page, json!({ "items": [], "has_before": false, "has_after": false }));
    app.stop().await;
}

#[actix_web::test]
async fn an_own_message_is_edited_for_fifteen_minutes_with_its_history() {
    let clock = Clock::manual(1_780_000_000_000);
    let app = TestApp::builder().clock(clock.clone()).start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let id = open(&ana, &guru).await;
    let message = say(&ana, &id, "salah").await;
    let path = format!("/conversations/{id}/messages/{}", id_of(&message));
    clock.advance(1_000);
    let (status, edited) = ask(&ana, Method::PATCH, &path, &json!({ "body": "benar" })).await;
    assert_eq!(status, 200, "{edited}");
    assert_eq!(edited["body"], "benar");
    assert!(edited["edited_at"].is_string());
    assert_eq!(edited["seq"], 1);
    let (_, same) = ask(&ana, Method::PATCH, &path, &json!({ "body": "benar" })).await;
    assert_eq!(same, edited, "nothing changed");
    assert_eq!(ask(&guru, Method::PATCH, &path, &json!({ "body": "x" })).await.0, 404, "the message of the other side");
    assert_eq!(ask(&ana, Method::PATCH, &path, &json!({ "body": "" })).await.0, 422);
    clock.advance(15 * 60_000 - 1_000);
    assert_eq!(ask(&ana, Method::PATCH, &path, &json!({ "body": "paling benar" })).await.0, 200);
    clock.advance(1);
    let (status, problem) = ask(&ana, Method::PATCH, &path, &json!({ "body": "terlambat" })).await;
    assert_eq!(status, 409, "{problem}");
    assert_eq!(problem["code"], "messages.too_late");
    let history = guru.get(&format!("{path}/history")).await;
    let texts: Vec<_> = history["items"].as_array().unwrap().iter().map(|item| item["body"].as_str().unwrap()).collect();
    assert_eq!(texts, ["salah", "benar"]);
    // A client that catches up does not get the old text.
    let missed = guru.get("/sync").await.to_string();
    assert!(missed.contains("paling benar") && !missed.contains("salah"), "{missed}");
    app.stop().await;
}

#[actix_web::test]
async fn a_message_taken_back_leaves_a_tombstone_and_nothing_else() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let id = open(&ana, &guru).await;
    let client_id = new_client_id();
    let (status, message) = send_file(&ana, &id, &client_id, "KATA-RAHASIA", "rapor.pdf", one_page_pdf("rapor")).await;
    assert_eq!(status, 201);
    assert_eq!(stored_files(&app).len(), 1);
    say(&ana, &id, "berikutnya").await;
    let path = format!("/conversations/{id}/messages/{}", id_of(&message));
    ask(&ana, Method::PATCH, &path, &json!({ "body": "KATA-RAHASIA lagi" })).await;
    assert_eq!(ask(&guru, Method::DELETE, &path, &Value::Null).await.0, 404);
    let (status, gone) = ask(&ana, Method::DELETE, &path, &Value::Null).await;
    assert_eq!(status, 200, "{gone}");
    assert_eq!(gone["body"], "");
    assert_eq!(gone["attachment"], Value::Null);
    assert!(gone["deleted_at"].is_string());
    assert_eq!(ask(&ana, Method::DELETE, &path, &Value::Null).await, (200, gone.clone()));
    assert!(stored_files(&app).is_empty());
    assert_eq!(ask(&ana, Method::PATCH, &path, &json!({ "body": "x" })).await.0, 409);
    assert_eq!(ask(&guru, Method::GET, &format!("{path}/link"), &Value::Null).await.0, 404);
    let (status, repeat) = send_file(&ana, &id, &client_id, "KATA-RAHASIA", "rapor.pdf", one_page_pdf("rapor")).await;
    assert_eq!(status, 200);
    assert_eq!(repeat, gone);
    let conversation = format!("/conversations/{id}");
    let history = format!("{path}/history");
    for path in
        ["/sync", "/conversations", &conversation, &format!("{conversation}/messages"), "/conversations/search?query=kata", &history]
    {
        assert!(!guru.get(path).await.to_string().contains("KATA-RAHASIA"), "{path}");
    }
    assert_eq!(bodies(&guru, &id).await, ["", "berikutnya"]);
    app.stop().await;
}

#[actix_web::test]
async fn words_are_found_in_own_conversations_only() {
    let app = TestApp::start().await;
    let (ana, budi) = (app.student("ana").await, app.student("budi").await);
    let (guru, other) = (app.counsellor("guru").await, app.counsellor("guru2").await);
    let (first, second) = (open(&ana, &guru).await, open(&budi, &other).await);
    for number in 1..=3 {
        say(&ana, &first, &format!("Cemas menghadapi UJIAN {number}")).await;
        say(&budi, &second, &format!("Cemas menghadapi ujian {number}")).await;
    }
    let found = ana.get("/conversations/search?query=ujian%20cemas&limit=2").await;
    let texts: Vec<_> = found["items"].as_array().unwrap().iter().map(|item| item["body"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Cemas menghadapi UJIAN 3", "Cemas menghadapi UJIAN 2"]);
    assert_eq!(id_of(&found["items"][0]["conversation"]), first.clone());
    assert_eq!(found["items"][0]["conversation"]["counsellor"]["id"], json!(guru.id));
    let rest = ana.get(&format!("/conversations/search?query=ujian&limit=2&after={}", found["next"].as_str().unwrap())).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    assert_eq!(rest["next"], Value::Null);
    assert_eq!(guru.get("/conversations/search?query=ujian").await["items"].as_array().unwrap().len(), 3);
    guru.post(&format!("/conversations/{first}/transfer"), &json!({ "counsellor_id": other.id, "note": "x" })).await;
    assert_eq!(guru.get("/conversations/search?query=ujian").await["items"], json!([]));
    let both = other.get("/conversations/search?query=ujian").await;
    assert_eq!(both["items"].as_array().unwrap().len(), 6);
    for item in both["items"].as_array().unwrap() {
        assert_eq!(item["conversation_id"], item["conversation"]["id"], "each message with its own conversation");
    }
    assert_eq!(ana.get("/conversations/search?query=%25").await["items"], json!([]));
    assert_eq!(ask(&ana, Method::GET, "/conversations/search?query=", &Value::Null).await.0, 422);
    app.stop().await;
}

#[actix_web::test]
async fn watermarks_rise_and_never_pass_the_newest_message() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let id = open(&ana, &guru).await;
    for number in 1..=4 {
        say(&ana, &id, &format!("pesan {number}")).await;
    }
    let mark = async |kind: &str, seq: i64| guru.post(&format!("/conversations/{id}/{kind}"), &json!({ "seq": seq })).await;
    let marks = |delivered, read, unread| (200, json!({ "delivered_seq": delivered, "read_seq": read, "unread_count": unread }));
    assert_eq!(mark("delivered", 3).await, marks(3, 0, 4));
    assert_eq!(mark("read", 2).await, marks(3, 2, 2));
    assert_eq!(mark("read", 1).await, marks(3, 2, 2));
    assert_eq!(mark("delivered", 0).await, marks(3, 2, 2));
    assert_eq!(mark("read", 99).await, marks(4, 4, 0));
    assert_eq!(mark("read", -1).await.0, 422);
    assert_eq!(ask(&guru, Method::POST, &format!("/conversations/{id}/read"), &json!({ "seq": "4" })).await.0, 422);
    let seen = ana.get(&format!("/conversations/{id}")).await;
    assert_eq!(seen["other"], json!({ "delivered_seq": 4, "read_seq": 4 }));
    assert_eq!(seen["own"]["read_seq"], 0);
    assert_eq!(seen["unread_count"], 0);
    app.stop().await;
}

#[actix_web::test]
async fn files_go_with_messages_and_are_linked_for_members() {
    let app = TestApp::start().await;
    let (ana, guru, other) = (app.student("ana").await, app.counsellor("guru").await, app.counsellor("guru2").await);
    let id = open(&ana, &guru).await;
    let client_id = new_client_id();
    let (status, message) = send_file(&ana, &id, &client_id, "", "C:\\foto\\Rapor \"saya\".PNG", png(2)).await;
    assert_eq!(status, 201, "{message}");
    assert_eq!(message["body"], "", "{message}");
    assert_eq!(message["attachment"], json!({ "name": "Rapor saya.png", "size_bytes": png(2).len(), "content_type": "image/png" }));
    assert_eq!(send_file(&ana, &id, &client_id, "", "lain.png", png(2)).await, (200, message.clone()));
    assert_eq!(send_file(&ana, &id, &client_id, "", "lain.png", png(3)).await.0, 409);
    assert_eq!(stored_files(&app).len(), 1);
    assert_eq!(ana.get("/conversations").await["items"][0]["last_message"]["preview"], "Rapor saya.png");

    let path = format!("/conversations/{id}/messages/{}/link", id_of(&message));
    let link = guru.get(&format!("{path}?disposition=attachment")).await;
    let url = app.url(link["url"].as_str().unwrap());
    let file = app.client().get(&url).send().await.unwrap();
    assert_eq!(file.headers()["content-type"], "image/png");
    assert_eq!(file.headers()["content-disposition"], "attachment; filename=\"Rapor saya.png\"");
    assert_eq!(file.headers()["x-content-type-options"], "nosniff");
    assert_eq!(file.bytes().await.unwrap(), png(2));
    assert_eq!(ask(&guru, Method::GET, &format!("{path}?disposition=x"), &Value::Null).await.0, 422);
    guru.post(&format!("/conversations/{id}/transfer"), &json!({ "counsellor_id": other.id, "note": "x" })).await;
    assert_eq!(ask(&guru, Method::GET, &path, &Value::Null).await.0, 404);
    assert_eq!(ask(&other, Method::GET, &path, &Value::Null).await.0, 200);
    app.stop().await;
}

#[actix_web::test]
async fn files_that_are_not_taken_leave_nothing() {
    let app = TestApp::start().await;
    let (ana, guru, stranger) = (app.student("ana").await, app.counsellor("guru").await, app.student("budi").await);
    let id = open(&ana, &guru).await;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec();
    let tail = [png(2), b"<script>".to_vec()].concat();
    let large = [png(2), vec![0; 10 * 1024 * 1024]].concat();
    for (bytes, status, code) in [
        (svg, 415, "materials.file_type"),
        (b"GIF89a\x01\0\x01\0".to_vec(), 415, "materials.file_type"),
        (png(20_000), 422, "materials.file_unreadable"),
        (tail, 422, "materials.file_unsafe"),
        (large, 413, "materials.file_too_large"),
        (b"%PDF-1.4\nkosong".to_vec(), 422, "materials.file_unreadable"),
        (Vec::new(), 415, "materials.file_type"),
    ] {
        let (answered, problem) = send_file(&ana, &id, &new_client_id(), "lihat", "a.png", bytes).await;
        assert_eq!(answered, status, "{problem}");
        assert_eq!(problem["code"], json!(code), "{problem}");
    }
    assert_eq!(send_file(&stranger, &id, &new_client_id(), "", "a.png", png(2)).await.0, 404);
    let (status, problem) = send_file(&ana, &id, "x", "", "a.png", png(2)).await;
    assert_eq!(status, 422, "{problem}");
    assert_eq!(problem["errors"][0]["field"], "client_id");
    assert!(stored_files(&app).is_empty());
    assert_eq!(std::fs::read_dir(app.folder.path().join("data/tmp")).unwrap().count(), 0);
    assert_eq!(bodies(&ana, &id).await, Vec::<String>::new());
    app.stop().await;
}

#[actix_web::test]
async fn the_sweeper_knows_the_files_of_messages() {
    let app = TestApp::start().await;
    let (ana, guru) = (app.student("ana").await, app.counsellor("guru").await);
    let id = open(&ana, &guru).await;
    assert_eq!(send_file(&ana, &id, &new_client_id(), "", "a.png", png(2)).await.0, 201);
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    let make_old = |path: PathBuf| {
        let file = std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(path).unwrap();
        file.set_modified(old).unwrap();
    };
    let kept = stored_files(&app).remove(0);
    make_old(kept.clone());
    make_old(app.folder.path().join("data/files/chat/files/orphan.png"));
    let swept = sweep::sweep_files(&app.running.context).await.unwrap();
    assert_eq!(swept.objects, 1);
    assert_eq!(stored_files(&app), vec![kept]);
    app.stop().await;
}
