//! Owns the routes that load balancers and Prometheus request.

use crate::{
    domain::clock::rfc3339,
    http::error::{ApiError, ApiResult},
    services::{Context, ServiceError, operations::health},
    telemetry,
};
use actix_web::{HttpResponse, http::StatusCode, web};
use serde_json::json;

/// `GET /health-check`, `GET /health`: 200 while the database answers within 2 s, else 503.
pub async fn health_check(context: web::Data<Context>) -> HttpResponse {
    let is_connected = health::has_database(&context).await;
    let (status, word, database) =
        if is_connected { (StatusCode::OK, "ok", "connected") } else { (StatusCode::SERVICE_UNAVAILABLE, "error", "disconnected") };
    let timestamp = rfc3339(context.clock.now_ms());
    HttpResponse::build(status).json(json!({"status": word, "timestamp": timestamp, "database": database}))
}

/// `GET /health/live`: 200 while the process answers at all.
pub async fn live(context: web::Data<Context>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok", "timestamp": rfc3339(context.clock.now_ms())}))
}

/// `GET /health/ready`: 200 while database, cache and the link to the other nodes answer and the
/// database takes writes; otherwise 503 that names the missing parts.
pub async fn ready(context: web::Data<Context>) -> HttpResponse {
    let readiness = health::readiness(&context).await;
    let status = if readiness.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = |is_there| if is_there { "connected" } else { "disconnected" };
    HttpResponse::build(status).json(json!({
        "status": if readiness.is_ready() { "ok" } else { "error" },
        "timestamp": rfc3339(context.clock.now_ms()),
        "database": word(readiness.database),
        "cache": word(readiness.cache),
        "bus": word(readiness.bus),
    }))
}

/// `GET /metrics`: all metrics of this process, in the format of Prometheus.
pub async fn metrics_text(context: web::Data<Context>) -> ApiResult {
    let missing = || ApiError::from(ServiceError::internal("no metrics recorder"));
    let handle = telemetry::metrics_handle().ok_or_else(missing)?;
    health::measure(&context).await;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(handle.render()))
}
