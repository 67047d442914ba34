//! Owns the routes of signing in and out, and of a user's own logins.

use crate::{
    domain::{
        clock::rfc3339,
        ids::{LoginId, UserId},
        principal::{Principal, Role},
        shape::{Text, Time},
    },
    http::{
        error::{ApiError, ApiResult},
        input::{
            credentials::{device_cookie, device_cookie_of, removal_cookie, session_cookie, token_of},
            json_body::JsonBody,
            origin::same_origin,
            page::Page,
            requester::origin_of,
        },
    },
    services::{
        Context,
        accounts::sign_in::{self, LoginAttempt, LoginView},
        shared::requester::Requester,
    },
};
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Body of `POST /auth/login`.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct SignInBody {
    /// The login name, in any case.
    #[schemars(length(min = 1, max = 64))]
    login: String,
    /// The password.
    #[schemars(length(min = 1, max = 200))]
    password: String,
    /// Whether the answer should carry a bearer token, for programs.
    #[serde(default)]
    token: bool,
}

/// A user as everybody may see them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub struct UserBody {
    /// The account.
    id: UserId,
    /// Login name.
    login: String,
    /// Display name.
    name: String,
    /// What the account is for.
    role: Role,
}

/// The answer to who has just signed in.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct SignedIn {
    /// Who that is.
    user: UserBody,
    /// Bearer token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Text")]
    token: Option<String>,
}

/// The answer to who asks who they are.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Myself {
    /// Who that is.
    user: UserBody,
}

impl From<&Principal> for UserBody {
    fn from(principal: &Principal) -> Self {
        Self { id: principal.user_id, login: principal.login.clone(), name: principal.name.clone(), role: principal.role }
    }
}

/// A login, an item of `GET /auth/sessions`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Session")]
pub struct LoginBody {
    /// Its id.
    id: LoginId,
    /// When it began.
    #[schemars(with = "Time")]
    created_at: String,
    /// When it was used last.
    #[schemars(with = "Time")]
    last_seen_at: String,
    /// When it ends at the latest.
    #[schemars(with = "Time")]
    expires_at: String,
    /// What the browser calls itself.
    user_agent: Option<String>,
    /// The network address it began from.
    address: Option<String>,
    /// Whether it is the one that asks.
    current: bool,
}

impl From<LoginView> for LoginBody {
    fn from(view: LoginView) -> Self {
        Self {
            id: view.login.id,
            created_at: rfc3339(view.login.created_at_ms),
            last_seen_at: rfc3339(view.login.last_seen_at_ms),
            expires_at: rfc3339(view.login.expires_at_ms),
            user_agent: view.login.user_agent,
            address: view.login.address,
            current: view.is_current,
        }
    }
}

/// `POST /auth/login`: 200 with the cookies of login and device, and with a token on request.
///
/// Errors: 401 `auth.invalid_credentials`; 429 `auth.too_many_attempts` or `rate_limited`; 403
/// `auth.cross_site`, because a page of another site may not sign a user in.
pub async fn log_in(context: web::Data<Context>, request: HttpRequest, body: JsonBody<SignInBody>) -> ApiResult {
    if same_origin(request.headers(), request.uri(), &context.config) == Some(false) {
        return Err(ApiError::request("auth.cross_site", "sign in from a page of this server"));
    }
    let JsonBody { value: SignInBody { login, password, token: wants_token }, .. } = body;
    let attempt = LoginAttempt { login, password, earlier_token: token_of(&request), device_cookie: device_cookie_of(&request) };
    let login = sign_in::log_in(&context, attempt, &origin_of(&request, &context.config)).await?;
    let answer = SignedIn { user: UserBody::from(&login.principal), token: wants_token.then(|| login.token.clone()) };
    let cookies = (session_cookie(login.token, &context.config), device_cookie(login.device_cookie, &context.config));
    Ok(HttpResponse::Ok().cookie(cookies.0).cookie(cookies.1).json(answer))
}

/// `POST /auth/logout`: 204; the login and its sockets end.
pub async fn log_out(context: web::Data<Context>, requester: Requester) -> ApiResult {
    sign_in::log_out(&context, &requester).await?;
    Ok(HttpResponse::NoContent().cookie(removal_cookie(&context.config)).finish())
}

/// `GET /auth/me`: the signed-in user.
pub async fn me(Requester { principal, .. }: Requester) -> HttpResponse {
    HttpResponse::Ok().json(Myself { user: UserBody::from(&principal) })
}

/// `GET /auth/sessions`: the user's own logins, newest first.
pub async fn list_logins(context: web::Data<Context>, Requester { principal, .. }: Requester) -> ApiResult {
    let logins = sign_in::list_logins(&context, &principal).await?;
    Ok(HttpResponse::Ok().json(Page::only(logins.into_iter().map(LoginBody::from).collect())))
}

/// `DELETE /auth/sessions/{id}`: 204; the login and its sockets end. Unknown and foreign ids: 404.
pub async fn revoke_login(context: web::Data<Context>, requester: Requester, id: web::Path<LoginId>) -> ApiResult {
    sign_in::revoke_login(&context, &requester, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
