//! Audit trail, idempotency keys, settings.

use super::*;
use educounsel::backends::store::{AuditEntry, AuditFilter, KeyFate, Reservation};
use serde_json::json;

on_every_engine!(
    the_audit_trail_is_read_newest_first_with_names,
    a_repeated_key_gets_the_first_answer,
    a_key_is_closed_unless_a_request_holds_it,
    one_of_many_parallel_requests_reserves_a_key,
    abandoned_and_old_keys_are_free_again,
    racing_nodes_agree_on_a_setting,
);

async fn the_audit_trail_is_read_newest_first_with_names(fixture: Fixture) {
    let admin = add_user(&fixture.store, "admin", Role::Admin).await;
    let by_admin = AuditEntry {
        actor_id: Some(admin.id),
        action: "users.created",
        target_kind: Some("user"),
        target_id: Some("42".into()),
        address: Some("10.0.0.1".into()),
        data: json!({ "login": "ä" }),
        at_ms: 5,
    };
    let by_stranger =
        AuditEntry { actor_id: None, action: "auth.failed", target_kind: None, target_id: None, address: None, data: json!({}), at_ms: 6 };
    let mut tx = fixture.store.begin().await.unwrap();
    tx.append_audit(&by_admin).await.unwrap();
    tx.commit().await.unwrap();
    fixture.store.append_audit(&by_stranger).await.unwrap();

    let trail = fixture.store.list_audit(&AuditFilter::default(), None, 10).await.unwrap();
    assert_eq!(trail.iter().map(|line| line.action.as_str()).collect::<Vec<_>>(), ["auth.failed", "users.created"]);
    assert_eq!(trail[0].actor.clone(), None);
    assert_eq!(trail[0].target_id.clone(), None);
    assert_eq!(trail[0].address.clone(), None);
    let line = &trail[1];
    assert_eq!(line.actor, Some((admin.id, admin.name)));
    assert_eq!(line.target_kind.as_deref(), Some("user"));
    assert_eq!(line.target_id.as_deref(), Some("42"));
    assert_eq!(line.address.as_deref(), Some("10.0.0.1"));
    assert_eq!(line.at_ms, 5);
    assert_eq!(line.data, json!({ "login": "ä" }));
    assert_eq!(fixture.store.list_audit(&AuditFilter::default(), Some(trail[0].id), 10).await.unwrap(), std::slice::from_ref(line));
    assert_eq!(fixture.store.list_audit(&AuditFilter::default(), None, 1).await.unwrap().len(), 1);

    let of = |actor_id, kind: Option<&str>, id: Option<&str>| AuditFilter {
        actor_id,
        target_kind: kind.map(Into::into),
        target_id: id.map(Into::into),
    };
    for (filter, found) in [
        (of(Some(admin.id), None, None), 1),
        (of(None, Some("user"), Some("42")), 1),
        (of(Some(admin.id), Some("material"), None), 0),
        (of(None, None, Some("43")), 0),
    ] {
        assert_eq!(fixture.store.list_audit(&filter, None, 10).await.unwrap().len(), found, "{filter:?}");
    }
}

async fn a_repeated_key_gets_the_first_answer(fixture: Fixture) {
    let (store, user) = (&fixture.store, add_user(&fixture.store, "guru", Role::Counsellor).await.id);
    let other = add_user(store, "guru2", Role::Counsellor).await.id;
    let reserve =
        |user, fingerprint: &'static str| async move { store.reserve_idempotency(user, "key", fingerprint, 1_000).await.unwrap() };
    assert_eq!(reserve(user, "a").await, Reservation::New);
    assert_eq!(reserve(user, "a").await, Reservation::InProgress);
    assert_eq!(reserve(user, "b").await, Reservation::Mismatch);
    assert_eq!(reserve(other, "b").await, Reservation::New, "keys belong to a user");
    store.finish_idempotency(user, "key", 201, "{\"id\":\"ä\"}").await.unwrap();
    store.finish_idempotency(user, "key", 500, "late").await.unwrap();
    store.release_idempotency(user, "key").await.unwrap();
    assert_eq!(reserve(user, "a").await, Reservation::Replay { status: 201, body: "{\"id\":\"ä\"}".into() });
    assert_eq!(reserve(user, "b").await, Reservation::Mismatch);
    store.release_idempotency(other, "key").await.unwrap();
    assert_eq!(reserve(other, "c").await, Reservation::New, "a released key is free");
}

