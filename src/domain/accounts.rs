//! Owns the rules for logins, names and passwords, and the delays after failed logins. Called by
//! `services/accounts` and by the demo data. Must not count failures:
//! `services/accounts/login_brake` does.

use super::{
    retry::login_delay_ms,
    text::{FieldError, TextRule},
};

/// Shortest and longest login name, in characters.
const LOGIN_LENGTH: (usize, usize) = (3, 64);

/// Shortest and longest password, in characters. Length makes a password strong; composition rules
/// only make people write passwords down.
const PASSWORD_LENGTH: (usize, usize) = (10, 200);

const NAME: TextRule = TextRule::line("name", 1, 120);

/// Failed logins are forgotten this long after the last one, in ms.
pub const FAILURE_WINDOW_MS: i64 = 900_000;

/// Longest wait for the next login from one address after failures there, in ms.
const ADDRESS_DELAY_LIMIT_MS: u64 = 30_000;

/// Longest wait for one account at one address on a device it is not known on, in ms. It is short
/// because the account's owner may share the address with the classmate who guesses.
const PAIR_DELAY_LIMIT_MS: u64 = 30_000;

/// Longest delay that failures of one account, from any address, add to its next login, in ms.
const ACCOUNT_DELAY_LIMIT_MS: u64 = 2_000;

/// Reads a new login name: 3..64 of `a-z 0-9 . _ -`.
pub fn parse_login(text: &str) -> Result<String, FieldError> {
    let login = TextRule::line("login", LOGIN_LENGTH.0, LOGIN_LENGTH.1).parse(text)?;
    if !login.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')) {
        return Err(FieldError::new("login", "unknown_value", "only a-z, 0-9, dot, underscore and hyphen"));
    }
    Ok(login)
}

/// Reads the login name of a login attempt, in lower case, because phones capitalise the first
/// letter. Accepts names that no account can have, so that the answer never tells an unknown name
/// from a wrong password.
pub fn parse_login_attempt(text: &str) -> Result<String, FieldError> {
    TextRule::line("login", 1, LOGIN_LENGTH.1).parse(text).map(|login| login.to_lowercase())
}

/// Reads a display name: 1..120 characters.
pub fn parse_name(text: &str) -> Result<String, FieldError> {
    NAME.parse(text)
}

/// Checks a new password: 10..200 characters, none of them a control. Spaces count, also at the
/// ends.
pub fn check_new_password(password: &str) -> Result<(), FieldError> {
    check_password_attempt(password)?;
    if password.chars().count() < PASSWORD_LENGTH.0 {
        return Err(FieldError::new("password", "too_short", format!("at least {} characters", PASSWORD_LENGTH.0)));
    }
    Ok(())
}

/// Checks the password of a login attempt: 1..200 characters, none of them a control.
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

/// Returns how long after the last failure a known device of an account is treated as an unknown
/// one. Unit: ms, at most 300,000.
#[must_use]
pub const fn device_delay_ms(failures: u64) -> u64 {
    login_delay_ms(failures)
}

/// Returns how long after the last failure one account must wait at one address, on devices it is
/// not known on. Unit: ms, at most 30,000.
#[must_use]
pub const fn pair_delay_ms(failures: u64) -> u64 {
    least(login_delay_ms(failures), PAIR_DELAY_LIMIT_MS)
}

/// Returns how long after the last failure an address must wait, whatever the account. A whole
/// school shares one address, so the delay counts 20 failures as one. Unit: ms, at most 30,000.
#[must_use]
pub const fn address_delay_ms(failures: u64) -> u64 {
    least(login_delay_ms(failures / 20), ADDRESS_DELAY_LIMIT_MS)
}

/// Returns how much failures of one account, from any address, delay its next login. The delay
/// never refuses a login, so strangers cannot lock anybody out. Unit: ms, at most 2,000.
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
