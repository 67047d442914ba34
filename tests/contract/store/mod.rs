//! Every function of the store on SQLite, MariaDB and PostgreSQL, each test on a fresh database.

mod accounts;
mod alerts;
mod appointments;
mod apps;
mod canned_replies;
mod chat_preferences;
mod companion;
mod conversation_views;
mod conversations;
mod log;
mod materials;
mod messages;
mod notes;
mod notices;
mod records;
mod statistics;
mod transactions;
mod webhooks;

use crate::databases::{Database, Fixture, new_user};
use educounsel::{
    backends::store::{LogEntry, MaterialRow, NoticeRow, Store, UserRow},
    domain::{
        files::material::{MaterialStatus, MaterialText},
        ids::{LogId, MaterialId, NoticeId},
        live::audience::Audience,
        notices::kind::NoticeKind,
        principal::Role,
    },
};

/// Makes `sqlite::NAME`, `mariadb::NAME` and `postgres::NAME` of every named async function that
/// takes a [`Fixture`].
macro_rules! on_every_engine {
    ($($name:ident),+ $(,)?) => {
        mod sqlite { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() { super::$name($crate::databases::Fixture::new($crate::databases::Database::Sqlite).await).await; })+ }
        mod mariadb { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() { super::$name($crate::databases::Fixture::new($crate::databases::Database::MariaDb).await).await; })+ }
        mod postgres { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() { super::$name($crate::databases::Fixture::new($crate::databases::Database::Postgres).await).await; })+ }
    };
}
use on_every_engine;

/// Inserts an account made at time 0 and returns it.
async fn add_user(store: &Store, login: &str, role: Role) -> UserRow {
    let user = UserRow { created_at_ms: 0, ..new_user(login, role) };
    let mut tx = store.begin().await.unwrap();
    assert!(tx.insert_user(&user).await.unwrap());
    tx.commit().await.unwrap();
    user
}

fn text(title: &str, category: &str, body: &str) -> MaterialText {
    MaterialText { title: title.into(), category: category.into(), body: body.into() }
}

fn new_material(author: &UserRow, title: &str) -> MaterialRow {
    MaterialRow {
        id: MaterialId::generate(),
        text: text(title, "Belajar", "isi"),
        summary: Some("isi".into()),
        status: MaterialStatus::Active,
        file: None,
        author_id: author.id,
        author_name: author.name.clone(),
        views: 0,
        downloads: 0,
        created_at_ms: 1_000,
        updated_at_ms: 1_000,
        published_at_ms: Some(1_000),
    }
}

async fn add_material(store: &Store, material: &MaterialRow) {
    let mut tx = store.begin().await.unwrap();
    tx.insert_material(material).await.unwrap();
    tx.commit().await.unwrap();
}

fn new_entry(audience: Audience, created_at_ms: i64) -> LogEntry {
    LogEntry { id: LogId::generate(), audience, event: "test.event".into(), data: r#"{"a":"ä"}"#.into(), created_at_ms }
}

async fn append(store: &Store, entry: &LogEntry) {
    let mut tx = store.begin().await.unwrap();
    tx.append_log(entry).await.unwrap();
    tx.commit().await.unwrap();
}

/// Adds a notice with its log row, as `services::notices` does.
async fn add_notice(store: &Store, audience: Audience, created_at_ms: i64) -> NoticeId {
    let kind = NoticeKind::MaterialPublished { material_id: "m".into(), title: "Judul “ä”".into(), category: "Belajar".into() };
    let id = NoticeId::generate();
    let notice = NoticeRow {
        id,
        audience,
        kind: kind.spec().wire_name.into(),
        category: kind.spec().category.into(),
        data: kind.data(),
        texts: kind.texts(),
        created_at_ms,
    };
    let entry = LogEntry { id: id.into(), event: "notice.created".into(), ..new_entry(audience, created_at_ms) };
    let mut tx = store.begin().await.unwrap();
    tx.insert_notice(&notice).await.unwrap();
    tx.append_log(&entry).await.unwrap();
    tx.commit().await.unwrap();
    id
}
