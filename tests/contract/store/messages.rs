//! Messages: numbers without gaps, one per client id, history both ways, edits, tombstones, search.

use super::{
    conversations::{add_conversation, as_counsellor, as_student},
    *,
};
use educounsel::{
    backends::store::{ConversationRow, FileRow, HistoryRange, MessageEditRow, MessageRow, Standing},
    domain::{
        conversations::conversation::{ConversationState, Participant},
        ids::{ConversationId, MessageId, UserId},
    },
};

on_every_engine!(
    a_message_is_found_as_it_was_written,
    numbers_have_no_gaps_under_parallel_senders,
    parallel_repeats_make_one_message_and_no_gap,
    strangers_and_closed_conversations_get_no_number,
    history_is_read_both_ways_and_by_time,
    an_edit_keeps_what_was_said_and_corrects_the_log,
    a_tombstone_keeps_its_place_only,
    searches_stay_within_the_own_conversations,
    files_of_messages_are_known,
);

fn message(conversation_id: ConversationId, seq: i64, sender_id: UserId, body: &str, at_ms: i64) -> MessageRow {
    MessageRow {
        id: MessageId::generate(),
        conversation_id,
        seq,
        sender_id,
        client_id: body.to_owned(),
        fingerprint: format!("f-{body}"),
        body: body.to_owned(),
        file: None,
        created_at_ms: at_ms,
        edited_at_ms: None,
        deleted_at_ms: None,
    }
}

/// Sends a message as the service does; its body is its client id. `None` when the client id is
/// taken.
async fn try_add(store: &Store, conversation: ConversationId, sender: Participant, body: &str, at_ms: i64) -> Option<MessageRow> {
    let mut tx = store.begin().await.unwrap();
    let seq = tx.take_seq(conversation, sender, at_ms).await.unwrap().expect("a member of an open conversation");
    let message = message(conversation, seq, sender.user_id, body, at_ms);
    if !tx.insert_message(&message).await.unwrap() {
        return None;
    }
    let audience = Audience::Conversation(conversation);
    let data = format!(r#"{{"message":"{body}"}}"#);
    tx.append_log(&LogEntry { id: message.id.into(), audience, event: "message.created".into(), data, created_at_ms: at_ms })
        .await
        .unwrap();
    tx.commit().await.unwrap();
    Some(message)
}

pub async fn add_message(store: &Store, conversation: ConversationId, sender: Participant, body: &str, at_ms: i64) -> MessageRow {
    try_add(store, conversation, sender, body, at_ms).await.expect("a new client id")
}

async fn pair(store: &Store) -> (UserRow, UserRow, ConversationId) {
    let (ana, guru) = (add_user(store, "ana", Role::Student).await, add_user(store, "guru", Role::Counsellor).await);
    let id = add_conversation(store, &ana, Some(&guru), 1).await;
    (ana, guru, id)
}

async fn a_message_is_found_as_it_was_written(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, _, id) = pair(store).await;
    let sent = add_message(store, id, as_student(&ana), "Halo “Bu” 😀", 50).await;
    assert_eq!(sent.seq, 1);
    assert_eq!(store.find_message(id, sent.id).await.unwrap(), Some(sent.clone()));
    assert_eq!(store.find_message(ConversationId::generate(), sent.id).await.unwrap(), None, "an id alone is not enough");
    assert_eq!(store.find_message_by_client_id(ana.id, &sent.client_id).await.unwrap(), Some(sent.clone()));
    assert_eq!(store.find_message_by_client_id(UserId::generate(), &sent.client_id).await.unwrap(), None);
    let ConversationRow { last_seq, last_message, last_message_at_ms, .. } = store.find_conversation(id).await.unwrap().unwrap();
    let last = last_message.unwrap();
    assert_eq!(last_seq, 1);
    assert_eq!(last_message_at_ms, 50);
    assert_eq!(last.seq, 1);
    assert_eq!(last.sender_id, ana.id);
    assert!(!last.is_deleted);
    assert_eq!(last.body, "Halo “Bu” 😀");
}

async fn numbers_have_no_gaps_under_parallel_senders(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, guru, id) = pair(store).await;
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let (store, sender) = (store.clone(), if number % 2 == 0 { as_student(&ana) } else { as_counsellor(&guru) });
            tokio::spawn(async move { add_message(&store, id, sender, &format!("pesan {number}"), 10).await.seq })
        })
        .collect();
    let mut seqs = Vec::new();
    for task in tasks {
        seqs.push(task.await.unwrap());
    }
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=40).collect::<Vec<_>>());
    // The log has them in the order of their numbers, because ids are made while the conversation
    // is locked.
    let stored = store.list_messages(id, HistoryRange::After(0), 100).await.unwrap();
    assert!(stored.windows(2).all(|two| two[0].seq + 1 == two[1].seq && two[0].id < two[1].id));
}

