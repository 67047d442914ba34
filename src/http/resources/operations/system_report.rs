//! `/admin/system`: how the system is doing.

use crate::{
    http::error::ApiResult,
    services::{Context, operations::system_report, shared::requester::Requester},
};
use actix_web::{HttpResponse, http::header, web};

/// `GET /admin/system`: answers also when parts are missing, and says which.
pub async fn read(context: web::Data<Context>, Requester { principal: user, .. }: Requester) -> ApiResult {
    let report = system_report::report(&context, &user).await?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(report))
}
