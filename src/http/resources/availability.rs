//! Owns the routes of `/availability`: the hours in which a counsellor can be booked.

use crate::{
    domain::{appointments::availability::AvailabilityForm, ids::UserId},
    http::{
        error::{ApiError, ApiResult},
        input::json_body::JsonBody,
    },
    services::{Context, appointments::availability, shared::requester::Requester},
};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

/// Whose hours to show.
#[derive(Debug, Deserialize)]
pub struct OwnerQuery {
    counsellor_id: Option<String>,
}

/// What the body of a change holds besides the settings.
#[derive(Debug, Deserialize)]
struct VersionBody {
    version: i64,
}

/// `GET /availability`: the counsellor's own hours, or for admins those of `counsellor_id`.
pub async fn read(context: web::Data<Context>, Requester { principal: user, .. }: Requester, query: web::Query<OwnerQuery>) -> ApiResult {
    let owner = query.counsellor_id.as_deref().map(UserId::parse).transpose().map_err(|_| ApiError::not_found())?;
    Ok(HttpResponse::Ok().json(availability::read_availability(&context, &user, owner).await?))
}

/// `PUT /availability`: sets the counsellor's own hours.
pub async fn put(context: web::Data<Context>, requester: Requester, body: JsonBody<AvailabilityForm>) -> ApiResult {
    let VersionBody { version } = body.also()?;
    Ok(HttpResponse::Ok().json(availability::put_availability(&context, &requester, &body.value, version).await?))
}

/// `POST /availability/check`: the appointments that other hours would not cover; changes nothing.
pub async fn check(
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    body: JsonBody<AvailabilityForm>,
) -> ApiResult {
    let conflicts = availability::check_availability(&context, &user, &body.value).await?;
    Ok(HttpResponse::Ok().json(json!({ "conflicts": conflicts })))
}
