//! Materials over HTTP: the right users see them, readings are counted, and files are linked and
//! served.

use crate::support::{TestApp, TestUser, app::TestAppBuilder, pdf::one_page_pdf, wait::until};
use educounsel::{domain::clock::Clock, services::files::sweep};
use reqwest::{
    Method, Response,
    header::{self, HeaderMap},
};
use serde_json::{Value, json};
use std::path::PathBuf;

fn id(material: &Value) -> &str {
    material["id"].as_str().unwrap()
}

/// Returns the files that are stored.
pub fn stored_files(app: &TestApp) -> Vec<PathBuf> {
    let folder = app.folder.path().join("data/files/materi/files");
    std::fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
}

/// Returns how many uploads wait in the folder for temporary files.
pub fn temporary_files(app: &TestApp) -> usize {
    std::fs::read_dir(app.folder.path().join("data/tmp")).map_or(0, Iterator::count)
}

async fn send_json(user: &TestUser, method: Method, path: &str, body: Value) -> (u16, Value) {
    let response = user.request(method, path).json(&body).send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
}

async fn upload_text(user: &TestUser, title: &str, status: &str) -> Value {
    let form = reqwest::multipart::Form::new();
    let form =
        form.text("status", status.to_owned()).text("body", "Isi materi.").text("category", "Karier").text("title", title.to_owned());
    let response = user.request(Method::POST, "/materials").multipart(form).send().await.unwrap();
    assert_eq!(response.status(), 201);
    response.json().await.unwrap()
}

async fn get_with(app: &TestApp, path: &str, headers: &[(header::HeaderName, &str)]) -> Response {
    let request = headers.iter().fold(app.client().get(app.url(path)), |request, (name, value)| request.header(name, *value));
    request.send().await.unwrap()
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[actix_web::test]
async fn an_upload_is_stored_listed_and_counted() {
    let app = TestApp::start().await;
    let (counsellor, student) = (app.counsellor("guru").await, app.student("ana").await);
    let made = counsellor.upload_pdf("Mengatur waktu").await;
    assert_eq!(made["status"], "active");
    assert_eq!(made["file"]["name"], "materi.pdf");
    assert_eq!(made["views"], 0);
    assert_eq!(made["file"]["content_type"], "application/pdf");
    assert_eq!(stored_files(&app).len(), 1);
    assert_eq!(temporary_files(&app), 0);

    let list = student.get("/materials?query=WAKTU").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["next"], Value::Null);
    assert_eq!(list["categories"], json!(["Belajar"]));
    assert_eq!(list["items"][0]["views"], Value::Null);
    assert_eq!(list["items"][0]["body"], Value::Null);
    student.get(&format!("/materials/{}", id(&made))).await;
    student.get(&format!("/materials/{}/link?disposition=attachment", id(&made))).await;
    student.get(&format!("/materials/{}/link", id(&made))).await;
    // A `HEAD` request counts neither as a reading nor as a download.
    for path in [format!("/materials/{}", id(&made)), format!("/materials/{}/link?disposition=attachment", id(&made))] {
        assert_eq!(student.request(Method::HEAD, &path).send().await.unwrap().status(), 200);
    }
    let read = counsellor.get(&format!("/materials/{}", id(&made))).await;
    assert_eq!(read["views"], 1);
    assert_eq!(read["downloads"], 1);
    assert_eq!(read["body"], "");
    app.stop().await;
}

#[actix_web::test]
async fn lists_are_paged_newest_first() {
    let app = TestApp::start().await;
    let counsellor = app.counsellor("guru").await;
    for number in 0..5 {
        upload_text(&counsellor, &format!("Materi {number}"), "draft").await;
    }
    let mut seen = Vec::new();
    let mut path = "/materials?limit=2".to_owned();
    loop {
        let page = counsellor.get(&path).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/materials?limit=2&after={next}");
    }
    assert_eq!(seen, ["Materi 4", "Materi 3", "Materi 2", "Materi 1", "Materi 0"]);
    app.stop().await;
}

#[actix_web::test]
async fn students_see_active_materials_only_and_hear_of_a_draft_when_it_is_published() {
    let app = TestApp::start().await;
    let (counsellor, student) = (app.counsellor("guru").await, app.student("ana").await);
    let draft = upload_text(&counsellor, "Rahasia", "draft").await;
    let path = format!("/materials/{}", id(&draft));
    assert_eq!(student.get("/materials").await["items"], json!([]));
    assert_eq!(student.get("/materials?status=draft").await["items"], json!([]));
    for hidden in [path.clone(), format!("{path}/link")] {
        assert_eq!(student.request(Method::GET, &hidden).send().await.unwrap().status(), 404);
    }
    assert_eq!(student.get("/notices").await["unread_count"], 0);

    let (status, published) = send_json(&counsellor, Method::PATCH, &path, json!({"status": "active"})).await;
    assert_eq!(status, 200);
    assert!(published["published_at"].is_string());
    send_json(&counsellor, Method::PATCH, &path, json!({"status": "archived"})).await;
    assert_eq!(student.get("/materials").await["items"], json!([]));
    send_json(&counsellor, Method::PATCH, &path, json!({"status": "active"})).await;
    assert_eq!(student.get("/materials").await["items"].as_array().unwrap().len(), 1);
    assert_eq!(student.get("/notices").await["unread_count"], 1);
    app.stop().await;
}

