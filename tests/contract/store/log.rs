//! Tests of the durable log: claiming by two nodes, order, no missed position for readers,
//! trimming.

use super::*;
use crate::wait::{PATIENCE, until_within};
use educounsel::{
    backends::store::{LogBacklog, LogClaim, LogHead, LogRow},
    domain::ids::{NodeId, UserId},
};
use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

on_every_engine!(
    an_empty_log_has_nothing_to_claim,
    rows_are_claimed_in_order_of_id_and_kept_until_published,
    a_lease_keeps_other_nodes_out_until_it_ends_or_is_released,
    a_late_mark_never_moves_back,
    two_nodes_never_publish_a_row_twice_and_keep_the_order,
    a_reader_who_has_seen_a_position_never_misses_a_smaller_one,
    readers_get_their_audiences_from_their_time_on,
    a_node_catches_up_with_rows_of_every_audience,
    published_rows_are_trimmed_and_the_head_tells,
);

fn role() -> Audience {
    Audience::Role(Role::Student)
}

fn rows(claim: LogClaim) -> Vec<LogRow> {
    match claim {
        LogClaim::Rows(rows) => rows,
        LogClaim::HeldElsewhere => panic!("the lease is held elsewhere"),
    }
}

fn positions(rows: &[LogRow]) -> Vec<i64> {
    rows.iter().map(|row| row.position).collect()
}

async fn an_empty_log_has_nothing_to_claim(fixture: Fixture) {
    let node = NodeId::generate();
    assert_eq!(fixture.store.claim_log(node, 0, 100, 10).await.unwrap(), LogClaim::Rows(vec![]));
    assert_eq!(fixture.store.log_head().await.unwrap(), LogHead { position: 0, published_to: 0, trimmed_to: 0 });
    assert_eq!(fixture.store.log_backlog().await.unwrap(), LogBacklog { rows: 0, oldest_created_at_ms: None });
    assert!(fixture.store.log_after(&[role()], 0, 0, 10).await.unwrap().is_empty());
    assert_eq!(fixture.store.trim_log(i64::MAX).await.unwrap(), 0);
}

