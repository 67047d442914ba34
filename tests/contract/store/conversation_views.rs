//! Tests of the record of who viewed which conversation on which day.

use super::{conversations::add_conversation, *};

on_every_engine!(a_view_is_noted_once_a_day);

async fn a_view_is_noted_once_a_day(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, guru) = (add_user(store, "ana", Role::Student).await, add_user(store, "guru", Role::Counsellor).await);
    let (id, other) = (add_conversation(store, &ana, Some(&guru), 1).await, add_conversation(store, &ana, None, 1).await);
    let view = async |day: &str| {
        let mut tx = store.begin().await.unwrap();
        let is_new = tx.insert_conversation_view(guru.id, day, id).await.unwrap();
        tx.commit().await.unwrap();
        is_new
    };
    assert!(view("2026-11-21").await);
    assert!(!view("2026-11-21").await);
    assert!(view("2026-11-22").await);
    let known = store.viewed_conversations(guru.id, "2026-11-21", &[id, other]).await.unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), [id]);
    assert!(store.viewed_conversations(guru.id, "2026-11-23", &[id, other]).await.unwrap().is_empty());
    assert_eq!(store.trim_conversation_views("2026-11-22").await.unwrap(), 1);
    assert!(view("2026-11-21").await && !view("2026-11-22").await);
}