#[actix_web::test]
async fn students_may_not_write() {
    let app = TestApp::start().await;
    let (counsellor, student) = (app.counsellor("guru").await, app.student("ana").await);
    let material = counsellor.upload_pdf("Milik guru").await;
    let path = format!("/materials/{}", id(&material));
    assert_eq!(student.upload("Coba", one_page_pdf("x")).await.0, 403);
    assert_eq!(send_json(&student, Method::PATCH, &path, json!({"title": "x"})).await.0, 403);
    assert_eq!(student.request(Method::DELETE, &path).send().await.unwrap().status(), 403);
    assert_eq!(stored_files(&app).len(), 1);
    app.stop().await;
}

#[actix_web::test]
async fn unknown_ids_and_bad_edits_have_their_codes() {
    let app = TestApp::start().await;
    let counsellor = app.counsellor("guru").await;
    let unknown = "0197f0c0-0000-7000-8000-000000000000";
    for path in [format!("/materials/{unknown}"), "/materials/1".to_owned(), format!("/materials/{unknown}/link")] {
        assert_eq!(counsellor.request(Method::GET, &path).send().await.unwrap().status(), 404, "{path}");
    }
    assert_eq!(counsellor.request(Method::DELETE, &format!("/materials/{unknown}")).send().await.unwrap().status(), 404);
    for query in ["limit=x", "limit=0", "limit=101", "after=x", "status=old"] {
        assert_eq!(counsellor.request(Method::GET, &format!("/materials?{query}")).send().await.unwrap().status(), 422, "{query}");
    }
    let material = upload_text(&counsellor, "Judul", "active").await;
    let path = format!("/materials/{}", id(&material));
    for (change, code) in [
        (json!({"title": "a\u{7}b"}), "control_character"),
        (json!({"title": ""}), "required"),
        (json!({"title": "x".repeat(161)}), "too_long"),
        (json!({"status": "gone"}), "unknown_value"),
        (json!({"title": 5}), "type"),
        (json!({"body": ""}), "required"),
        (json!({"title": null}), "type"),
        (json!({"category": null}), "type"),
        (json!({"body": null}), "type"),
        (json!({"status": null}), "type"),
    ] {
        let (status, problem) = send_json(&counsellor, Method::PATCH, &path, change.clone()).await;
        assert_eq!(status, 422, "{change}");
        assert_eq!(problem["errors"][0]["code"], json!(code), "{change}");
    }
    app.stop().await;
}

#[actix_web::test]
async fn deleting_takes_the_row_and_the_file() {
    let app = TestApp::start().await;
    let counsellor = app.counsellor("guru").await;
    let material = counsellor.upload_pdf("Sementara").await;
    let path = format!("/materials/{}", id(&material));
    let link = counsellor.get(&format!("{path}/link")).await;
    assert_eq!(counsellor.request(Method::DELETE, &path).send().await.unwrap().status(), 204);
    assert_eq!(counsellor.request(Method::GET, &path).send().await.unwrap().status(), 404);
    assert!(stored_files(&app).is_empty());
    assert_eq!(get_with(&app, link["url"].as_str().unwrap(), &[]).await.status(), 404);
    app.stop().await;
}

