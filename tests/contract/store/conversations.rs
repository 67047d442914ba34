//! Tests of conversations: one live per pair, the queue, the members, and the read marks.

use super::*;
use educounsel::{
    backends::store::{ConversationFilter, ConversationRow, Marks, PersonRow, Standing},
    domain::{
        conversations::conversation::{ConversationState, ListPosition, Participant, Side, open_key, waiting_key},
        ids::{ConversationId, UserId},
    },
};

on_every_engine!(
    a_conversation_is_seen_as_it_was_written,
    one_open_key_is_held_by_one_conversation,
    fifty_takers_share_twenty_waiting_students,
    a_counsellor_is_not_given_a_student_twice,
    lists_are_paged_by_newest_message_and_the_queue_by_waiting_time,
    conversations_are_found_by_words_of_subject_and_people,
    standing_and_membership_follow_a_transfer,
    watermarks_only_rise,
    a_new_counsellor_begins_where_the_former_one_was,
    unread_counts_leave_out_own_and_deleted_messages,
);

fn person(user: &UserRow) -> PersonRow {
    PersonRow { id: user.id, name: user.name.clone() }
}

pub fn as_student(user: &UserRow) -> Participant {
    Participant { user_id: user.id, side: Side::Student }
}

pub fn as_counsellor(user: &UserRow) -> Participant {
    Participant { user_id: user.id, side: Side::Counsellor }
}

fn row(student: &UserRow, counsellor: Option<&UserRow>, at_ms: i64) -> ConversationRow {
    ConversationRow {
        id: ConversationId::generate(),
        student: person(student),
        counsellor: counsellor.map(person),
        state: if counsellor.is_some() { ConversationState::Open } else { ConversationState::Waiting },
        subject: Some("Pilihan jurusan".into()),
        last_seq: 0,
        last_message: None,
        last_message_at_ms: at_ms,
        student_marks: Marks::default(),
        counsellor_marks: Marks::default(),
        student_unread: 0,
        counsellor_unread: 0,
        hides_read_receipts: false,
        waiting_since_ms: counsellor.is_none().then_some(at_ms),
        created_at_ms: at_ms,
        closed_at_ms: None,
    }
}

fn key_of(row: &ConversationRow) -> String {
    row.counsellor.as_ref().map_or_else(|| waiting_key(row.student.id), |counsellor| open_key(row.student.id, counsellor.id))
}

async fn insert(store: &Store, row: &ConversationRow) -> bool {
    let mut tx = store.begin().await.unwrap();
    let is_new = tx.insert_conversation(row, Some(&key_of(row))).await.unwrap();
    tx.commit().await.unwrap();
    is_new
}

/// Adds a conversation; without a counsellor it is in the queue.
pub async fn add_conversation(store: &Store, student: &UserRow, counsellor: Option<&UserRow>, at_ms: i64) -> ConversationId {
    let row = row(student, counsellor, at_ms);
    assert!(insert(store, &row).await);
    row.id
}

async fn take(store: &Store, id: ConversationId, student: UserId, counsellor: UserId) -> bool {
    let mut tx = store.begin().await.unwrap();
    let is_taken = tx.take_waiting(id, counsellor, &open_key(student, counsellor)).await.unwrap();
    if is_taken {
        tx.commit().await.unwrap();
    }
    is_taken
}

async fn a_conversation_is_seen_as_it_was_written(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, guru) = (add_user(store, "ana", Role::Student).await, add_user(store, "guru", Role::Counsellor).await);
    let open = row(&ana, Some(&guru), 5);
    assert!(insert(store, &open).await);
    assert_eq!(store.find_conversation(open.id).await.unwrap(), Some(open.clone()));
    assert_eq!(store.find_live_conversation(&open_key(ana.id, guru.id)).await.unwrap(), Some(open.clone()));
    assert_eq!(store.find_conversation(ConversationId::generate()).await.unwrap(), None);
    assert_eq!(store.find_conversation_head(ConversationId::generate()).await.unwrap(), None);
    let waiting = row(&ana, None, 6);
    assert!(insert(store, &waiting).await);
    assert_eq!(store.find_conversation(waiting.id).await.unwrap(), Some(waiting));
    let mut tx = store.begin().await.unwrap();
    let head = tx.lock_conversation(open.id).await.unwrap().unwrap();
    assert_eq!(store.find_conversation_head(open.id).await.unwrap(), Some(head));
    assert_eq!(head.student_id, ana.id);
    assert_eq!(head.counsellor_id, Some(guru.id));
    assert_eq!(head.state, ConversationState::Open);
    assert_eq!(head.last_seq, 0);
    assert!(head.has_member(as_student(&ana)) && head.has_member(as_counsellor(&guru)));
    assert!(!head.has_member(as_counsellor(&ana)) && !head.has_member(as_student(&guru)));
    assert_eq!(tx.find_conversation(open.id).await.unwrap(), Some(open));
    assert_eq!(tx.lock_conversation(ConversationId::generate()).await.unwrap(), None);
}

