//! What an account's login, name and password may look like, and how failed logins are counted.

use super::{
    retry::login_delay_ms,
    text::{FieldError, TextRule},
};

/// Shortest and longest login name, in characters.
const LOGIN_LENGTH: (usize, usize) = (3, 64);

/// Shortest and longest password, in characters. Length is what counts; composition rules only make people write passwords down.
const PASSWORD_LENGTH: (usize, usize) = (10, 200);

const NAME: TextRule = TextRule::line("name", 1, 120);

/// Failed logins are forgotten this long after the last one, in ms.
pub const FAILURE_WINDOW_MS: i64 = 900_000;

/// Most that all failures of one address together make the next wait, in ms.
const ADDRESS_DELAY_LIMIT_MS: u64 = 30_000;

/// Most that failures of one account at one address make a new device wait there, in ms: its owner may sit behind the same address as a classmate.
const PAIR_DELAY_LIMIT_MS: u64 = 30_000;

/// Most that failures of one account from elsewhere slow a login down, in ms.
const ACCOUNT_DELAY_LIMIT_MS: u64 = 2_000;

/// Reads a new login name: 3..64 of `a-z 0-9 . _ -`.
pub fn parse_login(text: &str) -> Result<String, FieldError> {
    let login = TextRule::line("login", LOGIN_LENGTH.0, LOGIN_LENGTH.1).parse(text)?;
    if !login.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')) {
        return Err(FieldError::new("login", "unknown_value", "only a-z, 0-9, dot, underscore and hyphen"));
    }
    Ok(login)
}

/// Reads the login name somebody signs in with: phones make the first letter a capital. Unknown names are not told from wrong passwords.
pub fn parse_login_attempt(text: &str) -> Result<String, FieldError> {
    TextRule::line("login", 1, LOGIN_LENGTH.1).parse(text).map(|login| login.to_lowercase())
}

/// Reads a display name: 1..120 characters.
pub fn parse_name(text: &str) -> Result<String, FieldError> {
    NAME.parse(text)
}

/// Checks a new password: 10..200 characters, none of them a control. Spaces count, also at the ends.
pub fn check_new_password(password: &str) -> Result<(), FieldError> {
    check_password_attempt(password)?;
    if password.chars().count() < PASSWORD_LENGTH.0 {
        return Err(FieldError::new("password", "too_short", format!("at least {} characters", PASSWORD_LENGTH.0)));
    }
    Ok(())
}

/// Checks the password somebody signs in with for what no password can be.
pub fn check_password_attempt(password: &str) -> Result<(), FieldError> {
    if password.is_empty() {
        return Err(FieldError::new("password", "required", "this field is required"));
    }
    if password.chars().count() > PASSWORD_LENGTH.1 {
        return Err(FieldError::new("password", "too_long", format!("at most {} characters", PASSWORD_LENGTH.1)));
    }
    if password.chars().any(char::is_control) {
        return Err(FieldError::new("password", "control_character", "control characters are not allowed"));
    }
    Ok(())
}

/// Returns how long after the last failure a device that has signed in to an account is a stranger to it. Unit: ms, at most 300,000.
#[must_use]
pub const fn device_delay_ms(failures: u64) -> u64 {
    login_delay_ms(failures)
}

/// Returns how long after the last failure one account must wait at one address, on devices it is not known on. Unit: ms, at most 30,000.
#[must_use]
pub const fn pair_delay_ms(failures: u64) -> u64 {
    least(login_delay_ms(failures), PAIR_DELAY_LIMIT_MS)
}

/// Returns how long after the last failure an address must wait, whatever the account. A school shares one address, so it takes 20 times as many
/// failures, and the wait stays short. Unit: ms, at most 30,000.
#[must_use]
pub const fn address_delay_ms(failures: u64) -> u64 {
    least(login_delay_ms(failures / 20), ADDRESS_DELAY_LIMIT_MS)
}

/// Returns by how much failures of one account, from anywhere, slow its next login down. It never refuses, so that strangers cannot lock anybody
/// out. Unit: ms, at most 2,000.
#[must_use]
pub const fn account_delay_ms(failures: u64) -> u64 {
    least(login_delay_ms(failures / 4), ACCOUNT_DELAY_LIMIT_MS)
}

const fn least(a: u64, b: u64) -> u64 {
    if a < b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T: std::fmt::Debug>(result: Result<T, FieldError>) -> &'static str {
        result.map_or_else(|error| error.code, |_| "ok")
    }

    #[test]
    fn logins_are_short_and_plain() {
        assert_eq!(parse_login(" ana.b_1-x ").unwrap(), "ana.b_1-x");
        assert_eq!(code(parse_login("")), "required");
        assert_eq!(code(parse_login("ab")), "too_short");
        assert_eq!(code(parse_login(&"a".repeat(65))), "too_long");
        for text in ["Ana", "a b c", "añna", "a@b"] {
            assert_eq!(code(parse_login(text)), "unknown_value", "{text}");
        }
        assert_eq!(code(parse_login("an\0a")), "control_character");
        assert_eq!(parse_login_attempt("Ana ").unwrap(), "ana");
    }

    #[test]
    fn passwords_are_long_and_keep_their_spaces() {
        assert_eq!(code(check_new_password("kuda laut ")), "ok");
        assert_eq!(code(check_new_password("kuda laut")), "too_short");
        assert_eq!(code(check_new_password("")), "required");
        assert_eq!(code(check_new_password(&"é".repeat(200))), "ok");
        assert_eq!(code(check_new_password(&"é".repeat(201))), "too_long");
        assert_eq!(code(check_new_password("kuda\tlaut\u{0}")), "control_character");
        assert_eq!(code(check_password_attempt("x")), "ok");
    }

    #[test]
    fn one_account_waits_soonest_and_a_whole_school_last() {
        assert_eq!([4, 5, 6, 100].map(pair_delay_ms), [0, 1_000, 2_000, 30_000]);
        assert_eq!([4, 5, 6, 100].map(device_delay_ms), [0, 1_000, 2_000, 300_000]);
        assert_eq!([99, 100, 120, 10_000].map(address_delay_ms), [0, 1_000, 2_000, 30_000]);
        assert_eq!([19, 20, 24, 10_000].map(account_delay_ms), [0, 1_000, 2_000, 2_000]);
    }
}
