//! Prometheus can scrape the metrics. The recorder exists once per process, so these tests measure
//! a server in a process of its own.

use crate::support::{
    TestSocket,
    process::{ServerPlan, ServerProcess},
    wait::until,
};
use educounsel::{
    domain::principal::Role,
    telemetry::{METRICS, MetricKind},
    wire::signature::SecretKey,
};
use serde_json::json;

/// One scrape.
struct Scrape(String);

impl Scrape {
    async fn take(server: &ServerProcess) -> Self {
        Self(server.at().client().get(server.at().url("/metrics")).send().await.unwrap().text().await.unwrap())
    }

    /// Returns the value of a line, by its name and labels as they stand in it.
    fn value(&self, series: &str) -> f64 {
        let line = self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {series} in\n{}", self.0)).parse().unwrap()
    }

    /// Returns the sum over all series of a name.
    fn sum(&self, name: &str) -> f64 {
        let lines = self.0.lines().filter(|line| line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name} ")));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    }
}

#[actix_web::test]
async fn every_metric_is_there_from_the_start_and_explained() {
    let server = ServerPlan::new().set("database.max_connections", 7).start().await;
    let scrape = Scrape::take(&server).await;
    for metric in METRICS {
        let kind = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => continue,
        };
        assert!(scrape.0.contains(&format!("# HELP {} {}", metric.name, metric.meaning)), "{} has no help", metric.name);
        assert!(scrape.0.contains(&format!("# TYPE {} {kind}", metric.name)), "{} has no type", metric.name);
        assert!(scrape.sum(metric.name) >= 0.0);
    }
    for outcome in ["ok", "failed", "delayed"] {
        assert_eq!(scrape.value(&format!("logins_total{{outcome=\"{outcome}\"}}")), 0.0);
    }
    assert_eq!(scrape.value("database_pool_max_connections"), 7.0);
    let again = Scrape::take(&server).await;
    let first = again.value("http_request_duration_seconds_count{method=\"GET\",route=\"/metrics\",status=\"200\"}");
    assert_eq!(first, 1.0, "the scrape before is measured");
}

#[actix_web::test]
async fn the_way_of_an_upload_can_be_followed() {
    // The pump pauses long enough for a scrape to see the waiting row, and does not check by itself
    // in between.
    let plan = ServerPlan::new().set("log.coalesce_ms", 3000).set("log.poll_ms", 60_000);
    plan.add_user("siswa1", Role::Student);
    plan.add_user("guru1", Role::Counsellor);
    let server = plan.start().await;
    let (student, counsellor) = (server.sign_in("siswa1").await, server.sign_in("guru1").await);
    let mut sockets = [student.connect().await, student.connect().await];
    // The pump is awake at its start; after this upload it sleeps until the next.
    counsellor.upload_pdf("Pemanasan").await;
    for socket in &mut sockets {
        socket.next_named("notice.created").await;
    }
    until("the row is marked", async || Scrape::take(&server).await.value("log_backlog_rows") == 0.0).await;
    let before = Scrape::take(&server).await;
    assert_eq!(before.value("sockets_open"), 2.0);
    assert_eq!(before.value("logins_total{outcome=\"ok\"}"), 2.0);
    assert!(before.value("database_pool_connections") >= before.value("database_pool_idle_connections"));
    assert!(before.value("database_pool_connections") >= 1.0);

    counsellor.upload_pdf("Diukur").await;
    let waiting = Scrape::take(&server).await;
    assert_eq!(waiting.value("log_backlog_rows"), 1.0);
    assert!((0.0..3.0).contains(&waiting.value("log_backlog_age_seconds")));
    for socket in &mut sockets {
        socket.next_named("notice.created").await;
    }
    until("the row is marked", async || Scrape::take(&server).await.value("log_backlog_rows") == 0.0).await;
    let after = Scrape::take(&server).await;
    let grown = |name: &str| after.sum(name) - before.sum(name);
    // `material.changed` goes to counsellors and admins, who have no socket here.
    assert_eq!(grown("deliveries_total"), 2.0);
    assert_eq!(grown("publications_total"), 3.0);
    assert_eq!(grown("log_publication_delay_seconds_count"), 1.0);
    assert!(grown("log_publication_delay_seconds_sum") >= 1.0, "the pump waited 3 s");
    assert_eq!(after.value("log_backlog_age_seconds"), 0.0);
    assert_eq!(after.value("http_request_duration_seconds_count{method=\"POST\",route=\"/api/v1/materials\",status=\"201\"}"), 2.0);

    drop(sockets);
    until("the sockets are counted out", async || Scrape::take(&server).await.value("sockets_open") == 0.0).await;
}

#[actix_web::test]
async fn refusals_are_counted() {
    let plan = ServerPlan::new().pusher_app().set("http.requests_per_minute", 30);
    let plan = plan.set("realtime.outbound_limit_bytes", 65_536).set("realtime.client_events_per_s", 1_000_000);
    plan.add_user("siswa1", Role::Student);
    let server = plan.start().await;
    let student = server.sign_in("siswa1").await;
    let wrong = json!({ "login": "siswa1", "password": "salah sekali" });
    assert_eq!(student.client.post(server.at().url("/api/v1/auth/login")).json(&wrong).send().await.unwrap().status(), 401);
    while student.request(reqwest::Method::GET, "/auth/me").send().await.unwrap().status() != 429 {}
    let (mut stalled, mut sender) = (join_app(&server).await, join_app(&server).await);
    sender.send_text("no frame").await;
    assert_eq!(sender.next_event().await.event, "pusher:error");
    // `stalled` never reads again: after all that the kernel takes, and 64 KiB more, the server
    // ends it.
    let data = "x".repeat(10_000);
    for sent in 0.. {
        sender.send(json!({ "event": "client-x", "channel": "private-a", "data": data })).await;
        if sent % 200 == 0 && Scrape::take(&server).await.value("slow_closes_total") == 1.0 {
            break;
        }
        assert!(sent < 5_000, "50 MB later the stalled socket is not counted");
    }
    let scrape = Scrape::take(&server).await;
    assert_eq!(scrape.value("http_rate_limited_total"), 1.0);
    assert_eq!(scrape.value("malformed_frames_total"), 1.0);
    assert_eq!(scrape.value("logins_total{outcome=\"failed\"}"), 1.0);
    stalled.send_text("still here").await;
}

/// Opens a socket of the test app and joins a private channel.
async fn join_app(server: &ServerProcess) -> TestSocket {
    let mut socket = TestSocket::open(server.at(), "/app/uji-key?protocol=7", &[]).await.unwrap();
    socket.greet().await;
    let signature = SecretKey::new(b"uji-secret").sign(&format!("{}:private-a", socket.socket_id));
    let answer = socket.ask_subscribe(json!({ "channel": "private-a", "auth": format!("uji-key:{signature}") })).await;
    assert_eq!(answer.event, "pusher_internal:subscription_succeeded");
    socket
}
