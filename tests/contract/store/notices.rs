//! Tests of notices: their audience, and the read watermark with its exceptions.

use super::*;
use educounsel::{
    backends::store::{LogClaim, Viewer},
    domain::ids::{NodeId, UserId},
};

on_every_engine!(
    a_notice_is_seen_as_it_was_written,
    notices_are_seen_by_their_audience_only_and_from_the_account_on,
    notices_are_listed_newest_first_in_pages,
    one_notice_is_read_by_one_user,
    reading_all_reads_with_and_without_position,
    what_comes_after_reading_all_is_unread,
    reading_all_while_the_pump_assigns_positions_leaves_nothing_unread,
    trimmed_notices_take_their_readings_along,
    the_version_of_a_count_grows_with_every_reading_and_position_and_with_nothing_of_others,
);

async fn the_version_of_a_count_grows_with_every_reading_and_position_and_with_nothing_of_others(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, budi) = (student(store, "ana").await, student(store, "budi").await);
    let version = |viewer: Viewer| async move { store.unread(&viewer).await.unwrap().version };
    let id = add_notice(store, Audience::Role(Role::Student), 1).await;
    let first = version(ana).await;
    pump(store).await;
    let (published, of_budi) = (version(ana).await, version(budi).await);
    assert!(published > first);
    read(store, &ana, id, 50).await;
    let one_read = version(ana).await;
    read_all(store, &ana, 60).await;
    let all_read = version(ana).await;
    store.trim_notices("material.published", 2).await.unwrap();
    assert!(published < one_read && one_read < all_read && all_read == version(ana).await, "trimming takes nothing back");
    assert_eq!(version(budi).await, of_budi);
    let dropped = async {
        let mut tx = store.begin().await.unwrap();
        tx.mark_all_notices_read(&ana, 70).await.unwrap();
    };
    dropped.await;
    assert_eq!(version(ana).await, all_read, "what was rolled back did not happen");
}

async fn student(store: &Store, login: &str) -> Viewer {
    let user = add_user(store, login, Role::Student).await;
    Viewer { user_id: user.id, role: user.role, since_ms: 0 }
}

/// Gives every waiting row its position, as the pump does.
async fn pump(store: &Store) {
    let node = NodeId::generate();
    let LogClaim::Rows(rows) = store.claim_log(node, 0, 1_000, 100).await.unwrap() else { panic!("the lease is held") };
    if let Some(last) = rows.last() {
        assert!(store.mark_published(node, last.position, 0).await.unwrap());
    }
    store.release_log(node).await.unwrap();
}

async fn read(store: &Store, viewer: &Viewer, id: NoticeId, now_ms: i64) -> bool {
    let mut tx = store.begin().await.unwrap();
    let visible = tx.mark_notice_read(viewer, id, now_ms).await.unwrap();
    tx.commit().await.unwrap();
    visible
}

async fn read_all(store: &Store, viewer: &Viewer, now_ms: i64) {
    let mut tx = store.begin().await.unwrap();
    tx.mark_all_notices_read(viewer, now_ms).await.unwrap();
    tx.commit().await.unwrap();
}

async fn a_notice_is_seen_as_it_was_written(fixture: Fixture) {
    let viewer = student(&fixture.store, "ana").await;
    let id = add_notice(&fixture.store, Audience::Role(Role::Student), 7).await;
    let listed = fixture.store.list_notices(&viewer, false, None, 10).await.unwrap();
    let [view] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!(view.notice.id, id);
    assert_eq!(view.read_at_ms, None);
    assert_eq!(view.notice.created_at_ms, 7);
    assert_eq!(view.notice.kind.as_str(), "material.published");
    assert_eq!(view.notice.category.as_str(), "materials");
    assert_eq!(view.notice.data["title"], "Judul “ä”");
    assert!(view.notice.texts.id.body.contains("Judul “ä”"));
    assert_eq!(view.notice.audience, Audience::Role(Role::Student));
}

async fn notices_are_seen_by_their_audience_only_and_from_the_account_on(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, budi) = (student(store, "ana").await, student(store, "budi").await);
    let teacher = Viewer { role: Role::Counsellor, ..student(store, "guru").await };
    add_notice(store, Audience::Role(Role::Student), 100).await;
    add_notice(store, Audience::User(ana.user_id), 200).await;
    let count = |viewer: Viewer| async move { store.count_unread(&viewer).await.unwrap() };
    assert_eq!(count(ana).await, 2);
    assert_eq!(count(budi).await, 1);
    assert_eq!(count(teacher).await, 0);
    assert_eq!(count(Viewer { since_ms: 101, ..ana }).await, 1);
    assert_eq!(count(Viewer { since_ms: 100, ..ana }).await, 2);
    assert_eq!(store.list_notices(&Viewer { since_ms: 101, ..budi }, false, None, 10).await.unwrap().len(), 0);
}

