//! Owns the checks of the backends this node needs, and the measuring of their load. Called by
//! `http/resources/operations/health`.

use crate::{services::Context, telemetry};
use std::time::Duration;
use tokio::time::timeout;

/// How long a backend may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Which backends answered in time and work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// The database: it answers, and takes writes as far as known.
    pub database: bool,
    /// The cache: logins, login delays.
    pub cache: bool,
    /// The bus to the other nodes.
    pub bus: bool,
}

impl Readiness {
    /// Says whether this node can serve requests.
    #[must_use]
    pub const fn is_ready(self) -> bool {
        self.database && self.cache && self.bus
    }
}

/// Says whether the database answers. Takes at most 2 s.
pub async fn has_database(context: &Context) -> bool {
    matches!(timeout(PATIENCE, context.store.ping()).await, Ok(Ok(())))
}

/// Checks all backends in parallel. If a write failed earlier because the database could not write,
/// tries a write. Takes at most 2 s.
pub async fn readiness(context: &Context) -> Readiness {
    let cache = async { matches!(timeout(PATIENCE, context.cache.ping()).await, Ok(Ok(()))) };
    let writes = async { matches!(timeout(PATIENCE, context.store.check_writes()).await, Ok(Ok(()))) };
    let (answers, writes, cache) = tokio::join!(has_database(context), writes, cache);
    let database = answers && writes;
    Readiness { database, cache, bus: context.announce.is_connected() }
}

/// Measures the pool, the log's backlog and the open warnings, when the metrics are read. Takes at
/// most 2 s; a gauge without an answer keeps its last value.
#[expect(clippy::cast_precision_loss, reason = "gauges are f64; the numbers are far below 2^53")]
pub async fn measure(context: &Context) {
    let pool = context.store.pool_status();
    metrics::gauge!(telemetry::DATABASE_POOL_SIZE).set(pool.size);
    metrics::gauge!(telemetry::DATABASE_POOL_IDLE).set(pool.idle);
    metrics::gauge!(telemetry::DATABASE_POOL_LIMIT).set(context.config.database.max_connections);
    if let Ok(Ok(open)) = timeout(PATIENCE, context.store.open_alerts()).await {
        let age_ms = open.oldest_risk_at_ms.map_or(0, |oldest| (context.clock.now_ms() - oldest).max(0));
        metrics::gauge!(telemetry::ALERTS_OPEN).set(open.count as f64);
        metrics::gauge!(telemetry::ALERTS_OLDEST_RISK_AGE).set(age_ms as f64 / 1000.0);
    }
    if let Ok(Ok(backlog)) = timeout(PATIENCE, context.store.log_backlog()).await {
        let age_ms = backlog.oldest_created_at_ms.map_or(0, |oldest| (context.clock.now_ms() - oldest).max(0));
        metrics::gauge!(telemetry::LOG_BACKLOG).set(backlog.rows as f64);
        metrics::gauge!(telemetry::LOG_BACKLOG_AGE).set(age_ms as f64 / 1000.0);
    }
}
