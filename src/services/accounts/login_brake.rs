//! Owns the slowing down of password guessing, such that strangers cannot lock a user out. Called
//! by [`super::sign_in`]. Must depend only on the login name as typed, the address and the cookie,
//! never on whether the account exists.
//!
//! Failures are counted under four keys. A known device is a browser whose cookie proves an earlier
//! login to the account (see `device_cookie`).
//!
//! - Account on a known device: after 5 failures the device counts as unknown for 1 s, doubling to
//!   5 min. A stranger can do nothing with it.
//! - Account at an address, other devices: after 5 failures refuses for 1 s, doubling to 30 s. A
//!   stranger at the owner's own address can make a new device wait 30 s at a time.
//! - Address, other devices: after 100 failures refuses for 1 s to 30 s. A stranger can do the same
//!   to all new devices at that address.
//! - Account, other devices: after 20 failures answers up to 2 s later. A stranger can make logins
//!   of new devices 2 s slower, but cannot get one refused.
//!
//! The order of counting matters:
//!
//! - The first two keys are counted before the password is checked and forgiven after a success.
//!   Otherwise a thousand parallel guesses would all be free.
//! - The address is counted after the check, because at first bell a whole school signs in from one
//!   address. So the address is looked at twice: on arrival, and when the turn to hash has come.
//!   Attempts that wait in line behind a hundred failures are refused without hashing.
//! - Known devices wait before all others, and addresses from which a user signed in lately wait
//!   before strangers (see `fair_queue`).

use super::fair_queue::Rank;
use crate::{
    backends::cache::Failures,
    domain::accounts::{FAILURE_WINDOW_MS, account_delay_ms, address_delay_ms, device_delay_ms, pair_delay_ms},
    services::{Context, ServiceError, ServiceResult},
    wire::signature::to_hex,
};
use ring::digest;
use std::time::Duration;

/// How long an address stays known after a login, in ms (30 days).
const KNOWN_FOR_MS: u64 = 2_592_000_000;

/// The counters of one attempt. Names and addresses are hashed, so that the cache holds no address
/// in clear.
#[derive(Debug)]
pub(super) struct LoginBrake {
    device: Option<String>,
    pair: String,
    address: String,
    account: String,
    known: String,
}

impl LoginBrake {
    /// Makes the brake of one attempt. `device` is the name under which the account knows the
    /// browser; `None` for other browsers.
    pub(super) fn new(login: &str, address_key: &str, device: Option<&str>) -> Self {
        let address = hashed(address_key);
        Self {
            device: device.map(|name| format!("login-device-{}", hashed(&format!("{login}\n{name}")))),
            pair: format!("login-pair-{}", hashed(&format!("{login}\n{address_key}"))),
            account: format!("login-account-{}", hashed(login)),
            known: format!("login-known-{address}"),
            address: format!("login-address-{address}"),
        }
    }

    /// Lets an attempt pass, perhaps after a delay, and counts it against the device or the pair
    /// until [`Self::forgive`]. Returns the rank in which it waits. Fails with 429
    /// `auth.too_many_attempts`.
    pub(super) async fn pass(&self, context: &Context) -> ServiceResult<Rank> {
        if let Some(device) = &self.device {
            match count_try(context, device, device_delay_ms).await {
                // Too many guesses on a known device, which may be stolen: it counts as unknown for
                // now.
                Err(ServiceError::TooMany { .. }) => {}
                counted => return counted.map(|()| Rank::Trusted),
            }
        }
        self.look_at_address(context).await?;
        count_try(context, &self.pair, pair_delay_ms).await?;
        let delay_ms = account_delay_ms(context.cache.failures(&self.account).await?.count);
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        let is_known = context.cache.get_value(&self.known).await?.is_some();
        Ok(if is_known { Rank::Known } else { Rank::Strange })
    }