async fn one_open_key_is_held_by_one_conversation(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, guru) = (add_user(store, "ana", Role::Student).await, add_user(store, "guru", Role::Counsellor).await);
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let (store, row) = (store.clone(), row(&ana, Some(&guru), 5));
            tokio::spawn(async move { insert(&store, &row).await })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        made += usize::from(task.await.unwrap());
    }
    assert_eq!(made, 1);
    assert!(insert(store, &row(&ana, None, 5)).await, "the queue is another key");
    assert!(!insert(store, &row(&ana, None, 6)).await, "one place in the queue");
}

async fn fifty_takers_share_twenty_waiting_students(fixture: Fixture) {
    let store = &fixture.store;
    for number in 0..20 {
        let student = add_user(store, &format!("siswa{number}"), Role::Student).await;
        add_conversation(store, &student, None, number).await;
    }
    let counsellors = [add_user(store, "guru1", Role::Counsellor).await.id, add_user(store, "guru2", Role::Counsellor).await.id];
    assert_eq!(store.count_waiting().await.unwrap(), 20);
    let takers: Vec<_> = (0..50)
        .map(|number| {
            let (store, counsellor) = (store.clone(), counsellors[number % 2]);
            tokio::spawn(async move {
                for (id, student) in store.front_of_queue(counsellor, 50).await.unwrap() {
                    if take(&store, id, student, counsellor).await {
                        return Some((id, counsellor));
                    }
                }
                None
            })
        })
        .collect();
    let mut taken = Vec::new();
    for taker in takers {
        taken.extend(taker.await.unwrap());
    }
    taken.sort();
    let ids: std::collections::BTreeSet<_> = taken.iter().map(|(id, _)| *id).collect();
    assert_eq!(taken.len(), 20);
    assert_eq!(ids.len(), 20);
    assert_eq!(store.count_waiting().await.unwrap(), 0);
    for (id, counsellor) in taken {
        let found = store.find_conversation(id).await.unwrap().unwrap();
        assert_eq!(found.state, ConversationState::Open);
        assert_eq!(found.counsellor.unwrap().id, counsellor);
        assert_eq!(found.waiting_since_ms, None);
    }
}

async fn a_counsellor_is_not_given_a_student_twice(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, guru) = (add_user(store, "ana", Role::Student).await, add_user(store, "guru", Role::Counsellor).await);
    let other = add_user(store, "guru2", Role::Counsellor).await;
    add_conversation(store, &ana, Some(&guru), 1).await;
    let waiting = add_conversation(store, &ana, None, 2).await;
    assert!(store.front_of_queue(guru.id, 5).await.unwrap().is_empty());
    assert!(!take(store, waiting, ana.id, guru.id).await, "the open key is taken");
    assert_eq!(store.front_of_queue(other.id, 5).await.unwrap(), [(waiting, ana.id)]);
    assert!(take(store, waiting, ana.id, other.id).await);
    assert!(!take(store, waiting, ana.id, other.id).await, "it waits no longer");
}

