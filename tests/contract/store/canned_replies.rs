//! Prepared answers.

use super::*;
use educounsel::{backends::store::CannedReplyRow, domain::ids::CannedReplyId};

on_every_engine!(shortcuts_are_unique_per_owner);

async fn shortcuts_are_unique_per_owner(fixture: Fixture) {
    let store = &fixture.store;
    let (guru, other) = (add_user(store, "guru", Role::Counsellor).await, add_user(store, "guru2", Role::Counsellor).await);
    let reply = |owner: Option<&UserRow>, shortcut: &str| CannedReplyRow {
        id: CannedReplyId::generate(),
        owner: owner.map(|owner| owner.id),
        shortcut: shortcut.into(),
        body: "Halo, apa kabar?".into(),
    };
    let insert = async |reply: &CannedReplyRow| store.insert_canned_reply(reply, guru.id, 1).await.unwrap();
    let (school, own, foreign) = (reply(None, "salam"), reply(Some(&guru), "salam"), reply(Some(&other), "salam"));
    assert!(insert(&school).await && insert(&own).await && insert(&foreign).await);
    assert!(!insert(&reply(None, "salam")).await);
    assert!(!insert(&reply(Some(&guru), "salam")).await);
    let mut second = reply(Some(&guru), "tutup");
    assert!(insert(&second).await);
    let sorted = |mut rows: Vec<CannedReplyRow>| {
        rows.sort_by_key(|row| (row.shortcut.clone(), row.id));
        rows
    };
    let listed = store.list_canned_replies(Some(guru.id)).await.unwrap();
    assert_eq!(listed, sorted(vec![school.clone(), own.clone(), second.clone()]));
    assert_eq!(store.list_canned_replies(None).await.unwrap(), std::slice::from_ref(&school));
    second.shortcut = "salam".into();
    assert!(!store.update_canned_reply(&second, 2).await.unwrap());
    second.shortcut = "selesai".into();
    second.body = "Sampai jumpa.".into();
    assert!(store.update_canned_reply(&second, 2).await.unwrap());
    assert_eq!(store.find_canned_reply(second.id).await.unwrap(), Some(second.clone()));
    assert!(store.delete_canned_reply(second.id).await.unwrap());
    assert!(!store.delete_canned_reply(second.id).await.unwrap());
    assert_eq!(store.find_canned_reply(second.id).await.unwrap(), None);
}
