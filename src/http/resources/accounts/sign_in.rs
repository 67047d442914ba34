//! Signing in and out, and a user's own sessions.

use crate::{
    config::Config,
    domain::{
        clock::rfc3339,
        ids::LoginId,
        principal::{Principal, Role},
    },
    http::{
        error::{ApiError, ApiResult},
        input::{
            client_address::address_key,
            credentials::{SignedIn, address_of, device_cookie, device_cookie_of, removal_cookie, session_cookie, token_of},
            json_body::JsonBody,
            origin::same_origin,
        },
    },
    services::{
        Context,
        accounts::sign_in::{self, LoginAttempt, Origin, SessionView},
    },
};
use actix_web::{HttpRequest, HttpResponse, http::header, web};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Body of `POST /auth/login`.
#[derive(Deserialize)]
pub struct LoginBody {
    login: String,
    password: String,
    /// Whether the answer should carry a bearer token, for programs.
    #[serde(default)]
    token: bool,
}

/// A user as everybody may see them.
#[derive(Debug, Serialize)]
pub struct UserBody {
    id: String,
    login: String,
    name: String,
    role: Role,
}

impl From<&Principal> for UserBody {
    fn from(principal: &Principal) -> Self {
        Self { id: principal.user_id.to_string(), login: principal.login.clone(), name: principal.name.clone(), role: principal.role }
    }
}

/// An item of `GET /auth/sessions`.
#[derive(Debug, Serialize)]
struct SessionBody {
    id: String,
    created_at: String,
    last_seen_at: String,
    expires_at: String,
    user_agent: Option<String>,
    address: Option<String>,
    current: bool,
}

impl From<SessionView> for SessionBody {
    fn from(view: SessionView) -> Self {
        Self {
            id: view.login.id.to_string(),
            created_at: rfc3339(view.login.created_at_ms),
            last_seen_at: rfc3339(view.login.last_seen_at_ms),
            expires_at: rfc3339(view.login.expires_at_ms),
            user_agent: view.login.user_agent,
            address: view.login.address,
            current: view.is_current,
        }
    }
}

/// Returns where a request comes from.
#[must_use]
pub fn origin_of(request: &HttpRequest, config: &Config) -> Origin {
    let address = address_of(request, config);
    let user_agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Origin { address: address.map(|address| address.to_string()), address_key: address_key(address), user_agent }
}

/// `POST /auth/login`: 200 with the cookies of session and device, and the token when asked for; 401 `auth.invalid_credentials`; 429
/// `auth.too_many_attempts` or `rate_limited`.
/// A page of another site may not sign anybody in: 403 `auth.cross_site`.
pub async fn log_in(context: web::Data<Context>, request: HttpRequest, body: JsonBody<LoginBody>) -> ApiResult {
    if same_origin(request.headers(), request.uri(), &context.config) == Some(false) {
        return Err(ApiError::request("auth.cross_site", "sign in from a page of this server"));
    }
    let JsonBody { value: LoginBody { login, password, token: wants_token }, .. } = body;
    let attempt = LoginAttempt { login, password, earlier_token: token_of(&request), device_cookie: device_cookie_of(&request) };
    let session = sign_in::log_in(&context, attempt, &origin_of(&request, &context.config)).await?;
    let mut answer = json!({"user": UserBody::from(&session.principal)});
    if wants_token {
        answer["token"] = json!(session.token);
    }
    let cookies = (session_cookie(session.token, &context.config), device_cookie(session.device_cookie, &context.config));
    Ok(HttpResponse::Ok().cookie(cookies.0).cookie(cookies.1).json(answer))
}

/// `POST /auth/logout`: 204; the session and its sockets end.
pub async fn log_out(context: web::Data<Context>, request: HttpRequest, SignedIn(principal): SignedIn) -> ApiResult {
    sign_in::log_out(&context, &principal, &origin_of(&request, &context.config)).await?;
    Ok(HttpResponse::NoContent().cookie(removal_cookie(&context.config)).finish())
}

/// `GET /auth/me`: who is signed in.
pub async fn me(SignedIn(principal): SignedIn) -> HttpResponse {
    HttpResponse::Ok().json(json!({"user": UserBody::from(&principal)}))
}

/// `GET /auth/sessions`: the user's own sessions, newest first.
pub async fn list_sessions(context: web::Data<Context>, SignedIn(principal): SignedIn) -> ApiResult {
    let sessions = sign_in::list_sessions(&context, &principal).await?;
    let items: Vec<SessionBody> = sessions.into_iter().map(SessionBody::from).collect();
    Ok(HttpResponse::Ok().json(json!({"items": items, "next": null})))
}

/// `DELETE /auth/sessions/{id}`: 204; the session and its sockets end. Unknown and foreign ids: 404.
pub async fn revoke_session(
    context: web::Data<Context>,
    request: HttpRequest,
    SignedIn(principal): SignedIn,
    id: web::Path<LoginId>,
) -> ApiResult {
    sign_in::revoke_session(&context, &principal, *id, &origin_of(&request, &context.config)).await?;
    Ok(HttpResponse::NoContent().finish())
}
