//! Owns logs and metrics: both are set up once per process, and every metric is declared here.
//! Called by `main` and `app`, which set them up, and by every layer that measures: with the
//! `metrics` macros, under the names declared here.

use crate::config::TelemetrySettings;
use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::{
    io::IsTerminal,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};
use tracing::{Metadata, Subscriber, subscriber::Interest};
use tracing_subscriber::{
    EnvFilter, Layer as _,
    filter::{FilterExt as _, LevelFilter, dynamic_filter_fn},
    layer::{Context, Filter, SubscriberExt as _},
    util::SubscriberInitExt as _,
};

/// Kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts values by size.
    Histogram,
}

/// A metric of this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Name on the wire; a duration ends in `_seconds`, a counter in `_total`.
    pub name: &'static str,
    /// Kind of the metric.
    pub kind: MetricKind,
    /// Meaning of the metric.
    pub meaning: &'static str,
}

macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal, $meaning:literal;)+) => {
        $(#[doc = concat!(stringify!($kind), ": ", $meaning, ".")] pub const $constant: &str = $name;)+

        /// Every metric of this server. `docs/operations.md` explains each; a test compares.
        pub const METRICS: &[Metric] = &[$(Metric { name: $name, kind: MetricKind::$kind, meaning: $meaning }),+];
    };
}

metrics! {
    HTTP_REQUEST_DURATION = Histogram "http_request_duration_seconds", "how long answers took, by method, route (its pattern) and status";
    HTTP_RATE_LIMITED = Counter "http_rate_limited_total", "requests refused because of a rate limit";
    LOGINS = Counter "logins_total", "log-in attempts by outcome: ok, failed, delayed";
    SOCKETS = Gauge "sockets_open", "sockets open on this node";
    HANDSHAKES_REFUSED = Counter "handshakes_refused_total", "handshakes refused because of realtime.handshakes_per_s, realtime.max_sockets or the limit of an app";
    MALFORMED_FRAMES = Counter "malformed_frames_total", "client frames that could not be read";
    PUBLICATIONS = Counter "publications_total", "publications this node gave to the bus";
    PUBLICATIONS_DROPPED = Counter "publications_dropped_total", "publications without a row dropped because the bus was too far behind";
    DELIVERIES = Counter "deliveries_total", "frames of publications handed to sockets of this node";
    HAPPENINGS_DROPPED = Counter "app_events_dropped_total", "events of connected apps dropped because webhooks were too far behind";
    WEBHOOK_POSTS = Counter "webhook_posts_total", "webhooks sent and answered with 2xx";
    WEBHOOK_POSTS_FAILED = Counter "webhook_posts_failed_total", "attempts to send a webhook that failed";
    WEBHOOK_EVENTS_DEAD = Counter "webhook_events_dead_total", "events given up after webhooks.retry_for_s";
    JOINS_REFUSED = Counter "joins_refused_total", "joins of channels, and proofs for them, that were refused, by reason";
    SLOW_CLOSES = Counter "slow_closes_total", "sockets ended because they read too slowly";
    LOG_AGE_SECONDS = Histogram "log_publication_delay_seconds", "time from the writing of a log row to its publication";
    LOG_BACKLOG = Gauge "log_backlog_rows", "log rows that wait for publication, in the whole cluster";
    LOG_BACKLOG_AGE = Gauge "log_backlog_age_seconds", "age of the oldest log row that waits for publication";
    DATABASE_POOL_SIZE = Gauge "database_pool_connections", "open connections of this node's database pool";
    DATABASE_POOL_IDLE = Gauge "database_pool_idle_connections", "open connections nobody uses";
    DATABASE_POOL_LIMIT = Gauge "database_pool_max_connections", "most connections the pool may open";
    COMPANION_LIVE = Gauge "companion_live_answers", "answers of the companion that grow on this node";
    COMPANION_ANSWERS = Counter "companion_answers_total", "answers of the companion that ended, by status: done, stopped, failed, interrupted";
    COMPANION_FAILURES = Counter "companion_provider_failures_total", "answers the provider failed, by reason";
    COMPANION_FIRST_TOKEN = Histogram "companion_first_token_seconds", "time from the request to the first token of the provider";
    COMPANION_FRAMES = Counter "companion_frames_total", "frames of growing answers given to the bus";
    ALERTS_RAISED = Counter "alerts_raised_total", "warnings about students, by level: 2 (concern), 3 (risk)";
    ALERTS_ESCALATED = Counter "alerts_escalated_total", "risks nobody acknowledged in time, for which everybody was called";
    ALERTS_OPEN = Gauge "alerts_open", "warnings nobody has acknowledged";
    ALERTS_OLDEST_RISK_AGE = Gauge "alerts_oldest_open_risk_age_seconds", "age of the oldest risk nobody has acknowledged";
    BUS_RECONNECTS = Counter "bus_reconnects_total", "times the link to the other nodes was lost and made again";
}

