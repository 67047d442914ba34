//! Owns the extractor of [`Requester`]: a signed-in user together with the origin of the request.
//! Called by actix-web for every handler that takes one. Must not let a request without a user
//! pass.

use super::{
    client_address::address_key,
    credentials::{address_of, context_of, require_principal},
};
use crate::{
    config::Config,
    http::error::ApiError,
    services::shared::requester::{Origin, Requester},
};
use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};
use futures_util::future::LocalBoxFuture;

/// Fails with 401 `auth.required` without a signed-in user, and with 403 `auth.cross_site` for a
/// cookie sent from a page of another site.
impl FromRequest for Requester {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let principal = require_principal(&request).await?;
            let origin = origin_of(&request, &context_of(&request)?.config);
            Ok(Self { principal, origin })
        })
    }
}

/// Returns the origin of a request, with or without a known user.
#[must_use]
pub fn origin_of(request: &HttpRequest, config: &Config) -> Origin {
    let address = address_of(request, config);
    let user_agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Origin { address: address.map(|address| address.to_string()), address_key: address_key(address), user_agent }
}