async fn notices_are_listed_newest_first_in_pages(fixture: Fixture) {
    let store = &fixture.store;
    let viewer = student(store, "ana").await;
    let mut ids = Vec::new();
    for at in 0..4 {
        ids.insert(0, add_notice(store, Audience::Role(Role::Student), at).await);
    }
    assert!(read(store, &viewer, ids[1], 50).await);
    let page = |unread, after| async move {
        let views = store.list_notices(&viewer, unread, after, 2).await.unwrap();
        views.into_iter().map(|view| view.notice.id).collect::<Vec<_>>()
    };
    assert_eq!(page(false, None).await, ids[..2]);
    assert_eq!(page(false, Some(ids[1])).await, ids[2..]);
    assert_eq!(page(true, None).await, [ids[0], ids[2]]);
    assert_eq!(page(true, Some(ids[2])).await, [ids[3]]);
}

async fn one_notice_is_read_by_one_user(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, budi) = (student(store, "ana").await, student(store, "budi").await);
    let id = add_notice(store, Audience::Role(Role::Student), 1).await;
    let private = add_notice(store, Audience::User(budi.user_id), 1).await;
    assert!(read(store, &ana, id, 50).await);
    assert!(read(store, &ana, id, 60).await, "a repeat is no error");
    assert!(!read(store, &ana, private, 50).await, "the notice of another user does not exist");
    assert!(!read(store, &ana, NoticeId::generate(), 50).await);
    assert!(!read(store, &Viewer { since_ms: 2, ..ana }, id, 50).await);
    assert_eq!(store.list_notices(&ana, false, None, 5).await.unwrap()[0].read_at_ms, Some(50), "the first time counts");
    assert_eq!(store.count_unread(&ana).await.unwrap(), 0);
    assert_eq!(store.count_unread(&budi).await.unwrap(), 2);
    pump(store).await;
    assert_eq!(store.count_unread(&ana).await.unwrap(), 0, "a position changes nothing");
    assert_eq!(store.count_unread(&budi).await.unwrap(), 2, "a position changes nothing");
}

async fn reading_all_reads_with_and_without_position(fixture: Fixture) {
    let store = &fixture.store;
    let (ana, budi) = (student(store, "ana").await, student(store, "budi").await);
    let first = add_notice(store, Audience::Role(Role::Student), 1).await;
    read(store, &ana, first, 10).await;
    add_notice(store, Audience::Role(Role::Student), 2).await;
    pump(store).await;
    add_notice(store, Audience::Role(Role::Student), 3).await;
    read_all(store, &ana, 50).await;
    assert_eq!(store.count_unread(&ana).await.unwrap(), 0);
    assert_eq!(store.count_unread(&budi).await.unwrap(), 3);
    let times: Vec<_> = store.list_notices(&ana, false, None, 5).await.unwrap().iter().map(|view| view.read_at_ms).collect();
    assert_eq!(times, [Some(50), Some(50), Some(10)]);
    assert!(store.list_notices(&ana, true, None, 5).await.unwrap().is_empty());
    pump(store).await;
    assert_eq!(store.count_unread(&ana).await.unwrap(), 0, "the position came after the reading");
    read_all(store, &ana, 90).await;
    assert_eq!(store.count_unread(&ana).await.unwrap(), 0);
}

async fn what_comes_after_reading_all_is_unread(fixture: Fixture) {
    let store = &fixture.store;
    let viewer = student(store, "ana").await;
    add_notice(store, Audience::Role(Role::Student), 1).await;
    pump(store).await;
    read_all(store, &viewer, 50).await;
    let later = add_notice(store, Audience::Role(Role::Student), 2).await;
    assert_eq!(store.count_unread(&viewer).await.unwrap(), 1);
    pump(store).await;
    assert_eq!(store.count_unread(&viewer).await.unwrap(), 1);
    let unread = store.list_notices(&viewer, true, None, 5).await.unwrap();
    assert_eq!(unread.iter().map(|view| view.notice.id).collect::<Vec<_>>(), [later]);
    assert!(read(store, &viewer, later, 60).await);
    assert_eq!(store.count_unread(&viewer).await.unwrap(), 0);
}

async fn reading_all_while_the_pump_assigns_positions_leaves_nothing_unread(fixture: Fixture) {
    let store = &fixture.store;
    let viewer = student(store, "ana").await;
    for round in 0..10 {
        for at in 0..3 {
            add_notice(store, Audience::Role(Role::Student), at).await;
        }
        let (one, other) = (store.clone(), store.clone());
        let pumping = tokio::spawn(async move { pump(&one).await });
        let reading = tokio::spawn(async move { read_all(&other, &viewer, 50).await });
        pumping.await.unwrap();
        reading.await.unwrap();
        assert_eq!(store.count_unread(&viewer).await.unwrap(), 0, "round {round}");
    }
}

async fn trimmed_notices_take_their_readings_along(fixture: Fixture) {
    let store = &fixture.store;
    let viewer = student(store, "ana").await;
    let old = add_notice(store, Audience::Role(Role::Student), 10).await;
    let new = add_notice(store, Audience::Role(Role::Student), 20).await;
    read(store, &viewer, old, 30).await;
    assert_eq!(store.trim_notices("other.kind", 100).await.unwrap(), 0);
    assert_eq!(store.trim_notices("material.published", 20).await.unwrap(), 1);
    let left = store.list_notices(&viewer, false, None, 5).await.unwrap();
    assert_eq!(left.iter().map(|view| view.notice.id).collect::<Vec<_>>(), [new]);
    let stranger = Viewer { user_id: UserId::generate(), ..viewer };
    assert_eq!(store.count_unread(&stranger).await.unwrap(), 1);
}