async fn lists_are_paged_by_newest_message_and_the_queue_by_waiting_time(fixture: Fixture) {
    let store = &fixture.store;
    let guru = add_user(store, "guru", Role::Counsellor).await;
    let (mut open, mut queue) = (Vec::new(), Vec::new());
    for at_ms in [10, 20, 20] {
        let student = add_user(store, &format!("siswa{}", open.len()), Role::Student).await;
        open.insert(0, add_conversation(store, &student, Some(&guru), at_ms).await);
        queue.push(add_conversation(store, &student, None, at_ms).await);
    }
    let filter = ConversationFilter::default();
    let position = |row: &ConversationRow| ListPosition { at_ms: row.last_message_at_ms, id: row.id };
    let ids = |rows: &[ConversationRow]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    let first = store.list_conversations(as_counsellor(&guru), &filter, None, 2).await.unwrap();
    let rest = store.list_conversations(as_counsellor(&guru), &filter, Some(position(&first[1])), 2).await.unwrap();
    assert_eq!([ids(&first), ids(&rest)].concat(), open);
    assert_eq!(store.conversation_ids_of(as_counsellor(&guru), 2).await.unwrap(), open[..2]);
    let first = store.list_waiting(None, 2).await.unwrap();
    let rest = store.list_waiting(Some(position(&first[1])), 5).await.unwrap();
    assert_eq!([ids(&first), ids(&rest)].concat(), queue);
    let front = store.front_of_queue(UserId::generate(), 2).await.unwrap();
    assert_eq!(front.into_iter().map(|(id, _)| id).collect::<Vec<_>>(), queue[..2]);
    let closed = ConversationFilter { is_closed: true, query: None };
    assert!(store.list_conversations(as_counsellor(&guru), &closed, None, 5).await.unwrap().is_empty());
}

