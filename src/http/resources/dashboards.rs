//! Owns the routes of `/dashboard`: the student's widgets and the counsellor's statistics.

use crate::{
    http::{error::ApiResult, input::language::language_of},
    services::{Context, dashboards, shared::requester::Requester},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ContentType},
    web,
};

/// `GET /dashboard/student`
pub async fn student(request: HttpRequest, context: web::Data<Context>, Requester { principal: user, .. }: Requester) -> ApiResult {
    Ok(HttpResponse::Ok().json(dashboards::student_dashboard(&context, &user, language_of(&request)).await?))
}

/// `GET /dashboard/counsellor`: `X-Cache` says whether the statistics come from the cache, `Age`
/// how old they are.
pub async fn counsellor(context: web::Data<Context>, Requester { principal: user, .. }: Requester) -> ApiResult {
    let found = dashboards::counsellor_dashboard(&context, &user).await?;
    Ok(HttpResponse::Ok()
        .insert_header(ContentType::json())
        .insert_header(("X-Cache", if found.is_hit { "HIT" } else { "MISS" }))
        .insert_header((header::AGE, found.age_s.to_string()))
        .body(found.json))
}
