//! Queues of webhooks: claimed by one node, delivered in order, given up, tried again.

use super::on_every_engine;
use crate::databases::Fixture;
use educounsel::{
    backends::store::{Store, WebhookEventRow, WebhookFailure, WebhookQueue, WebhookTotals},
    domain::ids::{AppId, NodeId, WebhookEventId},
};
use futures_util::future::join_all;

on_every_engine! {
    a_queue_is_claimed_by_one_node_until_its_lease_ends,
    events_come_in_order_when_they_are_ready_and_go_when_they_are_told,
    what_is_not_ready_can_be_taken_back,
    failures_wait_and_old_events_die,
    dead_letters_live_again,
    the_unused_is_tidied_up,
}

const LEASE_MS: i64 = 1_000;

fn app() -> AppId {
    AppId("10000001".into())
}

fn event(queue: &str, text: &str, ready_at_ms: i64) -> WebhookEventRow {
    WebhookEventRow {
        id: WebhookEventId::generate(),
        queue_id: queue.into(),
        app: app(),
        subject: None,
        event: format!(r#"{{"name":"{text}","é":1}}"#),
        created_at_ms: 1_000,
        ready_at_ms,
    }
}

async fn add(store: &Store, events: &[WebhookEventRow]) {
    let mut tx = store.begin().await.unwrap();
    for event in events {
        tx.use_webhook_queue(&event.queue_id, &app(), &format!("https://{}.example/?a=é", event.queue_id), 1_000).await.unwrap();
    }
    tx.insert_webhook_events(events).await.unwrap();
    tx.commit().await.unwrap();
}

async fn claim(store: &Store, node: NodeId, now_ms: i64) -> Option<WebhookQueue> {
    store.claim_webhook_queue(node, now_ms, LEASE_MS).await.unwrap()
}

async fn ready(store: &Store, queue: &str, now_ms: i64) -> Vec<WebhookEventId> {
    store.ready_webhook_events(queue, now_ms, 100).await.unwrap().into_iter().map(|event| event.id).collect()
}

async fn a_queue_is_claimed_by_one_node_until_its_lease_ends(fixture: Fixture) {
    let store = &fixture.store;
    assert_eq!(claim(store, NodeId::generate(), 5_000).await, None);
    add(store, &[event("a", "x", 5_000)]).await;
    assert_eq!(claim(store, NodeId::generate(), 4_999).await, None, "nothing is ready");
    let nodes: Vec<NodeId> = (0..5).map(|_| NodeId::generate()).collect();
    let claims = join_all(nodes.iter().map(|node| claim(store, *node, 5_000))).await;
    let winners: Vec<_> = nodes.iter().zip(&claims).filter_map(|(node, claim)| Some((*node, claim.clone()?))).collect();
    let [(winner, queue)] = &winners[..] else { panic!("{claims:?}") };
    let expected = WebhookQueue { id: "a".into(), app: app(), url: "https://a.example/?a=é".into(), failures: 0, failing_since_ms: None };
    assert_eq!(*queue, expected);
    assert!(store.renew_webhook_lease(*winner, "a", 7_000).await.unwrap());
    assert_eq!(claim(store, *winner, 6_999).await, None);
    let second = NodeId::generate();
    assert!(claim(store, second, 7_000).await.is_some(), "the lease ended");
    assert!(!store.renew_webhook_lease(*winner, "a", 9_000).await.unwrap());
    store.release_webhook_queue(*winner, "a", 0).await.unwrap();
    assert_eq!(claim(store, *winner, 7_500).await, None, "only the holder gives it back");
    store.release_webhook_queue(second, "a", 7_600).await.unwrap();
    assert_eq!(claim(store, *winner, 7_599).await, None, "not before it is due");
    assert!(claim(store, *winner, 7_600).await.is_some());
}

async fn events_come_in_order_when_they_are_ready_and_go_when_they_are_told(fixture: Fixture) {
    let store = &fixture.store;
    let events: Vec<_> = (0..120).map(|number| event("a", &format!("e{number}"), if number == 0 { 9_000 } else { 2_000 })).collect();
    add(store, &events).await;
    add(store, &[event("b", "other", 1)]).await;
    let found = store.ready_webhook_events("a", 9_000, 200).await.unwrap();
    let expected: Vec<_> = events[1..].iter().chain(&events[..1]).cloned().collect();
    assert_eq!(found, expected);
    assert_eq!(ready(store, "a", 8_999).await.len(), 100);
    let told: Vec<_> = found[..119].iter().map(|event| event.id).collect();
    store.record_webhook_success("a", &told).await.unwrap();
    assert_eq!(ready(store, "a", 9_000).await, [events[0].id]);
    store.remove_webhook_events(&[events[0].id]).await.unwrap();
    assert!(ready(store, "a", 9_000).await.is_empty());
    assert_eq!(ready(store, "b", 9_000).await.len(), 1);
}

async fn what_is_not_ready_can_be_taken_back(fixture: Fixture) {
    let store = &fixture.store;
    let held = WebhookEventRow { subject: Some("s".into()), ..event("a", "gone", 5_000) };
    add(store, std::slice::from_ref(&held)).await;
    for (queue, subject, now_ms, is_taken) in
        [("b", "s", 4_000, false), ("a", "t", 4_000, false), ("a", "s", 5_000, false), ("a", "s", 4_999, true), ("a", "s", 4_999, false)]
    {
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.take_webhook_event_back(queue, subject, now_ms).await.unwrap(), is_taken, "{queue} {subject} {now_ms}");
        tx.commit().await.unwrap();
    }
    assert!(ready(store, "a", 9_000).await.is_empty());
}

