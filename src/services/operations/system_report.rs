//! Owns the system report for admins: the backends of this node, and the work that waits. Called by
//! `http/resources/operations/system_report`. A backend that does not answer in time is reported as
//! missing, so that the report arrives when it is needed most.

use crate::{
    backends::{
        BackendResult,
        store::{Engine, WebhookTotals},
    },
    domain::{access::Action, clock::rfc3339, principal::Principal},
    services::{
        Context, ServiceResult,
        companion::{self, MonthUse},
        shared::requester::require,
    },
};
use serde::Serialize;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// How long a backend may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The report, as the contract shapes it.
#[derive(Debug, Serialize)]
pub struct SystemReport {
    version: &'static str,
    node: String,
    now: String,
    started_at: String,
    parts: Vec<Part>,
    sockets: Sockets,
    database_pool: Pool,
    log: Option<BacklogReport>,
    webhooks: Option<Webhooks>,
    alerts: Option<Alerts>,
    companion: CompanionReport,
}

/// Something this node stands on.
#[derive(Debug, Serialize)]
struct Part {
    name: &'static str,
    kind: &'static str,
    status: &'static str,
    /// How long it took to answer.
    latency_ms: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Sockets {
    open: usize,
    limit: Option<usize>,
}

#[derive(Debug, Serialize)]
struct Pool {
    size: u32,
    idle: u32,
    limit: u32,
}

#[derive(Debug, Serialize)]
struct BacklogReport {
    waiting: i64,
    oldest_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct Webhooks {
    waiting: i64,
    dead: i64,
}

#[derive(Debug, Serialize)]
struct Alerts {
    open: i64,
    oldest_risk_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct CompanionReport {
    provider: &'static str,
    model: Option<String>,
    usage: Option<MonthUse>,
}

/// Reports on this node and on the state that all nodes share. Takes at most about 2 s.
pub async fn report(context: &Context, principal: &Principal) -> ServiceResult<SystemReport> {
    require(principal, Action::ReadSystem)?;
    let store = &context.store;
    let (parts, log, webhooks, alerts, usage) = tokio::join!(
        parts(context),
        in_time(store.log_backlog()),
        in_time(store.webhook_totals()),
        in_time(store.open_alerts()),
        in_time(companion::month_use(context)),
    );
    let pool = store.pool_status();
    let config = &context.config;
    Ok(SystemReport {
        version: env!("CARGO_PKG_VERSION"),
        node: context.node.to_string(),
        now: rfc3339(context.clock.now_ms()),
        started_at: rfc3339(context.started_at_ms),
        parts,
        sockets: Sockets { open: context.announce.open_sockets(), limit: Some(config.realtime.max_sockets).filter(|limit| *limit > 0) },
        database_pool: Pool { size: pool.size, idle: pool.idle, limit: config.database.max_connections },
        log: log.map(|log| BacklogReport { waiting: log.rows, oldest_at: log.oldest_created_at_ms.map(rfc3339) }),
        webhooks: webhooks.map(|WebhookTotals { waiting, dead }| Webhooks { waiting, dead }),
        alerts: alerts.map(|alerts| Alerts { open: alerts.count, oldest_risk_at: alerts.oldest_risk_at_ms.map(rfc3339) }),
        companion: CompanionReport {
            provider: if context.companions.model.is_some() { "model" } else { "offline" },
            model: context.companions.model.is_some().then(|| config.openai.model.clone()),
            usage,
        },
    })
}

async fn parts(context: &Context) -> Vec<Part> {
    let (redis, s3) = (!context.config.redis.url.is_empty(), !context.config.s3.bucket.is_empty());
    let engine = match context.store.engine() {
        Engine::Sqlite => "sqlite",
        Engine::MySql => "mysql",
        Engine::Postgres => "postgres",
    };
    let check_database = async {
        context.store.ping().await?;
        context.store.check_writes().await
    };
    let (database, cache, bus, files) = tokio::join!(
        part("database", engine, check_database),
        part("cache", if redis { "redis" } else { "in_process" }, context.cache.ping()),
        part("bus", if redis { "redis" } else { "in_process" }, context.bus.ping()),
        part("files", if s3 { "s3" } else { "disk" }, context.files.check()),
    );
    vec![database, cache, bus, files]
}

async fn part(name: &'static str, kind: &'static str, check: impl Future<Output = BackendResult<()>>) -> Part {
    let asked_at = Instant::now();
    let is_there = matches!(timeout(PATIENCE, check).await, Ok(Ok(())));
    let latency_ms = is_there.then(|| u64::try_from(asked_at.elapsed().as_millis()).unwrap_or(u64::MAX));
    Part { name, kind, status: if is_there { "connected" } else { "disconnected" }, latency_ms }
}

/// Returns the result if it arrives in time and is no error.
async fn in_time<T, E>(answer: impl Future<Output = Result<T, E>>) -> Option<T> {
    timeout(PATIENCE, answer).await.ok()?.ok()
}