async fn a_key_is_closed_unless_a_request_holds_it(fixture: Fixture) {
    let (store, user) = (&fixture.store, add_user(&fixture.store, "guru", Role::Counsellor).await.id);
    let close = |key: &'static str, at| async move { store.close_idempotency(user, key, "asked", at).await.unwrap() };
    let reserve = |key: &'static str| async move { store.reserve_idempotency(user, key, "a", 1_000).await.unwrap() };
    assert_eq!(close("free", 1_000).await, KeyFate::Closed);
    assert_eq!(close("free", 1_001).await, KeyFate::Closed, "it may be asked again");
    assert_eq!(reserve("free").await, Reservation::Mismatch, "what comes later is refused");

    assert_eq!(reserve("held").await, Reservation::New);
    assert_eq!(close("held", 1_000).await, KeyFate::Unsettled);
    assert_eq!(close("held", 10_000_000).await, KeyFate::Unsettled, "what was cut off may have been done");
    store.finish_idempotency(user, "held", 201, "{}").await.unwrap();
    assert_eq!(close("held", 1_000).await, KeyFate::Done { status: 201, body: "{}".into() });

    assert_eq!(reserve("refused").await, Reservation::New);
    store.release_idempotency(user, "refused").await.unwrap();
    assert_eq!(close("refused", 1_000).await, KeyFate::Closed);
}

async fn one_of_many_parallel_requests_reserves_a_key(fixture: Fixture) {
    let user = add_user(&fixture.store, "guru", Role::Counsellor).await.id;
    let tries = (0..8).map(|_| {
        let store = fixture.store.clone();
        tokio::spawn(async move { store.reserve_idempotency(user, "key", "a", 1).await.unwrap() })
    });
    let mut winners = 0;
    for attempt in tries.collect::<Vec<_>>() {
        winners += u32::from(attempt.await.unwrap() == Reservation::New);
    }
    assert_eq!(winners, 1);
}

async fn abandoned_and_old_keys_are_free_again(fixture: Fixture) {
    let (store, user) = (&fixture.store, add_user(&fixture.store, "guru", Role::Counsellor).await.id);
    let reserve = |at| async move { store.reserve_idempotency(user, "key", "a", at).await.unwrap() };
    assert_eq!(reserve(0).await, Reservation::New);
    assert_eq!(reserve(120_000).await, Reservation::InProgress);
    assert_eq!(reserve(120_001).await, Reservation::New, "after two minutes the first request is taken for dead");
    assert_eq!(reserve(120_002).await, Reservation::InProgress);
    store.finish_idempotency(user, "key", 201, "{}").await.unwrap();
    assert!(matches!(reserve(10_000_000).await, Reservation::Replay { .. }));
    assert_eq!(store.trim_idempotency(120_001).await.unwrap(), 0);
    assert_eq!(store.trim_idempotency(120_002).await.unwrap(), 1);
    assert_eq!(reserve(10_000_001).await, Reservation::New);
}

async fn racing_nodes_agree_on_a_setting(fixture: Fixture) {
    let tries = (0..6).map(|number| {
        let store = fixture.store.clone();
        tokio::spawn(async move { store.setting_or_insert("secret", &format!("value {number}")).await.unwrap() })
    });
    let mut values = Vec::new();
    for attempt in tries.collect::<Vec<_>>() {
        values.push(attempt.await.unwrap());
    }
    assert!(values.iter().all(|value| *value == values[0]), "{values:?}");
    assert_eq!(fixture.store.setting_or_insert("secret", "other").await.unwrap(), values[0]);
    assert_eq!(fixture.store.setting_or_insert("other", "other").await.unwrap(), "other");
}
