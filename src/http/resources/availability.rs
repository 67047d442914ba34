//! Owns the routes of `/availability`: the hours in which a counsellor can be booked.

use crate::{
    domain::{
        appointments::availability::AvailabilityForm,
        ids::UserId,
        shape::{Count, Id, given},
    },
    http::{
        error::{ApiError, ApiResult},
        input::json_body::JsonBody,
    },
    services::{
        Context,
        appointments::{AppointmentItem, availability},
        shared::requester::Requester,
    },
};
use actix_web::{HttpResponse, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose hours to show.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct OwnerQuery {
    /// Whose; of admins. Default: one's own.
    #[schemars(with = "Option<Id>")]
    counsellor_id: Option<String>,
}

/// What the body of a change holds besides the settings.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct VersionBody {
    /// As it was read; 0 when nothing was ever set.
    #[schemars(with = "Count")]
    version: i64,
}

/// What the body of a check may hold besides the settings: it may be the body of a change.
#[derive(Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "a check needs no version: it is read for its shape only")]
pub struct CheckedVersion {
    /// Means nothing here.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Count")]
    version: Option<u64>,
}

/// Appointments that other hours would not cover.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Conflicts {
    /// Live appointments in the future.
    pub conflicts: Vec<AppointmentItem>,
}

/// `GET /availability`: the own hours, or for admins those of `counsellor_id`.
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
    let _: CheckedVersion = body.also()?;
    let conflicts = availability::check_availability(&context, &user, &body.value).await?;
    Ok(HttpResponse::Ok().json(Conflicts { conflicts }))
}
