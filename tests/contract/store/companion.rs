//! Tests of the companion's threads, questions and answers, of growing answers, limits, and leases
//! of processes.

use super::*;
use educounsel::{
    backends::store::{AnswerEnd, AnswerRow, Progress, QuestionRow, SavedAnswer, ThreadRow, UsageRow},
    domain::{
        companion::{AnswerKind, AnswerStatus, Fault},
        ids::{MessageId, NodeId, ThreadId},
        language::Language,
        risk::{Assessment, Level, RuleId},
    },
};

on_every_engine!(
    threads_are_listed_by_their_newest_message,
    a_first_question_names_its_thread_once,
    a_question_is_found_by_its_client_id_and_asked_once,
    one_answer_of_a_thread_grows_at_a_time,
    versions_are_listed_with_their_question,
    progress_is_saved_for_those_that_grow,
    an_answer_ends_once,
    answers_of_dead_processes_are_found_and_those_of_living_ones_are_not,
    a_day_is_counted_up_to_its_limit,
    tokens_are_promised_up_to_the_limit_and_settled,
    a_deleted_thread_leaves_nothing_behind,
);

async fn add_thread(store: &Store, student: &UserRow, at_ms: i64) -> ThreadRow {
    let thread = ThreadRow {
        id: ThreadId::generate(),
        student_id: student.id,
        title: String::new(),
        created_at_ms: at_ms,
        last_message_at_ms: at_ms,
    };
    store.insert_thread(&thread).await.unwrap();
    thread
}

fn new_question(thread: &ThreadRow, client_id: &str, at_ms: i64) -> QuestionRow {
    let rules = vec![RuleId("mood.sad".into())];
    QuestionRow {
        id: MessageId::generate(),
        thread_id: thread.id,
        student_id: thread.student_id,
        client_id: client_id.into(),
        fingerprint: "f".repeat(64),
        body: "Aku “sedih” 😢".into(),
        assessment: Assessment { level: Level::LowMood, rules, pack_version: "2026.11".into() },
        created_at_ms: at_ms,
    }
}

fn new_answer(question: &QuestionRow, version: i64, node: NodeId) -> AnswerRow {
    AnswerRow {
        id: MessageId::generate(),
        question_id: question.id,
        thread_id: question.thread_id,
        student_id: question.student_id,
        version,
        kind: AnswerKind::Model,
        status: AnswerStatus::Streaming,
        body: String::new(),
        seq: 0,
        help: None,
        fault: None,
        language: Language::English,
        prompt_version: Some("1".into()),
        node_id: Some(node),
        is_stop_requested: false,
        usage_month: Some("2026-11".into()),
        reserved_tokens: 900,
        used_tokens: 0,
        created_at_ms: question.created_at_ms,
        finished_at_ms: None,
    }
}

async fn add_question(store: &Store, question: &QuestionRow) -> bool {
    let mut tx = store.begin().await.unwrap();
    let is_new = tx.insert_question(question).await.unwrap();
    tx.commit().await.unwrap();
    is_new
}

async fn add_answer(store: &Store, answer: &AnswerRow) -> bool {
    let mut tx = store.begin().await.unwrap();
    let is_new = tx.insert_answer(answer).await.unwrap();
    tx.commit().await.unwrap();
    is_new
}

