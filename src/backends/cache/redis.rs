//! Owns the cache that nodes share. Keys under the configured prefix:
//!
//! - `login:{token hash}`, a hash: `row` (JSON) and `seen` (ms). Expires with the login.
//! - `logins:{user}`, a sorted set: `{login id} {token hash}` by expiry. A member whose login is
//!   gone is removed when it is read.
//! - `first-login`, a string: the id of the first login stored since Redis was last empty. An older
//!   login that is not in Redis was lost, not ended.
//! - `value:{key}`, a string: `{stored at ms} {until ms} {text}`.
//! - `failures:{key}`, a hash: `count`, `last` and `until`. Expires with the window.
//!
//! Redis expires keys by its own clock. A returned entry must also be valid by the node's clock.

use super::{Cache, CachedValue, Failures, LoginRow, LoginState, is_over, is_touch_due};
use crate::{
    backends::{BackendError, BackendResult, redis_link::RedisLink},
    domain::{
        clock::Clock,
        ids::{LoginId, UserId},
    },
};
use async_trait::async_trait;
use redis::{Script, pipe};
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, sync::LazyLock};

/// Records a use, unless the login was ended meanwhile.
static TOUCH: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end \
         redis.call('HSET', KEYS[1], 'seen', ARGV[1]) \
         redis.call('PEXPIRE', KEYS[1], ARGV[2]) \
         return 1",
    )
});

/// Counts a failure. The counter starts again when its window has passed by the caller's clock.
static RECORD_FAILURE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local last = tonumber(redis.call('HGET', KEYS[1], 'last') or '0') \
         if last + tonumber(ARGV[2]) <= tonumber(ARGV[1]) then redis.call('DEL', KEYS[1]) end \
         local count = redis.call('HINCRBY', KEYS[1], 'count', 1) \
         redis.call('HSET', KEYS[1], 'last', ARGV[1], 'until', ARGV[3]) \
         redis.call('PEXPIRE', KEYS[1], ARGV[2]) \
         return count",
    )
});

/// The shared cache.
#[derive(Debug)]
pub struct RedisCache {
    link: RedisLink,
    prefix: String,
    clock: Clock,
    idle_ms: i64,
}

/// A login as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredLogin {
    id: LoginId,
    user_id: UserId,
    created_at_ms: i64,
    expires_at_ms: i64,
    user_agent: Option<String>,
    address: Option<String>,
}

impl StoredLogin {
    fn of(login: &LoginRow) -> Self {
        Self {
            id: login.id,
            user_id: login.user_id,
            created_at_ms: login.created_at_ms,
            expires_at_ms: login.expires_at_ms,
            user_agent: login.user_agent.clone(),
            address: login.address.clone(),
        }
    }

    fn into_row(self, token_hash: &str, last_seen_at_ms: i64) -> LoginRow {
        LoginRow {
            id: self.id,
            user_id: self.user_id,
            token_hash: token_hash.to_owned(),
            created_at_ms: self.created_at_ms,
            last_seen_at_ms,
            expires_at_ms: self.expires_at_ms,
            user_agent: self.user_agent,
            address: self.address,
        }
    }
}

/// The two fields of a stored login, absent when there is none.
type LoginFields = (Option<String>, Option<i64>);

fn read_login(token_hash: &str, fields: LoginFields) -> BackendResult<Option<LoginRow>> {
    let (Some(row), Some(seen)) = fields else { return Ok(None) };
    let stored: StoredLogin = serde_json::from_str(&row).map_err(|_| BackendError::Corrupt { what: "login in redis" })?;
    Ok(Some(stored.into_row(token_hash, seen)))
}

impl RedisCache {
    /// Makes a cache over a connection. Logins that are unused for `idle_ms` have ended.
    #[must_use]
    pub fn new(link: RedisLink, prefix: &str, clock: Clock, idle_ms: i64) -> Self {
        Self { link, prefix: prefix.to_owned(), clock, idle_ms }
    }

    fn key(&self, kind: &str, name: impl std::fmt::Display) -> String {
        format!("{}:{kind}:{name}", self.prefix)
    }

    /// Returns the key of the first login. It expires with the newest login, so it outlives every
    /// login that is compared with it.
    fn first_login_key(&self) -> String {
        format!("{}:first-login", self.prefix)
    }

    fn is_live(&self, login: &LoginRow) -> bool {
        !is_over(login, self.clock.now_ms(), self.idle_ms)
    }

    /// Returns how long a login that was used at `seen_ms` stays valid from now, in ms, at least 1.
    fn life_ms(&self, login: &LoginRow, seen_ms: i64) -> i64 {
        let end_ms = login.expires_at_ms.min(seen_ms.saturating_add(self.idle_ms));
        (end_ms - self.clock.now_ms()).max(1)
    }