    /// Looks again when the turn to hash has come, because others at the same address may have
    /// failed since. Fails as [`Self::pass`] does.
    pub(super) async fn pass_again(&self, context: &Context, rank: Rank) -> ServiceResult<()> {
        if rank == Rank::Trusted { Ok(()) } else { self.look_at_address(context).await }
    }

    async fn look_at_address(&self, context: &Context) -> ServiceResult<()> {
        refuse_before(context.cache.failures(&self.address).await?, address_delay_ms, context.clock.now_ms())
    }

    /// Counts a failed attempt against the address and against the account. Call it before the turn
    /// to hash ends.
    pub(super) async fn count_failure(&self, context: &Context) -> ServiceResult<()> {
        let now_ms = context.clock.now_ms();
        context.cache.record_failure(&self.address, now_ms, FAILURE_WINDOW_MS).await?;
        context.cache.record_failure(&self.account, now_ms, FAILURE_WINDOW_MS).await?;
        Ok(())
    }

    /// Forgets the failures after a successful login with the rank that [`Self::pass`] gave, and
    /// marks the address as known. The count of the address stays: an attacker must not clear it by
    /// signing in to an account of their own. After a login of a known device, the count of the
    /// pair stays too.
    pub(super) async fn forgive(&self, context: &Context, rank: Rank) -> ServiceResult<()> {
        let counted = self.device.as_ref().filter(|_| rank == Rank::Trusted).unwrap_or(&self.pair);
        context.cache.clear_failures(counted).await?;
        context.cache.clear_failures(&self.account).await?;
        context.cache.put_value(&self.known, "1", KNOWN_FOR_MS).await?;
        Ok(())
    }
}

/// Counts an attempt under `key`. Fails while the wait after the last failures lasts.
async fn count_try(context: &Context, key: &str, delay_ms: fn(u64) -> u64) -> ServiceResult<()> {
    let now_ms = context.clock.now_ms();
    let earlier = context.cache.failures(key).await?;
    refuse_before(earlier, delay_ms, now_ms)?;
    let counted = context.cache.record_failure(key, now_ms, FAILURE_WINDOW_MS).await?;
    if counted.count > earlier.count.saturating_add(1) {
        // Parallel attempts were counted in between: treat them as if they had come one after the
        // other.
        refuse_before(Failures { count: counted.count - 1, last_at_ms: now_ms }, delay_ms, now_ms)?;
    }
    Ok(())
}

fn refuse_before(failures: Failures, delay_ms: fn(u64) -> u64, now_ms: i64) -> ServiceResult<()> {
    let passed_ms = u64::try_from(now_ms - failures.last_at_ms).unwrap_or(0);
    match delay_ms(failures.count).checked_sub(passed_ms) {
        Some(wait_ms) if wait_ms > 0 => Err(ServiceError::TooMany { code: "auth.too_many_attempts", retry_after_ms: wait_ms }),
        _ => Ok(()),
    }
}

fn hashed(text: &str) -> String {
    to_hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref().get(..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_shrinks_with_time() {
        let failures = Failures { count: 6, last_at_ms: 10_000 };
        let wait = |now_ms| match refuse_before(failures, pair_delay_ms, now_ms) {
            Err(ServiceError::TooMany { retry_after_ms, .. }) => retry_after_ms,
            _ => 0,
        };
        assert_eq!([wait(10_000), wait(11_500), wait(12_000), wait(99_000)], [2_000, 500, 0, 0]);
    }

    #[test]
    fn keys_tell_accounts_and_addresses_apart_but_not_who_they_are() {
        let (a, b) = (LoginBrake::new("ana", "10.0.0.1", Some("x")), LoginBrake::new("ana", "10.0.0.2", None));
        assert_eq!(a.account, b.account);
        assert_ne!(a.pair, b.pair);
        assert_ne!(a.address, b.address);
        assert!(!format!("{a:?}").contains("ana") && !format!("{a:?}").contains("10.0"));
    }
}
