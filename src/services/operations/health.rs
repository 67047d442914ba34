//! Whether the parts this server stands on are there, and how busy they are.

use crate::{services::Context, telemetry};
use std::time::Duration;
use tokio::time::timeout;

/// How long a part may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// Which parts answered in time and can do their work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// The database: it answers, and takes writes as far as is known.
    pub database: bool,
    /// The cache: logins, login delays.
    pub cache: bool,
    /// The link to the other nodes.
    pub bus: bool,
}

impl Readiness {
    /// Says whether this node can serve.
    #[must_use]
    pub const fn is_ready(self) -> bool {
        self.database && self.cache && self.bus
    }
}

/// Asks the database whether it is there. Takes at most 2 s.
pub async fn has_database(context: &Context) -> bool {
    matches!(timeout(PATIENCE, context.store.ping()).await, Ok(Ok(())))
}

/// Asks all parts at once. Tries a write if one failed because the database could not write.
/// Takes at most 2 s.
pub async fn readiness(context: &Context) -> Readiness {
    let cache = async { matches!(timeout(PATIENCE, context.cache.ping()).await, Ok(Ok(()))) };
    let writes = async { matches!(timeout(PATIENCE, context.store.check_writes()).await, Ok(Ok(()))) };
    let (answers, writes, cache) = tokio::join!(has_database(context), writes, cache);
    let database = answers && writes;
    Readiness { database, cache, bus: context.announce.is_connected() }
}

/// Measures what is only worth measuring when somebody looks: the pool, the log's backlog, the open warnings. Takes at most 2 s; what does not answer keeps its
/// last value.
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
