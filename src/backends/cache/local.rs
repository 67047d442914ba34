//! Owns the embedded cache of a single node. Logins are in the database, so that they outlive the
//! process; counters and values are in memory.

use super::{Cache, CachedValue, Failures, LoginRow, LoginState, is_over, is_touch_due};
use crate::{
    backends::{BackendResult, expiring_map::ExpiringMap, store::Store},
    domain::{
        clock::Clock,
        ids::{LoginId, UserId},
    },
};
use async_trait::async_trait;
use std::collections::HashSet;

/// How many values are cached: statistics per counsellor, addresses from which users have signed
/// in, and owners of channel proofs.
const VALUES: usize = 65_536;

/// How many failure counters are kept. Beyond it, those that expire first are dropped, so that a
/// flood of invented names cannot fill the memory.
const COUNTERS: usize = 100_000;

/// The embedded cache.
#[derive(Debug)]
pub struct LocalCache {
    store: Store,
    clock: Clock,
    idle_ms: i64,
    values: ExpiringMap<CachedValue>,
    counters: ExpiringMap<Failures>,
}

impl LocalCache {
    /// Makes the cache of one node. Logins that are unused for `idle_ms` have ended.
    #[must_use]
    pub fn new(store: Store, clock: Clock, idle_ms: i64) -> Self {
        Self { store, clock, idle_ms, values: ExpiringMap::new(VALUES), counters: ExpiringMap::new(COUNTERS) }
    }

    fn is_live(&self, login: &LoginRow) -> bool {
        !is_over(login, self.clock.now_ms(), self.idle_ms)
    }
}

#[async_trait]
impl Cache for LocalCache {
    async fn put_login(&self, login: &LoginRow) -> BackendResult<()> {
        self.store.insert_login(login).await
    }

    async fn find_login(&self, token_hash: &str) -> BackendResult<Option<LoginRow>> {
        Ok(self.store.find_login(token_hash).await?.filter(|login| self.is_live(login)))
    }

    async fn touch_login(&self, login: &LoginRow) -> BackendResult<()> {
        let now_ms = self.clock.now_ms();
        if !is_touch_due(login, now_ms) {
            return Ok(());
        }
        self.store.touch_login(login.id, now_ms).await
    }

    async fn login_states(&self, logins: &[(UserId, LoginId)]) -> BackendResult<Vec<LoginState>> {
        let mut rows = self.store.logins_by_id(logins.iter().map(|(_, login)| *login)).await?;
        rows.retain(|login| self.is_live(login));
        let live: HashSet<_> = rows.into_iter().map(|login| (login.user_id, login.id)).collect();
        Ok(logins.iter().map(|login| if live.contains(login) { LoginState::Live } else { LoginState::Over }).collect())
    }

    async fn list_logins(&self, user: UserId) -> BackendResult<Vec<LoginRow>> {
        let mut logins = self.store.list_logins(user, self.clock.now_ms()).await?;
        logins.retain(|login| self.is_live(login));
        Ok(logins)
    }

    async fn delete_login(&self, user: UserId, login: LoginId) -> BackendResult<bool> {
        self.store.delete_login(user, login).await
    }

    async fn delete_logins_of(&self, user: UserId) -> BackendResult<usize> {
        Ok(self.store.delete_logins_of(user).await?.len())
    }

    async fn get_value(&self, key: &str) -> BackendResult<Option<CachedValue>> {
        Ok(self.values.get(key, self.clock.now_ms()))
    }

    async fn put_value(&self, key: &str, text: &str, ttl_ms: u64) -> BackendResult<()> {
        let now_ms = self.clock.now_ms();
        let value = CachedValue { text: text.to_owned(), stored_at_ms: now_ms };
        self.values.put(key, value, now_ms, now_ms.saturating_add_unsigned(ttl_ms));
        Ok(())
    }

    async fn delete_value(&self, key: &str) -> BackendResult<()> {
        self.values.remove(key);
        Ok(())
    }

    async fn failures(&self, key: &str) -> BackendResult<Failures> {
        Ok(self.counters.get(key, self.clock.now_ms()).unwrap_or_default())
    }

    async fn record_failure(&self, key: &str, now_ms: i64, window_ms: i64) -> BackendResult<Failures> {
        Ok(self.counters.update(key, now_ms, now_ms.saturating_add(window_ms), |before| Failures {
            count: before.map_or(0, |failures| failures.count) + 1,
            last_at_ms: now_ms,
        }))
    }

    async fn clear_failures(&self, key: &str) -> BackendResult<()> {
        self.counters.remove(key);
        Ok(())
    }

    async fn sweep(&self) -> BackendResult<u64> {
        let now_ms = self.clock.now_ms();
        self.store.delete_expired_logins(now_ms, now_ms.saturating_sub(self.idle_ms)).await
    }

    async fn ping(&self) -> BackendResult<()> {
        Ok(())
    }
}
