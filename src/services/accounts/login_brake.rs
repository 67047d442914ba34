//! Slows down guessing of passwords without letting strangers lock anybody out. Failures are counted under four keys:
//!
//! | key | effect | what a stranger could do with it |
//! |---|---|---|
//! | account on a device that has signed in to it (its cookie, see `device_cookie`) | after 5 failures it is a stranger's for 1 s, doubling to 5 min | nothing |
//! | account at an address, without such a device | after 5 failures refuses for 1 s, doubling to 30 s | at the owner's own address: make a new device wait 30 s at a time |
//! | address, without such a device | after 100 failures refuses for 1 s to 30 s | the same, to all new devices of the same address |
//! | account, without such a device | after 20 failures answers up to 2 s later | make logins of new devices 2 s slower, never refuse one |
//!
//! An attempt is counted under the first two before the password is looked at and forgiven after, so that a thousand parallel guesses are not a
//! thousand free ones. Failures of an address are counted after: at first bell a whole school signs in from one. So the address is looked at twice,
//! on arrival and when the turn to hash has come; what waits in line behind a hundred failures is sent away without hashing.
//!
//! Whoever signs in from an address where somebody signed in lately waits before strangers, and known devices before both (see `fair_line`). All of
//! this depends on the login name as typed, the address and the cookie, never on whether there is such an account.

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

/// The counters of one attempt. Names and addresses are hashed: nobody's address stands in a cache in clear.
#[derive(Debug)]
pub(super) struct LoginBrake {
    device: Option<String>,
    pair: String,
    address: String,
    account: String,
    known: String,
}

impl LoginBrake {
    /// Makes the brake of one attempt; `device` is the name under which the browser is known to the account, if it is.
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

    /// Lets an attempt pass, perhaps a little later, and counts it against device or pair until [`Self::forgive`]. Returns its place in the line.
    /// Fails with 429 `auth.too_many_attempts`.
    pub(super) async fn pass(&self, context: &Context) -> ServiceResult<Rank> {
        if let Some(device) = &self.device {
            match count_try(context, device, device_delay_ms).await {
                // Somebody guesses on a known device, which may have been stolen: it has no privilege for now.
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

    /// Looks again when the turn to hash has come: others of the same address may have failed since. Fails as [`Self::pass`] does.
    pub(super) async fn pass_again(&self, context: &Context, rank: Rank) -> ServiceResult<()> {
        if rank == Rank::Trusted { Ok(()) } else { self.look_at_address(context).await }
    }

    async fn look_at_address(&self, context: &Context) -> ServiceResult<()> {
        refuse_before(context.cache.failures(&self.address).await?, address_delay_ms, context.clock.now_ms())
    }

    /// Counts a failed attempt against the address and the account, each by itself. Call it before the turn to hash ends.
    pub(super) async fn count_failure(&self, context: &Context) -> ServiceResult<()> {
        let now_ms = context.clock.now_ms();
        context.cache.record_failure(&self.address, now_ms, FAILURE_WINDOW_MS).await?;
        context.cache.record_failure(&self.account, now_ms, FAILURE_WINDOW_MS).await?;
        Ok(())
    }

    /// Forgets the failures after a login of the rank that [`Self::pass`] gave, and remembers that people sign in from this address. The address'
    /// own count stays: one's own account must not be a way to guess others'. So does the pair's after a login of a known device.
    pub(super) async fn forgive(&self, context: &Context, rank: Rank) -> ServiceResult<()> {
        let counted = self.device.as_ref().filter(|_| rank == Rank::Trusted).unwrap_or(&self.pair);
        context.cache.clear_failures(counted).await?;
        context.cache.clear_failures(&self.account).await?;
        context.cache.put_value(&self.known, "1", KNOWN_FOR_MS).await?;
        Ok(())
    }
}

/// Counts an attempt under `key`, unless the wait after the last failures is not over yet.
async fn count_try(context: &Context, key: &str, delay_ms: fn(u64) -> u64) -> ServiceResult<()> {
    let now_ms = context.clock.now_ms();
    let earlier = context.cache.failures(key).await?;
    refuse_before(earlier, delay_ms, now_ms)?;
    let counted = context.cache.record_failure(key, now_ms, FAILURE_WINDOW_MS).await?;
    if counted.count > earlier.count.saturating_add(1) {
        // Others came in between: they count as if they had come one after the other.
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
