//! Owns the route of `/sync`: events that a client missed.

use crate::{
    domain::shape::Cursor,
    http::error::ApiResult,
    services::{Context, live::sync, shared::requester::Requester},
};
use actix_web::{HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;

/// The query.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SyncQuery {
    /// The cursor of the last event seen, or of `/realtime`. Without it: from the start of the
    /// retention.
    #[schemars(with = "Option<Cursor>")]
    after: Option<String>,
}

/// `GET /sync?after=CURSOR`: durable events after the cursor, in order.
pub async fn events(context: web::Data<Context>, Requester { principal: user, .. }: Requester, query: web::Query<SyncQuery>) -> ApiResult {
    let after = query.after.as_deref().filter(|text| !text.is_empty()).map(sync::parse_cursor).transpose()?;
    Ok(HttpResponse::Ok().json(sync::events_after(&context, &user, after).await?))
}
