//! Private notes, prepared answers, preferences, and who looked when.

use super::{conversations::add_conversation, *};
use educounsel::{
    backends::store::{CannedReplyRow, ChatPreferences, NoteRow, PersonRow},
    domain::ids::{CannedReplyId, ConversationId, NoteId},
};

on_every_engine!(
    notes_are_listed_in_order_with_their_authors,
    shortcuts_are_unique_per_owner,
    preferences_hide_nothing_until_they_are_set,
    a_view_is_noted_once_a_day,
);

async fn notes_are_listed_in_order_with_their_authors(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, guru) = (add_user(store, "ana", Role::Student).await, add_user(store, "guru", Role::Counsellor).await);
    let id = add_conversation(store, &ana, Some(&guru), 1).await;
    let mut written = Vec::new();
    for at_ms in [5, 3] {
        let author = PersonRow { id: guru.id, name: guru.name.clone() };
        let note =
            NoteRow { id: NoteId::generate(), conversation_id: id, author, body: "Perlu “tindak lanjut”".into(), created_at_ms: at_ms };
        let mut tx = store.begin().await.unwrap();
        tx.insert_note(&note).await.unwrap();
        tx.commit().await.unwrap();
        written.push(note);
    }
    assert_eq!(store.list_notes(id).await.unwrap(), written);
    assert!(store.list_notes(ConversationId::generate()).await.unwrap().is_empty());
}

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

async fn preferences_hide_nothing_until_they_are_set(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, guru) = (add_user(store, "ana", Role::Student).await, add_user(store, "guru", Role::Counsellor).await);
    let id = add_conversation(store, &ana, Some(&guru), 1).await;
    assert_eq!(store.chat_preferences(ana.id).await.unwrap(), ChatPreferences::default());
    for (hide_typing, hide_read_receipts) in [(true, false), (false, true), (false, false)] {
        let preferences = ChatPreferences { hide_typing, hide_read_receipts };
        store.set_chat_preferences(ana.id, preferences).await.unwrap();
        assert_eq!(store.chat_preferences(ana.id).await.unwrap(), preferences);
        assert_eq!(store.find_conversation(id).await.unwrap().unwrap().hides_read_receipts, hide_read_receipts);
    }
}

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
