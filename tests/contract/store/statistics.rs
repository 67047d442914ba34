//! The five queries of the counsellor's dashboard.

use super::*;
use educounsel::backends::store::{AuditEntry, LogClaim, MaterialCounts, NoticeCounts, StudentCounts, UserChange, Viewer};
use educounsel::domain::ids::NodeId;
use serde_json::json;

on_every_engine!(
    an_empty_school_counts_zero,
    students_are_counted_by_activity,
    materials_are_counted_by_state,
    notices_are_counted_with_their_readers,
    engagement_has_a_row_for_every_day,
    recent_activity_joins_audit_and_readings,
);

async fn an_empty_school_counts_zero(fixture: Fixture) {
    let store = &fixture.store;
    assert_eq!(store.student_counts(0).await.unwrap(), StudentCounts { total: 0, active: 0, new: 0 });
    let none = MaterialCounts { total: 0, active: 0, draft: 0, archived: 0, views: 0, downloads: 0 };
    assert_eq!(store.material_counts().await.unwrap(), none);
    assert_eq!(store.notice_counts(0, 0).await.unwrap(), NoticeCounts { sent: 0, sent_recently: 0, deliveries: 0, reads: 0 });
    assert!(store.engagement(&[]).await.unwrap().is_empty());
    assert!(store.recent_activity(10).await.unwrap().is_empty());
}

async fn students_are_counted_by_activity(fixture: Fixture) {
    let store = &fixture.store;
    let teacher = add_user(store, "guru", Role::Counsellor).await;
    let material = new_material(&teacher, "x");
    add_material(store, &material).await;
    let reader = add_user(store, "reader", Role::Student).await;
    add_user(store, "idle", Role::Student).await;
    let (visitor, disabled) = (add_user(store, "visitor", Role::Student).await, add_user(store, "gone", Role::Student).await);
    let mut tx = store.begin().await.unwrap();
    tx.set_last_login(visitor.id, 500).await.unwrap();
    tx.set_last_login(reader.id, 500).await.unwrap();
    tx.update_user(disabled.id, &UserChange { disabled_at_ms: Some(Some(1)), ..UserChange::default() }).await.unwrap();
    assert!(tx.insert_user(&UserRow { created_at_ms: 600, ..new_user("fresh", Role::Student) }).await.unwrap());
    tx.commit().await.unwrap();
    store.count_material_view(material.id, reader.id, "2026-11-21", 900).await.unwrap();
    store.count_material_view(material.id, reader.id, "2026-11-22", 950).await.unwrap();
    assert_eq!(store.student_counts(500).await.unwrap(), StudentCounts { total: 4, active: 2, new: 1 });
    assert_eq!(store.student_counts(900).await.unwrap(), StudentCounts { total: 4, active: 1, new: 0 });
}

async fn materials_are_counted_by_state(fixture: Fixture) {
    let store = &fixture.store;
    let teacher = add_user(store, "guru", Role::Counsellor).await;
    for status in [MaterialStatus::Active, MaterialStatus::Active, MaterialStatus::Draft, MaterialStatus::Archived] {
        let material = MaterialRow { status, ..new_material(&teacher, "x") };
        add_material(store, &material).await;
        store.count_material_view(material.id, teacher.id, "2026-11-21", 1).await.unwrap();
        store.count_material_download(material.id, teacher.id, "2026-11-21", 1).await.unwrap();
        store.count_material_view(material.id, teacher.id, "2026-11-21", 1).await.unwrap();
    }
    let counts = MaterialCounts { total: 4, active: 2, draft: 1, archived: 1, views: 8, downloads: 4 };
    assert_eq!(store.material_counts().await.unwrap(), counts);
}