async fn rows_are_claimed_in_order_of_id_and_kept_until_published(fixture: Fixture) {
    let (store, node) = (&fixture.store, NodeId::generate());
    let entries: Vec<_> = (0..5).map(|at| new_entry(role(), 100 + at)).collect();
    for entry in entries.iter().rev() {
        append(store, entry).await;
    }
    assert_eq!(store.log_backlog().await.unwrap(), LogBacklog { rows: 5, oldest_created_at_ms: Some(100) });
    assert!(store.log_after(&[role()], 0, 0, 10).await.unwrap().is_empty(), "nothing is readable before it has a position");

    let first = rows(store.claim_log(node, 0, 100, 3).await.unwrap());
    assert_eq!(positions(&first), [1, 2, 3]);
    assert_eq!(first.iter().map(|row| row.id).collect::<Vec<_>>(), entries[..3].iter().map(|entry| entry.id).collect::<Vec<_>>());
    assert_eq!(first[0].event.as_str(), "test.event");
    assert_eq!(first[0].data.as_str(), r#"{"a":"ä"}"#);
    assert_eq!(first[0].audience, role());
    assert_eq!(first[0].created_at_ms, 100);

    let again = rows(store.claim_log(node, 1, 100, 3).await.unwrap());
    assert_eq!(positions(&again), [1, 2, 3], "unpublished rows come again");
    assert!(store.mark_published(node, 2, 5).await.unwrap());
    assert_eq!(positions(&rows(store.claim_log(node, 2, 100, 10).await.unwrap())), [3, 4, 5]);
    assert!(store.mark_published(node, 5, 6).await.unwrap());
    assert_eq!(store.claim_log(node, 3, 100, 10).await.unwrap(), LogClaim::Rows(vec![]));
    assert_eq!(store.log_backlog().await.unwrap().rows, 0);
    assert_eq!(store.log_head().await.unwrap(), LogHead { position: 5, published_to: 5, trimmed_to: 0 });
}

async fn a_lease_keeps_other_nodes_out_until_it_ends_or_is_released(fixture: Fixture) {
    let (store, one, other) = (&fixture.store, NodeId::generate(), NodeId::generate());
    append(store, &new_entry(role(), 1)).await;
    assert_eq!(rows(store.claim_log(one, 1_000, 100, 10).await.unwrap()).len(), 1);
    assert_eq!(store.claim_log(other, 1_100, 100, 10).await.unwrap(), LogClaim::HeldElsewhere);
    assert_eq!(rows(store.claim_log(other, 1_101, 100, 10).await.unwrap()).len(), 1, "the lease ended, the row is still unpublished");
    assert_eq!(store.claim_log(one, 1_150, 100, 10).await.unwrap(), LogClaim::HeldElsewhere);
    store.release_log(one).await.unwrap();
    assert_eq!(store.claim_log(one, 1_150, 100, 10).await.unwrap(), LogClaim::HeldElsewhere, "only the holder releases");
    store.release_log(other).await.unwrap();
    assert_eq!(rows(store.claim_log(one, 1_150, 100, 10).await.unwrap()).len(), 1);
}

async fn a_late_mark_never_moves_back(fixture: Fixture) {
    let (store, slow, fast) = (&fixture.store, NodeId::generate(), NodeId::generate());
    for at in 0..4 {
        append(store, &new_entry(role(), at)).await;
    }
    rows(store.claim_log(slow, 0, 10, 2).await.unwrap());
    rows(store.claim_log(fast, 100, 1_000, 10).await.unwrap());
    assert!(store.mark_published(fast, 4, 110).await.unwrap());
    assert!(!store.mark_published(slow, 2, 120).await.unwrap(), "the slow node hears that it lost the lease");
    assert!(store.mark_published(fast, 99, 130).await.unwrap());
    assert_eq!(store.log_head().await.unwrap().published_to, 4, "neither back nor beyond the newest position");
}

async fn two_nodes_never_publish_a_row_twice_and_keep_the_order(fixture: Fixture) {
    const ROWS: usize = 120;
    let published = Arc::new(tokio::sync::Mutex::new(Vec::new()));
    let stopped = Arc::new(AtomicBool::new(false));
    let nodes: Vec<_> = (0..2)
        .map(|_| {
            let (database_url, published, stopped) = (fixture.database.url.clone(), published.clone(), stopped.clone());
            tokio::spawn(async move {
                let (store, node) = (Store::connect(&database_url, 2).await.unwrap(), NodeId::generate());
                while !stopped.load(Ordering::Acquire) {
                    tokio::task::yield_now().await;
                    let LogClaim::Rows(rows) = store.claim_log(node, 0, 60_000, 7).await.unwrap() else { continue };
                    published.lock().await.extend(rows.iter().map(|row| (row.position, row.id)));
                    if let Some(last) = rows.last() {
                        assert!(store.mark_published(node, last.position, 0).await.unwrap());
                    }
                    store.release_log(node).await.unwrap();
                }
            })
        })
        .collect();
    let writers: Vec<_> = (0..3)
        .map(|_| {
            let store = fixture.store.clone();
            tokio::spawn(async move {
                for at in 0..ROWS / 3 {
                    append(&store, &new_entry(role(), at as i64)).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    until_within(3 * PATIENCE, "every row is published", async || published.lock().await.len() >= ROWS).await;
    stopped.store(true, Ordering::Release);
    for node in nodes {
        node.await.unwrap();
    }
    let published = published.lock().await;
    let order: Vec<i64> = published.iter().map(|(position, _)| *position).collect();
    assert_eq!(order, (1..=ROWS as i64).collect::<Vec<_>>(), "each position once, in order, over both nodes");
    assert_eq!(published.iter().map(|(_, id)| *id).collect::<HashSet<_>>().len(), ROWS);
}

async fn a_reader_who_has_seen_a_position_never_misses_a_smaller_one(fixture: Fixture) {
    const ROWS: i64 = 90;
    let newest_seen = Arc::new(AtomicI64::new(0));
    let claimer = {
        let (store, newest_seen) = (fixture.database.connect().await, newest_seen.clone());
        tokio::spawn(async move {
            let node = NodeId::generate();
            while newest_seen.load(Ordering::Acquire) < ROWS {
                if let Some(last) = rows(store.claim_log(node, 0, 60_000, 5).await.unwrap()).last() {
                    store.mark_published(node, last.position, 0).await.unwrap();
                }
                tokio::task::yield_now().await;
            }
        })
    };
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let store = fixture.store.clone();
            tokio::spawn(async move {
                for at in 0..ROWS / 3 {
                    // Transactions of different length commit in another order than their ids were
                    // made in. This is a pause, not a signal from another writer, because SQLite
                    // lets one transaction write at a time. No check depends on its length; it only
                    // makes wrong orders likely.
                    let mut tx = store.begin().await.unwrap();
                    tx.append_log(&new_entry(role(), at)).await.unwrap();
                    tokio::time::sleep(Duration::from_micros(300 * writer)).await;
                    tx.commit().await.unwrap();
                }
            })
        })
        .collect();
    let reading = async {
        let mut cursor = 0;
        while cursor < ROWS {
            let page = fixture.store.log_page(&[role()], 0, cursor, 10).await.unwrap();
            for row in &page.rows {
                assert_eq!(row.position, cursor + 1, "a position was skipped");
                cursor = row.position;
            }
            assert!(page.head.position >= cursor);
            newest_seen.store(cursor, Ordering::Release);
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), reading).await.expect("every row is read");
    for writer in writers {
        writer.await.unwrap();
    }
    claimer.await.unwrap();
}

async fn readers_get_their_audiences_from_their_time_on(fixture: Fixture) {
    let (store, node) = (&fixture.store, NodeId::generate());
    let (me, other) = (Audience::User(UserId::generate()), Audience::User(UserId::generate()));
    for (audience, at) in [(role(), 10), (me, 20), (other, 30), (Audience::Role(Role::Admin), 40), (me, 50)] {
        append(store, &new_entry(audience, at)).await;
    }
    rows(store.claim_log(node, 0, 100, 10).await.unwrap());
    let read = |since, after, limit| async move { positions(&store.log_after(&[me, role()], since, after, limit).await.unwrap()) };
    assert_eq!(read(0, 0, 10).await, [1, 2, 5]);
    assert_eq!(read(0, 1, 10).await, [2, 5]);
    assert_eq!(read(20, 0, 10).await, [2, 5]);
    assert_eq!(read(0, 0, 2).await, [1, 2]);
    assert_eq!(read(0, 5, 10).await, [0; 0]);
    assert!(store.log_after(&[], 0, 0, 10).await.unwrap().is_empty());
    assert_eq!(store.log_page(&[other], 0, 4, 10).await.unwrap().head.position, 5, "the head comes along when there are no rows");
}

async fn a_node_catches_up_with_rows_of_every_audience(fixture: Fixture) {
    let store = &fixture.store;
    for audience in [role(), Audience::Role(Role::Admin), Audience::User(UserId::generate())] {
        append(store, &new_entry(audience, 1)).await;
    }
    assert!(store.log_since(0, 10).await.unwrap().is_empty(), "without a position there is nothing to catch up with");
    rows(store.claim_log(NodeId::generate(), 0, 100, 10).await.unwrap());
    assert_eq!(positions(&store.log_since(0, 10).await.unwrap()), [1, 2, 3]);
    assert_eq!(positions(&store.log_since(1, 1).await.unwrap()), [2]);
    assert!(store.log_since(3, 10).await.unwrap().is_empty());
}

async fn published_rows_are_trimmed_and_the_head_tells(fixture: Fixture) {
    let (store, node) = (&fixture.store, NodeId::generate());
    for at in 1..=4 {
        append(store, &new_entry(role(), at)).await;
    }
    rows(store.claim_log(node, 0, 100, 10).await.unwrap());
    assert_eq!(store.trim_log(100).await.unwrap(), 0, "unpublished rows stay, however old");
    store.mark_published(node, 3, 0).await.unwrap();
    assert_eq!(store.trim_log(3).await.unwrap(), 2);
    assert_eq!(store.log_head().await.unwrap().trimmed_to, 2);
    assert_eq!(store.trim_log(100).await.unwrap(), 1);
    assert_eq!(store.log_head().await.unwrap(), LogHead { position: 4, published_to: 3, trimmed_to: 3 });
    assert_eq!(positions(&store.log_after(&[role()], 0, 0, 10).await.unwrap()), [4]);
}
