//! Owns the credentials of requests: cookies, bearer tokens, and the rule against forged requests
//! of other sites. Called by the extractors, the gate of handshakes, the rate limit and the sign-in
//! handlers. Handlers must not call it for their user: they take a
//! [`Requester`](crate::services::shared::requester::Requester).

use super::{client_address::client_address, origin::is_own_page};
use crate::{
    config::Config,
    domain::{access::Action, principal::Principal},
    http::error::ApiError,
    services::{Context, ServiceError, accounts::sign_in, shared::requester},
};
use actix_web::{
    HttpMessage, HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
    http::header::{self, HeaderMap},
    web,
};
use std::net::IpAddr;

/// Name of the login cookie.
pub const COOKIE: &str = "educounsel_session";

/// Name of the cookie by which a browser proves that it has signed in before.
pub const DEVICE_COOKIE: &str = "educounsel_device";

/// The only path that receives the device cookie.
const DEVICE_COOKIE_PATH: &str = "/api/v1/auth/login";

/// Days for which browsers keep the device cookie after a login; they shorten longer times to this.
const DEVICE_COOKIE_DAYS: i64 = 400;

/// The user of a request's credential, stored with the request so that it is looked up once.
#[derive(Debug, Clone)]
struct Resolved(Option<Principal>);

/// A credential as it came with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Credential {
    Bearer(String),
    Cookie(String),
}

impl Credential {
    fn token(&self) -> &str {
        match self {
            Self::Bearer(token) | Self::Cookie(token) => token,
        }
    }
}

/// Reads the credential. The `Authorization` header wins over the cookie, because only a program
/// sends it.
fn credential(headers: &HeaderMap) -> Option<Credential> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| Credential::Bearer(token.trim().to_owned()));
    }
    cookie_in(headers, COOKIE).map(|token| Credential::Cookie(token.to_owned()))
}

fn cookie_in<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// Returns the text of the device cookie, unchecked.
#[must_use]
pub fn device_cookie_of(request: &HttpRequest) -> Option<String> {
    cookie_in(request.headers(), DEVICE_COOKIE).map(str::to_owned)
}

/// Returns the token of a handshake, from its header or its cookie.
#[must_use]
pub fn token_in(headers: &HeaderMap) -> Option<String> {
    credential(headers).map(|credential| credential.token().to_owned())
}

/// Returns the token of a request, from its header or its cookie.
#[must_use]
pub fn token_of(request: &HttpRequest) -> Option<String> {
    credential(request.headers()).map(|credential| credential.token().to_owned())
}

/// Returns the context, which every route of the server has.
pub fn context_of(request: &HttpRequest) -> Result<web::Data<Context>, ApiError> {
    let missing = || ServiceError::internal("no context in the app data");
    request.app_data::<web::Data<Context>>().cloned().ok_or_else(|| missing().into())
}

/// Finds the user of a request and remembers the result. A wrong or expired credential counts as
/// none.
pub async fn resolve(request: &HttpRequest) -> Result<Option<Principal>, ApiError> {
    if let Some(Resolved(principal)) = request.extensions().get::<Resolved>() {
        return Ok(principal.clone());
    }
    let principal = match credential(request.headers()) {
        Some(credential) => sign_in::principal_of(context_of(request)?.get_ref(), credential.token()).await?,
        None => None,
    };
    request.extensions_mut().insert(Resolved(principal.clone()));
    Ok(principal)
}

/// Refuses a change that a page of another site could have made the browser send.
fn refuse_cross_site(request: &HttpRequest, config: &Config) -> Result<(), ApiError> {
    let by_cookie = matches!(credential(request.headers()), Some(Credential::Cookie(_)));
    if !by_cookie || request.method().is_safe() || is_own_page(request.headers(), request.uri(), config) {
        return Ok(());
    }
    Err(ApiError::request("auth.cross_site", "a change by cookie must come from a page of this server"))
}

/// Finds the user of a request that needs one. Fails with 401 `auth.required` without one, and with
/// 403 `auth.cross_site` for a cookie sent from a page of another site.
pub async fn require_principal(request: &HttpRequest) -> Result<Principal, ApiError> {
    let required = || ApiError::from(ServiceError::Unauthenticated { code: "auth.required" });
    let principal = resolve(request).await?.ok_or_else(required)?;
    refuse_cross_site(request, &context_of(request)?.config)?;
    Ok(principal)
}

/// Fails with 403 when the user's role lacks a permission. Use cases check again; this check comes
/// before the body is read.
pub fn require(principal: &Principal, action: Action) -> Result<(), ApiError> {
    Ok(requester::require(principal, action)?)
}

/// Returns the address of the client of a request.
#[must_use]
pub fn address_of(request: &HttpRequest, config: &Config) -> Option<IpAddr> {
    client_address(request.headers(), request.peer_addr(), config.http.trust_proxy)
}

/// Makes the login cookie.
#[must_use]
pub fn session_cookie(token: String, config: &Config) -> Cookie<'static> {
    let hours = i64::try_from(config.security.session_total_h).unwrap_or(i64::MAX / 3600);
    cookie(COOKIE, token, config).path("/").max_age(Duration::hours(hours)).finish()
}

/// Makes the device cookie of a browser that has just signed in; it outlives the login.
#[must_use]
pub fn device_cookie(value: String, config: &Config) -> Cookie<'static> {
    cookie(DEVICE_COOKIE, value, config).path(DEVICE_COOKIE_PATH).max_age(Duration::days(DEVICE_COOKIE_DAYS)).finish()
}

/// Makes the cookie that removes the login cookie.
#[must_use]
pub fn removal_cookie(config: &Config) -> Cookie<'static> {
    cookie(COOKIE, String::new(), config).path("/").max_age(Duration::ZERO).finish()
}

fn cookie(name: &'static str, value: String, config: &Config) -> actix_web::cookie::CookieBuilder<'static> {
    let is_secure = config.has_tls() || config.http.public_url.starts_with("https://");
    Cookie::build(name, value).http_only(true).same_site(SameSite::Lax).secure(is_secure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_bearer_token_wins_over_the_cookie() {
        let request = TestRequest::default()
            .insert_header((header::AUTHORIZATION, "bearer abc "))
            .cookie(Cookie::new(COOKIE, "def"))
            .to_http_request();
        assert_eq!(credential(request.headers()), Some(Credential::Bearer("abc".into())));
        let request = TestRequest::default().cookie(Cookie::new(COOKIE, "def")).to_http_request();
        assert_eq!(token_of(&request).as_deref(), Some("def"));
        let request = TestRequest::default().insert_header((header::AUTHORIZATION, "Basic abc")).to_http_request();
        assert_eq!(credential(request.headers()), None);
    }

    #[test]
    fn the_cookie_is_for_our_pages_only() {
        let mut config = Config::default();
        let text = session_cookie("t".into(), &config).to_string();
        assert_eq!(text, "educounsel_session=t; HttpOnly; SameSite=Lax; Path=/; Max-Age=1209600");
        let device = device_cookie("d".into(), &config).to_string();
        assert_eq!(device, "educounsel_device=d; HttpOnly; SameSite=Lax; Path=/api/v1/auth/login; Max-Age=34560000");
        config.http.public_url = "https://bk.example.sch.id".into();
        assert!(removal_cookie(&config).to_string().contains("Secure"));
    }
}