async fn fail(store: &Store, ids: &[WebhookEventId], now_ms: i64, dead_before_ms: i64) -> u64 {
    let node = NodeId::generate();
    assert!(claim(store, node, now_ms).await.is_some(), "due at {now_ms}");
    let failure = WebhookFailure { now_ms, due_at_ms: now_ms + 10, dead_before_ms, reason: "answered with status 500" };
    assert_eq!(store.record_webhook_failure(NodeId::generate(), "a", ids, failure).await.unwrap(), 0, "not the holder");
    store.record_webhook_failure(node, "a", ids, failure).await.unwrap()
}

async fn failures_wait_and_old_events_die(fixture: Fixture) {
    let store = &fixture.store;
    let (old, young) = (event("a", "old", 2_000), event("a", "young", 3_000));
    add(store, &[old.clone(), young.clone()]).await;
    assert_eq!(fail(store, &[old.id, young.id], 3_000, i64::MIN).await, 0);
    assert_eq!(claim(store, NodeId::generate(), 3_009).await, None);
    let standing = store.webhook_standings(&app()).await.unwrap();
    assert_eq!(standing[0].waiting, 2);
    assert_eq!(standing[0].dead, 0);
    assert_eq!(standing[0].failures, 1);
    assert_eq!(standing[0].failing_since_ms, Some(3_000));
    assert_eq!(standing[0].last_error.as_deref(), Some("answered with status 500"));
    assert_eq!(fail(store, &[old.id, young.id], 3_010, 2_000).await, 1);
    assert_eq!(ready(store, "a", 9_000).await, [young.id]);
    assert_eq!(store.webhook_totals().await.unwrap(), WebhookTotals { waiting: 1, dead: 1 });
    let standing = store.webhook_standings(&app()).await.unwrap();
    assert_eq!(standing[0].waiting, 1);
    assert_eq!(standing[0].dead, 1);
    assert_eq!(standing[0].failures, 2);
    assert_eq!(standing[0].failing_since_ms, Some(3_000));
    let node = NodeId::generate();
    let queue = claim(store, node, 3_020).await.unwrap();
    assert_eq!(queue.failures, 2);
    assert_eq!(queue.failing_since_ms, Some(3_000));
    store.record_webhook_success("a", &[young.id]).await.unwrap();
    let standing = store.webhook_standings(&app()).await.unwrap();
    assert_eq!(standing[0].waiting, 0);
    assert_eq!(standing[0].failures, 0);
    assert_eq!(standing[0].failing_since_ms, None);
    assert_eq!(standing[0].last_error, None);
}

async fn dead_letters_live_again(fixture: Fixture) {
    let store = &fixture.store;
    let events: Vec<_> = (0..3).map(|number| event("a", &format!("e{number}"), 2_000)).collect();
    add(store, &events).await;
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(fail(store, &ids, 3_000, 2_000).await, 3);
    let listed = store.list_dead_letters(&app(), None, 2).await.unwrap();
    assert_eq!(listed.iter().map(|letter| letter.id).collect::<Vec<_>>(), [ids[2], ids[1]]);
    assert_eq!(listed[0].event.as_str(), events[2].event.as_str());
    assert_eq!(listed[0].attempts, 1);
    assert_eq!(listed[0].died_at_ms, 3_000);
    assert_eq!(store.list_dead_letters(&app(), Some(ids[1]), 2).await.unwrap()[0].id, ids[0]);
    let revive = async |app: &AppId, ids: Option<&[WebhookEventId]>| {
        let mut tx = store.begin().await.unwrap();
        let revived = tx.revive_dead_letters(app, ids, 4_000).await.unwrap();
        tx.commit().await.unwrap();
        revived
    };
    assert_eq!(revive(&AppId("2".into()), None).await, 0);
    assert_eq!(revive(&app(), Some(&[])).await, 0);
    assert_eq!(revive(&app(), Some(&ids[..1])).await, 1);
    assert_eq!(ready(store, "a", 4_000).await, [ids[0]]);
    assert!(claim(store, NodeId::generate(), 4_000).await.is_some(), "due at once");
    assert_eq!(revive(&app(), None).await, 2);
    assert_eq!(revive(&app(), None).await, 0);
    assert_eq!(ready(store, "a", 4_000).await, ids);
    assert!(store.list_dead_letters(&app(), None, 9).await.unwrap().is_empty());
}

async fn the_unused_is_tidied_up(fixture: Fixture) {
    let store = &fixture.store;
    let (dead, living) = (event("a", "dead", 2_000), event("b", "living", 2_000));
    add(store, &[dead.clone(), living.clone()]).await;
    assert_eq!(fail(store, &[dead.id], 3_000, 2_000).await, 1);
    assert_eq!(store.trim_dead_letters(3_000).await.unwrap(), 0);
    assert_eq!(store.webhook_standings(&app()).await.unwrap().len(), 2);
    assert_eq!(store.trim_dead_letters(3_001).await.unwrap(), 1);
    let left = store.webhook_standings(&app()).await.unwrap();
    assert_eq!(left.iter().map(|standing| standing.url.as_str()).collect::<Vec<_>>(), ["https://b.example/?a=é"]);
}
