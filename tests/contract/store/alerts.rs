//! Tests of warnings, their deadlines, viewers and counsellors on duty, and of the hotlines.

use super::{conversations::add_conversation, *};
use educounsel::{
    backends::store::{AlertRow, PersonRow, Repeat},
    domain::{
        appointments::appointment::DutyStatus,
        ids::{AlertId, ThreadId},
        risk::{
            Level, RuleId,
            hotline::{Hotline, Note},
        },
    },
};

on_every_engine!(
    a_student_has_one_open_warning_per_level,
    two_transactions_never_open_the_same_warning_twice,
    a_repeat_joins_until_somebody_acknowledges,
    only_the_first_acknowledges,
    an_overdue_warning_is_taken_once,
    a_view_of_a_warning_is_noted_once_a_day,
    counsellors_are_on_duty_while_they_say_so,
    hotlines_are_replaced_as_a_whole,
);

fn new_alert(student: &UserRow, level: Level, at_ms: i64) -> AlertRow {
    AlertRow {
        id: AlertId::generate(),
        student: PersonRow { id: student.id, name: student.name.clone() },
        thread_id: Some(ThreadId::generate()),
        question_id: None,
        level,
        excerpt: "capek “banget” 😭".into(),
        rules: vec![RuleId("id.hopeless".into()), RuleId("id.low_mood".into())],
        pack_version: "7".into(),
        count: 1,
        raised_at_ms: at_ms,
        last_raised_at_ms: at_ms,
        acknowledge_by_ms: (level == Level::Risk).then_some(at_ms + 300),
        escalated_at_ms: None,
        acknowledged_at_ms: None,
        acknowledged_by: None,
        conversation_id: None,
    }
}

async fn insert(store: &Store, alert: &AlertRow) -> bool {
    let mut tx = store.begin().await.unwrap();
    let is_new = tx.insert_alert(alert).await.unwrap();
    tx.commit().await.unwrap();
    is_new
}

async fn a_student_has_one_open_warning_per_level(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, budi) = (add_user(store, "ana", Role::Student).await, add_user(store, "budi", Role::Student).await);
    let (risk, concern, other) = (new_alert(&ana, Level::Risk, 1), new_alert(&ana, Level::Concern, 2), new_alert(&budi, Level::Risk, 3));
    assert!(insert(store, &risk).await && insert(store, &concern).await && insert(store, &other).await);
    assert!(!insert(store, &new_alert(&ana, Level::Risk, 4)).await);
    assert_eq!(store.find_alert(risk.id).await.unwrap(), Some(risk.clone()));
    assert_eq!(store.find_alert(AlertId::generate()).await.unwrap(), None);
    let ids = async |is_open, after, limit| -> Vec<AlertId> {
        store.list_alerts(is_open, after, limit).await.unwrap().into_iter().map(|alert| alert.id).collect()
    };
    assert_eq!(ids(Some(true), None, 2).await, [other.id, concern.id]);
    assert_eq!(ids(None, Some(concern.id), 5).await, [risk.id]);
    assert!(ids(Some(false), None, 5).await.is_empty());
    let open = store.open_alerts().await.unwrap();
    assert_eq!(open.count, 3);
    assert_eq!(open.oldest_risk_at_ms, Some(1));
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.lock_open_alert(ana.id, Level::Concern).await.unwrap(), Some(risk.id), "the most serious one");
    assert_eq!(tx.lock_open_alert(budi.id, Level::Risk).await.unwrap(), Some(other.id));
    tx.commit().await.unwrap();
}

async fn two_transactions_never_open_the_same_warning_twice(fixture: Fixture) {
    let (first, second) = (fixture.store.clone(), fixture.database.connect().await);
    let ana = add_user(&first, "ana", Role::Student).await;
    let (one, other) = (new_alert(&ana, Level::Risk, 1), new_alert(&ana, Level::Risk, 2));
    let (a, b) = tokio::join!(insert(&first, &one), insert(&second, &other));
    assert!(a != b, "one of them: {a} {b}");
    assert_eq!(first.list_alerts(None, None, 5).await.unwrap().len(), 1);
}

async fn a_repeat_joins_until_somebody_acknowledges(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, guru) = (add_user(store, "ana", Role::Student).await, add_user(store, "guru", Role::Counsellor).await);
    let alert = new_alert(&ana, Level::Risk, 1);
    insert(store, &alert).await;
    let thread_id = Some(ThreadId::generate());
    let mut tx = store.begin().await.unwrap();
    assert!(tx.repeat_alert(alert.id, Some(Repeat { thread_id, question_id: None, excerpt: "lagi" }), 50).await.unwrap());
    assert!(tx.repeat_alert(alert.id, None, 60).await.unwrap());
    let joined = tx.find_alert(alert.id).await.unwrap().unwrap();
    assert_eq!(joined.count, 3);
    assert_eq!(joined.raised_at_ms, 1);
    assert_eq!(joined.last_raised_at_ms, 60);
    assert_eq!(joined.excerpt.as_str(), "lagi");
    assert_eq!(joined.thread_id, thread_id);
    assert_eq!(joined.acknowledge_by_ms, alert.acknowledge_by_ms);
    assert!(tx.acknowledge_alert(alert.id, guru.id, 70).await.unwrap());
    assert!(!tx.repeat_alert(alert.id, None, 80).await.unwrap());
    assert_eq!(tx.lock_open_alert(ana.id, Level::Concern).await.unwrap(), None);
    tx.commit().await.unwrap();
    assert!(insert(store, &new_alert(&ana, Level::Risk, 90)).await, "a new one after it");
}

