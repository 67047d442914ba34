//! Owns signing in and out, and the list of a user's own logins. Called by
//! `http/resources/accounts/sign_in`; `http/input/credentials` and `http/sockets/handshake` find
//! the user of a token here, and `actors/sockets/login_check` finds the logins that have ended.
//!
//! - Unknown name, wrong password and disabled account get the same answer after the same work.
//! - A login whose account was changed while it began ends at once.

use super::{device_cookie, fair_queue::Rank, hashing_line, login_brake::LoginBrake, session_token};
use crate::{
    backends::{
        cache::LoginState,
        store::{LoginRow, UserRow},
    },
    domain::{
        accounts::{check_password_attempt, parse_login_attempt},
        ids::{LoginId, UserId},
        live::registry::SocketOwner,
        principal::Principal,
    },
    services::{
        Context, ServiceError, ServiceResult,
        live::port::LoginEnd,
        shared::requester::{Origin, Requester},
    },
    telemetry,
};
use serde_json::json;
use std::collections::HashSet;

/// How many characters of the browser's `User-Agent` are kept.
const USER_AGENT_LENGTH: usize = 255;

const MS_PER_HOUR: i64 = 3_600_000;

/// A request to sign in.
#[derive(Debug)]
pub struct LoginAttempt {
    /// The login name as typed.
    pub login: String,
    /// The password as typed.
    pub password: String,
    /// The token of the login this request came with; the new login replaces it.
    pub earlier_token: Option<String>,
    /// The cookie by which the browser proves that it has signed in before.
    pub device_cookie: Option<String>,
}

/// A fresh login.
#[derive(Debug)]
pub struct NewLogin {
    /// The user.
    pub principal: Principal,
    /// The secret of the login; it is stored nowhere.
    pub token: String,
    /// The cookie that makes this browser a known device of the account at the next login.
    pub device_cookie: String,
}

/// A login as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginView {
    /// The login.
    pub login: LoginRow,
    /// Whether the request came with this login.
    pub is_current: bool,
}

/// Signs a user in: checks the password, begins a login with a new token, and ends the login the
/// request came with.
///
/// Unknown name, wrong password and disabled account are one answer, `auth.invalid_credentials`,
/// after the same work. Too many failures: `auth.too_many_attempts` (see `login_brake`). Too many
/// logins at once: `rate_limited`.
pub async fn log_in(context: &Context, attempt: LoginAttempt, origin: &Origin) -> ServiceResult<NewLogin> {
    let login = read_attempt(&attempt)?;
    let device = device_cookie::device_of(&context.secret, attempt.device_cookie.as_deref(), &login);
    let brake = LoginBrake::new(&login, &origin.address_key, device.as_deref());
    let outcome = match look_at(context, &brake, &login, attempt.password, origin).await {
        Ok(Looked::Right(user, rank)) => {
            brake.forgive(context, rank).await?;
            begin_login(context, user, origin).await
        }
        Ok(Looked::Wrong(user)) => {
            record_failed_login(context, user, origin).await?;
            Err(INVALID_CREDENTIALS)
        }
        Err(refusal) => Err(refusal),
    };
    count_outcome(outcome.as_ref().err());
    let (principal, token) = outcome?;
    if let Some(token) = attempt.earlier_token {
        end_earlier_login(context, &token).await?;
    }
    let device_cookie = device_cookie::renew(&context.secret, attempt.device_cookie.as_deref(), &login);
    Ok(NewLogin { principal, token, device_cookie })
}

/// The one answer to unknown names, wrong passwords and disabled accounts.
const INVALID_CREDENTIALS: ServiceError = ServiceError::Unauthenticated { code: "auth.invalid_credentials" };

/// The result of checking login and password.
enum Looked {
    /// They belong to this account, which may sign in.
    Right(UserRow, Rank),
    /// They are wrong, or the account is disabled. Names the account, if there is one.
    Wrong(Option<UserId>),
}