async fn conversations_are_found_by_words_of_subject_and_people(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, budi) = (add_user(store, "ana", Role::Student).await, add_user(store, "budi", Role::Student).await);
    let guru = add_user(store, "guru", Role::Counsellor).await;
    let first = add_conversation(store, &ana, Some(&guru), 1).await;
    let second = add_conversation(store, &budi, Some(&guru), 2).await;
    let found = |query: &'static str| {
        let guru = guru.clone();
        async move {
            let filter = ConversationFilter { is_closed: false, query: Some(query.into()) };
            let rows = store.list_conversations(as_counsellor(&guru), &filter, None, 10).await.unwrap();
            rows.iter().map(|row| row.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(found("JURUSAN").await, [second, first]);
    assert_eq!(found("jurusan ana").await, [first]);
    assert!(found("budi%").await.is_empty());
}

async fn standing_and_membership_follow_a_transfer(fixture: Fixture) {
    let store = &fixture.store;
    let ana = add_user(store, "ana", Role::Student).await;
    let (guru, other) = (add_user(store, "guru", Role::Counsellor).await, add_user(store, "guru2", Role::Counsellor).await);
    let id = add_conversation(store, &ana, Some(&guru), 1).await;
    let is_in = async |user: &UserRow| store.is_in_conversation(id, user.id).await.unwrap();
    assert!(is_in(&ana).await);
    assert!(is_in(&guru).await);
    assert!(!is_in(&other).await);
    let standing = |counsellor: &UserRow| Standing {
        state: ConversationState::Open,
        counsellor_id: Some(counsellor.id),
        open_key: Some(open_key(ana.id, counsellor.id)),
        waiting_since_ms: None,
        closed_at_ms: None,
    };
    let set = async |id: ConversationId, standing: &Standing| {
        let mut tx = store.begin().await.unwrap();
        let is_set = tx.set_standing(id, standing).await.unwrap();
        tx.commit().await.unwrap();
        is_set
    };
    assert!(set(id, &standing(&other)).await);
    assert!(is_in(&ana).await);
    assert!(!is_in(&guru).await);
    assert!(is_in(&other).await);
    assert!(store.conversation_ids_of(as_counsellor(&guru), 5).await.unwrap().is_empty());
    let second = add_conversation(store, &ana, Some(&guru), 2).await;
    assert!(!set(second, &standing(&other)).await, "the pair has a live one");
    let closed = Standing { state: ConversationState::Closed, open_key: None, closed_at_ms: Some(9), ..standing(&other) };
    assert!(set(id, &closed).await);
    assert!(set(second, &standing(&other)).await, "a closed one is in nobody's way");
    assert_eq!(store.find_conversation(id).await.unwrap().unwrap().closed_at_ms, Some(9));
}

async fn watermarks_only_rise(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, guru) = (add_user(store, "ana", Role::Student).await, add_user(store, "guru", Role::Counsellor).await);
    let id = add_conversation(store, &ana, Some(&guru), 1).await;
    let raise = async |delivered_seq, read_seq| store.raise_marks(id, ana.id, Marks { delivered_seq, read_seq }).await.unwrap();
    raise(5, 0).await;
    raise(3, 2).await;
    raise(4, 1).await;
    let found = store.find_conversation(id).await.unwrap().unwrap();
    assert_eq!(found.student_marks, Marks { delivered_seq: 5, read_seq: 2 });
    assert_eq!(found.counsellor_marks, Marks::default());
    let tasks: Vec<_> = (1..=20)
        .map(|seq| {
            let (store, user) = (store.clone(), guru.id);
            tokio::spawn(async move { store.raise_marks(id, user, Marks { delivered_seq: seq, read_seq: seq }).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let found = store.find_conversation(id).await.unwrap().unwrap();
    assert_eq!(found.counsellor_marks, Marks { delivered_seq: 20, read_seq: 20 });
}

async fn a_new_counsellor_begins_where_the_former_one_was(fixture: Fixture) {
    let store = &fixture.store;
    let ana = add_user(store, "ana", Role::Student).await;
    let (guru, other) = (add_user(store, "guru", Role::Counsellor).await, add_user(store, "guru2", Role::Counsellor).await);
    let id = add_conversation(store, &ana, Some(&guru), 1).await;
    let hand_over = async |from: &UserRow, to: &UserRow| {
        let mut tx = store.begin().await.unwrap();
        tx.hand_marks_over(id, from.id, to.id).await.unwrap();
        let standing = Standing {
            state: ConversationState::Open,
            counsellor_id: Some(to.id),
            open_key: Some(open_key(ana.id, to.id)),
            waiting_since_ms: None,
            closed_at_ms: None,
        };
        assert!(tx.set_standing(id, &standing).await.unwrap());
        tx.commit().await.unwrap();
        store.find_conversation(id).await.unwrap().unwrap().counsellor_marks
    };
    assert_eq!(hand_over(&guru, &other).await, Marks::default(), "nothing to hand over");
    let marks = Marks { delivered_seq: 7, read_seq: 4 };
    store.raise_marks(id, other.id, marks).await.unwrap();
    assert_eq!(hand_over(&other, &guru).await, marks);
    store.raise_marks(id, guru.id, Marks { delivered_seq: 9, read_seq: 9 }).await.unwrap();
    assert_eq!(hand_over(&guru, &other).await, Marks { delivered_seq: 9, read_seq: 9 }, "an older row is replaced");
}

async fn unread_counts_leave_out_own_and_deleted_messages(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, guru) = (add_user(store, "ana", Role::Student).await, add_user(store, "guru", Role::Counsellor).await);
    let id = add_conversation(store, &ana, Some(&guru), 1).await;
    for (sender, body) in
        [(as_student(&ana), "satu"), (as_counsellor(&guru), "dua"), (as_student(&ana), "tiga"), (as_student(&ana), "empat")]
    {
        super::messages::add_message(store, id, sender, body, 10).await;
    }
    let assert_unread = async |by_student: i64, by_counsellor: i64| {
        let row = store.find_conversation(id).await.unwrap().unwrap();
        assert_eq!(row.student_unread, by_student);
        assert_eq!(row.counsellor_unread, by_counsellor);
        assert_eq!(store.count_unread_messages(as_student(&ana)).await.unwrap(), by_student);
        assert_eq!(store.count_unread_messages(as_counsellor(&guru)).await.unwrap(), by_counsellor);
    };
    assert_unread(1, 3).await;
    store.raise_marks(id, guru.id, Marks { delivered_seq: 1, read_seq: 1 }).await.unwrap();
    assert_unread(1, 2).await;
    let last = store.find_message_by_client_id(ana.id, "empat").await.unwrap().unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.delete_message(last.id, 20).await.unwrap();
    tx.commit().await.unwrap();
    assert_unread(1, 1).await;
    assert!(store.find_conversation(id).await.unwrap().unwrap().last_message.unwrap().is_deleted);
    let stranger = add_user(store, "guru2", Role::Counsellor).await;
    assert_eq!(store.count_unread_messages(as_counsellor(&stranger)).await.unwrap(), 0);
}
