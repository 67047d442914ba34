//! The cache keeps its contract on both backends: database plus this process, and Redis. Each test
//! has its own user, clock and keys.

use crate::{
    databases::{Database, Fixture as Tables, new_user, server_url},
    wait::until,
};
use educounsel::{
    backends::{
        cache::{Cache, Failures, LoginState, TOUCH_INTERVAL_MS, local::LocalCache, redis::RedisCache},
        redis_link::RedisLink,
        store::LoginRow,
    },
    domain::{
        clock::Clock,
        ids::{LoginId, UserId},
        principal::Role,
    },
};
use std::sync::Arc;

const HOUR_MS: i64 = 3_600_000;
const IDLE_MS: i64 = HOUR_MS;
const TOTAL_MS: i64 = 3 * HOUR_MS;

struct Fixture {
    cache: Arc<dyn Cache>,
    clock: Clock,
    ana: UserId,
    budi: UserId,
    prefix: String,
    _tables: Tables,
}

impl Fixture {
    async fn local() -> Self {
        Self::with(async |tables, clock, _| Arc::new(LocalCache::new(tables.store.clone(), clock, IDLE_MS)) as Arc<dyn Cache>).await
    }

    async fn redis() -> Self {
        Self::with(async |_, clock, prefix| {
            let link = RedisLink::connect(&server_url("TEST_REDIS_URL")).await.expect("TEST_REDIS_URL answers");
            Arc::new(RedisCache::new(link, prefix, clock, IDLE_MS)) as Arc<dyn Cache>
        })
        .await
    }

    async fn with(make: impl AsyncFnOnce(&Tables, Clock, &str) -> Arc<dyn Cache>) -> Self {
        let tables = Tables::new(Database::Sqlite).await;
        let clock = Clock::manual(Clock::System.now_ms());
        let users = [new_user("ana", Role::Student), new_user("budi", Role::Student)];
        let mut tx = tables.store.begin().await.unwrap();
        for user in &users {
            assert!(tx.insert_user(user).await.unwrap());
        }
        tx.commit().await.unwrap();
        let prefix = format!("test-{}", UserId::generate());
        let cache = make(&tables, clock.clone(), &prefix).await;
        Self { cache, clock, ana: users[0].id, budi: users[1].id, prefix, _tables: tables }
    }

    fn login(&self, user: UserId) -> LoginRow {
        let id = LoginId::generate();
        let now_ms = self.clock.now_ms();
        LoginRow {
            id,
            user_id: user,
            token_hash: format!("{:0>64}", id.to_string().replace('-', "")),
            created_at_ms: now_ms,
            last_seen_at_ms: now_ms,
            expires_at_ms: now_ms + TOTAL_MS,
            user_agent: Some("Browser \"ä\" 1.0".into()),
            address: None,
        }
    }

    async fn put(&self, user: UserId) -> LoginRow {
        let login = self.login(user);
        self.cache.put_login(&login).await.unwrap();
        login
    }

    async fn find(&self, login: &LoginRow) -> Option<LoginRow> {
        self.cache.find_login(&login.token_hash).await.unwrap()
    }

    async fn listed(&self, user: UserId) -> Vec<LoginId> {
        self.cache.list_logins(user).await.unwrap().into_iter().map(|login| login.id).collect()
    }
}