    /// Lists the entries of a user's index.
    async fn members(&self, user: UserId) -> BackendResult<Vec<IndexEntry>> {
        let (members,): (Vec<String>,) = self.link.run(pipe().zrange(self.key("logins", user), 0, -1)).await?;
        Ok(members.into_iter().filter_map(IndexEntry::parse).collect())
    }

    /// Lists the entries of the indexes of several users.
    async fn members_of(&self, users: HashSet<UserId>) -> BackendResult<Vec<IndexEntry>> {
        let mut commands = pipe();
        for user in users {
            commands.zrange(self.key("logins", user), 0, -1);
        }
        let members: Vec<Vec<String>> = self.link.run(&commands).await?;
        Ok(members.into_iter().flatten().filter_map(IndexEntry::parse).collect())
    }

    /// Returns which of these logins are valid.
    async fn live_of(&self, members: &[IndexEntry]) -> BackendResult<HashSet<LoginId>> {
        if members.is_empty() {
            return Ok(HashSet::new());
        }
        let mut commands = pipe();
        for member in members {
            commands.hmget(self.key("login", &member.token_hash), &["row", "seen"]);
        }
        let rows: Vec<LoginFields> = self.link.run(&commands).await?;
        let mut live = HashSet::new();
        for (member, fields) in members.iter().zip(rows) {
            live.extend(read_login(&member.token_hash, fields)?.filter(|login| self.is_live(login)).map(|login| login.id));
        }
        Ok(live)
    }

    /// Ends the logins of `members` and removes them from the index; returns how many there were.
    async fn delete_members(&self, user: UserId, members: &[IndexEntry]) -> BackendResult<usize> {
        if members.is_empty() {
            return Ok(0);
        }
        let keys: Vec<String> = members.iter().map(|member| self.key("login", &member.token_hash)).collect();
        let texts: Vec<&str> = members.iter().map(|member| member.text.as_str()).collect();
        let (ended,): (usize,) = self.link.run(pipe().atomic().del(keys).zrem(self.key("logins", user), texts).ignore()).await?;
        Ok(ended)
    }
}

/// An entry of a user's index.
#[derive(Debug, Clone)]
struct IndexEntry {
    text: String,
    id: LoginId,
    token_hash: String,
}

impl IndexEntry {
    fn of(login: &LoginRow) -> String {
        format!("{} {}", login.id, login.token_hash)
    }

