//! Owns the route of `/admin/system`: the state of the system.

use crate::{
    http::error::ApiResult,
    services::{Context, operations::system_report, shared::requester::Requester},
};
use actix_web::{HttpResponse, http::header, web};

/// `GET /admin/system`: answers even when parts are down, and names them.
pub async fn read(context: web::Data<Context>, Requester { principal: user, .. }: Requester) -> ApiResult {
    let report = system_report::report(&context, &user).await?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(report))
}
