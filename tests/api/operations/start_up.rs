//! A server that cannot start tells the operator so in one line that names the setting, and leaves
//! nothing half done.

use crate::support::app::TestAppBuilder;
use std::{
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use std::{path::Path, sync::Arc};
use tempfile::TempDir;

/// Runs `educounsel serve` with settings that are wrong and returns the one line it ends with.
fn refusal(settings: &[&str]) -> String {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_educounsel"));
    command.env_clear().env("RUST_BACKTRACE", "1").current_dir(folder.path()).args(["serve", "--log-format", "json"]);
    command.args(["--set", "http.bind=127.0.0.1:0"]).args(settings.iter().flat_map(|setting| ["--set", setting]));
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{settings:?}: {err}");
    // A database that refuses is tried for 10 s; the rest allows for a busy machine.
    assert!(started.elapsed() < Duration::from_secs(60), "{settings:?} took {:?}", started.elapsed());
    assert_eq!(out, "", "{settings:?}");
    assert_eq!(err.lines().count(), 1, "{settings:?} says more than one line:\n{err}");
    err.strip_prefix("educounsel: ").unwrap_or_else(|| panic!("{err}")).trim_end().to_owned()
}

#[test]
fn half_configured_backends_are_refused_before_anything_is_made() {
    assert_eq!(refusal(&["s3.bucket=files"]), "settings: s3.region: required, because other s3 settings are set");
    assert_eq!(refusal(&["http.tls_key=k.pem"]), "settings: http.tls_certificate: required, because http.tls_key is set");
    assert_eq!(refusal(&["redis.url=localhost:6379"]), "settings: redis.url: must begin with redis:// or rediss://");
    assert_eq!(refusal(&["log.batch=many"]), "settings: log.batch: must be a whole number, 0 or more");
    assert_eq!(refusal(&["nothing=1"]), "settings: nothing: names no setting; `educounsel config print` lists all");
}

#[test]
fn a_backend_that_is_not_there_is_named_by_its_setting() {
    let line = refusal(&["redis.url=redis://127.0.0.1:1"]);
    assert!(line.starts_with("redis.url: redis: ") && line.contains("refused"), "{line}");
    let line = refusal(&["database.url=mysql://root:geheim@127.0.0.1:1/school"]);
    assert!(line.starts_with("database.url: database: ") && line.contains("refused") && !line.contains("geheim"), "{line}");
    let line = refusal(&["database.url=sqlite:///proc/nowhere/school.db"]);
    assert!(line.starts_with("database.url: "), "{line}");
    let line = refusal(&["data_dir=/proc/nowhere"]);
    assert!(line.starts_with("data_dir /proc/nowhere: "), "{line}");
}

#[test]
fn an_address_or_a_certificate_that_cannot_be_used_is_named_by_its_setting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let line = refusal(&[&format!("http.bind={address}")]);
    assert!(line.starts_with(&format!("http.bind {address}: ")), "{line}");
    let line = refusal(&["http.tls_certificate=none.pem", "http.tls_key=none.pem"]);
    assert!(line.starts_with("http.tls_certificate: "), "{line}");
}

#[actix_web::test]
async fn demo_accounts_with_the_published_password_never_face_a_network() {
    let folder = Arc::new(TempDir::new().unwrap());
    TestAppBuilder::in_folder(folder.clone()).demo().start().await.stop().await;
    let on_network = || TestAppBuilder::in_folder(folder.clone()).set(|config| config.http.bind = "0.0.0.0:0".into());
    let line = on_network().try_start().await.err().expect("refused without --demo");
    assert!(line.starts_with("24 demo accounts (admin, …) accept the published password, and 0.0.0.0:"), "{line}");
    let line = on_network().demo().try_start().await.err().expect("refused with --demo");
    assert!(line.starts_with("--demo listens on loopback only"), "{line}");

    let own = on_network().set(|config| config.demo.password = "kuda laut biru".into()).demo().start().await;
    own.sign_in("siswa1", "kuda laut biru").await;
    own.stop().await;
    let without = on_network().start().await;
    without.sign_in("guru1", "kuda laut biru").await;
    without.stop().await;
}

#[actix_web::test]
async fn a_new_demo_password_reaches_the_demo_accounts_and_nobody_else() {
    let folder = Arc::new(TempDir::new().unwrap());
    let first = TestAppBuilder::in_folder(folder.clone()).demo().start().await;
    let (student, own) = (first.sign_in("siswa1", "rahasia-demo").await, first.student("ana").await);
    let admin = first.sign_in("admin", "rahasia-demo").await;
    let renamed = first.sign_in("siswa2", "rahasia-demo").await;
    let rename = admin.request(reqwest::Method::PATCH, &format!("/admin/users/{}", renamed.id));
    assert_eq!(rename.json(&serde_json::json!({ "name": "Siswa Sungguhan" })).send().await.unwrap().status(), 200);
    first.stop().await;

    let again = TestAppBuilder::in_folder(folder).set(|config| config.demo.password = "kuda laut biru".into()).demo().start().await;
    let status = async |user: &crate::support::TestUser| {
        user.on(&again.at()).request(reqwest::Method::GET, "/auth/me").send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(&student).await, 401);
    assert_eq!(status(&own).await, 200);
    assert_eq!(status(&renamed).await, 200);
    again.sign_in("siswa1", "kuda laut biru").await;
    again.sign_in("siswa2", "rahasia-demo").await;
    again.stop().await;
}

#[actix_web::test]
async fn only_the_service_itself_may_read_the_data_folder_and_the_database() {
    let folder = Arc::new(TempDir::new().unwrap());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let data = folder.path().join("data");
    let app = TestAppBuilder::in_folder(folder.clone()).start().await;
    assert_eq!(mode(&data), 0o700);
    for ending in ["", "-wal", "-shm"] {
        assert_eq!(mode(&data.join(format!("educounsel.db{ending}"))), 0o600, "{ending}");
    }
    app.stop().await;

    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(data.join("educounsel.db"), std::fs::Permissions::from_mode(0o644)).unwrap();
    TestAppBuilder::in_folder(folder.clone()).start().await.stop().await;
    assert_eq!(mode(&data), 0o750, "what an earlier version left open");
    assert_eq!(mode(&data.join("educounsel.db")), 0o640, "what an earlier version left open");
}
