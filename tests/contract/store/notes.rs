//! Private notes of conversations.

use super::{conversations::add_conversation, *};
use educounsel::{
    backends::store::{NoteRow, PersonRow},
    domain::ids::{ConversationId, NoteId},
};

on_every_engine!(notes_are_listed_in_order_with_their_authors);

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