async fn notices_are_counted_with_their_readers(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, budi) = (add_user(store, "ana", Role::Student).await, add_user(store, "budi", Role::Student).await);
    add_user(store, "guru", Role::Counsellor).await;
    let old = add_notice(store, Audience::Role(Role::Student), 100).await;
    add_notice(store, Audience::Role(Role::Student), 200).await;
    let node = NodeId::generate();
    assert!(matches!(store.claim_log(node, 0, 10, 10).await.unwrap(), LogClaim::Rows(rows) if rows.len() == 2));
    let viewer = |user: &UserRow| Viewer { user_id: user.id, role: user.role, since_ms: 0 };
    let mut tx = store.begin().await.unwrap();
    tx.mark_all_notices_read(&viewer(&ana), 300).await.unwrap();
    assert!(tx.mark_notice_read(&viewer(&budi), old, 300).await.unwrap());
    // Created after the notices, so it counts neither as a delivery nor as a reader.
    assert!(tx.insert_user(&UserRow { created_at_ms: 250, ..new_user("late", Role::Student) }).await.unwrap());
    tx.commit().await.unwrap();
    add_notice(store, Audience::User(ana.id), 300).await;
    assert_eq!(store.notice_counts(200, 0).await.unwrap(), NoticeCounts { sent: 3, sent_recently: 2, deliveries: 4, reads: 3 });
    assert_eq!(store.notice_counts(0, 150).await.unwrap(), NoticeCounts { sent: 3, sent_recently: 3, deliveries: 2, reads: 1 });
}

async fn engagement_has_a_row_for_every_day(fixture: Fixture) {
    let store = &fixture.store;
    let teacher = add_user(store, "guru", Role::Counsellor).await;
    let material = new_material(&teacher, "x");
    add_material(store, &material).await;
    store.count_material_view(material.id, teacher.id, "2026-11-20", 1).await.unwrap();
    store.count_material_view(material.id, teacher.id, "2026-11-18", 1).await.unwrap();
    let days = ["2026-11-19", "2026-11-20", "2026-11-21"].map(String::from);
    let rows = store.engagement(&days).await.unwrap();
    let found: Vec<_> = rows.iter().map(|row| (row.day.as_str(), row.active_students, row.views)).collect();
    assert_eq!(found, [("2026-11-19", 0, 0), ("2026-11-20", 1, 1), ("2026-11-21", 0, 0)]);
}

async fn recent_activity_joins_audit_and_readings(fixture: Fixture) {
    let store = &fixture.store;
    let teacher = add_user(store, "guru", Role::Counsellor).await;
    let ana = add_user(store, "ana", Role::Student).await;
    let material = new_material(&teacher, "Atur Waktu");
    add_material(store, &material).await;
    let line = |action, target: MaterialId, at_ms| AuditEntry {
        actor_id: Some(teacher.id),
        action,
        target_kind: Some("material"),
        target_id: Some(target.to_string()),
        address: None,
        data: json!({ "title": "Judul lama" }),
        at_ms,
    };
    store.append_audit(&line("material.created", material.id, 10)).await.unwrap();
    store.append_audit(&line("material.deleted", MaterialId::generate(), 15)).await.unwrap();
    store.append_audit(&AuditEntry { target_kind: Some("user"), ..line("users.created", material.id, 99) }).await.unwrap();
    store.count_material_view(material.id, ana.id, "2026-11-21", 20).await.unwrap();
    store.count_material_download(material.id, ana.id, "2026-11-21", 30).await.unwrap();
    let rows = store.recent_activity(10).await.unwrap();
    let found: Vec<_> = rows.iter().map(|row| (row.at_ms, row.action.as_str(), row.target_title.as_deref())).collect();
    let expected = [
        (30, "material.downloaded", Some("Atur Waktu")),
        (20, "material.viewed", Some("Atur Waktu")),
        (15, "material.deleted", Some("Judul lama")),
        (10, "material.created", Some("Atur Waktu")),
    ];
    assert_eq!(found, expected);
    assert_eq!(rows[0].actor_name.as_deref(), Some(ana.name.as_str()));
    assert_eq!(rows[0].target_id.as_deref(), Some(material.id.to_string().as_str()));
    assert_eq!(store.recent_activity(1).await.unwrap().len(), 1);
}