async fn parallel_repeats_make_one_message_and_no_gap(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, _, id) = pair(store).await;
    let tasks: Vec<_> = (0..12)
        .map(|number| {
            let (store, ana) = (store.clone(), as_student(&ana));
            tokio::spawn(async move {
                // A database may abort one of them without reporting that the key is taken; the
                // service then tries again.
                let text = format!("pesan {}", number % 2);
                let sent = tokio::spawn(async move { try_add(&store, id, ana, &text, 10).await.is_some() });
                sent.await.unwrap_or(false)
            })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        made += usize::from(task.await.unwrap());
    }
    let stored = store.list_messages(id, HistoryRange::After(0), 100).await.unwrap();
    assert_eq!(made, 2);
    assert_eq!(stored.len(), 2);
    assert_eq!(stored[1].seq, 2);
    assert_eq!(store.find_conversation(id).await.unwrap().unwrap().last_seq, 2);
}

async fn strangers_and_closed_conversations_get_no_number(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, guru, id) = pair(store).await;
    let take = async |user: Participant| {
        let mut tx = store.begin().await.unwrap();
        tx.take_seq(id, user, 10).await.unwrap()
    };
    assert_eq!(take(as_student(&ana)).await, Some(1));
    assert_eq!(take(as_counsellor(&guru)).await, Some(1));
    assert_eq!(take(as_counsellor(&ana)).await, None, "each on the own side");
    assert_eq!(take(as_student(&guru)).await, None, "each on the own side");
    let mut tx = store.begin().await.unwrap();
    let closed = Standing {
        state: ConversationState::Closed,
        counsellor_id: Some(guru.id),
        open_key: None,
        waiting_since_ms: None,
        closed_at_ms: Some(20),
    };
    assert!(tx.set_standing(id, &closed).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(take(as_student(&ana)).await, None);
    assert_eq!(store.find_conversation(id).await.unwrap().unwrap().last_seq, 0);
}

async fn history_is_read_both_ways_and_by_time(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, _, id) = pair(store).await;
    for number in 1..=9 {
        add_message(store, id, as_student(&ana), &format!("pesan {number}"), number * 100).await;
    }
    let seqs = async |range, limit| {
        let rows = store.list_messages(id, range, limit).await.unwrap();
        rows.iter().map(|row| row.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(HistoryRange::Before(i64::MAX), 3).await, [7, 8, 9]);
    assert_eq!(seqs(HistoryRange::Before(3), 3).await, [1, 2]);
    assert_eq!(seqs(HistoryRange::After(7), 5).await, [8, 9]);
    assert_eq!(seqs(HistoryRange::After(2), 2).await, [3, 4]);
    assert!(seqs(HistoryRange::After(9), 2).await.is_empty());
    let first = async |at_ms| store.first_seq_since(id, at_ms).await.unwrap();
    assert_eq!(first(0).await, Some(1));
    assert_eq!(first(300).await, Some(3));
    assert_eq!(first(301).await, Some(4));
    assert_eq!(first(901).await, None);
}