async fn only_the_first_acknowledges(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, guru, other) = (
        add_user(store, "ana", Role::Student).await,
        add_user(store, "guru", Role::Counsellor).await,
        add_user(store, "guru2", Role::Counsellor).await,
    );
    let alert = new_alert(&ana, Level::Risk, 1);
    insert(store, &alert).await;
    let conversation = add_conversation(store, &ana, Some(&guru), 1).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.acknowledge_alert(alert.id, guru.id, 10).await.unwrap());
    assert!(!tx.acknowledge_alert(alert.id, other.id, 11).await.unwrap());
    assert!(tx.set_alert_conversation(alert.id, conversation).await.unwrap());
    assert!(!tx.set_alert_conversation(alert.id, conversation).await.unwrap());
    tx.commit().await.unwrap();
    let found = store.find_alert(alert.id).await.unwrap().unwrap();
    assert_eq!(found.acknowledged_by, Some(PersonRow { id: guru.id, name: guru.name.clone() }));
    assert_eq!(found.acknowledged_at_ms, Some(10));
    assert_eq!(found.conversation_id, Some(conversation));
    assert_eq!(store.open_alerts().await.unwrap().count, 0);
    assert_eq!(store.list_alerts(Some(false), None, 5).await.unwrap(), [found]);
    assert!(store.overdue_alerts(1_000, 5).await.unwrap().is_empty(), "its clock stands");
}

async fn an_overdue_warning_is_taken_once(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, budi) = (add_user(store, "ana", Role::Student).await, add_user(store, "budi", Role::Student).await);
    let (risk, later, concern) = (new_alert(&ana, Level::Risk, 1), new_alert(&budi, Level::Risk, 9), new_alert(&ana, Level::Concern, 1));
    for alert in [&later, &risk, &concern] {
        insert(store, alert).await;
    }
    assert!(store.overdue_alerts(300, 5).await.unwrap().is_empty());
    assert_eq!(store.overdue_alerts(309, 5).await.unwrap(), [risk.id, later.id], "concerns have no clock");
    assert_eq!(store.overdue_alerts(309, 1).await.unwrap(), [risk.id]);
    let second = fixture.database.connect().await;
    let take = async |store: &Store| {
        let mut tx = store.begin().await.unwrap();
        let is_mine = tx.take_overdue_alert(risk.id, 305).await.unwrap();
        tx.commit().await.unwrap();
        is_mine
    };
    let (a, b) = tokio::join!(take(store), take(&second));
    assert!(a != b, "one of them: {a} {b}");
    assert_eq!(store.find_alert(risk.id).await.unwrap().unwrap().escalated_at_ms, Some(305));
    assert_eq!(store.overdue_alerts(1_000, 5).await.unwrap(), [later.id]);
}

async fn a_view_of_a_warning_is_noted_once_a_day(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, guru) = (add_user(store, "ana", Role::Student).await, add_user(store, "guru", Role::Counsellor).await);
    let alert = new_alert(&ana, Level::Concern, 1);
    insert(store, &alert).await;
    let view = async |day: &str| {
        let mut tx = store.begin().await.unwrap();
        let is_new = tx.insert_alert_view(guru.id, day, alert.id).await.unwrap();
        tx.commit().await.unwrap();
        is_new
    };
    assert!(view("2026-11-21").await && !view("2026-11-21").await && view("2026-11-22").await);
    let known = store.viewed_alerts(guru.id, "2026-11-21", &[alert.id, AlertId::generate()]).await.unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), [alert.id]);
    assert_eq!(store.trim_alert_views("2026-11-22").await.unwrap(), 1);
    assert!(store.viewed_alerts(guru.id, "2026-11-21", &[alert.id]).await.unwrap().is_empty());
}

async fn counsellors_are_on_duty_while_they_say_so(fixture: Fixture) {
    let store = &fixture.store;
    let mut expected = Vec::new();
    for (login, status, at_ms, is_on_duty) in [
        ("da", Some(DutyStatus::Online), 100, true),
        ("db", Some(DutyStatus::Online), 50, false),
        ("dc", Some(DutyStatus::Away), 100, false),
        ("dd", Some(DutyStatus::Offline), 100, false),
        ("de", None, 0, false),
        ("df", Some(DutyStatus::Online), 51, true),
    ] {
        let guru = add_user(store, login, Role::Counsellor).await;
        if let Some(status) = status {
            store.set_counsellor_status(guru.id, status, at_ms).await.unwrap();
        }
        if is_on_duty {
            expected.push(guru.id);
        }
    }
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.counsellors_on_duty(50).await.unwrap(), expected);
    tx.commit().await.unwrap();
}

async fn hotlines_are_replaced_as_a_whole(fixture: Fixture) {
    let store = &fixture.store;
    assert!(store.list_hotlines().await.unwrap().is_empty());
    let hotline = |id: &str, url: Option<&str>| Hotline {
        id: id.into(),
        name: format!("Layanan {id}"),
        number: "119".into(),
        url: url.map(str::to_owned),
        hours: "24/7".into(),
        note: Note { id: "Darurat “medis”".into(), en: "Emergency".into() },
        checked_on: "2026-11-21".into(),
    };
    for list in [vec![hotline("b", None), hotline("a", Some("https://a.id/"))], vec![hotline("a", None)]] {
        let mut tx = store.begin().await.unwrap();
        tx.replace_hotlines(&list).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.list_hotlines().await.unwrap(), list);
    }
}