fn end_of(answer: &AnswerRow, body: &str) -> AnswerEnd {
    AnswerEnd {
        id: answer.id,
        kind: AnswerKind::Model,
        status: AnswerStatus::Failed,
        body: body.into(),
        seq: 7,
        help: Some(r#"{"title":"ä"}"#.into()),
        fault: Some(Fault::CutOff),
        used_tokens: 42,
        at_ms: 99,
    }
}

async fn finish(store: &Store, end: &AnswerEnd) -> bool {
    let mut tx = store.begin().await.unwrap();
    let is_ended = tx.finish_answer(end).await.unwrap();
    tx.commit().await.unwrap();
    is_ended
}

/// A student with a thread, a question and a growing answer.
async fn growing(store: &Store, node: NodeId) -> (ThreadRow, QuestionRow, AnswerRow) {
    let ana = add_user(store, &format!("ana{}", NodeId::generate()), Role::Student).await;
    let thread = add_thread(store, &ana, 1).await;
    let question = new_question(&thread, "c1", 5);
    assert!(add_question(store, &question).await);
    let answer = new_answer(&question, 1, node);
    assert!(add_answer(store, &answer).await);
    (thread, question, answer)
}

async fn threads_are_listed_by_their_newest_message(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, budi) = (add_user(store, "ana", Role::Student).await, add_user(store, "budi", Role::Student).await);
    let (first, second, third) = (add_thread(store, &ana, 10).await, add_thread(store, &ana, 20).await, add_thread(store, &ana, 20).await);
    let foreign = add_thread(store, &budi, 99).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.touch_thread(first.id, None, 30).await.unwrap());
    assert!(tx.touch_thread(first.id, None, 25).await.unwrap(), "time does not go back");
    assert!(!tx.touch_thread(ThreadId::generate(), None, 30).await.unwrap());
    tx.commit().await.unwrap();
    let first = ThreadRow { last_message_at_ms: 30, ..first };
    assert_eq!(store.list_threads(ana.id, None, 10).await.unwrap(), [first.clone(), third.clone(), second.clone()]);
    assert_eq!(store.list_threads(ana.id, Some(&first), 1).await.unwrap(), std::slice::from_ref(&third));
    assert_eq!(store.list_threads(ana.id, Some(&third), 10).await.unwrap(), [second]);
    assert_eq!(store.find_thread(foreign.id).await.unwrap(), Some(foreign));
    store.rename_thread(third.id, "Ujian “Ä”").await.unwrap();
    assert_eq!(store.find_thread(third.id).await.unwrap().unwrap().title, "Ujian “Ä”");
}

async fn a_first_question_names_its_thread_once(fixture: Fixture) {
    let store = &fixture.store;
    let ana = add_user(store, "ana", Role::Student).await;
    let thread = add_thread(store, &ana, 10).await;
    for title in [None, Some("Satu"), Some("Dua"), None] {
        let mut tx = store.begin().await.unwrap();
        tx.touch_thread(thread.id, title, 11).await.unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(store.find_thread(thread.id).await.unwrap().unwrap().title, "Satu");
}

async fn a_question_is_found_by_its_client_id_and_asked_once(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, budi) = (add_user(store, "ana", Role::Student).await, add_user(store, "budi", Role::Student).await);
    let (thread, other) = (add_thread(store, &ana, 1).await, add_thread(store, &budi, 1).await);
    let first = new_question(&thread, "c1", 5);
    assert!(add_question(store, &first).await);
    assert!(!add_question(store, &new_question(&thread, "c1", 6)).await);
    assert!(add_question(store, &new_question(&other, "c1", 6)).await, "client ids are the student's own");
    assert_eq!(store.find_question_by_client_id(ana.id, "c1").await.unwrap(), Some(first.clone()));
    assert_eq!(store.find_question_by_client_id(ana.id, "c2").await.unwrap(), None);
    assert_eq!(store.find_question(first.id).await.unwrap(), Some(first.clone()));
    let second = new_question(&thread, "c2", 7);
    add_question(store, &second).await;
    assert_eq!(store.list_questions(thread.id, None, 9).await.unwrap(), [first.clone(), second.clone()]);
    assert_eq!(store.list_questions(thread.id, None, 1).await.unwrap(), std::slice::from_ref(&second), "the newest");
    assert_eq!(store.list_questions(thread.id, Some(second.id), 9).await.unwrap(), [first]);
}

async fn one_answer_of_a_thread_grows_at_a_time(fixture: Fixture) {
    let (store, node) = (&fixture.store, NodeId::generate());
    let (thread, question, answer) = growing(store, node).await;
    let other = new_question(&thread, "c2", 6);
    add_question(store, &other).await;
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.find_live_answer(thread.id).await.unwrap(), Some(answer.clone()));
    assert!(!tx.insert_answer(&new_answer(&other, 1, node)).await.unwrap());
    let mut card = new_answer(&other, 1, node);
    card.status = AnswerStatus::Done;
    assert!(tx.insert_answer(&card).await.unwrap(), "one that does not grow needs no place; the transaction is usable");
    assert_eq!(tx.newest_version(question.id).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert!(finish(store, &end_of(&answer, "x")).await);
    assert!(!add_answer(store, &new_answer(&question, 1, node)).await, "the version is taken");
    assert!(add_answer(store, &new_answer(&question, 2, node)).await);
}

