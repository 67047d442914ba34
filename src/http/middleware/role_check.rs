//! Owns the first look at who may call: refuses a request whose user's role its operation does not
//! list, before anything reads its query or body. Called for every request that has a route; the
//! roles are those of the API description ([`crate::http::openapi`]), so what is described is what
//! holds. Must not decide about single objects: use cases ask for the permission again, and look
//! whose object it is.

use crate::{
    http::{error::ApiError, input::credentials::require_principal, openapi},
    services::ServiceError,
};
use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};

/// Answers 401 `auth.required`, 403 `auth.cross_site` or 403 `access.denied` in place of the route.
pub async fn check_role<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    // No clone of the request may live while it is routed: actix-web panics on it.
    match check(request.request()).await {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(error) => Ok(request.into_response(HttpResponse::from_error(error)).map_into_right_body()),
    }
}

async fn check(request: &HttpRequest) -> Result<(), ApiError> {
    let Some(pattern) = request.match_pattern() else { return Ok(()) };
    let Some(roles) = openapi::roles_of(request.method(), &pattern) else { return Ok(()) };
    let principal = require_principal(request).await?;
    if roles.contains(&principal.role) { Ok(()) } else { Err(ServiceError::Denied.into()) }
}