/// Levels of a warning, the label of [`ALERTS_RAISED`].
pub const ALERT_LEVELS: [&str; 2] = ["2", "3"];

/// Outcomes of a log-in attempt, the label of [`LOGINS`].
pub const LOGIN_OUTCOMES: [&str; 3] = ["ok", "failed", "delayed"];

/// How an answer of the companion ends, the label of [`COMPANION_ANSWERS`].
pub const ANSWER_ENDS: [&str; 4] = ["done", "stopped", "failed", "interrupted"];

/// Why a provider failed an answer, the label of [`COMPANION_FAILURES`].
pub const PROVIDER_FAILURES: [&str; 10] =
    ["unauthorised", "rate_limited", "failed", "refused", "unreachable", "no_first_token", "stalled", "cut_off", "malformed", "empty"];

/// Why a join is refused, the label of [`JOINS_REFUSED`]: `domain/live/join_refusal.rs`.
pub const JOIN_REFUSALS: [&str; 15] = [
    "invalid_name",
    "no_login",
    "not_allowed",
    "not_in_conversation",
    "not_signed_in",
    "invalid_signature",
    "no_member",
    "invalid_member",
    "other_login",
    "proof_expired",
    "unavailable",
    "already",
    "too_many_channels",
    "too_many_app_channels",
    "channel_full",
];

/// Bounds of the latency histograms, in seconds.
const LATENCY_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Interval at which samples are folded into the histograms, in case no scrape does.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Log target of the web server's accepting thread.
const ACCEPTING: &str = "actix_server::accept";
/// Whether this process has shut the socket it listened on.
static IS_LISTENER_SHUT: AtomicBool = AtomicBool::new(false);

/// Keeps errors of the accepting thread out of the log from now on, because this process is about
/// to shut its listening socket.
pub fn expect_shut_listener() {
    IS_LISTENER_SHUT.store(true, Ordering::Release);
}

/// Hides events of the accepting thread once the listening socket is shut. Only events of that
/// thread are checked, so all others cost the same as before.
fn hide_shut_listener<S: Subscriber>() -> impl Filter<S> {
    let is_shown = |event: &Metadata<'_>, _: &Context<'_, S>| event.target() != ACCEPTING || !IS_LISTENER_SHUT.load(Ordering::Acquire);
    dynamic_filter_fn(is_shown)
        .with_callsite_filter(|event| if event.target() == ACCEPTING { Interest::sometimes() } else { Interest::always() })
        .with_max_level_hint(LevelFilter::TRACE)
}

/// Starts logging to standard error. Later calls in the same process change nothing, because tests
/// start many servers.
pub fn init_logs(settings: &TelemetrySettings) {
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let is_json = match settings.format.as_str() {
        "json" => true,
        "human" => false,
        _ => !std::io::stderr().is_terminal(),
    };
    let filter = filter.and(hide_shut_listener());
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = if is_json { lines.json().flatten_event(true).with_span_list(false).boxed() } else { lines.with_target(false).boxed() };
    // An error means that another subscriber is installed already, which is fine.
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
}

