//! Slows down guessing of passwords without letting strangers lock anybody out. Failures are counted under three keys:
//!
//! | key | effect | what a stranger could do with it |
//! |---|---|---|
//! | account at an address | after 5 failures refuses for 1 s, doubling to 5 min | nothing: the owner sits at another address, or has signed in here before and shares only the wait of that device |
//! | address | after 100 failures refuses for 1 s to 30 s | slow down strangers of the same address; accounts that have signed in from there pass |
//! | account | after 20 failures answers up to 2 s later | make logins from new addresses 2 s slower, never refuse one |
//!
//! An attempt is counted under the first key before the password is looked at and forgiven after, so that a thousand parallel guesses are not a
//! thousand free ones.

use super::{Context, ServiceError, ServiceResult};
use crate::{
    backends::cache::Failures,
    domain::account::{FAILURE_WINDOW_MS, account_delay_ms, address_delay_ms, pair_delay_ms},
    wire::signature::to_hex,
};
use ring::digest;
use std::time::Duration;

/// How long an address stays known to an account after a login, in ms (30 days).
const KNOWN_FOR_MS: u64 = 2_592_000_000;

/// The counters of one attempt. Names and addresses are hashed: nobody's address stands in a cache in clear.
#[derive(Debug)]
pub(super) struct LoginBrake {
    pair: String,
    address: String,
    account: String,
    known: String,
}

impl LoginBrake {
    pub(super) fn new(login: &str, address_key: &str) -> Self {
        let pair = hashed(&format!("{login}\n{address_key}"));
        Self {
            address: format!("login-address-{}", hashed(address_key)),
            account: format!("login-account-{}", hashed(login)),
            known: format!("login-known-{pair}"),
            pair: format!("login-pair-{pair}"),
        }
    }

    /// Lets an attempt pass, perhaps a little later, and counts it against account and address until [`Self::forgive`].
    /// Fails with 429 `auth.too_many_attempts`.
    pub(super) async fn pass(&self, context: &Context) -> ServiceResult<()> {
        let now_ms = context.clock.now_ms();
        let earlier = context.cache.failures(&self.pair).await?;
        refuse_before(earlier, pair_delay_ms, now_ms)?;
        let is_known = context.cache.get_value(&self.known).await?.is_some();
        if !is_known {
            refuse_before(context.cache.failures(&self.address).await?, address_delay_ms, now_ms)?;
        }
        let counted = context.cache.record_failure(&self.pair, now_ms, FAILURE_WINDOW_MS).await?;
        if counted.count > earlier.count.saturating_add(1) {
            // Others came in between: they count as if they had come one after the other.
            refuse_before(Failures { count: counted.count - 1, last_at_ms: now_ms }, pair_delay_ms, now_ms)?;
        }
        if !is_known {
            let delay_ms = account_delay_ms(context.cache.failures(&self.account).await?.count);
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        }
        Ok(())
    }

    /// Counts a failed attempt against the address and the account, each by itself. Logins that succeed never count there: at first bell a whole
    /// school signs in from one address.
    pub(super) async fn count_failure(&self, context: &Context) -> ServiceResult<()> {
        let now_ms = context.clock.now_ms();
        context.cache.record_failure(&self.address, now_ms, FAILURE_WINDOW_MS).await?;
        context.cache.record_failure(&self.account, now_ms, FAILURE_WINDOW_MS).await?;
        Ok(())
    }

    /// Forgets the failures after a login and remembers that this address belongs to the account. The address' own count stays: one's own account
    /// must not be a way to guess others'.
    pub(super) async fn forgive(&self, context: &Context) -> ServiceResult<()> {
        context.cache.clear_failures(&self.pair).await?;
        context.cache.clear_failures(&self.account).await?;
        context.cache.put_value(&self.known, "1", KNOWN_FOR_MS).await?;
        Ok(())
    }
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
        let (a, b) = (LoginBrake::new("ana", "10.0.0.1"), LoginBrake::new("ana", "10.0.0.2"));
        assert_eq!(a.account, b.account);
        assert_ne!(a.pair, b.pair);
        assert_ne!(a.address, b.address);
        assert!(!format!("{a:?}").contains("ana") && !format!("{a:?}").contains("10.0"));
    }
}
