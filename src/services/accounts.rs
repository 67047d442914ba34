//! Signing in and out, and a user's own login sessions. What admins do with accounts is in [`super::users`].

use super::{Context, ServiceError, ServiceResult, announce::SessionEnd, login_brake::LoginBrake, passwords, session_token};
use crate::{
    backends::store::{AuditEntry, LoginRow, UserRow},
    domain::{
        account::{check_password_attempt, parse_login_attempt},
        ids::{LoginId, UserId},
        principal::Principal,
    },
    telemetry,
};
use serde_json::json;

/// Longest text kept of what a browser calls itself, in characters.
const USER_AGENT_LENGTH: usize = 255;

const MS_PER_HOUR: i64 = 3_600_000;

/// Where a request comes from, for session lists and the audit trail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address.
    pub address: Option<String>,
    /// The text under which its address is counted (IPv6: the /64).
    pub address_key: String,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
}

/// Somebody wants in.
#[derive(Debug)]
pub struct LoginAttempt {
    /// The login name as typed.
    pub login: String,
    /// The password as typed.
    pub password: String,
    /// The token of the session this request came with; it is replaced.
    pub earlier_token: Option<String>,
}

/// A fresh login session.
#[derive(Debug)]
pub struct NewSession {
    /// Who signed in.
    pub principal: Principal,
    /// The session's secret; nowhere else.
    pub token: String,
}

/// A login session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// The session.
    pub login: LoginRow,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// Signs somebody in: checks the password, begins a session with a new token, and ends the one the request came with.
///
/// Unknown name, wrong password and disabled account are one answer, `auth.invalid_credentials`, after the same work. Too many failures:
/// `auth.too_many_attempts` (see `login_brake`).
pub async fn log_in(context: &Context, attempt: LoginAttempt, origin: &Origin) -> ServiceResult<NewSession> {
    let login = read_attempt(&attempt)?;
    let brake = LoginBrake::new(&login, &origin.address_key);
    if let Err(refusal) = brake.pass(context).await {
        count_login("delayed");
        return Err(refusal);
    }
    let user = context.store.find_user_by_login(&login).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let is_right = passwords::verify_password(attempt.password, hash).await?;
    match user {
        Some(user) if is_right && user.disabled_at_ms.is_none() => {
            brake.forgive(context).await?;
            let session = begin_session(context, user, origin).await?;
            if let Some(token) = attempt.earlier_token {
                end_earlier_session(context, &token).await?;
            }
            count_login("ok");
            Ok(session)
        }
        user => {
            brake.count_failure(context).await?;
            note_failed_login(context, user.map(|user| user.id), origin).await?;
            count_login("failed");
            Err(ServiceError::Unauthenticated { code: "auth.invalid_credentials" })
        }
    }
}

fn count_login(outcome: &'static str) {
    metrics::counter!(telemetry::LOGINS, "outcome" => outcome).increment(1);
}

fn read_attempt(attempt: &LoginAttempt) -> ServiceResult<String> {
    match (parse_login_attempt(&attempt.login), check_password_attempt(&attempt.password)) {
        (Ok(login), Ok(())) => Ok(login),
        (login, password) => Err(ServiceError::validation([login.err(), password.err()].into_iter().flatten().collect())),
    }
}

async fn begin_session(context: &Context, user: UserRow, origin: &Origin) -> ServiceResult<NewSession> {
    let now_ms = context.clock.now_ms();
    let token = session_token::new_token()?;
    let token_hash = session_token::token_hash(&token).ok_or(ServiceError::internal("a new token does not hash"))?;
    let login = LoginRow {
        id: LoginId::generate(),
        user_id: user.id,
        token_hash,
        created_at_ms: now_ms,
        last_seen_at_ms: now_ms,
        expires_at_ms: now_ms.saturating_add(hours_ms(context.config.security.session_total_h)),
        user_agent: origin.user_agent.as_deref().map(|text| text.chars().take(USER_AGENT_LENGTH).collect()),
        address: origin.address.clone(),
    };
    let mut tx = context.store.begin().await?;
    tx.set_last_login(user.id, now_ms).await?;
    tx.append_audit(&session_entry(context, "auth.login", user.id, Some(login.id), origin)).await?;
    tx.commit().await?;
    context.cache.put_login(&login).await?;
    Ok(NewSession { principal: principal(&user, login.id), token })
}

