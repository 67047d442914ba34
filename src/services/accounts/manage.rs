//! Owns the accounts as admins manage them: list, make, change, disable. Called by
//! `http/resources/accounts/manage`, [`super::import`], the command line and the demo data.
//!
//! - A change and its audit entry are one transaction.
//! - At least one admin who can sign in remains.

use super::hashing_line;
pub use crate::backends::store::UserRow;
use crate::{
    backends::store::{AuditEntry, Store, UserChange, UserFilter},
    domain::{
        access::Action,
        accounts::{check_new_password, parse_login, parse_name},
        ids::UserId,
        principal::{Principal, Role},
        text::{FieldError, TextRule},
    },
    services::{
        Context, ServiceError, ServiceResult,
        live::port::LoginEnd,
        shared::{
            contention::retry_contention,
            requester::{Requester, require},
        },
    },
};
use serde_json::{Value, json};

const QUERY: TextRule = TextRule::line("query", 0, 120);

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Login name, as typed.
    pub login: String,
    /// Display name, as typed.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The password, as typed.
    pub password: String,
}

/// The changes to an account; `None` leaves a part as it is.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    /// Display name.
    pub name: Option<String>,
    /// The role.
    pub role: Option<Role>,
    /// The password.
    pub password: Option<String>,
    /// Whether the account is disabled.
    pub disabled: Option<bool>,
}

/// The filter and page of a list of accounts.
#[derive(Debug, Clone, Default)]
pub struct UserQuery {
    /// Words in login or name.
    pub query: Option<String>,
    /// Only this role.
    pub role: Option<Role>,
    /// Only disabled, or only active ones.
    pub disabled: Option<bool>,
    /// Only accounts after this one.
    pub after: Option<UserId>,
    /// How many, 1..=100.
    pub limit: u32,
}

/// Lists accounts, newest first.
pub async fn list_users(context: &Context, principal: &Principal, query: UserQuery) -> ServiceResult<Vec<UserRow>> {
    require(principal, Action::ManageUsers)?;
    let words = query.query.map(|text| QUERY.parse(&text)).transpose()?.filter(|text| !text.is_empty());
    let filter = UserFilter { query: words, role: query.role, disabled: query.disabled };
    Ok(context.store.list_users(&filter, query.after, query.limit).await?)
}

/// Makes an account on behalf of an admin. Fails with `validation`, or with `users.login_taken`.
pub async fn create_user(context: &Context, requester: &Requester, new: NewUser) -> ServiceResult<UserRow> {
    require(&requester.principal, Action::ManageUsers)?;
    add_user(&context.store, context.clock.now_ms(), new, Maker::from(requester)).await
}

/// The one who makes an account, for the audit trail. The default is the server itself (command
/// line, demo data).
#[derive(Debug, Clone, Default)]
pub struct Maker {
    /// The admin.
    pub actor: Option<UserId>,
    /// The admin's address.
    pub address: Option<String>,
}

impl From<&Requester> for Maker {
    fn from(requester: &Requester) -> Self {
        Self { actor: Some(requester.principal.user_id), address: requester.origin.address.clone() }
    }
}

/// Makes an account without a check of rights: for the command line, the demo data and, after its
/// own check, [`create_user`].
pub async fn add_user(store: &Store, now_ms: i64, new: NewUser, maker: Maker) -> ServiceResult<UserRow> {
    let (login, name) = read_new(&new)?;
    let user = UserRow {
        id: UserId::generate(),
        login,
        name,
        role: new.role,
        password_hash: hashing_line::hash_password(new.password).await?,
        disabled_at_ms: None,
        last_login_at_ms: None,
        created_at_ms: now_ms,
    };
    let mut tx = store.begin().await?;
    if !tx.insert_user(&user).await? {
        return Err(ServiceError::Conflict { code: "users.login_taken" });
    }
    let facts = json!({"title": user.login, "role": user.role});
    tx.append_audit(&user_entry("user.created", user.id, facts, &maker, now_ms)).await?;
    tx.commit().await?;
    Ok(user)
}

/// Reads login and name, and checks the password; reports all errors at once.
fn read_new(new: &NewUser) -> ServiceResult<(String, String)> {
    match (parse_login(&new.login), parse_name(&new.name), check_new_password(&new.password)) {
        (Ok(login), Ok(name), Ok(())) => Ok((login, name)),
        (login, name, password) => {
            let errors: Vec<FieldError> = [login.err(), name.err(), password.err()].into_iter().flatten().collect();
            Err(ServiceError::validation(errors))
        }
    }
}

fn user_entry<'a>(action: &'a str, target: UserId, data: Value, maker: &Maker, at_ms: i64) -> AuditEntry<'a> {
    AuditEntry {
        actor_id: maker.actor,
        action,
        target_kind: Some("user"),
        target_id: Some(target.to_string()),
        address: maker.address.clone(),
        data,
        at_ms,
    }
}

