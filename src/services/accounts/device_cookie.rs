//! Owns the device cookie: a browser that has signed in to an account proves it at the next login,
//! so that failed attempts of strangers do not count against it. Called by [`super::sign_in`].
//!
//! - The cookie holds up to [`DEVICE_LIMIT`] entries, newest first, because pupils share the
//!   computers of a school.
//! - An entry is a random device name for one account and a signature over login and name. It
//!   grants no access, and the account cannot be read from it.

use crate::wire::signature::{SecretKey, to_hex};

/// How many accounts one browser can be a known device of.
const DEVICE_LIMIT: usize = 4;

/// Length of the random name, in hex digits (128 bits).
const NAME_DIGITS: usize = 32;

/// Length of an entry: name and HMAC-SHA256, in hex digits.
const ENTRY_DIGITS: usize = NAME_DIGITS + 64;

/// Returns the name under which the account knows the browser with this cookie; `None` for
/// strangers.
pub(super) fn device_of(secret: &SecretKey, cookie: Option<&str>, login: &str) -> Option<String> {
    entries(cookie).find_map(|entry| name_in(secret, entry, login)).map(str::to_owned)
}

/// Returns the new cookie of a browser that has just signed in: the entry for this account first,
/// then those for other accounts. A known device keeps its name.
pub(super) fn renew(secret: &SecretKey, cookie: Option<&str>, login: &str) -> String {
    let name = device_of(secret, cookie, login).unwrap_or_else(|| to_hex(&rand::random::<[u8; NAME_DIGITS / 2]>()));
    let own = format!("{name}{}", key(secret).sign(&signed_text(login, &name)));
    let others = entries(cookie).filter(|entry| *entry != own).take(DEVICE_LIMIT - 1);
    let all: Vec<&str> = std::iter::once(own.as_str()).chain(others).collect();
    all.join(".")
}

fn entries(cookie: Option<&str>) -> impl Iterator<Item = &str> {
    let is_entry = |entry: &&str| entry.len() == ENTRY_DIGITS && entry.bytes().all(|byte| byte.is_ascii_hexdigit());
    cookie.unwrap_or_default().split('.').take(DEVICE_LIMIT).filter(is_entry)
}

fn name_in<'a>(secret: &SecretKey, entry: &'a str, login: &str) -> Option<&'a str> {
    let (name, signature) = entry.split_at_checked(NAME_DIGITS)?;
    key(secret).verifies(&signed_text(login, name), signature).then_some(name)
}

fn key(secret: &SecretKey) -> SecretKey {
    secret.derive("login-device")
}

fn signed_text(login: &str, name: &str) -> String {
    format!("{login}\n{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> SecretKey {
        SecretKey::new(b"uji")
    }

    #[test]
    fn a_device_is_known_to_the_account_it_signed_in_to_and_keeps_its_name() {
        let cookie = renew(&secret(), None, "ana");
        let name = device_of(&secret(), Some(&cookie), "ana").unwrap();
        assert_eq!(device_of(&secret(), Some(&cookie), "budi"), None);
        assert_eq!(device_of(&SecretKey::new(b"other"), Some(&cookie), "ana"), None);
        assert_eq!(renew(&secret(), Some(&cookie), "ana"), cookie);
        assert_ne!(device_of(&secret(), Some(&renew(&secret(), None, "ana")), "ana").unwrap(), name, "another browser has another name");
    }

    #[test]
    fn a_shared_computer_knows_its_last_four_accounts() {
        let mut cookie = String::new();
        for login in ["satu", "dua", "tiga", "empat", "lima"] {
            cookie = renew(&secret(), Some(&cookie), login);
        }
        let is_known = |login: &str| device_of(&secret(), Some(&cookie), login).is_some();
        assert_eq!(["satu", "dua", "tiga", "empat", "lima"].map(is_known), [false, true, true, true, true]);
    }

    #[test]
    fn what_is_not_a_cookie_of_ours_is_a_strangers() {
        let good = renew(&secret(), None, "ana");
        let forged = format!("{}{}", &good[..ENTRY_DIGITS - 1], if good.ends_with('0') { '1' } else { '0' });
        for cookie in ["", ".", "x", "é", &good[1..], &forged, &"a".repeat(ENTRY_DIGITS), &"0.".repeat(10_000)] {
            assert_eq!(device_of(&secret(), Some(cookie), "ana"), None, "{cookie}");
        }
    }
}