/// Returns hours in ms, at most 1,000 years.
pub(super) fn hours_ms(hours: u64) -> i64 {
    i64::try_from(hours.min(8_766_000)).unwrap_or(i64::MAX / MS_PER_HOUR) * MS_PER_HOUR
}

/// A login replaces the session the browser had before: its token must not stay good.
async fn end_earlier_session(context: &Context, token: &str) -> ServiceResult<()> {
    let Some(hash) = session_token::token_hash(token) else { return Ok(()) };
    if let Some(earlier) = context.cache.find_login(&hash).await?
        && context.cache.delete_login(earlier.user_id, earlier.id).await?
    {
        context.announce.end_sockets(earlier.user_id, Some(earlier.id), SessionEnd::Logout);
    }
    Ok(())
}

fn session_entry<'a>(context: &Context, action: &'a str, user: UserId, login: Option<LoginId>, origin: &Origin) -> AuditEntry<'a> {
    AuditEntry {
        actor_id: Some(user),
        action,
        target_kind: login.map(|_| "session"),
        target_id: login.map(|login| login.to_string()),
        address: origin.address.clone(),
        data: json!({}),
        at_ms: context.clock.now_ms(),
    }
}

/// Notes a failed login under the account, if there is one. What was typed is not kept: people type passwords into the wrong field. The same row is
/// written for unknown names, so that neither takes longer.
async fn note_failed_login(context: &Context, user: Option<UserId>, origin: &Origin) -> ServiceResult<()> {
    let entry = AuditEntry {
        actor_id: None,
        action: "auth.login_failed",
        target_kind: user.map(|_| "user"),
        target_id: user.map(|user| user.to_string()),
        address: origin.address.clone(),
        data: json!({}),
        at_ms: context.clock.now_ms(),
    };
    Ok(context.store.append_audit(&entry).await?)
}

fn principal(user: &UserRow, login_id: LoginId) -> Principal {
    Principal {
        user_id: user.id,
        login_id,
        role: user.role,
        name: user.name.clone(),
        login: user.login.clone(),
        user_since_ms: user.created_at_ms,
    }
}

/// Finds the user behind a session token and notes the use. `None` for a token that is unknown or over, or whose account is disabled.
pub async fn principal_of(context: &Context, token: &str) -> ServiceResult<Option<Principal>> {
    let Some(hash) = session_token::token_hash(token) else { return Ok(None) };
    let Some(login) = context.cache.find_login(&hash).await? else { return Ok(None) };
    let Some(user) = context.store.find_user(login.user_id).await?.filter(|user| user.disabled_at_ms.is_none()) else {
        return Ok(None);
    };
    context.cache.touch_login(&login).await?;
    Ok(Some(principal(&user, login.id)))
}

/// Signs the user out: ends the session and its open sockets.
pub async fn log_out(context: &Context, principal: &Principal, origin: &Origin) -> ServiceResult<()> {
    context.cache.delete_login(principal.user_id, principal.login_id).await?;
    context.announce.end_sockets(principal.user_id, Some(principal.login_id), SessionEnd::Logout);
    let entry = session_entry(context, "auth.logout", principal.user_id, Some(principal.login_id), origin);
    Ok(context.store.append_audit(&entry).await?)
}

/// Lists the user's login sessions, newest first.
pub async fn list_sessions(context: &Context, principal: &Principal) -> ServiceResult<Vec<SessionView>> {
    let logins = context.cache.list_logins(principal.user_id).await?;
    let view = |login: LoginRow| SessionView { is_current: login.id == principal.login_id, login };
    Ok(logins.into_iter().map(view).collect())
}

/// Ends one of the user's sessions and its open sockets. Unknown and foreign ids: not found.
pub async fn revoke_session(context: &Context, principal: &Principal, login: LoginId, origin: &Origin) -> ServiceResult<()> {
    if !context.cache.delete_login(principal.user_id, login).await? {
        return Err(ServiceError::NotFound);
    }
    context.announce.end_sockets(principal.user_id, Some(login), SessionEnd::Revoked);
    let entry = session_entry(context, "session.revoked", principal.user_id, Some(login), origin);
    Ok(context.store.append_audit(&entry).await?)
}