    fn parse(text: String) -> Option<Self> {
        let (id, token_hash) = text.split_once(' ')?;
        let (id, token_hash) = (LoginId::parse(id).ok()?, token_hash.to_owned());
        Some(Self { text, id, token_hash })
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn put_login(&self, login: &LoginRow) -> BackendResult<()> {
        let row = serde_json::to_string(&StoredLogin::of(login)).map_err(|_| BackendError::Internal("login does not serialize"))?;
        let key = self.key("login", &login.token_hash);
        let index = self.key("logins", login.user_id);
        let now_ms = self.clock.now_ms();
        let mut commands = pipe();
        commands
            .atomic()
            .hset(&key, "row", row)
            .hset(&key, "seen", login.last_seen_at_ms)
            .pexpire(&key, self.life_ms(login, login.last_seen_at_ms))
            .zrembyscore(&index, "-inf", now_ms)
            .zadd(&index, IndexEntry::of(login), login.expires_at_ms)
            .pexpire(&index, (login.expires_at_ms - now_ms).max(1))
            .set_nx(self.first_login_key(), login.id.to_string())
            .pexpire(self.first_login_key(), (login.expires_at_ms - now_ms).max(1));
        self.link.run::<()>(commands.ignore()).await
    }

    async fn find_login(&self, token_hash: &str) -> BackendResult<Option<LoginRow>> {
        let (fields,): (LoginFields,) = self.link.run(pipe().hmget(self.key("login", token_hash), &["row", "seen"])).await?;
        Ok(read_login(token_hash, fields)?.filter(|login| self.is_live(login)))
    }

    async fn touch_login(&self, login: &LoginRow) -> BackendResult<()> {
        let now_ms = self.clock.now_ms();
        if !is_touch_due(login, now_ms) {
            return Ok(());
        }
        let mut script = TOUCH.prepare_invoke();
        script.key(self.key("login", &login.token_hash)).arg(now_ms).arg(self.life_ms(login, now_ms));
        self.link.invoke(&script).await
    }

    async fn login_states(&self, logins: &[(UserId, LoginId)]) -> BackendResult<Vec<LoginState>> {
        if logins.is_empty() {
            return Ok(Vec::new());
        }
        let listed = self.members_of(logins.iter().map(|(user, _)| *user).collect()).await?;
        let live = self.live_of(&listed).await?;
        let (first,): (Option<String>,) = self.link.run(pipe().get(self.first_login_key())).await?;
        let first = first.and_then(|text| LoginId::parse(&text).ok());
        let state = |login: &LoginId| match first {
            _ if live.contains(login) => LoginState::Live,
            _ if listed.iter().any(|member| member.id == *login) => LoginState::Over,
            Some(first) if *login >= first => LoginState::Over,
            _ => LoginState::Lost,
        };
        Ok(logins.iter().map(|(_, login)| state(login)).collect())
    }

    async fn list_logins(&self, user: UserId) -> BackendResult<Vec<LoginRow>> {
        let members = self.members(user).await?;
        if members.is_empty() {
            return Ok(Vec::new());
        }
        let mut commands = pipe();
        for member in &members {
            commands.hmget(self.key("login", &member.token_hash), &["row", "seen"]);
        }
        let rows: Vec<LoginFields> = self.link.run(&commands).await?;
        let (mut logins, mut gone) = (Vec::new(), Vec::new());
        for (member, fields) in members.into_iter().zip(rows) {
            match read_login(&member.token_hash, fields)?.filter(|login| self.is_live(login)) {
                Some(login) => logins.push(login),
                None => gone.push(member),
            }
        }
        self.delete_members(user, &gone).await?;
        logins.sort_by_key(|login| std::cmp::Reverse(login.id));
        Ok(logins)
    }

    async fn delete_login(&self, user: UserId, login: LoginId) -> BackendResult<bool> {
        let mut members = self.members(user).await?;
        members.retain(|member| member.id == login);
        Ok(self.delete_members(user, &members).await? > 0)
    }

    async fn delete_logins_of(&self, user: UserId) -> BackendResult<usize> {
        let members = self.members(user).await?;
        self.delete_members(user, &members).await
    }

    async fn get_value(&self, key: &str) -> BackendResult<Option<CachedValue>> {
        let (stored,): (Option<String>,) = self.link.run(pipe().get(self.key("value", key))).await?;
        let Some(stored) = stored else { return Ok(None) };
        let value = read_value(&stored).ok_or(BackendError::Corrupt { what: "value in redis" })?;
        Ok(Some(value).filter(|(_, until_ms)| *until_ms > self.clock.now_ms()).map(|(value, _)| value))
    }

    async fn put_value(&self, key: &str, text: &str, ttl_ms: u64) -> BackendResult<()> {
        let now_ms = self.clock.now_ms();
        let stored = format!("{now_ms} {} {text}", now_ms.saturating_add_unsigned(ttl_ms));
        self.link.run::<()>(pipe().pset_ex(self.key("value", key), stored, ttl_ms.max(1)).ignore()).await
    }

    async fn delete_value(&self, key: &str) -> BackendResult<()> {
        self.link.run::<()>(pipe().del(self.key("value", key)).ignore()).await
    }

    async fn failures(&self, key: &str) -> BackendResult<Failures> {
        let fields = &["count", "last", "until"];
        let (found,): ((Option<u64>, Option<i64>, Option<i64>),) = self.link.run(pipe().hmget(self.key("failures", key), fields)).await?;
        match found {
            (Some(count), Some(last_at_ms), Some(until_ms)) if until_ms > self.clock.now_ms() => Ok(Failures { count, last_at_ms }),
            _ => Ok(Failures::default()),
        }
    }

    async fn record_failure(&self, key: &str, now_ms: i64, window_ms: i64) -> BackendResult<Failures> {
        let mut script = RECORD_FAILURE.prepare_invoke();
        script.key(self.key("failures", key)).arg(now_ms).arg(window_ms).arg(now_ms.saturating_add(window_ms));
        let count = self.link.invoke(&script).await?;
        Ok(Failures { count, last_at_ms: now_ms })
    }

    async fn clear_failures(&self, key: &str) -> BackendResult<()> {
        self.link.run::<()>(pipe().del(self.key("failures", key)).ignore()).await
    }

    async fn sweep(&self) -> BackendResult<u64> {
        Ok(0)
    }

    async fn ping(&self) -> BackendResult<()> {
        self.link.run::<()>(pipe().ping().ignore()).await
    }
}

/// Reads `{stored at ms} {until ms} {text}`.
fn read_value(stored: &str) -> Option<(CachedValue, i64)> {
    let (stored_at, rest) = stored.split_once(' ')?;
    let (until, text) = rest.split_once(' ')?;
    Some((CachedValue { text: text.to_owned(), stored_at_ms: stored_at.parse().ok()? }, until.parse().ok()?))
}