async fn versions_are_listed_with_their_question(fixture: Fixture) {
    let (store, node) = (&fixture.store, NodeId::generate());
    let (_, question, first) = growing(store, node).await;
    finish(store, &end_of(&first, "satu")).await;
    let second = new_answer(&question, 2, node);
    add_answer(store, &second).await;
    let listed = store.list_answers(&[question.id]).await.unwrap();
    assert_eq!(listed.iter().map(|answer| (answer.id, answer.version)).collect::<Vec<_>>(), [(first.id, 1), (second.id, 2)]);
    assert_eq!(listed[1], second);
    assert!(store.list_answers(&[]).await.unwrap().is_empty());
}

async fn progress_is_saved_for_those_that_grow(fixture: Fixture) {
    let (store, node) = (&fixture.store, NodeId::generate());
    let mut answers = Vec::new();
    for _ in 0..60 {
        answers.push(growing(store, node).await.2);
    }
    finish(store, &end_of(&answers[3], "akhir")).await;
    store.request_stop(answers[5].id).await.unwrap();
    store.request_stop(answers[3].id).await.unwrap();
    let progress = |answer: &AnswerRow| Progress { id: answer.id, body: format!("teks “{}” 😀", answer.id), seq: 12 };
    let mut sent: Vec<Progress> = answers.iter().map(progress).collect();
    sent.push(Progress { id: MessageId::generate(), body: "tidak ada".into(), seq: 1 });
    let mut saved = store.save_progress(&sent).await.unwrap();
    saved.sort_by_key(|answer| answer.id);
    let expected: Vec<SavedAnswer> = answers
        .iter()
        .filter(|answer| answer.id != answers[3].id)
        .map(|answer| SavedAnswer { id: answer.id, is_stop_requested: answer.id == answers[5].id })
        .collect();
    assert_eq!(saved, expected);
    let row = store.find_answer(answers[59].id).await.unwrap().unwrap();
    assert_eq!(row.body, sent[59].body.clone());
    assert_eq!(row.seq, 12);
    let ended = store.find_answer(answers[3].id).await.unwrap().unwrap();
    assert_eq!(ended.body.as_str(), "akhir", "an end is not written over");
    assert!(!ended.is_stop_requested, "an end is not written over");
    assert!(store.save_progress(&[]).await.unwrap().is_empty());
}

async fn an_answer_ends_once(fixture: Fixture) {
    let store = &fixture.store;
    let (_, _, answer) = growing(store, NodeId::generate()).await;
    let end = end_of(&answer, "sampai sini");
    assert!(finish(store, &end).await);
    assert!(!finish(store, &AnswerEnd { body: "lain".into(), status: AnswerStatus::Done, ..end.clone() }).await);
    let row = store.find_answer(answer.id).await.unwrap().unwrap();
    let expected = AnswerRow {
        status: AnswerStatus::Failed,
        body: end.body,
        seq: 7,
        help: end.help,
        fault: end.fault,
        used_tokens: 42,
        reserved_tokens: 0,
        finished_at_ms: Some(99),
        ..answer
    };
    assert_eq!(row, expected);
}