async fn an_edit_keeps_what_was_said_and_corrects_the_log(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, _, id) = pair(store).await;
    let sent = add_message(store, id, as_student(&ana), "salah", 10).await;
    let edit = async |body: &str, at_ms: i64| {
        let mut tx = store.begin().await.unwrap();
        tx.lock_conversation(id).await.unwrap();
        let before = tx.find_message(id, sent.id).await.unwrap().unwrap();
        let event = LogId::generate();
        let data = format!(r#"{{"message":"{body}"}}"#);
        tx.rewrite_message_log(sent.id, &data).await.unwrap();
        tx.edit_message(&before, body, event, at_ms).await.unwrap();
        let entry = LogEntry { id: event, event: "message.changed".into(), data, ..new_entry(Audience::Conversation(id), at_ms) };
        tx.append_log(&entry).await.unwrap();
        tx.commit().await.unwrap();
    };
    edit("lebih benar", 20).await;
    edit("benar", 30).await;
    let edited = store.find_message(id, sent.id).await.unwrap().unwrap();
    assert_eq!(edited.body.as_str(), "benar");
    assert_eq!(edited.edited_at_ms, Some(30));
    let before = |body: &str, edited_at_ms| MessageEditRow { body: body.into(), edited_at_ms };
    assert_eq!(store.list_message_edits(sent.id).await.unwrap(), [before("salah", 20), before("lebih benar", 30)]);
    assert_eq!(store.search_messages(as_student(&ana), "benar", None, 5).await.unwrap(), [edited]);
    assert!(store.search_messages(as_student(&ana), "salah", None, 5).await.unwrap().is_empty());
    let told = log_of(store).await;
    assert_eq!(told, vec![r#"{"message":"benar"}"#; 3]);
}

/// Publishes and returns the data of all rows.
async fn log_of(store: &Store) -> Vec<String> {
    let node = educounsel::domain::ids::NodeId::generate();
    let claim = store.claim_log(node, 0, 1_000, 100).await.unwrap();
    let educounsel::backends::store::LogClaim::Rows(rows) = claim else { panic!("the lease is held") };
    store.release_log(node).await.unwrap();
    rows.into_iter().map(|row| row.data).collect()
}

async fn a_tombstone_keeps_its_place_only(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, guru, id) = pair(store).await;
    let (sent, other) =
        (add_message(store, id, as_student(&ana), "rahasia", 10).await, add_message(store, id, as_counsellor(&guru), "baik", 11).await);
    let mut tx = store.begin().await.unwrap();
    tx.edit_message(&sent, "rahasia sekali", LogId::generate(), 20).await.unwrap();
    tx.rewrite_message_log(sent.id, r#"{"message":null}"#).await.unwrap();
    tx.delete_message(sent.id, 30).await.unwrap();
    tx.commit().await.unwrap();
    let found = store.list_messages(id, HistoryRange::After(0), 10).await.unwrap();
    assert_eq!(found[1], other);
    assert_eq!(found[0].seq, 1);
    assert_eq!(found[0].body.as_str(), "");
    assert_eq!(found[0].deleted_at_ms, Some(30));
    assert_eq!(found[0].client_id, sent.client_id, "a repeat still finds it");
    assert!(store.list_message_edits(sent.id).await.unwrap().is_empty());
    assert!(store.search_messages(as_student(&ana), "rahasia", None, 5).await.unwrap().is_empty());
    assert_eq!(log_of(store).await, [r#"{"message":null}"#, r#"{"message":"baik"}"#]);
}

async fn searches_stay_within_the_own_conversations(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, guru, id) = pair(store).await;
    let budi = add_user(store, "budi", Role::Student).await;
    let foreign = add_conversation(store, &budi, None, 1).await;
    let mut sent = Vec::new();
    for number in 1..=3 {
        sent.insert(0, add_message(store, id, as_student(&ana), &format!("Cemas UJIAN {number}"), number).await.id);
    }
    add_message(store, foreign, as_student(&budi), "cemas ujian juga", 9).await;
    let found = async |who, query: &str, after| {
        let rows = store.search_messages(who, query, after, 2).await.unwrap();
        rows.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    for who in [as_student(&ana), as_counsellor(&guru)] {
        assert_eq!(found(who, "ujian cemas", None).await, sent[..2]);
        assert_eq!(found(who, "ujian cemas", Some(sent[1])).await, sent[2..]);
    }
    assert!(found(as_counsellor(&ana), "ujian", None).await.is_empty());
    assert!(found(as_student(&ana), "%", None).await.is_empty());
}

async fn files_of_messages_are_known(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, _, id) = pair(store).await;
    let file = FileRow {
        key: "chat/files/a.png".into(),
        name: "Foto Rapor.png".into(),
        size_bytes: 12,
        content_type: "image/png".into(),
        sha256: "0".repeat(64),
    };
    let mut tx = store.begin().await.unwrap();
    let seq = tx.take_seq(id, as_student(&ana), 10).await.unwrap().unwrap();
    let sent = MessageRow { file: Some(file.clone()), body: String::new(), ..message(id, seq, ana.id, "x", 10) };
    assert!(tx.insert_message(&sent).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(store.find_message(id, sent.id).await.unwrap(), Some(sent.clone()));
    let known = store.file_keys_known(&[file.key.clone(), "chat/files/b.png".into()]).await.unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), std::slice::from_ref(&file.key));
    assert_eq!(store.search_messages(as_student(&ana), "rapor", None, 5).await.unwrap(), std::slice::from_ref(&sent));
    let mut tx = store.begin().await.unwrap();
    tx.delete_message(sent.id, 20).await.unwrap();
    tx.commit().await.unwrap();
    assert!(store.file_keys_known(&[file.key]).await.unwrap().is_empty());
}
