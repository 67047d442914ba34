//! A client that left before the answer to its upload can ask for the outcome: with the same
//! request, without a body.

use crate::{
    materials::{stored_files, temporary_files},
    support::{TestApp, TestUser, pdf::one_page_pdf, wait::until},
};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const KEY: &str = "5f6a9a54-64a5-4a3c-9d0a-0d6d1c1f3a11";

/// Returns the body of an upload.
fn upload_body() -> Vec<u8> {
    let part = |head: &str| format!("--XX\r\ncontent-disposition: form-data; {head}\r\n\r\n");
    let texts = format!("{}Berjalan\r\n{}Belajar\r\n", part("name=\"title\""), part("name=\"category\""));
    let mut body = format!("{texts}{}", part("name=\"file\"; filename=\"a.pdf\"")).into_bytes();
    body.extend_from_slice(&one_page_pdf("jalan"));
    body.extend_from_slice(b"\r\n--XX--\r\n");
    body
}

/// Opens a connection and sends all of an upload but its last `held_back` bytes, which it returns.
async fn begin_upload(app: &TestApp, user: &TestUser, held_back: usize) -> (TcpStream, Vec<u8>) {
    let mut body = upload_body();
    let head = [
        "POST /api/v1/materials HTTP/1.1".to_owned(),
        "host: localhost".to_owned(),
        format!("authorization: Bearer {}", user.token),
        format!("idempotency-key: {KEY}"),
        format!("content-length: {}", body.len()),
        "content-type: multipart/form-data; boundary=XX\r\n\r\n".to_owned(),
    ];
    let rest = body.split_off(body.len() - held_back);
    let mut stream = TcpStream::connect(app.running.address).await.unwrap();
    stream.write_all(head.join("\r\n").as_bytes()).await.unwrap();
    stream.write_all(&body).await.unwrap();
    (stream, rest)
}

/// Asks for the outcome of the upload.
async fn ask(user: &TestUser) -> (u16, Value) {
    let response =
        user.request(Method::POST, "/materials").header("idempotency-key", KEY).header("content-length", "0").send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// Asks until the outcome is known.
async fn ask_until_settled(user: &TestUser) -> (u16, Value) {
    until("the upload is settled", async || ask(user).await.0 != 409).await;
    ask(user).await
}

async fn titles(user: &TestUser) -> Vec<Value> {
    user.get("/materials").await["items"].as_array().unwrap().iter().map(|material| material["title"].clone()).collect()
}

#[actix_web::test]
async fn whoever_left_before_the_answer_hears_that_it_was_too_late() {
    let app = TestApp::start().await;
    let counsellor = app.counsellor("guru").await;
    let (stream, _) = begin_upload(&app, &counsellor, 0).await;
    until("the material is stored", async || titles(&counsellor).await == [json!("Berjalan")]).await;
    drop(stream);

    let (status, material) = ask_until_settled(&counsellor).await;
    assert_eq!(status, 201, "{material}");
    assert_eq!(material["title"], "Berjalan");
    counsellor.request(Method::DELETE, &format!("/materials/{}", material["id"].as_str().unwrap())).send().await.unwrap();
    assert_eq!(titles(&counsellor).await.len(), 0);
    assert_eq!(stored_files(&app).len(), 0);
    app.stop().await;
}

#[actix_web::test]
async fn whoever_left_in_the_middle_hears_that_nothing_is_stored() {
    let app = TestApp::start().await;
    let counsellor = app.counsellor("guru").await;
    let (stream, _) = begin_upload(&app, &counsellor, 40).await;
    until("the file arrives", async || temporary_files(&app) == 1).await;
    drop(stream);

    for time in ["the first time", "asked again"] {
        let (status, problem) = ask(&counsellor).await;
        assert_eq!(status, 422, "{time}");
        assert_eq!(problem["code"], "validation", "{time}");
    }
    until("temporary files are gone", async || temporary_files(&app) == 0).await;
    assert_eq!(titles(&counsellor).await.len(), 0);
    assert_eq!(stored_files(&app).len(), 0);
    app.stop().await;
}

/// The question arrives before the end of the upload.
#[actix_web::test]
async fn what_arrives_after_the_question_is_refused() {
    let app = TestApp::start().await;
    let counsellor = app.counsellor("guru").await;
    let (mut stream, rest) = begin_upload(&app, &counsellor, 40).await;
    until("the file arrives", async || temporary_files(&app) == 1).await;
    assert_eq!(ask(&counsellor).await.0, 422);

    stream.write_all(&rest).await.unwrap();
    let mut answer = vec![0; 4_096];
    let length = stream.read(&mut answer).await.unwrap();
    let text = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(text.starts_with("HTTP/1.1 422") && text.contains("idempotency.key_reused"), "{text}");
    assert_eq!(titles(&counsellor).await.len(), 0);
    assert_eq!(stored_files(&app).len(), 0);
    app.stop().await;
}

#[actix_web::test]
async fn what_is_under_way_is_not_settled_yet_and_other_peoples_keys_are_not_told() {
    let app = TestApp::start().await;
    let (counsellor, other) = (app.counsellor("guru").await, app.counsellor("guru2").await);
    let store = &app.running.context.store;
    let user = counsellor.id.parse().unwrap();
    store.reserve_idempotency(user, KEY, "somebody's upload", app.running.context.clock.now_ms()).await.unwrap();
    let (status, problem) = ask(&counsellor).await;
    assert_eq!(status, 409, "{problem}");
    assert_eq!(problem["code"], "conflict");
    assert_eq!(ask(&other).await.0, 422);

    store.finish_idempotency(user, KEY, 201, "{\"id\":\"x\"}").await.unwrap();
    assert_eq!(ask(&counsellor).await, (201, json!({ "id": "x" })));
    assert_eq!(ask(&app.student("ana").await).await.0, 403);
    app.stop().await;
}

#[actix_web::test]
async fn a_request_without_body_and_key_asks_nothing() {
    let app = TestApp::start().await;
    let counsellor = app.counsellor("guru").await;
    let response = counsellor.request(Method::POST, "/materials").header("content-length", "0").send().await.unwrap();
    assert_eq!(response.status(), 415);
    app.stop().await;
}