/// Changes an account. A patch that names `disabled`, `role` or `password`, changed or not, ends
/// its logins and closes its sockets. Admins cannot disable or demote themselves, and nobody can do
/// so to the last admin who can sign in (`conflict`).
pub async fn change_user(context: &Context, requester: &Requester, id: UserId, patch: UserPatch) -> ServiceResult<UserRow> {
    require(&requester.principal, Action::ManageUsers)?;
    let before = context.store.find_user(id).await?.ok_or(ServiceError::NotFound)?;
    let end = login_end(&patch);
    let change = read_patch(patch, &before, context.clock.now_ms()).await?;
    let is_self = id == requester.principal.user_id;
    if is_self && (change.role.is_some() || matches!(change.disabled_at_ms, Some(Some(_)))) {
        return Err(ServiceError::Conflict { code: "conflict" });
    }
    let maker = Maker::from(requester);
    retry_contention(async || write_change(context, &before, &change, &maker).await).await?;
    if let Some(reason) = end {
        end_logins(context, id, reason).await?;
    }
    context.store.find_user(id).await?.ok_or(ServiceError::NotFound)
}

async fn write_change(context: &Context, before: &UserRow, change: &UserChange, maker: &Maker) -> ServiceResult<()> {
    let (id, is_disabling) = (before.id, matches!(change.disabled_at_ms, Some(Some(_))));
    let mut tx = context.store.begin().await?;
    // Inside the transaction: two admins may disable each other at the same moment.
    if (is_disabling || change.role.is_some_and(|role| role != Role::Admin)) && tx.hold_active_admins().await? == [id] {
        return Err(ServiceError::Conflict { code: "conflict" });
    }
    if !tx.update_user(id, change).await? {
        return Err(ServiceError::NotFound);
    }
    let action = if is_disabling { "user.disabled" } else { "user.changed" };
    tx.append_audit(&user_entry(action, id, change_facts(change, before), maker, context.clock.now_ms())).await?;
    Ok(tx.commit().await?)
}

async fn end_logins(context: &Context, id: UserId, reason: LoginEnd) -> ServiceResult<()> {
    context.cache.delete_logins_of(id).await?;
    context.announce.end_sockets(id, None, reason);
    Ok(())
}

/// Replaces an account's password on behalf of the server itself, and ends its logins.
pub(crate) async fn replace_password(context: &Context, user: &UserRow, hash: &str) -> ServiceResult<()> {
    let change = UserChange { password_hash: Some(hash.to_owned()), ..UserChange::default() };
    let mut tx = context.store.begin().await?;
    tx.update_user(user.id, &change).await?;
    let facts = change_facts(&change, user);
    tx.append_audit(&user_entry("user.changed", user.id, facts, &Maker::default(), context.clock.now_ms())).await?;
    tx.commit().await?;
    end_logins(context, user.id, LoginEnd::Revoked).await
}

/// Reads a patch and keeps only what differs from `before`.
async fn read_patch(patch: UserPatch, before: &UserRow, now_ms: i64) -> ServiceResult<UserChange> {
    let name = patch.name.as_deref().map(parse_name).transpose();
    let password = patch.password.as_deref().map(check_new_password).transpose();
    let name = match (name, password) {
        (Ok(name), Ok(_)) => name,
        (name, password) => return Err(ServiceError::validation([name.err(), password.err()].into_iter().flatten().collect())),
    };
    let password_hash = match patch.password {
        Some(password) => Some(hashing_line::hash_password(password).await?),
        None => None,
    };
    let is_disabled = before.disabled_at_ms.is_some();
    Ok(UserChange {
        name: name.filter(|name| *name != before.name),
        role: patch.role.filter(|role| *role != before.role),
        password_hash,
        disabled_at_ms: patch.disabled.filter(|disabled| *disabled != is_disabled).map(|disabled| disabled.then_some(now_ms)),
    })
}

/// Says whether and why a patch ends the account's logins. It does whenever it names `disabled`,
/// `role` or `password`, even with the value the account already has: if ending the logins failed
/// the first time, the admin sends the same patch again.
const fn login_end(patch: &UserPatch) -> Option<LoginEnd> {
    match patch {
        UserPatch { disabled: Some(true), .. } => Some(LoginEnd::Disabled),
        UserPatch { disabled: None, role: None, password: None, .. } => None,
        UserPatch { .. } => Some(LoginEnd::Revoked),
    }
}

/// Lists the changed parts for the audit trail, never a password.
fn change_facts(change: &UserChange, before: &UserRow) -> Value {
    let mut facts = json!({"title": before.login});
    if let Some(name) = &change.name {
        facts["name"] = json!(name);
    }
    if let Some(role) = change.role {
        facts["role"] = json!(role);
    }
    if change.password_hash.is_some() {
        facts["password"] = json!("changed");
    }
    if let Some(disabled) = change.disabled_at_ms {
        facts["disabled"] = json!(disabled.is_some());
    }
    facts
}
