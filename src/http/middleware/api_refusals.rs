//! Owns one kind of console line: a backend's request to the HTTP API was refused. Called by
//! actix-web for every request, outside of every middleware that may refuse one. Must not show
//! query or body of a request.

use crate::{
    domain::ids::AppId,
    http::error::ApiError,
    services::Context,
    wire::console::{Line, LineKind},
};
use actix_web::{
    Error, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};

/// Adds a line to the app's console when the HTTP API of a connected app answers with 4xx. The line
/// names method and path only: the query holds a signature, and the body may be anything.
pub async fn show_refusals<B: MessageBody + 'static>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let response = next.call(request).await?;
    if response.status().is_client_error() {
        show_refusal(&response);
    }
    Ok(response)
}

fn show_refusal<B>(response: &ServiceResponse<B>) {
    let request = response.request();
    let Some(context) = request.app_data::<Data<Context>>().filter(|context| context.watched.is_anybody_watching()) else { return };
    let Some(app) = app_of(context, request) else { return };
    let (status, error) = (response.status(), response.response().error());
    let reason = error.and_then(|error| error.as_error::<ApiError>()).map(ApiError::detail);
    let reason = reason.unwrap_or_else(|| status.canonical_reason().unwrap_or_default().to_owned());
    let asked = format!("{} {}", request.method(), request.path());
    context.watched.show(&app, || Line::new(LineKind::ApiRefused).data(&asked).because(Some(status.as_u16()), &reason));
}

/// Returns the app of a request: the one that its path names, or, for the one path without an app
/// id, the one that its key names.
fn app_of(context: &Context, request: &HttpRequest) -> Option<AppId> {
    if let Some(rest) = request.path().strip_prefix("/apps/") {
        return rest.split('/').next().map(|id| AppId(id.into()));
    }
    if !request.path().starts_with("/users/") {
        return None;
    }
    let key = request.query_string().split('&').find_map(|pair| pair.strip_prefix("auth_key="))?;
    context.apps.by_key(key).map(|app| app.id.clone())
}
