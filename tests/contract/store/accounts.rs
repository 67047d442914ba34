//! Tests of accounts and logins.

use super::*;
use educounsel::{
    backends::store::{LoginRow, UserChange, UserFilter},
    domain::ids::{LoginId, UserId},
};
use std::collections::HashSet;

on_every_engine!(
    an_account_is_found_as_it_was_written,
    one_of_many_parallel_accounts_gets_the_login,
    accounts_change_field_by_field,
    of_many_accounts_those_that_are_enabled_are_found,
    accounts_are_listed_newest_first_in_pages,
    accounts_are_filtered_and_searched,
    wildcards_in_a_search_are_ordinary_characters,
    login_sessions_live_and_end,
    expired_and_idle_login_sessions_are_removed,
    ids_and_tokens_are_compared_byte_by_byte,
);

async fn an_account_is_found_as_it_was_written(fixture: Fixture) {
    let mut user = new_user("ana.b-c_9", Role::Counsellor);
    user.name = "Ana “Żółć” 🦀".into();
    user.last_login_at_ms = Some(5);
    user.disabled_at_ms = Some(7);
    let mut tx = fixture.store.begin().await.unwrap();
    assert!(tx.insert_user(&user).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(fixture.store.find_user(user.id).await.unwrap(), Some(user.clone()));
    assert_eq!(fixture.store.find_user_by_login("ana.b-c_9").await.unwrap(), Some(user));
    assert_eq!(fixture.store.find_user_by_login("nobody").await.unwrap(), None);
    assert_eq!(fixture.store.find_user(UserId::generate()).await.unwrap(), None);
}

async fn one_of_many_parallel_accounts_gets_the_login(fixture: Fixture) {
    let tries = (0..8).map(|_| {
        let store = fixture.store.clone();
        tokio::spawn(async move {
            let mut tx = store.begin().await.unwrap();
            let is_new = tx.insert_user(&new_user("same", Role::Student)).await.unwrap();
            tx.commit().await.unwrap();
            is_new
        })
    });
    let mut winners = 0;
    for attempt in tries.collect::<Vec<_>>() {
        winners += u32::from(attempt.await.unwrap());
    }
    assert_eq!(winners, 1);
    assert_eq!(fixture.store.list_users(&UserFilter::default(), None, 10).await.unwrap().len(), 1);
}

async fn accounts_change_field_by_field(fixture: Fixture) {
    let user = add_user(&fixture.store, "ana", Role::Student).await;
    let change = |change: UserChange| {
        let store = fixture.store.clone();
        async move {
            let mut tx = store.begin().await.unwrap();
            let found = tx.update_user(user.id, &change).await.unwrap();
            tx.commit().await.unwrap();
            assert!(found);
            store.find_user(user.id).await.unwrap().unwrap()
        }
    };
    assert_eq!(change(UserChange::default()).await.name, "ANA Name");
    assert_eq!(change(UserChange { role: Some(Role::Admin), ..UserChange::default() }).await.role, Role::Admin);
    let row = change(UserChange { disabled_at_ms: Some(Some(9)), password_hash: Some("other".into()), ..UserChange::default() }).await;
    assert_eq!(row.disabled_at_ms, Some(9));
    assert_eq!(row.password_hash.as_str(), "other");
    assert_eq!(change(UserChange { disabled_at_ms: Some(None), ..UserChange::default() }).await.disabled_at_ms, None);
    let renamed = change(UserChange { name: Some("Siti".into()), ..UserChange::default() }).await;
    assert_eq!(renamed.name.as_str(), "Siti");
    assert_eq!(renamed.role, Role::Admin);
    assert_eq!(renamed.login.as_str(), "ana");
    let by_new_name = UserFilter { query: Some("SITI ana".into()), ..UserFilter::default() };
    assert_eq!(fixture.store.list_users(&by_new_name, None, 5).await.unwrap().len(), 1);

    let mut tx = fixture.store.begin().await.unwrap();
    tx.set_last_login(user.id, 77).await.unwrap();
    assert!(!tx.update_user(UserId::generate(), &UserChange::default()).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(fixture.store.find_user(user.id).await.unwrap().unwrap().last_login_at_ms, Some(77));
}

async fn of_many_accounts_those_that_are_enabled_are_found(fixture: Fixture) {
    let mut ids = Vec::new();
    for (login, disabled_at_ms) in [("ana", None), ("budi", Some(9)), ("citra", None)] {
        let user = add_user(&fixture.store, login, Role::Student).await;
        let mut tx = fixture.store.begin().await.unwrap();
        tx.update_user(user.id, &UserChange { disabled_at_ms: Some(disabled_at_ms), ..UserChange::default() }).await.unwrap();
        tx.commit().await.unwrap();
        ids.push(user.id);
    }
    let asked = [ids[0], ids[1], UserId::generate()];
    assert_eq!(fixture.store.enabled_users(asked).await.unwrap(), HashSet::from([ids[0]]));
    assert!(fixture.store.enabled_users([]).await.unwrap().is_empty());
}

async fn accounts_are_listed_newest_first_in_pages(fixture: Fixture) {
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(add_user(&fixture.store, &format!("user{number}"), Role::Student).await.id);
    }
    ids.reverse();
    let page = |after| {
        let store = fixture.store.clone();
        async move {
            let rows = store.list_users(&UserFilter::default(), after, 2).await.unwrap();
            rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(page(None).await, ids[..2]);
    assert_eq!(page(Some(ids[1])).await, ids[2..4]);
    assert_eq!(page(Some(ids[3])).await, ids[4..]);
    assert!(page(Some(ids[4])).await.is_empty());
}

async fn accounts_are_filtered_and_searched(fixture: Fixture) {
    add_user(&fixture.store, "siswa1", Role::Student).await;
    let teacher = add_user(&fixture.store, "guru1", Role::Counsellor).await;
    let mut tx = fixture.store.begin().await.unwrap();
    let change = UserChange { name: Some("Ibu Élodie Ç".into()), disabled_at_ms: Some(Some(1)), ..UserChange::default() };
    tx.update_user(teacher.id, &change).await.unwrap();
    tx.commit().await.unwrap();
    let logins = |filter: UserFilter| {
        let store = fixture.store.clone();
        async move {
            let rows = store.list_users(&filter, None, 10).await.unwrap();
            rows.into_iter().map(|row| row.login).collect::<Vec<_>>()
        }
    };
    let filter = UserFilter::default;
    assert_eq!(logins(UserFilter { role: Some(Role::Counsellor), ..filter() }).await, ["guru1"]);
    assert_eq!(logins(UserFilter { disabled: Some(true), ..filter() }).await, ["guru1"]);
    assert_eq!(logins(UserFilter { disabled: Some(false), ..filter() }).await, ["siswa1"]);
    assert_eq!(logins(UserFilter { query: Some("ÉLODIE ibu".into()), ..filter() }).await, ["guru1"]);
    assert_eq!(logins(UserFilter { query: Some("guru siswa".into()), ..filter() }).await, [""; 0]);
    let all = UserFilter { query: Some(" U1 ".into()), role: Some(Role::Counsellor), disabled: Some(true) };
    assert_eq!(logins(all).await, ["guru1"]);
}

async fn wildcards_in_a_search_are_ordinary_characters(fixture: Fixture) {
    add_user(&fixture.store, "a_b", Role::Student).await;
    add_user(&fixture.store, "axb", Role::Student).await;
    let count = |query: &str| {
        let (store, filter) = (fixture.store.clone(), UserFilter { query: Some(query.into()), ..UserFilter::default() });
        async move { store.list_users(&filter, None, 10).await.unwrap().len() }
    };
    assert_eq!(count("a_b").await, 1);
    assert_eq!(count("%").await, 0);
    assert_eq!(count("_").await, 1);
    assert_eq!(count("!").await, 0);
    assert_eq!(count("\\").await, 0);
    assert_eq!(count("' OR 1=1 --").await, 0);
    assert_eq!(count("").await, 2);
}

fn new_login(user: UserId, token_hash: &str) -> LoginRow {
    LoginRow {
        id: LoginId::generate(),
        user_id: user,
        token_hash: token_hash.repeat(64),
        created_at_ms: 10,
        last_seen_at_ms: 10,
        expires_at_ms: 1_000,
        user_agent: Some("Mozilla/5.0 (ü)".into()),
        address: Some("::1".into()),
    }
}

async fn login_sessions_live_and_end(fixture: Fixture) {
    let (store, ana) = (&fixture.store, add_user(&fixture.store, "ana", Role::Student).await.id);
    let budi = add_user(store, "budi", Role::Student).await.id;
    let first = new_login(ana, "a");
    let second = LoginRow { user_agent: None, address: None, ..new_login(ana, "b") };
    let other = new_login(budi, "c");
    for login in [&first, &second, &other] {
        store.insert_login(login).await.unwrap();
    }
    assert_eq!(store.find_login(&first.token_hash).await.unwrap(), Some(first.clone()));
    assert_eq!(store.list_logins(ana, 20).await.unwrap(), [second.clone(), first.clone()]);
    assert!(store.list_logins(ana, 1_000).await.unwrap().is_empty(), "expired ones are not listed");

    store.touch_login(first.id, 50).await.unwrap();
    store.touch_login(first.id, 40).await.unwrap();
    assert_eq!(store.find_login(&first.token_hash).await.unwrap().unwrap().last_seen_at_ms, 50);

    assert!(!store.delete_login(budi, first.id).await.unwrap(), "nobody ends the session of another");
    assert!(store.delete_login(ana, first.id).await.unwrap());
    assert!(!store.delete_login(ana, first.id).await.unwrap());
    assert_eq!(store.find_login(&first.token_hash).await.unwrap(), None);

    assert_eq!(store.delete_logins_of(ana).await.unwrap(), [second.id]);
    assert!(store.delete_logins_of(ana).await.unwrap().is_empty());
    assert_eq!(store.find_login(&other.token_hash).await.unwrap(), Some(other));
}

async fn expired_and_idle_login_sessions_are_removed(fixture: Fixture) {
    let (store, user) = (&fixture.store, add_user(&fixture.store, "ana", Role::Student).await.id);
    let kept = LoginRow { expires_at_ms: 900, last_seen_at_ms: 500, ..new_login(user, "a") };
    let expired = LoginRow { expires_at_ms: 600, last_seen_at_ms: 500, ..new_login(user, "b") };
    let idle = LoginRow { expires_at_ms: 900, last_seen_at_ms: 299, ..new_login(user, "c") };
    for login in [&kept, &expired, &idle] {
        store.insert_login(login).await.unwrap();
    }
    assert_eq!(store.delete_expired_logins(600, 300).await.unwrap(), 2);
    assert_eq!(store.list_logins(user, 0).await.unwrap(), [kept]);
}

async fn ids_and_tokens_are_compared_byte_by_byte(fixture: Fixture) {
    let user = add_user(&fixture.store, "ana", Role::Student).await;
    add_user(&fixture.store, "ANA", Role::Student).await;
    assert_eq!(fixture.store.find_user_by_login("ana").await.unwrap().unwrap().id, user.id);
    assert_eq!(fixture.store.find_user_by_login("áná").await.unwrap(), None);
    let login = new_login(user.id, "a");
    fixture.store.insert_login(&login).await.unwrap();
    assert_eq!(fixture.store.find_login(&"A".repeat(64)).await.unwrap(), None);
}
