//! Each kind of bad upload gets its documented answer and leaves no row, file or temporary file.

use crate::{
    materials::{stored_files, temporary_files},
    support::{TestApp, TestUser, pdf::one_page_pdf, wait::until},
};
use reqwest::{Method, multipart::Form};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(20);

async fn start() -> (TestApp, TestUser) {
    let app = TestApp::builder().set(|config| config.http.upload_idle_s = 1).start().await;
    let counsellor = app.counsellor("guru").await;
    (app, counsellor)
}

/// Checks that the uploads left no trace, and ends the test.
async fn assert_nothing_left(app: TestApp, counsellor: &TestUser) {
    until("temporary files are gone", async || temporary_files(&app) == 0).await;
    assert!(stored_files(&app).is_empty(), "files are left");
    assert_eq!(counsellor.get("/materials").await["items"], json!([]), "rows are left");
    app.stop().await;
}

/// Opens a connection and sends the head of an upload and `body`.
async fn send_raw(app: &TestApp, user: &TestUser, head: &str, body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(app.running.address).await.unwrap();
    let head = format!("POST /api/v1/materials HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n{head}\r\n\r\n", user.token);
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    stream
}

/// Reads until the server closes the connection; returns the status and the text.
async fn read_to_close(mut stream: TcpStream) -> (u16, String) {
    let mut answer = Vec::new();
    // A reset after the answer counts as a close.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server closes the connection");
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, text)
}

const MULTIPART: &str = "content-type: multipart/form-data; boundary=XX";

fn part(name: &str, value: &str) -> String {
    format!("--XX\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

fn file_head() -> String {
    "--XX\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\ncontent-type: application/pdf\r\n\r\n".to_owned()
}

/// Sends a complete body and returns status and code.
async fn send_whole(app: &TestApp, user: &TestUser, content_type: &str, body: Vec<u8>) -> (u16, String) {
    let request = user.client.post(app.url("/api/v1/materials")).bearer_auth(&user.token).header("content-type", content_type);
    let response = request.body(body).send().await.unwrap();
    let status = response.status().as_u16();
    let problem: Value = response.json().await.unwrap();
    (status, problem["code"].as_str().unwrap_or_default().to_owned())
}

#[actix_web::test]
async fn files_that_are_no_acceptable_pdf_are_refused_by_content() {
    let (app, counsellor) = start().await;
    let good = one_page_pdf("x");
    let with = |from: &str, to: &str| String::from_utf8(good.clone()).unwrap().replace(from, to).into_bytes();
    let catalog = "<< /Type /Catalog /Pages 2 0 R >>";
    let script = with(catalog, "<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>");
    let encrypted = with("/Root 1 0 R >>", "/Root 1 0 R /Encrypt << /Filter /Standard /V 1 /R 2 /O (x) /U (y) /P -4 >> >>");
    for (name, bytes, status, code) in [
        ("text", b"Ini bukan PDF".to_vec(), 415, "materials.file_type"),
        ("empty", Vec::new(), 415, "materials.file_type"),
        ("image", b"\x89PNG\r\n\x1a\n".to_vec(), 415, "materials.file_type"),
        ("gif before", [b"GIF89a".to_vec(), good.clone()].concat(), 415, "materials.file_type"),
        ("zip behind", [good.clone(), b"PK\x03\x04".to_vec()].concat(), 422, "materials.file_unsafe"),
        ("script", script, 422, "materials.file_unsafe"),
        ("encrypted", encrypted, 422, "materials.file_encrypted"),
        ("truncated", good[..good.len() / 2].to_vec(), 422, "materials.file_unreadable"),
    ] {
        let (answered, problem) = counsellor.upload("Coba", bytes).await;
        assert_eq!(answered, status, "{name}");
        assert_eq!(problem["code"], json!(code), "{name}");
    }
    assert_nothing_left(app, &counsellor).await;
}

#[actix_web::test]
async fn texts_are_checked_and_all_errors_reported() {
    let (app, counsellor) = start().await;
    let send = async |form: Form| {
        let response = counsellor.request(Method::POST, "/materials").multipart(form).send().await.unwrap();
        assert_eq!(response.status(), 422);
        let problem: Value = response.json().await.unwrap();
        let errors = problem["errors"].as_array().unwrap().clone();
        errors.iter().map(|error| format!("{} {}", error["field"], error["code"]).replace('"', "")).collect::<Vec<_>>()
    };
    assert_eq!(
        send(Form::new().text("title", "a\u{7}").text("status", "old")).await,
        ["title control_character", "category required", "status unknown_value"]
    );
    assert_eq!(send(Form::new().text("title", "a").text("category", "b")).await, ["body required"]);
    assert_eq!(
        send(Form::new().text("title", "a").text("category", "b").text("body", "c").text("status", "archived")).await,
        ["status unknown_value"]
    );
    assert_eq!(send(Form::new().text("title", "x".repeat(5_000)).text("category", "b")).await, ["title too_long"]);
    assert_eq!(send(Form::new().text("title", "a").text("owner", "b")).await, ["owner unknown_value"]);
    assert_nothing_left(app, &counsellor).await;
}

#[actix_web::test]
async fn broken_forms_are_malformed() {
    let (app, counsellor) = start().await;
    let form = "multipart/form-data; boundary=XX";
    let twice = format!("{}{}--XX--\r\n", part("title", "a"), part("title", "b"));
    let nameless = "--XX\r\ncontent-disposition: form-data\r\n\r\nx\r\n--XX--\r\n";
    let cut = format!("{}{}%PDF-1.7 …", part("title", "a"), file_head());
    for (name, content_type, body, status, code) in [
        ("json", "application/json", "{}", 415, "request.media_type"),
        ("no boundary", "multipart/form-data", "x", 400, "request.malformed"),
        ("other boundary", form, "--YY\r\n\r\n", 400, "request.malformed"),
        ("empty", form, "", 400, "request.malformed"),
        ("field twice", form, &twice, 400, "request.malformed"),
        ("part without a name", form, nameless, 400, "request.malformed"),
        ("cut in the file", form, &cut, 400, "request.malformed"),
    ] {
        let answered = send_whole(&app, &counsellor, content_type, body.as_bytes().to_vec()).await;
        assert_eq!(answered, (status, code.to_owned()), "{name}");
    }
    assert_nothing_left(app, &counsellor).await;
}

#[actix_web::test]
async fn announced_oversize_is_refused_without_reading() {
    let (app, counsellor) = start().await;
    let head = format!("{MULTIPART}\r\ncontent-length: {}", 1_u64 << 30);
    let stream = send_raw(&app, &counsellor, &head, file_head().as_bytes()).await;
    let (status, text) = read_to_close(stream).await;
    assert_eq!(status, 413);
    assert!(text.contains("materials.file_too_large"));
    assert_nothing_left(app, &counsellor).await;
}

#[actix_web::test]
async fn unannounced_oversize_is_cut_off_while_streaming() {
    let (app, counsellor) = start().await;
    let head = format!("{MULTIPART}\r\ntransfer-encoding: chunked");
    let mut stream = send_raw(&app, &counsellor, &head, b"").await;
    let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).into_bytes(), bytes.to_vec(), b"\r\n".to_vec()].concat();
    stream.write_all(&chunk(file_head().as_bytes())).await.unwrap();
    let block = chunk(&vec![b'x'; 256 * 1024]);
    let mut taken_bytes = 0_usize;
    let flood = async {
        while stream.write_all(&block).await.is_ok() {
            taken_bytes += 256 * 1024;
            assert!(taken_bytes < 64 * 1024 * 1024, "the server reads on and on");
        }
    };
    timeout(PATIENCE, flood).await.expect("the server ends the upload");
    assert!(taken_bytes >= 10 * 1024 * 1024);
    assert_nothing_left(app, &counsellor).await;
}