#[actix_web::test]
async fn a_signed_link_serves_bytes_ranges_and_validators() {
    let app = TestApp::start().await;
    let counsellor = app.counsellor("guru").await;
    let pdf = one_page_pdf("Halo");
    let (_, material) = counsellor.upload("Halo", pdf.clone()).await;
    let link = counsellor.get(&format!("/materials/{}/link?disposition=attachment", id(&material))).await;
    let url = link["url"].as_str().unwrap();

    let whole = get_with(&app, url, &[(header::ACCEPT_ENCODING, "gzip")]).await;
    let headers = whole.headers().clone();
    assert_eq!(whole.status().as_u16(), 200);
    assert_eq!(whole.bytes().await.unwrap().to_vec(), pdf.clone());
    assert_eq!(text(&headers, header::CONTENT_TYPE), "application/pdf");
    assert_eq!(text(&headers, header::CONTENT_DISPOSITION), "attachment; filename=\"materi.pdf\"");
    assert_eq!(text(&headers, header::CACHE_CONTROL), "private, max-age=604800, immutable");
    assert_eq!(text(&headers, header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    assert_eq!(text(&headers, header::ACCEPT_RANGES), "bytes");
    assert!(matches!(text(&headers, header::CONTENT_ENCODING), "" | "identity"));
    let tag = text(&headers, header::ETAG);

    let part = get_with(&app, url, &[(header::RANGE, "bytes=5-9")]).await;
    assert_eq!(part.status().as_u16(), 206);
    assert_eq!(text(part.headers(), header::CONTENT_RANGE), &*format!("bytes 5-9/{}", pdf.len()));
    assert_eq!(part.bytes().await.unwrap(), pdf[5..10]);
    let behind = get_with(&app, url, &[(header::RANGE, "bytes=9999999-")]).await;
    assert_eq!(behind.status().as_u16(), 416);
    assert_eq!(text(behind.headers(), header::CONTENT_RANGE), &*format!("bytes */{}", pdf.len()));
    let known = get_with(&app, url, &[(header::IF_NONE_MATCH, tag)]).await;
    assert_eq!(known.status().as_u16(), 304);
    assert_eq!(known.bytes().await.unwrap().len(), 0);
    let same = get_with(&app, url, &[(header::RANGE, "bytes=0-0"), (header::IF_RANGE, tag)]).await;
    assert_eq!(same.status(), 206);
    let other = get_with(&app, url, &[(header::RANGE, "bytes=0-0"), (header::IF_RANGE, "\"other\"")]).await;
    assert_eq!(other.status().as_u16(), 200);
    assert_eq!(other.bytes().await.unwrap().len(), pdf.len());
    let head = app.client().head(app.url(url)).send().await.unwrap();
    assert_eq!(head.status().as_u16(), 200);
    assert_eq!(text(head.headers(), header::CONTENT_LENGTH), &*pdf.len().to_string());
    app.stop().await;
}

#[actix_web::test]
async fn tampered_and_expired_links_are_unknown() {
    let clock = Clock::manual(1_780_000_000_000);
    let app = TestApp::builder().clock(clock.clone()).start().await;
    let counsellor = app.counsellor("guru").await;
    let material = counsellor.upload_pdf("Halo").await;
    let link = counsellor.get(&format!("/materials/{}/link", id(&material))).await;
    let url = link["url"].as_str().unwrap();
    let status = async |url: String| get_with(&app, &url, &[]).await.status().as_u16();
    assert_eq!(status(url.to_owned()).await, 200);
    for forged in [
        url.replace("disposition=inline", "disposition=attachment"),
        url.replace("expires=1", "expires=2"),
        url.replace("name=materi.pdf", "name=lain.pdf"),
        url.replace("/files/materi", "/files/../files/materi"),
        url.split('&').next().unwrap().to_owned(),
        "/files/materi/files/x.pdf".to_owned(),
        "/files/..%2f..%2feducounsel.db".to_owned(),
        format!("{url}&signature=x"),
    ] {
        let expected = if forged.contains("/../") { vec![200, 404] } else { vec![404] };
        assert!(expected.contains(&status(forged.clone()).await), "{forged}");
    }
    clock.advance(3_600_000);
    assert_eq!(status(url.to_owned()).await, 404);
    app.stop().await;
}

#[actix_web::test]
async fn a_repeated_upload_under_one_key_is_one_material() {
    let app = TestApp::start().await;
    let counsellor = app.counsellor("guru").await;
    let send = async |title: &str| {
        let file = reqwest::multipart::Part::bytes(one_page_pdf("sama")).file_name("a.pdf");
        let form = reqwest::multipart::Form::new().text("title", title.to_owned()).text("category", "Belajar").part("file", file);
        let request = counsellor.request(Method::POST, "/materials").header("idempotency-key", "k-1");
        let response = request.multipart(form).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let first = send("Satu").await;
    let repeat = send("Satu").await;
    assert_eq!(first.0, 201);
    assert_eq!(repeat.0, 201);
    assert_eq!(first.1["id"], repeat.1["id"]);
    let (status, problem) = send("Dua").await;
    assert_eq!(status, 422, "{problem}");
    assert_eq!(problem["code"], "idempotency.key_reused");
    assert_eq!(stored_files(&app).len(), 1);
    assert_eq!(temporary_files(&app), 0);
    app.stop().await;
}

#[actix_web::test]
async fn objects_without_a_row_and_old_temporary_files_are_swept() {
    let app = TestApp::start().await;
    let counsellor = app.counsellor("guru").await;
    counsellor.upload_pdf("Tetap").await;
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    let make_old = |path: PathBuf| {
        let file = std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(path).unwrap();
        file.set_modified(old).unwrap();
    };
    until("the files are marked", async || sweep::claim_files(&app.running.context).await.unwrap()).await;
    make_old(stored_files(&app).remove(0));
    let data = app.folder.path().join("data");
    make_old(data.join("files/materi/files/orphan.pdf"));
    make_old(data.join("tmp/upload-dead"));
    std::fs::write(data.join("files/materi/files/fresh.pdf"), b"x").unwrap();
    let swept = sweep::sweep_files(&app.running.context).await.unwrap();
    assert_eq!(swept.objects, 1);
    assert_eq!(swept.temporary_files, 1);
    assert_eq!(stored_files(&app).len(), 2);
    assert_eq!(temporary_files(&app), 0);
    app.stop().await;
}

/// The same folder with another database, as after one wrong line in the settings.
#[actix_web::test]
async fn a_server_with_another_database_sweeps_no_file_and_the_right_one_still_does() {
    let app = TestApp::start().await;
    app.counsellor("guru").await.upload_pdf("Tetap").await;
    until("the files are marked", async || sweep::claim_files(&app.running.context).await.unwrap()).await;
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    let file = stored_files(&app).remove(0);
    std::fs::File::open(&file).unwrap().set_modified(old).unwrap();
    let folder = app.folder.clone();
    app.stop().await;
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("other.db").display());
    let other = TestAppBuilder::in_folder(folder.clone()).set(|config| config.database.url = url).start().await;
    assert!(!sweep::claim_files(&other.running.context).await.unwrap());
    assert_eq!(sweep::sweep_files(&other.running.context).await.unwrap().objects, 0);
    assert!(file.exists());
    other.stop().await;
    std::fs::File::create(file.with_file_name("orphan.pdf")).unwrap().set_modified(old).unwrap();
    let right = TestAppBuilder::in_folder(folder).start().await;
    assert_eq!(sweep::sweep_files(&right.running.context).await.unwrap().objects, 1);
    assert!(file.exists());
    right.stop().await;
}

#[actix_web::test]
async fn files_without_a_mark_are_swept_only_when_the_database_knows_all_of_them() {
    let app = TestApp::start().await;
    let (context, data) = (&app.running.context, app.folder.path().join("data/files"));
    app.counsellor("guru").await.upload_pdf("Tetap").await;
    until("the files are marked", async || sweep::claim_files(context).await.unwrap()).await;
    std::fs::remove_dir_all(data.join("installation")).unwrap();
    let orphan = data.join("materi/files/orphan.pdf");
    std::fs::write(&orphan, b"x").unwrap();
    assert!(!sweep::claim_files(context).await.unwrap());
    std::fs::remove_file(&orphan).unwrap();
    assert!(sweep::claim_files(context).await.unwrap());
    app.stop().await;
}

/// A second installation at the school's bucket, or an empty database, must not delete the school's
/// files.
#[actix_web::test]
async fn files_of_another_installation_are_not_swept() {
    let app = TestApp::start().await;
    app.counsellor("guru").await.upload_pdf("Tetap").await;
    until("the files are marked", async || sweep::claim_files(&app.running.context).await.unwrap()).await;
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    for number in 0..21 {
        let path = app.folder.path().join(format!("data/files/materi/files/foreign-{number}.pdf"));
        std::fs::File::create(path).unwrap().set_modified(old).unwrap();
    }
    let swept = sweep::sweep_files(&app.running.context).await.unwrap();
    assert_eq!(swept.objects, 0);
    assert_eq!(stored_files(&app).len(), 22);
    app.stop().await;
}

#[actix_web::test]
async fn the_demo_school_is_made_once_and_is_alive() {
    let app = TestApp::builder().demo().start().await;
    let student = app.sign_in("siswa1", "rahasia-demo").await;
    let counsellor = app.sign_in("guru1", "rahasia-demo").await;
    let materials = counsellor.get("/materials?limit=100").await;
    assert_eq!(materials["items"].as_array().unwrap().len(), 12);
    let views: i64 = materials["items"].as_array().unwrap().iter().map(|item| item["views"].as_i64().unwrap()).sum();
    assert!(views > 50, "{views}");
    assert!(student.get("/notices").await["unread_count"].as_i64().unwrap() >= 2);
    let first = &student.get("/materials").await["items"][0];
    let link = student.get(&format!("/materials/{}/link", id(first))).await;
    let pdf = get_with(&app, link["url"].as_str().unwrap(), &[]).await.bytes().await.unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    let folder = app.folder.clone();
    app.stop().await;
    let again = TestAppBuilder::in_folder(folder).demo().start().await;
    assert_eq!(stored_files(&again).len(), 12);
    until("nothing waits", async || temporary_files(&again) == 0).await;
    again.stop().await;
}
