//! What an operator sees when the server cannot start: one line that names the setting, and nothing half done.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};
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
    assert!(started.elapsed() < Duration::from_secs(30), "{settings:?} took {:?}", started.elapsed());
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
