//! Tests of chat preferences: typing and read marks that a user hides from the other side.

use super::{conversations::add_conversation, *};
use educounsel::backends::store::ChatPreferences;

on_every_engine!(preferences_hide_nothing_until_they_are_set);

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
