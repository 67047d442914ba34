//! Logs and metrics: set up once per process, the names in one place. Measurements are made with the `metrics` macros wherever they arise, under the
//! names declared here.

use crate::config::TelemetrySettings;
use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::{io::IsTerminal, sync::OnceLock, thread, time::Duration};
use tracing_subscriber::EnvFilter;

/// Histogram, seconds, labels `method`, `route` (pattern), `status`: how long answers took.
pub const HTTP_REQUEST_DURATION: &str = "http_request_duration_seconds";
/// Counter: requests refused because of a rate limit.
pub const HTTP_RATE_LIMITED: &str = "http_rate_limited_total";
/// Counter, label `outcome` (`ok`, `failed`, `delayed`): log-in attempts.
pub const LOGINS: &str = "logins_total";
/// Gauge: sockets open on this node.
pub const SOCKETS: &str = "sockets_open";
/// Counter: publications that reached this node's hub.
pub const PUBLICATIONS: &str = "publications_total";
/// Counter: frames handed to sockets by publications.
pub const DELIVERIES: &str = "deliveries_total";
/// Counter: sockets ended because they read too slowly.
pub const SLOW_CLOSES: &str = "slow_closes_total";
/// Counter: publications without a row that were dropped because the bus was too far behind.
pub const PUBLICATIONS_DROPPED: &str = "publications_dropped_total";
/// Counter: handshakes refused because of `realtime.handshakes_per_s`.
pub const HANDSHAKES_REFUSED: &str = "handshakes_refused_total";
/// Counter: client frames that could not be read.
pub const MALFORMED_FRAMES: &str = "malformed_frames_total";
/// Histogram, seconds: time from the commit of a log row to its publication.
pub const LOG_AGE_SECONDS: &str = "log_publication_delay_seconds";
/// Gauge: log rows that wait for publication.
pub const LOG_BACKLOG: &str = "log_backlog_rows";
/// Gauge, seconds: age of the oldest log row that waits for publication.
pub const LOG_BACKLOG_AGE: &str = "log_backlog_age_seconds";
/// Gauge: connections in the database pool.
pub const DATABASE_POOL_SIZE: &str = "database_pool_connections";
/// Gauge: idle connections in the database pool.
pub const DATABASE_POOL_IDLE: &str = "database_pool_idle_connections";
/// Counter: times the link to the other nodes was lost and made again.
pub const BUS_RECONNECTS: &str = "bus_reconnects_total";

/// Bounds of the latency histograms, in seconds.
const LATENCY_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// How often samples are folded into the histograms when nobody scrapes.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Starts logging to standard error. Later calls of the same process change nothing, because tests start many servers.
pub fn init_logs(settings: &TelemetrySettings) {
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let is_json = match settings.format.as_str() {
        "json" => true,
        "human" => false,
        _ => !std::io::stderr().is_terminal(),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // An error means that a subscriber is there already, which is what we want.
    let _ = if is_json { builder.json().flatten_event(true).try_init() } else { builder.with_target(false).try_init() };
}

/// Returns the process's recorder, installing it at the first call. `None` if another recorder was installed first.
pub fn metrics_handle() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE.get_or_init(install_recorder).as_ref()
}

fn install_recorder() -> Option<PrometheusHandle> {
    let suffix = Matcher::Suffix("_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(suffix, &LATENCY_BUCKETS);
    let handle = match builder.map(PrometheusBuilder::install_recorder) {
        Ok(Ok(handle)) => handle,
        Ok(Err(error)) | Err(error) => {
            tracing::warn!(error = %error, "metrics are not recorded");
            return None;
        }
    };
    describe_metrics();
    start_upkeep(handle.clone());
    Some(handle)
}

fn describe_metrics() {
    describe_histogram!(HTTP_REQUEST_DURATION, "how long answers took");
    describe_counter!(HTTP_RATE_LIMITED, "requests refused because of a rate limit");
    describe_counter!(LOGINS, "log-in attempts by outcome");
    describe_gauge!(SOCKETS, "sockets open on this node");
    describe_counter!(PUBLICATIONS, "publications that reached this node");
    describe_counter!(DELIVERIES, "frames handed to sockets by publications");
    describe_counter!(SLOW_CLOSES, "sockets ended because they read too slowly");
    describe_counter!(PUBLICATIONS_DROPPED, "publications without a row dropped because the bus was behind");
    describe_counter!(HANDSHAKES_REFUSED, "handshakes refused because there were too many at once");
    describe_counter!(MALFORMED_FRAMES, "client frames that could not be read");
    describe_histogram!(LOG_AGE_SECONDS, "time from the commit of a log row to its publication");
    describe_gauge!(LOG_BACKLOG, "log rows that wait for publication");
    describe_gauge!(LOG_BACKLOG_AGE, "age of the oldest log row that waits for publication");
    describe_gauge!(DATABASE_POOL_SIZE, "connections in the database pool");
    describe_gauge!(DATABASE_POOL_IDLE, "idle connections in the database pool");
    describe_counter!(BUS_RECONNECTS, "times the link to the other nodes was made again");
}

/// Samples wait in memory until somebody folds them into the histograms; a scrape does, and this thread does when there is none.
fn start_upkeep(handle: PrometheusHandle) {
    let upkeep = move || {
        loop {
            thread::sleep(UPKEEP_INTERVAL);
            handle.run_upkeep();
        }
    };
    if let Err(error) = thread::Builder::new().name("metrics-upkeep".to_owned()).spawn(upkeep) {
        tracing::warn!(error = %error, "no thread for metrics upkeep");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measurements_are_rendered_under_their_names() {
        let handle = metrics_handle().unwrap();
        metrics::counter!(LOGINS, "outcome" => "test").increment(2);
        metrics::histogram!(HTTP_REQUEST_DURATION, "route" => "/test").record(0.02);
        let text = handle.render();
        assert!(text.contains("logins_total{outcome=\"test\"} 2"), "{text}");
        assert!(text.contains("http_request_duration_seconds_bucket{route=\"/test\",le=\"0.025\"} 1"), "{text}");
    }
}
