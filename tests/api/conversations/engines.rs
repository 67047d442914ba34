//! On a busy desk, with takers, repeats, marks and transfers at once, no database answers with a
//! 5xx, doubles a row or loses one.

use crate::{
    conversations::{id_of, new_client_id, post_until_answered, wait_in_queue},
    databases::{Database, TestDatabase},
    support::{TestApp, TestUser},
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const STUDENTS: usize = 5;
const MESSAGES: usize = 5;
const REPEATS: usize = 3;

/// Sends one message several times at once and returns its number; `None` for a counsellor who has
/// lost the conversation meanwhile.
async fn send_at_once(user: &TestUser, conversation: &str, body: &str) -> Option<i64> {
    let path = format!("/conversations/{conversation}/messages");
    let message = json!({ "client_id": new_client_id(), "body": body });
    let answers = join_all((0..REPEATS).map(|_| post_until_answered(user, &path, &message))).await;
    let mut seqs = BTreeSet::new();
    for (status, answer) in answers {
        match status {
            200 | 201 => drop(seqs.insert(answer["seq"].as_i64().unwrap())),
            404 => {}
            other => panic!("{other}: {answer}"),
        }
    }
    assert!(seqs.len() <= 1, "one message has the numbers {seqs:?}");
    seqs.pop_first()
}

async fn busy_desk(database: Database) {
    let database = TestDatabase::create(database).await;
    let url = database.url.clone();
    let builder = TestApp::builder().set(|config| (config.database.url, config.http.requests_per_minute) = (url, 1_000_000));
    let app = builder.start().await;
    let (first, second) = (app.counsellor("guru1").await, app.counsellor("guru2").await);
    let mut students = Vec::new();
    for number in 0..STUDENTS {
        let student = app.student(&format!("siswa{number}")).await;
        let id = id_of(&wait_in_queue(&student, "x").await);
        students.push((student, id));
    }
    let none = json!({});
    let takers = (0..4 * STUDENTS).map(|number| if number % 2 == 0 { &first } else { &second }.post("/conversations/next", &none));
    let taken: Vec<_> = join_all(takers).await.into_iter().filter(|(status, _)| *status != 204).collect();
    assert!(taken.iter().all(|(status, _)| *status == 200), "{taken:?}");
    let ids: BTreeSet<_> = taken.iter().map(|(_, item)| id_of(item)).collect();
    assert_eq!(taken.len(), STUDENTS);
    assert_eq!(ids.len(), STUDENTS);

    let (first, second) = (&first, &second);
    let talks = students.iter().map(|(student, id)| async move {
        let from_student = join_all((0..MESSAGES).map(|number| async move { send_at_once(student, id, &format!("siswa {number}")).await }));
        let from_counsellors = join_all([first, second].into_iter().flat_map(|counsellor| {
            (0..MESSAGES).map(move |number| async move { send_at_once(counsellor, id, &format!("guru {number}")).await })
        }));
        let marks = join_all([student, first, second].into_iter().flat_map(|user| {
            (0..i64::try_from(MESSAGES).unwrap()).map(move |seq| async move {
                let (status, answer) = post_until_answered(user, &format!("/conversations/{id}/read"), &json!({ "seq": seq })).await;
                assert!(matches!(status, 200 | 404), "{status} {answer}");
            })
        }));
        let transfers = join_all([(first, second), (second, first)].into_iter().map(|(from, to)| async move {
            let body = json!({ "counsellor_id": to.id, "note": "bergantian" });
            let (status, answer) = post_until_answered(from, &format!("/conversations/{id}/transfer"), &body).await;
            assert!(matches!(status, 204 | 404), "{status} {answer}");
        }));
        let (from_student, from_counsellors, _, _) = tokio::join!(from_student, from_counsellors, marks, transfers);
        assert!(from_student.iter().all(Option::is_some), "the student stays");
        let mut seqs: Vec<i64> = from_student.into_iter().chain(from_counsellors).flatten().collect();
        seqs.sort_unstable();
        (id, student, seqs)
    });
    for (id, student, seqs) in join_all(talks).await {
        let page: Value = student.get(&format!("/conversations/{id}/messages?limit=100")).await;
        let stored: Vec<_> = page["items"].as_array().unwrap().iter().map(|item| item["seq"].as_i64().unwrap()).collect();
        assert_eq!(stored, (1..=i64::try_from(stored.len()).unwrap()).collect::<Vec<_>>(), "no gaps");
        assert_eq!(stored, seqs, "every message once");
    }
    app.settle().await;
    app.stop().await;
}

#[actix_web::test]
async fn a_busy_desk_on_sqlite() {
    busy_desk(Database::Sqlite).await;
}

#[actix_web::test]
async fn a_busy_desk_on_mariadb() {
    busy_desk(Database::MariaDb).await;
}

#[actix_web::test]
async fn a_busy_desk_on_postgres() {
    busy_desk(Database::Postgres).await;
}
