//! Connected Pusher apps.

use super::{add_user, on_every_engine};
use crate::databases::Fixture;
use educounsel::{
    backends::store::AppRow,
    domain::{
        apps::connected_app::{AppLimits, AppRules, Webhook, WebhookEvent},
        ids::AppId,
        principal::Role,
    },
};

on_every_engine! {
    apps_are_read_as_they_were_written,
    ids_and_keys_are_unique,
    who_read_an_older_version_changes_nothing,
    a_watch_of_an_app_is_noted_once_a_day,
}

fn app(id: &str, key: &str) -> AppRow {
    let webhook = Webhook {
        url: "https://backend.example/hook".into(),
        events: vec![WebhookEvent::ChannelOccupied, WebhookEvent::MemberAdded],
        channel_prefix: "presence-".into(),
    };
    AppRow {
        id: AppId(id.into()),
        name: "Pengadaan é".into(),
        key: key.into(),
        sealed_secret: "c2VhbGVk".into(),
        is_enabled: true,
        rules: AppRules {
            allows_client_events: true,
            counts_subscriptions: false,
            allowed_origins: vec!["https://a.example".into()],
            limits: AppLimits { connections: 7, ..AppLimits::default() },
            webhooks: vec![webhook],
        },
        created_at_ms: 1_000,
        updated_at_ms: 1_000,
    }
}

async fn insert(fixture: &Fixture, app: &AppRow) -> bool {
    let mut tx = fixture.store.begin().await.unwrap();
    let is_new = tx.insert_app(app).await.unwrap();
    tx.commit().await.unwrap();
    is_new
}

async fn apps_are_read_as_they_were_written(fixture: Fixture) {
    let (first, second) = (app("10000001", "aa"), AppRow { created_at_ms: 2_000, ..app("10000000", "bb") });
    assert!(insert(&fixture, &second).await && insert(&fixture, &first).await);
    assert_eq!(fixture.store.list_apps().await.unwrap(), [first.clone(), second]);
    assert_eq!(fixture.store.find_app(&first.id).await.unwrap(), Some(first));
    assert_eq!(fixture.store.find_app(&AppId("1".into())).await.unwrap(), None);
}

async fn ids_and_keys_are_unique(fixture: Fixture) {
    assert!(insert(&fixture, &app("1", "aa")).await);
    assert!(!insert(&fixture, &app("1", "bb")).await);
    assert!(!insert(&fixture, &app("2", "aa")).await);
    assert!(insert(&fixture, &app("2", "AA")).await, "keys differ by case");
}

async fn who_read_an_older_version_changes_nothing(fixture: Fixture) {
    let before = app("1", "aa");
    assert!(insert(&fixture, &before).await);
    let after = AppRow { name: "Baru".into(), is_enabled: false, rules: AppRules::default(), updated_at_ms: 2_000, ..before };
    for (read_at_ms, is_done) in [(999, false), (1_000, true), (1_000, false)] {
        let mut tx = fixture.store.begin().await.unwrap();
        assert_eq!(tx.update_app(&after, read_at_ms).await.unwrap(), is_done, "{read_at_ms}");
        tx.commit().await.unwrap();
    }
    assert_eq!(fixture.store.list_apps().await.unwrap(), [after]);
}

async fn a_watch_of_an_app_is_noted_once_a_day(fixture: Fixture) {
    let store = &fixture.store;
    let kepala = add_user(store, "kepala", Role::Admin).await;
    let (one, other) = (AppId("10000001".into()), AppId("7".into()));
    let watch = async |day: &str, app: &AppId| {
        let mut tx = store.begin().await.unwrap();
        let is_new = tx.insert_console_view(kepala.id, day, app).await.unwrap();
        tx.commit().await.unwrap();
        is_new
    };
    assert!(watch("2026-11-21", &one).await && !watch("2026-11-21", &one).await);
    assert!(watch("2026-11-21", &other).await && watch("2026-11-22", &one).await);
    assert!(store.has_viewed_console(kepala.id, "2026-11-21", &one).await.unwrap());
    assert!(!store.has_viewed_console(kepala.id, "2026-11-22", &other).await.unwrap());
    assert_eq!(store.trim_console_views("2026-11-22").await.unwrap(), 2);
    assert!(!store.has_viewed_console(kepala.id, "2026-11-21", &one).await.unwrap());
}
