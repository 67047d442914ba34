//! Owns the routes of `/admin/apps`: admins manage the connected Pusher apps.

use crate::{
    domain::{access::Action, ids::AppId},
    http::{
        error::ApiResult,
        input::{credentials::require, idempotency::idempotent, json_body::JsonBody, page::Page},
    },
    services::{
        Context,
        apps::manage::{self, AppPatch},
        shared::requester::Requester,
    },
};
use actix_web::{HttpRequest, HttpResponse, web};
use std::cell::Cell;

/// `GET /admin/apps`: all apps without secrets, those of the settings first.
pub async fn list(context: web::Data<Context>, Requester { principal: user, .. }: Requester) -> ApiResult {
    Ok(HttpResponse::Ok().json(Page::only(manage::list_apps(&context, &user).await?)))
}

/// `GET /admin/apps/{id}`
pub async fn read(context: web::Data<Context>, Requester { principal: user, .. }: Requester, id: web::Path<AppId>) -> ApiResult {
    Ok(HttpResponse::Ok().json(manage::read_app(&context, &user, &id).await?))
}

/// `POST /admin/apps`: 201 with the app and its secret, which no other answer shows. A repeat under
/// the same `Idempotency-Key` creates no second app and shows no secret.
pub async fn create(context: web::Data<Context>, request: HttpRequest, requester: Requester, payload: web::Payload) -> ApiResult {
    require(&requester.principal, Action::ManageApps)?;
    let body: JsonBody<AppPatch> = JsonBody::receive(&request, payload.into_inner()).await?;
    // The answer for repeats is stored in the database as plain text, so it must not contain the
    // secret.
    let made = Cell::new(None);
    let work = || async {
        let app = manage::create_app(&context, &requester, &body.value).await?;
        let kept = HttpResponse::Created().json(app.clone().without_secret());
        made.set(Some(app));
        Ok(kept)
    };
    let kept = idempotent(&context, &requester.principal, &request, &body.bytes, work).await?;
    Ok(made.take().map_or(kept, |app| HttpResponse::Created().json(app)))
}

/// `PATCH /admin/apps/{id}`: changes the given fields.
pub async fn change(
    context: web::Data<Context>,
    request: HttpRequest,
    requester: Requester,
    id: web::Path<AppId>,
    payload: web::Payload,
) -> ApiResult {
    require(&requester.principal, Action::ManageApps)?;
    let body: JsonBody<AppPatch> = JsonBody::receive(&request, payload.into_inner()).await?;
    Ok(HttpResponse::Ok().json(manage::change_app(&context, &requester, &id, &body.value).await?))
}

/// `POST /admin/apps/{id}/rotate`: 200 with the app and its new secret.
pub async fn rotate(context: web::Data<Context>, requester: Requester, id: web::Path<AppId>) -> ApiResult {
    Ok(HttpResponse::Ok().json(manage::rotate_secret(&context, &requester, &id).await?))
}