#[actix_web::test]
async fn a_file_just_above_the_limit_gets_its_answer() {
    let (app, counsellor) = start().await;
    let (status, problem) = counsellor.upload("Besar", vec![b'x'; 10 * 1024 * 1024 + 1]).await;
    assert_eq!(status, 413, "{problem}");
    assert_eq!(problem["code"], "materials.file_too_large");
    assert_nothing_left(app, &counsellor).await;
}

#[actix_web::test]
async fn a_silent_upload_is_ended_with_408() {
    let (app, counsellor) = start().await;
    let head = format!("{MULTIPART}\r\ncontent-length: 100000");
    let stream = send_raw(&app, &counsellor, &head, format!("{}{}%PDF-", part("title", "a"), file_head()).as_bytes()).await;
    let (status, text) = read_to_close(stream).await;
    assert_eq!(status, 408);
    assert!(text.contains("request.timeout"));
    assert_nothing_left(app, &counsellor).await;
}

#[actix_web::test]
async fn an_upload_that_drips_is_ended_by_its_total_time() {
    let app = TestApp::builder().set(|config| config.http.upload_total_s = 2).start().await;
    let counsellor = app.counsellor("guru").await;
    let head = format!("{MULTIPART}\r\ncontent-length: 100000");
    let stream = send_raw(&app, &counsellor, &head, file_head().as_bytes()).await;
    let (mut reader, mut writer) = stream.into_split();
    let drip = async {
        while writer.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let mut answer = Vec::new();
    let read = async { timeout(PATIENCE, reader.read_to_end(&mut answer)).await.expect("the server closes the connection") };
    tokio::select! { () = drip => {}, _ = read => {} }
    assert!(String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 408"), "{}", String::from_utf8_lossy(&answer));
    assert_nothing_left(app, &counsellor).await;
}

#[actix_web::test]
async fn a_client_that_leaves_in_mid_upload_leaves_nothing() {
    let (app, counsellor) = start().await;
    let head = format!("{MULTIPART}\r\ncontent-length: 5000000");
    let stream = send_raw(&app, &counsellor, &head, &[file_head().into_bytes(), vec![b'x'; 500_000]].concat()).await;
    until("the upload has begun", async || temporary_files(&app) == 1).await;
    drop(stream);
    assert_nothing_left(app, &counsellor).await;
}
