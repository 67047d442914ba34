//! Owns the routes of `/counsellors`: the list, the counsellor's own status, and the free slots.

use crate::{
    domain::{
        appointments::{appointment::DutyStatus, availability::parse_day},
        ids::UserId,
        shape::Day,
        text::FieldError,
    },
    http::{
        error::ApiResult,
        input::{json_body::JsonBody, page::Items},
    },
    services::{
        Context, ServiceResult,
        appointments::{self, counsellors},
        shared::requester::Requester,
    },
};
use actix_web::{HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;

/// The body of a change of status.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct StatusBody {
    /// Whether one is there.
    status: DutyStatus,
}

/// The query of a slot list: school days, both included.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DaysQuery {
    /// First day. Default: today.
    #[schemars(with = "Option<Day>")]
    from: Option<String>,
    /// Last day, at most 62 in all. Default: 14 in all.
    #[schemars(with = "Option<Day>")]
    to: Option<String>,
}

/// `GET /counsellors`: all, by name.
pub async fn list(context: web::Data<Context>, Requester { principal: user, .. }: Requester) -> ApiResult {
    Ok(HttpResponse::Ok().json(Items { items: counsellors::list_counsellors(&context, &user).await? }))
}

/// `PUT /counsellors/me/status`: sets the counsellor's own status.
pub async fn set_status(
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    body: JsonBody<StatusBody>,
) -> ApiResult {
    Ok(HttpResponse::Ok().json(counsellors::set_status(&context, &user, body.value.status).await?))
}

/// `GET /counsellors/{id}/slots`: the slots that can be booked now.
pub async fn list_slots(
    context: web::Data<Context>,
    Requester { principal: user, .. }: Requester,
    id: web::Path<UserId>,
    query: web::Query<DaysQuery>,
) -> ApiResult {
    let day = |field, text: &Option<String>| -> ServiceResult<_> {
        let Some(text) = text.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let unknown = || FieldError::new(field, "unknown_value", "days are YYYY-MM-DD");
        Ok(Some(parse_day(text).ok_or_else(unknown)?))
    };
    let (from, to) = (day("from", &query.from)?, day("to", &query.to)?);
    Ok(HttpResponse::Ok().json(appointments::list_slots(&context, &user, *id, from, to).await?))
}