async fn answers_of_dead_processes_are_found_and_those_of_living_ones_are_not(fixture: Fixture) {
    let (store, alive, dead, unknown) = (&fixture.store, NodeId::generate(), NodeId::generate(), NodeId::generate());
    store.renew_node(alive, 100).await.unwrap();
    store.renew_node(alive, 1_000).await.unwrap();
    store.renew_node(dead, 400).await.unwrap();
    let of = async |node| growing(store, node).await.2.id;
    let (living, died, lost) = (of(alive).await, of(dead).await, of(unknown).await);
    let ids = |rows: Vec<AnswerRow>| {
        let mut ids: Vec<_> = rows.into_iter().map(|row| row.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(store.answers_of_dead_nodes(400).await.unwrap()), [lost], "a lease holds to its last ms");
    assert_eq!(ids(store.answers_of_dead_nodes(401).await.unwrap()), [died, lost]);
    assert_eq!(ids(store.answers_of_other_nodes(alive).await.unwrap()), [died, lost]);
    assert_eq!(ids(store.answers_of_node(alive, 6).await.unwrap()), [living]);
    assert!(store.answers_of_node(alive, 5).await.unwrap().is_empty(), "it was begun at 5");
    store.forget_nodes(None, 401).await.unwrap();
    assert_eq!(ids(store.answers_of_dead_nodes(0).await.unwrap()), [died, lost]);
    store.forget_nodes(Some(alive), 401).await.unwrap();
    assert_eq!(ids(store.answers_of_dead_nodes(0).await.unwrap()), [living, died, lost]);
}

async fn a_day_is_counted_up_to_its_limit(fixture: Fixture) {
    let store = &fixture.store;
    let ana = add_user(store, "ana", Role::Student).await;
    for (day, expected) in [("2026-11-20", true), ("2026-11-21", true), ("2026-11-21", true), ("2026-11-21", false), ("2026-11-22", true)] {
        let mut tx = store.begin().await.unwrap();
        assert_eq!(tx.count_answer(ana.id, day, 2).await.unwrap(), expected, "{day}");
        tx.commit().await.unwrap();
    }
    assert_eq!(store.answers_on_day(ana.id, "2026-11-21").await.unwrap(), 2);
    assert_eq!(store.answers_on_day(ana.id, "2026-11-23").await.unwrap(), 0);
    assert_eq!(store.trim_companion_days("2026-11-22").await.unwrap(), 2);
}

async fn tokens_are_promised_up_to_the_limit_and_settled(fixture: Fixture) {
    let store = &fixture.store;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.reserve_tokens("2026-11", 600, 1_000).await.unwrap());
    assert!(!tx.reserve_tokens("2026-11", 401, 1_000).await.unwrap(), "promises count");
    assert!(tx.reserve_tokens("2026-11", 400, 1_000).await.unwrap());
    assert!(tx.reserve_tokens("2026-12", 5_000_000_000, 0).await.unwrap(), "no limit");
    assert_eq!(tx.settle_tokens("2026-11", 600, 150).await.unwrap(), UsageRow { reserved: 400, used: 150 });
    assert_eq!(tx.settle_tokens("2026-11", 0, -50).await.unwrap(), UsageRow { reserved: 400, used: 100 });
    assert_eq!(tx.token_usage("2026-11").await.unwrap(), UsageRow { reserved: 400, used: 100 });
    let mut taken = Vec::new();
    for is_all in [false, false, true, true] {
        taken.push(tx.take_usage_warning("2026-11", is_all).await.unwrap());
    }
    assert_eq!(taken, [true, false, true, false]);
    tx.commit().await.unwrap();
    assert_eq!(store.token_usage("2026-11").await.unwrap(), UsageRow { reserved: 400, used: 100 });
    assert_eq!(store.token_usage("2027-01").await.unwrap(), UsageRow::default());
}

async fn a_deleted_thread_leaves_nothing_behind(fixture: Fixture) {
    let store = &fixture.store;
    let (thread, question, answer) = growing(store, NodeId::generate()).await;
    let entry = LogEntry { id: answer.id.into(), ..new_entry(Audience::User(thread.student_id), 5) };
    append(store, &entry).await;
    let other = new_entry(Audience::User(thread.student_id), 5);
    append(store, &other).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.delete_thread(thread.id).await.unwrap());
    assert!(!tx.delete_thread(thread.id).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(store.find_thread(thread.id).await.unwrap(), None);
    assert_eq!(store.find_question(question.id).await.unwrap(), None);
    assert_eq!(store.find_answer(answer.id).await.unwrap(), None);
    store.claim_log(NodeId::generate(), 10, 1_000, 10).await.unwrap();
    let data: Vec<String> = store.log_since(0, 10).await.unwrap().into_iter().map(|row| row.data).collect();
    assert_eq!(data, [r#"{"deleted":true}"#.to_owned(), other.data]);
}
