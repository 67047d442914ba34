//! Owns the routes that load balancers and Prometheus request.

use crate::{
    domain::{clock::rfc3339, shape::Time},
    http::error::{ApiError, ApiResult},
    services::{Context, ServiceError, operations::health},
    telemetry,
};
use actix_web::{HttpResponse, http::StatusCode, web};
use schemars::JsonSchema;
use serde::Serialize;

/// Whether the server is well.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Verdict {
    /// All is there.
    Ok,
    /// Something is missing.
    Error,
}

/// Whether a part of the server answers.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Link {
    /// It answers.
    Connected,
    /// It does not answer.
    Disconnected,
}

/// Whether the server and its database are well.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Health {
    /// `ok` when the database answers.
    status: Verdict,
    /// When this was asked.
    #[schemars(with = "Time")]
    timestamp: String,
    /// The database.
    database: Link,
}

/// Says that the process lives.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Liveness {
    /// Always `ok`.
    #[schemars(extend("enum" = ["ok"]))]
    status: &'static str,
    /// When this was asked.
    #[schemars(with = "Time")]
    timestamp: String,
}

/// Whether a node should get requests.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct NodeReadiness {
    /// `ok` when all parts answer.
    status: Verdict,
    /// When this was asked.
    #[schemars(with = "Time")]
    timestamp: String,
    /// The database: it answers, and takes writes as far as is known.
    database: Link,
    /// The cache: logins, login delays.
    cache: Link,
    /// The link to the other nodes.
    bus: Link,
}

impl Verdict {
    const fn of(is_well: bool) -> Self {
        if is_well { Self::Ok } else { Self::Error }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Ok => StatusCode::OK,
            Self::Error => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Link {
    const fn of(is_there: bool) -> Self {
        if is_there { Self::Connected } else { Self::Disconnected }
    }
}

/// `GET /health-check`, `GET /health`: 200 while the database answers within 2 s, else 503.
pub async fn health_check(context: web::Data<Context>) -> HttpResponse {
    let is_connected = health::has_database(&context).await;
    let status = Verdict::of(is_connected);
    let timestamp = rfc3339(context.clock.now_ms());
    HttpResponse::build(status.status()).json(Health { status, timestamp, database: Link::of(is_connected) })
}

/// `GET /health/live`: 200 while the process answers at all.
pub async fn live(context: web::Data<Context>) -> HttpResponse {
    HttpResponse::Ok().json(Liveness { status: "ok", timestamp: rfc3339(context.clock.now_ms()) })
}

/// `GET /health/ready`: 200 while database, cache and the link to the other nodes answer and the
/// database takes writes; otherwise 503 that names the missing parts.
pub async fn ready(context: web::Data<Context>) -> HttpResponse {
    let readiness = health::readiness(&context).await;
    let status = Verdict::of(readiness.is_ready());
    HttpResponse::build(status.status()).json(NodeReadiness {
        status,
        timestamp: rfc3339(context.clock.now_ms()),
        database: Link::of(readiness.database),
        cache: Link::of(readiness.cache),
        bus: Link::of(readiness.bus),
    })
}

/// `GET /metrics`: all metrics of this process, in the format of Prometheus.
pub async fn metrics_text(context: web::Data<Context>) -> ApiResult {
    let missing = || ApiError::from(ServiceError::internal("no metrics recorder"));
    let handle = telemetry::metrics_handle().ok_or_else(missing)?;
    health::measure(&context).await;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(handle.render()))
}