macro_rules! on_both_backends {
    ($($name:ident),+ $(,)?) => {
        mod local { $(#[tokio::test] async fn $name() { super::$name(super::Fixture::local().await).await; })+ }
        mod redis { $(#[tokio::test] async fn $name() { super::$name(super::Fixture::redis().await).await; })+ }
    };
}

on_both_backends![
    a_login_is_found_as_it_was_put_until_it_expires,
    an_unused_login_idles_out_and_use_postpones_that,
    use_is_noted_once_a_minute,
    an_ended_login_is_not_revived_by_its_use,
    only_ones_own_live_logins_are_listed_newest_first,
    logins_are_ended_one_by_one_or_all_but_never_those_of_others,
    of_many_logins_those_that_hold_are_told,
    a_value_lives_for_its_time_and_is_replaced,
    failures_are_counted_until_the_window_passes,
    failures_at_the_same_time_are_all_counted,
    it_answers_a_ping,
];

async fn a_login_is_found_as_it_was_put_until_it_expires(fixture: Fixture) {
    let login = fixture.put(fixture.ana).await;
    assert_eq!(fixture.find(&login).await, Some(login.clone()));
    assert_eq!(fixture.cache.find_login(&"0".repeat(64)).await.unwrap(), None);
    for _ in 0..5 {
        fixture.clock.advance(HOUR_MS / 2);
        if let Some(found) = fixture.find(&login).await {
            fixture.cache.touch_login(&found).await.unwrap();
        }
    }
    fixture.clock.advance(HOUR_MS / 2 - 1);
    assert!(fixture.find(&login).await.is_some(), "a ms before the end");
    fixture.clock.advance(1);
    assert_eq!(fixture.find(&login).await, None);
}

async fn of_many_logins_those_that_hold_are_told(fixture: Fixture) {
    let (live, ended, idle) = (fixture.put(fixture.ana).await, fixture.put(fixture.ana).await, fixture.put(fixture.budi).await);
    fixture.cache.delete_login(fixture.ana, ended.id).await.unwrap();
    fixture.clock.advance(IDLE_MS - 1);
    fixture.cache.touch_login(&fixture.find(&live).await.unwrap()).await.unwrap();
    fixture.clock.advance(1);
    let asked = [&ended, &live, &idle].map(|login| (login.user_id, login.id));
    let unknown = (fixture.budi, LoginId::generate());
    let states = fixture.cache.login_states(&[&asked[..], &[unknown]].concat()).await.unwrap();
    assert_eq!(states, [LoginState::Over, LoginState::Live, LoginState::Over, LoginState::Over]);
    assert!(fixture.cache.login_states(&[]).await.unwrap().is_empty());
}

/// Logins that are lost with the memory of a Redis were not ended on purpose.
#[tokio::test]
async fn logins_from_before_a_redis_was_emptied_are_lost_not_over() {
    let fixture = Fixture::redis().await;
    let before = fixture.put(fixture.ana).await;
    let asked = (before.user_id, before.id);
    let mut connection = redis_connection(&server_url("TEST_REDIS_URL")).await;
    let keys: Vec<String> = ::redis::cmd("KEYS").arg(format!("{}:*", fixture.prefix)).query_async(&mut connection).await.unwrap();
    ::redis::cmd("DEL").arg(keys).query_async::<()>(&mut connection).await.unwrap();
    assert_eq!(fixture.cache.login_states(&[asked]).await.unwrap(), [LoginState::Lost]);
    let after = fixture.put(fixture.ana).await;
    fixture.cache.delete_login(fixture.ana, after.id).await.unwrap();
    assert_eq!(fixture.cache.login_states(&[asked, (after.user_id, after.id)]).await.unwrap(), [LoginState::Lost, LoginState::Over]);
}

async fn an_unused_login_idles_out_and_use_postpones_that(fixture: Fixture) {
    let (used, unused) = (fixture.put(fixture.ana).await, fixture.put(fixture.ana).await);
    fixture.clock.advance(IDLE_MS - 1);
    let found = fixture.find(&used).await.unwrap();
    fixture.cache.touch_login(&found).await.unwrap();
    assert!(fixture.find(&unused).await.is_some());
    fixture.clock.advance(1);
    assert_eq!(fixture.find(&unused).await, None);
    assert_eq!(fixture.find(&used).await.unwrap().last_seen_at_ms, fixture.clock.now_ms() - 1);
    assert_eq!(fixture.listed(fixture.ana).await, [used.id]);
}

async fn use_is_noted_once_a_minute(fixture: Fixture) {
    let login = fixture.put(fixture.ana).await;
    fixture.clock.advance(TOUCH_INTERVAL_MS - 1);
    fixture.cache.touch_login(&login).await.unwrap();
    assert_eq!(fixture.find(&login).await.unwrap().last_seen_at_ms, login.last_seen_at_ms);
    fixture.clock.advance(1);
    fixture.cache.touch_login(&login).await.unwrap();
    assert_eq!(fixture.find(&login).await.unwrap().last_seen_at_ms, fixture.clock.now_ms());
}

async fn an_ended_login_is_not_revived_by_its_use(fixture: Fixture) {
    let login = fixture.put(fixture.ana).await;
    assert!(fixture.cache.delete_login(fixture.ana, login.id).await.unwrap());
    fixture.clock.advance(TOUCH_INTERVAL_MS);
    fixture.cache.touch_login(&login).await.unwrap();
    assert_eq!(fixture.find(&login).await, None);
    assert_eq!(fixture.listed(fixture.ana).await, []);
}

async fn only_ones_own_live_logins_are_listed_newest_first(fixture: Fixture) {
    let over = fixture.put(fixture.ana).await;
    fixture.clock.advance(IDLE_MS);
    let (first, second) = (fixture.put(fixture.ana).await, fixture.put(fixture.ana).await);
    let foreign = fixture.put(fixture.budi).await;
    assert_eq!(fixture.cache.list_logins(fixture.ana).await.unwrap(), [second.clone(), first.clone()]);
    assert_eq!(fixture.listed(fixture.budi).await, [foreign.id]);
    assert_eq!(fixture.find(&over).await, None);
}

async fn logins_are_ended_one_by_one_or_all_but_never_those_of_others(fixture: Fixture) {
    let mine = [fixture.put(fixture.ana).await, fixture.put(fixture.ana).await, fixture.put(fixture.ana).await];
    let foreign = fixture.put(fixture.budi).await;
    assert!(!fixture.cache.delete_login(fixture.ana, foreign.id).await.unwrap());
    assert!(!fixture.cache.delete_login(fixture.ana, LoginId::generate()).await.unwrap());
    assert!(fixture.cache.delete_login(fixture.ana, mine[0].id).await.unwrap());
    assert!(!fixture.cache.delete_login(fixture.ana, mine[0].id).await.unwrap());
    assert_eq!(fixture.find(&mine[0]).await, None);
    assert_eq!(fixture.cache.delete_logins_of(fixture.ana).await.unwrap(), 2);
    assert_eq!(fixture.cache.delete_logins_of(fixture.ana).await.unwrap(), 0);
    assert_eq!(fixture.find(&mine[1]).await, None);
    assert!(fixture.find(&foreign).await.is_some());
}

async fn a_value_lives_for_its_time_and_is_replaced(fixture: Fixture) {
    let Fixture { cache, clock, .. } = &fixture;
    assert_eq!(cache.get_value("stats").await.unwrap(), None);
    cache.put_value("stats", "{\"a\": 1}", 60_000).await.unwrap();
    clock.advance(30_000);
    let value = cache.get_value("stats").await.unwrap().unwrap();
    assert_eq!(value.text.as_str(), "{\"a\": 1}");
    assert_eq!(value.stored_at_ms, clock.now_ms() - 30_000);
    cache.put_value("stats", "", 60_000).await.unwrap();
    assert_eq!(cache.get_value("stats").await.unwrap().unwrap().text, "");
    clock.advance(60_000);
    assert_eq!(cache.get_value("stats").await.unwrap(), None);
    cache.put_value("stats", "again", 60_000).await.unwrap();
    cache.delete_value("stats").await.unwrap();
    assert_eq!(cache.get_value("stats").await.unwrap(), None);
}

async fn failures_are_counted_until_the_window_passes(fixture: Fixture) {
    // Long, because Redis expires keys by its own clock as well.
    const WINDOW_MS: i64 = 600_000;
    let Fixture { cache, clock, .. } = &fixture;
    assert_eq!(cache.failures("k").await.unwrap(), Failures::default());
    let first_ms = clock.now_ms();
    assert_eq!(cache.record_failure("k", first_ms, WINDOW_MS).await.unwrap(), Failures { count: 1, last_at_ms: first_ms });
    clock.advance(WINDOW_MS - 1);
    let second_ms = clock.now_ms();
    assert_eq!(cache.record_failure("k", second_ms, WINDOW_MS).await.unwrap().count, 2);
    assert_eq!(cache.failures("k").await.unwrap(), Failures { count: 2, last_at_ms: second_ms });
    assert_eq!(cache.failures("other").await.unwrap().count, 0);
    clock.advance(WINDOW_MS);
    assert_eq!(cache.failures("k").await.unwrap(), Failures::default());
    assert_eq!(cache.record_failure("k", clock.now_ms(), WINDOW_MS).await.unwrap().count, 1);
    cache.clear_failures("k").await.unwrap();
    assert_eq!(cache.failures("k").await.unwrap(), Failures::default());
}

async fn failures_at_the_same_time_are_all_counted(fixture: Fixture) {
    let now_ms = fixture.clock.now_ms();
    let record = || {
        let cache = fixture.cache.clone();
        tokio::spawn(async move { cache.record_failure("k", now_ms, 60_000).await.unwrap().count })
    };
    let tasks: Vec<_> = (0..50).map(|_| record()).collect();
    let mut counts = Vec::new();
    for task in tasks {
        counts.push(task.await.unwrap());
    }
    counts.sort_unstable();
    assert_eq!(counts, (1..=50).collect::<Vec<u64>>());
}

async fn it_answers_a_ping(fixture: Fixture) {
    fixture.cache.ping().await.unwrap();
}

#[tokio::test]
async fn sweeping_removes_only_sessions_that_are_over_from_the_database() {
    let fixture = Fixture::local().await;
    fixture.put(fixture.ana).await;
    fixture.clock.advance(IDLE_MS + 1);
    let live = fixture.put(fixture.ana).await;
    assert_eq!(fixture.cache.sweep().await.unwrap(), 1);
    assert!(fixture.find(&live).await.is_some());
}

#[tokio::test]
async fn every_redis_key_ends_by_itself() {
    let fixture = Fixture::redis().await;
    let login = fixture.put(fixture.ana).await;
    fixture.clock.advance(TOUCH_INTERVAL_MS);
    fixture.cache.touch_login(&login).await.unwrap();
    fixture.cache.put_value("stats", "x", 60_000).await.unwrap();
    fixture.cache.record_failure("k", fixture.clock.now_ms(), 60_000).await.unwrap();
    let mut connection = redis_connection(&server_url("TEST_REDIS_URL")).await;
    let keys: Vec<String> = ::redis::cmd("KEYS").arg(format!("{}:*", fixture.prefix)).query_async(&mut connection).await.unwrap();
    assert_eq!(keys.len(), 5, "{keys:?}");
    for key in keys {
        let life_ms: i64 = ::redis::cmd("PTTL").arg(&key).query_async(&mut connection).await.unwrap();
        assert!((1..=TOTAL_MS).contains(&life_ms), "{key} lives {life_ms} ms");
        assert!(!key.contains("Browser"));
    }
}

#[tokio::test]
async fn a_redis_that_comes_back_is_used_again() {
    let mut server = crate::redis_server::TestRedis::start();
    let link = RedisLink::connect(&server.url()).await.unwrap();
    let cache = RedisCache::new(link, "test", Clock::System, IDLE_MS);
    cache.put_value("a", "1", 60_000).await.unwrap();
    server.kill();
    let started = std::time::Instant::now();
    assert!(cache.get_value("a").await.is_err());
    assert!(cache.ping().await.is_err());
    // Each call has at most 2 s to connect and 2 s for its answer, and a second try; the rest
    // allows for a busy machine.
    assert!(started.elapsed().as_secs() < 60, "a lost Redis is told soon, not after {:?}", started.elapsed());
    server.start_again();
    until("the connection is made again", async || cache.put_value("a", "2", 60_000).await.is_ok()).await;
    assert_eq!(cache.get_value("a").await.unwrap().unwrap().text, "2");
}

async fn redis_connection(url: &str) -> ::redis::aio::MultiplexedConnection {
    ::redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}
