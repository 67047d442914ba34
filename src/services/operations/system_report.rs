//! Owns the system report for admins: the backends of this node, and the work that waits. Called by
//! `http/resources/operations/system_report`. A backend that does not answer in time is reported as
//! missing, so that the report arrives when it is needed most.

use crate::{
    backends::{
        BackendResult,
        store::{Engine, WebhookTotals},
    },
    domain::{
        access::Action,
        clock::rfc3339,
        principal::Principal,
        shape::{Count, Time},
    },
    services::{
        Context, ServiceResult,
        companion::{self, MonthUse},
        shared::requester::require,
    },
};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// How long a backend may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The report, as the contract shapes it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "System")]
pub struct SystemReport {
    /// Version of the server.
    version: &'static str,
    /// The process that answered.
    node: String,
    /// The time of that process.
    #[schemars(with = "Time")]
    now: String,
    /// When that process began.
    #[schemars(with = "Time")]
    started_at: String,
    /// What this node stands on.
    parts: Vec<Part>,
    /// The sockets of this node.
    sockets: Sockets,
    /// The connections of this node to the database.
    database_pool: Pool,
    /// The durable log.
    log: Option<BacklogReport>,
    /// The webhooks of connected apps.
    webhooks: Option<Webhooks>,
    /// Warnings about students.
    alerts: Option<Alerts>,
    /// The companion.
    companion: CompanionReport,
}

/// Something this node stands on.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SystemPart")]
struct Part {
    /// Which part.
    #[schemars(extend("enum" = ["database", "cache", "bus", "files"]))]
    name: &'static str,
    /// What it is made of.
    #[schemars(extend("enum" = ["sqlite", "mysql", "postgres", "redis", "in_process", "disk", "s3"]))]
    kind: &'static str,
    /// Whether it answered in time.
    #[schemars(extend("enum" = ["connected", "disconnected"]))]
    status: &'static str,
    /// How long it took to answer.
    latency_ms: Option<u64>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Sockets {
    /// On this node.
    open: usize,
    /// Most that may be open; null: any number.
    limit: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Pool {
    /// Open connections.
    size: u32,
    /// Those that nobody uses.
    idle: u32,
    /// Most that may be open.
    limit: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct BacklogReport {
    /// Events not yet published.
    #[schemars(with = "Count")]
    waiting: i64,
    /// When the oldest of them was written.
    #[schemars(with = "Option<Time>")]
    oldest_at: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Webhooks {
    /// Events not yet delivered.
    #[schemars(with = "Count")]
    waiting: i64,
    /// Dead letters.
    #[schemars(with = "Count")]
    dead: i64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Alerts {
    /// Open warnings.
    #[schemars(with = "Count")]
    open: i64,
    /// When the oldest open one of level 3 was raised.
    #[schemars(with = "Option<Time>")]
    oldest_risk_at: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct CompanionReport {
    /// Who answers.
    #[schemars(extend("enum" = ["model", "offline"]))]
    provider: &'static str,
    /// Name of the model.
    model: Option<String>,
    /// What was used of the month's tokens.
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