/// Waits for a turn and compares the password. A failure is counted before the next turn begins.
async fn look_at(context: &Context, brake: &LoginBrake, login: &str, password: String, origin: &Origin) -> ServiceResult<Looked> {
    let rank = brake.pass(context).await?;
    let turn = hashing_line::wait_turn(rank, &origin.address_key).await?;
    brake.pass_again(context, rank).await?;
    let user = context.store.find_user_by_login(login).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let (turn, is_right) = turn.verify(password, hash).await?;
    let looked = match user {
        Some(user) if is_right && user.disabled_at_ms.is_none() => Looked::Right(user, rank),
        user => {
            brake.count_failure(context).await?;
            Looked::Wrong(user.map(|user| user.id))
        }
    };
    drop(turn);
    Ok(looked)
}

fn count_outcome(error: Option<&ServiceError>) {
    let outcome = match error {
        None => "ok",
        Some(ServiceError::Unauthenticated { .. }) => "failed",
        Some(ServiceError::TooMany { .. }) => "delayed",
        Some(_) => return,
    };
    metrics::counter!(telemetry::LOGINS, "outcome" => outcome).increment(1);
}

fn read_attempt(attempt: &LoginAttempt) -> ServiceResult<String> {
    match (parse_login_attempt(&attempt.login), check_password_attempt(&attempt.password)) {
        (Ok(login), Ok(())) => Ok(login),
        (login, password) => Err(ServiceError::validation([login.err(), password.err()].into_iter().flatten().collect())),
    }
}

/// Begins a login and returns it with its token. Reads the account again afterwards: a new
/// password, a new role or a disabling that came in between has ended the logins it found, and must
/// end this one too.
async fn begin_login(context: &Context, user: UserRow, origin: &Origin) -> ServiceResult<(Principal, String)> {
    let token = session_token::new_token()?;
    let login = new_login(context, &user, &token, origin)?;
    let mut tx = context.store.begin().await?;
    tx.set_last_login(user.id, login.created_at_ms).await?;
    tx.append_audit(&origin.audit_entry(Some(user.id), "auth.login", target_of(login.id), json!({}), login.created_at_ms)).await?;
    tx.commit().await?;
    context.cache.put_login(&login).await?;
    let now = context.store.find_user(user.id).await?;
    let is_same = |now: UserRow| now.disabled_at_ms.is_none() && now.password_hash == user.password_hash && now.role == user.role;
    if !now.is_some_and(is_same) {
        context.cache.delete_login(user.id, login.id).await?;
        return Err(INVALID_CREDENTIALS);
    }
    Ok((principal(&user, login.id), token))
}

fn new_login(context: &Context, user: &UserRow, token: &str, origin: &Origin) -> ServiceResult<LoginRow> {
    let now_ms = context.clock.now_ms();
    Ok(LoginRow {
        id: LoginId::generate(),
        user_id: user.id,
        token_hash: session_token::token_hash(token).ok_or(ServiceError::internal("a new token does not hash"))?,
        created_at_ms: now_ms,
        last_seen_at_ms: now_ms,
        expires_at_ms: now_ms.saturating_add(hours_ms(context.config.security.session_total_h)),
        user_agent: origin.user_agent.as_deref().map(|text| text.chars().take(USER_AGENT_LENGTH).collect()),
        address: origin.address.clone(),
    })
}

/// Returns hours in ms, at most 1,000 years.
pub(super) fn hours_ms(hours: u64) -> i64 {
    i64::try_from(hours.min(8_766_000)).unwrap_or(i64::MAX / MS_PER_HOUR) * MS_PER_HOUR
}

/// Ends the login that the browser had before, because its token must not stay valid.
async fn end_earlier_login(context: &Context, token: &str) -> ServiceResult<()> {
    let Some(hash) = session_token::token_hash(token) else { return Ok(()) };
    if let Some(earlier) = context.cache.find_login(&hash).await?
        && context.cache.delete_login(earlier.user_id, earlier.id).await?
    {
        context.announce.end_sockets(earlier.user_id, Some(earlier.id), LoginEnd::Logout);
    }
    Ok(())
}

/// Returns how the audit trail names a login.
fn target_of(login: LoginId) -> Option<(&'static str, String)> {
    Some(("session", login.to_string()))
}

