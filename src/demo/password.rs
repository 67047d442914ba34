//! Owns the password of the demo accounts. Called by `app` at the start. Invariants:
//!
//! - The published password never faces a network.
//! - Another configured password also reaches the demo accounts that exist already.

use super::{
    DEFAULT_PASSWORD,
    people::{ADMIN, COUNSELLORS, STUDENTS},
};
use crate::{
    backends::store::UserRow,
    services::{
        Context, ServiceResult,
        accounts::{
            hashing_line::{hash_password, verify_password},
            manage,
        },
    },
};
use std::collections::HashMap;

/// Returns login and name of every demo account.
fn accounts() -> impl Iterator<Item = (String, &'static str)> {
    let admin = std::iter::once(("admin".to_owned(), ADMIN));
    let counsellors = (1..).zip(COUNSELLORS).map(|(number, name)| (format!("guru{number}"), name));
    let students = (1..).zip(STUDENTS).map(|(number, name)| (format!("siswa{number}"), name));
    admin.chain(counsellors).chain(students)
}

/// Checks one password against many accounts. Accounts that share a hash are checked once, because
/// Argon2 is slow on purpose.
struct Checker {
    password: String,
    seen: HashMap<String, bool>,
}

impl Checker {
    fn new(password: &str) -> Self {
        Self { password: password.to_owned(), seen: HashMap::new() }
    }

    async fn is_password_of(&mut self, user: &UserRow) -> ServiceResult<bool> {
        if let Some(known) = self.seen.get(&user.password_hash) {
            return Ok(*known);
        }
        let matches = verify_password(self.password.clone(), user.password_hash.clone()).await?;
        self.seen.insert(user.password_hash.clone(), matches);
        Ok(matches)
    }
}

/// Returns the logins of the enabled demo accounts that have the published password.
pub async fn with_the_published_one(context: &Context) -> ServiceResult<Vec<String>> {
    let mut checker = Checker::new(DEFAULT_PASSWORD);
    let mut open = Vec::new();
    for (login, _) in accounts() {
        let user = context.store.find_user_by_login(&login).await?.filter(|user| user.disabled_at_ms.is_none());
        if let Some(user) = user
            && checker.is_password_of(&user).await?
        {
            open.push(login);
        }
    }
    Ok(open)
}

/// Sets the configured password on demo accounts that have another one, ends their logins, and
/// returns how many there were. An account with such a login but another name belongs to somebody
/// and is not changed. Without `demo.password` nothing changes.
pub async fn apply(context: &Context) -> ServiceResult<usize> {
    let configured = context.config.demo.password.clone();
    if configured.is_empty() {
        return Ok(0);
    }
    let mut checker = Checker::new(&configured);
    let mut outdated = Vec::new();
    for (login, name) in accounts() {
        let user = context.store.find_user_by_login(&login).await?.filter(|user| user.name == name);
        if let Some(user) = user
            && !checker.is_password_of(&user).await?
        {
            outdated.push(user);
        }
    }
    if outdated.is_empty() {
        return Ok(0);
    }
    let hash = hash_password(configured).await?;
    for user in &outdated {
        manage::replace_password(context, user, &hash).await?;
    }
    Ok(outdated.len())
}