/// Returns an error and its causes in one line. Leaves out a cause that the text before it already
/// contains.
#[must_use]
pub fn error_line(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.ends_with(&text) {
            line = format!("{line}: {text}");
        }
        cause = error.source();
    }
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the recorder of the process, and installs it at the first call. `None` if another
/// recorder was installed first.
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

/// Describes every metric to the recorder and starts counters and gauges at 0. A counter that
/// appears only with its first event hides that event from Prometheus' `rate`, and an alert on a
/// missing metric never fires. Histograms appear with their first sample.
fn describe_metrics() {
    for metric in METRICS {
        match metric.kind {
            MetricKind::Counter => describe_counter!(metric.name, metric.meaning),
            MetricKind::Gauge => describe_gauge!(metric.name, metric.meaning),
            MetricKind::Histogram => describe_histogram!(metric.name, metric.meaning),
        }
        match metric.kind {
            MetricKind::Counter if metric.name == LOGINS => {
                LOGIN_OUTCOMES.iter().for_each(|outcome| metrics::counter!(LOGINS, "outcome" => *outcome).increment(0));
            }
            MetricKind::Counter if metric.name == ALERTS_RAISED => {
                ALERT_LEVELS.iter().for_each(|level| metrics::counter!(ALERTS_RAISED, "level" => *level).increment(0));
            }
            MetricKind::Counter if metric.name == COMPANION_ANSWERS => {
                ANSWER_ENDS.iter().for_each(|status| metrics::counter!(COMPANION_ANSWERS, "status" => *status).increment(0));
            }
            MetricKind::Counter if metric.name == COMPANION_FAILURES => {
                PROVIDER_FAILURES.iter().for_each(|reason| metrics::counter!(COMPANION_FAILURES, "reason" => *reason).increment(0));
            }
            MetricKind::Counter if metric.name == JOINS_REFUSED => {
                JOIN_REFUSALS.iter().for_each(|reason| metrics::counter!(JOINS_REFUSED, "reason" => *reason).increment(0));
            }
            MetricKind::Counter => metrics::counter!(metric.name).increment(0),
            MetricKind::Gauge => metrics::gauge!(metric.name).set(0.0),
            MetricKind::Histogram => {}
        }
    }
}

/// Folds samples into the histograms, because they wait in memory until something does. A scrape
/// does it too; this thread does it when no scrape comes.
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
    fn the_operations_guide_explains_every_metric_and_names_only_settings_there_are() {
        let guide = include_str!("../docs/operations.md");
        for metric in METRICS {
            let kind = format!("{:?}", metric.kind).to_lowercase();
            assert!(guide.contains(&format!("| `{}` | {kind}", metric.name)), "docs/operations.md lacks {} ({kind})", metric.name);
        }
        let keys: Vec<&str> = crate::config::Config::docs().iter().map(|doc| doc.key).collect();
        let sections: Vec<&str> = keys.iter().filter_map(|key| key.split_once('.')).map(|(section, _)| section).collect();
        // Names of span fields and of a file look like keys, but are none.
        let others = ["http.method", "http.route", "http.status", "http.latency_ms", "educounsel.db"];
        for page in [guide, include_str!("../README.md")] {
            let code = page.split('`').skip(1).step_by(2);
            let names = code.filter_map(|code| code.split([' ', '=']).next()).filter(|name| {
                let is_key = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.'));
                is_key && name.split_once('.').is_some_and(|(section, rest)| sections.contains(&section) && !rest.is_empty())
            });
            let unknown: Vec<&str> = names.filter(|name| !keys.contains(name) && !others.contains(name)).collect();
            assert!(unknown.is_empty(), "no such settings: {unknown:?}");
        }
    }

    #[test]
    fn causes_are_told_once() {
        #[derive(Debug, thiserror::Error)]
        enum Outer {
            #[error("disk: {0}")]
            Told(#[from] std::io::Error),
            #[error("broken")]
            Untold(#[source] Box<Outer>),
        }
        let io = || Outer::Told(std::io::Error::other("cable\ncut"));
        assert_eq!(error_line(&io()), "disk: cable cut");
        assert_eq!(error_line(&Outer::Untold(Box::new(io()))), "broken: disk: cable cut");
    }

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
