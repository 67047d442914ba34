//! Autobahn|Testsuite against both transports: a hostile client that knows RFC 6455 by heart. It
//! talks to an app that gives every message back; the frames go through the same readers, sessions
//! and queues as all others.

// A release build has no app that gives messages back.
#![cfg(debug_assertions)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends; so do its set-up functions")]

#[path = "../support/mod.rs"]
mod support;

use serde_json::{Value, json};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};
use support::{TestApp, app::TestTransport, user::ServerAddress, wait::until_within};
use tokio::{io::copy_bidirectional, net::TcpListener};

/// All but compression (12, 13), which this server does not offer.
const CASES: [&str; 9] = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"];
/// How many these are in version 25.10.1.
const CASE_COUNT: usize = 301;
/// Largest message of the cases about limits.
const LARGEST: usize = 16 * 1024 * 1024;
/// Far above what both transports need on a busy machine.
const PATIENCE: Duration = Duration::from_secs(900);

#[actix_web::test]
async fn autobahns_fuzzing_client_finds_nothing_on_the_raw_transport() {
    fuzz(TestTransport::Raw, "raw").await;
}

#[actix_web::test]
async fn autobahns_fuzzing_client_finds_nothing_on_the_context_transport() {
    fuzz(TestTransport::Context, "context").await;
}

async fn fuzz(transport: TestTransport, agent: &str) {
    let app = TestApp::builder().set(open_limits).echo().transport(transport).start().await;
    let port = tunnel_to(app.at()).await;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("autobahn").join(agent);
    // Reports of an earlier run, if there are any.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let began = Instant::now();
    let report = run_client(&folder, agent, port).await;
    print_summary(agent, &report, began.elapsed());
    let failed: Vec<_> = report.iter().filter(|(_, case)| !is_pass(case)).collect();
    assert!(failed.is_empty(), "{agent}, reports in {}: {failed:#?}", folder.display());
    assert_eq!(report.len(), CASE_COUNT, "cases of {agent}");
    app.running.stop().await;
}

fn open_limits(config: &mut educounsel::config::Config) {
    config.realtime.max_frame_bytes = LARGEST;
    config.realtime.outbound_limit_bytes = 4 * LARGEST;
}

/// Says whether a case went well, and its close too. `INFORMATIONAL`: RFC 6455 leaves the choice to
/// the server. `FAILED BY CLIENT`: the close came and was the right one, but TCP lived on for half
/// a second; behind TLS it is actix that reads for a second what the client may still send.
fn is_pass(case: &Value) -> bool {
    let behaves = matches!(case["behavior"].as_str(), Some("OK" | "NON-STRICT" | "INFORMATIONAL"));
    behaves && matches!(case["behaviorClose"].as_str(), Some("OK" | "INFORMATIONAL" | "FAILED BY CLIENT"))
}

/// Listens on plain TCP in front of a server that may speak TLS: the client's Python cannot.
async fn tunnel_to(server: ServerAddress) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    actix_web::rt::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            client.set_nodelay(true).unwrap();
            let mut stream = server.open().await.unwrap();
            // Ends with an error whenever a case ends without a handshake.
            actix_web::rt::spawn(async move { copy_bidirectional(&mut client, &mut stream).await.ok() });
        }
    });
    port
}

/// Runs the fuzzing client and returns its report: what it says of each case.
async fn run_client(folder: &Path, agent: &str, port: u16) -> BTreeMap<String, Value> {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("test-tools/autobahn");
    let python = tools.join("python2.7");
    assert!(python.exists(), "Autobahn|Testsuite is missing: scripts/install-autobahn brings it");
    let reports = folder.join("reports");
    let spec = json!({
        "outdir": reports,
        "servers": [{ "agent": agent, "url": format!("ws://127.0.0.1:{port}/app/echo?protocol=7") }],
        "cases": CASES,
        "exclude-cases": [],
        "exclude-agent-cases": {},
        "options": { "serverConnectionDropTimeout": 10, "closeHandshakeTimeout": 10, "openHandshakeTimeout": 30 },
    });
    let spec_file = folder.join("spec.json");
    std::fs::write(&spec_file, spec.to_string()).unwrap();
    let log = folder.join("log");
    let script: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/autobahn/fuzzingclient.py"].iter().collect();
    let client = Command::new(python)
        .arg(script)
        .arg(spec_file)
        .env("PYTHONPATH", tools.join("packages"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&log).unwrap())
        .stderr(std::fs::File::options().append(true).open(&log).unwrap())
        .spawn()
        .unwrap();
    let mut client = Client { child: client, log };
    let status = client.end().await;
    assert!(status.success(), "{status}");
    let index = std::fs::read_to_string(reports.join("index.json")).unwrap();
    let mut index: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_str(&index).unwrap();
    index.remove(agent).unwrap()
}

/// The running client; ended with the test. Shows its last lines when the test fails.
struct Client {
    child: Child,
    log: PathBuf,
}

impl Client {
    /// Waits for its end.
    async fn end(&mut self) -> ExitStatus {
        let child = RefCell::new(&mut self.child);
        until_within(PATIENCE, "the fuzzing client ends", async || child.borrow_mut().try_wait().unwrap().is_some()).await;
        self.child.wait().unwrap()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Fails when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let text = std::fs::read(&self.log).unwrap_or_default();
            let last: Vec<_> = String::from_utf8_lossy(&text).lines().rev().take(20).map(str::to_owned).collect();
            eprintln!("--- last lines of the fuzzing client, the last one first\n{}", last.join("\n"));
        }
    }
}

fn print_summary(agent: &str, report: &BTreeMap<String, Value>, took: Duration) {
    let mut verdicts = BTreeMap::<&str, Vec<&str>>::new();
    for (case, result) in report {
        verdicts.entry(result["behavior"].as_str().unwrap()).or_default().push(case);
    }
    println!("Autobahn|Testsuite, {agent} transport: {} cases in {} s", report.len(), took.as_secs());
    for (verdict, cases) in verdicts {
        let named = if verdict == "OK" { String::new() } else { format!(": {}", cases.join(" ")) };
        println!("  {verdict} {}{named}", cases.len());
    }
    let is_slow = |case: &&Value| case["behaviorClose"] == "FAILED BY CLIENT";
    println!("  closed rightly, but TCP half a second later: {}", report.values().filter(is_slow).count());
}