/// Records a failed login under the account, if there is one. The typed text is not kept: people
/// type passwords into the wrong field. The row is also written for unknown names, so that both
/// take the same time.
async fn record_failed_login(context: &Context, user: Option<UserId>, origin: &Origin) -> ServiceResult<()> {
    let target = user.map(|user| ("user", user.to_string()));
    let entry = origin.audit_entry(None, "auth.login_failed", target, json!({}), context.clock.now_ms());
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

/// Finds the user of a login token and records the use. `None` when the token is unknown or has
/// ended, or when the account is disabled.
pub async fn principal_of(context: &Context, token: &str) -> ServiceResult<Option<Principal>> {
    let Some(hash) = session_token::token_hash(token) else { return Ok(None) };
    let Some(login) = context.cache.find_login(&hash).await? else { return Ok(None) };
    let Some(user) = context.store.find_user(login.user_id).await?.filter(|user| user.disabled_at_ms.is_none()) else {
        return Ok(None);
    };
    context.cache.touch_login(&login).await?;
    Ok(Some(principal(&user, login.id)))
}

/// Returns which owners of sockets have no valid login any more, and why.
///
/// When Redis lost its memory, its logins are lost too. Those do not end at once, because nobody
/// ended them and a whole school would be sent away together: their sockets stay until the longest
/// life of a login is over. Their users sign in again at their next request.
pub async fn ended_logins(context: &Context, owners: &[SocketOwner]) -> ServiceResult<Vec<(SocketOwner, LoginEnd)>> {
    let users: HashSet<UserId> = owners.iter().map(|owner| owner.user).collect();
    let enabled = context.store.enabled_users(users).await?;
    let logins: Vec<_> = owners.iter().map(|owner| (owner.user, owner.login)).collect();
    let states = context.cache.login_states(&logins).await?;
    let lost = states.iter().filter(|state| **state == LoginState::Lost).count();
    if lost > 0 {
        tracing::warn!(logins = lost, "redis lost logins: their sockets stay open, their users sign in again at their next request");
    }
    let life_ms = hours_ms(context.config.security.session_total_h);
    let has_lived = |login: LoginId| login.made_at_ms().saturating_add(life_ms) <= context.clock.now_ms();
    let ended = owners.iter().zip(states).filter_map(|(owner, state)| match state {
        _ if !enabled.contains(&owner.user) => Some((*owner, LoginEnd::Disabled)),
        LoginState::Over => Some((*owner, LoginEnd::Expired)),
        LoginState::Lost if has_lived(owner.login) => Some((*owner, LoginEnd::Expired)),
        LoginState::Lost | LoginState::Live => None,
    });
    Ok(ended.collect())
}

/// Signs the user out: ends the login and its open sockets.
pub async fn log_out(context: &Context, requester: &Requester) -> ServiceResult<()> {
    let principal = &requester.principal;
    context.cache.delete_login(principal.user_id, principal.login_id).await?;
    context.announce.end_sockets(principal.user_id, Some(principal.login_id), LoginEnd::Logout);
    let entry = requester.audit_entry("auth.logout", target_of(principal.login_id), json!({}), context.clock.now_ms());
    Ok(context.store.append_audit(&entry).await?)
}

/// Lists the user's logins, newest first.
pub async fn list_logins(context: &Context, principal: &Principal) -> ServiceResult<Vec<LoginView>> {
    let logins = context.cache.list_logins(principal.user_id).await?;
    let view = |login: LoginRow| LoginView { is_current: login.id == principal.login_id, login };
    Ok(logins.into_iter().map(view).collect())
}

/// Ends one of the user's logins and its open sockets. Unknown ids and those of other users: not
/// found.
pub async fn revoke_login(context: &Context, requester: &Requester, login: LoginId) -> ServiceResult<()> {
    let user = requester.principal.user_id;
    if !context.cache.delete_login(user, login).await? {
        return Err(ServiceError::NotFound);
    }
    context.announce.end_sockets(user, Some(login), LoginEnd::Revoked);
    let entry = requester.audit_entry("session.revoked", target_of(login), json!({}), context.clock.now_ms());
    Ok(context.store.append_audit(&entry).await?)
}
