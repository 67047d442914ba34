//! Owns the accounts behind the sockets. Uses the demo accounts as they are; the admin creates
//! those that are missing.

use crate::{
    AccountArgs,
    client::http::{self, Login},
    target::Target,
};
use anyhow::{Context as _, Result, bail};
use serde_json::json;

/// Logs in `siswa1` … `siswaN`. Password hashing is slow on purpose, so many sockets share an
/// account.
pub async fn students(target: Target, args: &AccountArgs) -> Result<Vec<Login>> {
    let mut logins = Vec::new();
    let mut admin = None;
    for number in 1..=args.accounts.max(1) {
        let login = format!("siswa{number}");
        // Once one account was missing, the others are created without a login attempt, because
        // failed logins slow an address down.
        let found = if admin.is_none() { http::sign_in(target, &login, &args.student_password).await? } else { None };
        if let Some(found) = found {
            logins.push(found);
            continue;
        }
        if admin.is_none() {
            admin = Some(admin_login(target, args).await?);
        }
        let token = admin.as_ref().map(|admin: &Login| admin.token.as_str()).unwrap_or_default();
        let account = json!({ "login": login, "name": format!("Siswa {number}"), "role": "student", "password": args.student_password });
        let created = http::post_json(target, "/api/v1/admin/users", Some(token), &account).await?;
        if created.status != 409 {
            created.expect(201)?;
        }
        logins.push(sign_in(target, &login, &args.student_password).await?);
    }
    Ok(logins)
}

/// Logs the counsellor in, and creates the account if it is missing.
pub async fn counsellor(target: Target, args: &AccountArgs, login: &str, password: &str) -> Result<Login> {
    if let Some(found) = http::sign_in(target, login, password).await? {
        return Ok(found);
    }
    let admin = admin_login(target, args).await?;
    let account = json!({ "login": login, "name": format!("Guru {login}"), "role": "counsellor", "password": password });
    http::post_json(target, "/api/v1/admin/users", Some(&admin.token), &account).await?.expect(201)?;
    sign_in(target, login, password).await
}

async fn admin_login(target: Target, args: &AccountArgs) -> Result<Login> {
    sign_in(target, &args.admin_login, &args.admin_password)
        .await
        .context("accounts are missing, and only an admin can create them (--admin-login)")
}

async fn sign_in(target: Target, login: &str, password: &str) -> Result<Login> {
    match http::sign_in(target, login, password).await? {
        Some(found) => Ok(found),
        None => bail!("the server does not know {login} with this password"),
    }
}
