//! Connecting, migrating, committing and rolling back.

use super::*;
use crate::databases::TestDatabase;
use educounsel::backends::store::{Engine, UserChange};

on_every_engine!(
    the_store_answers_and_counts_its_connections,
    a_second_migration_changes_nothing,
    a_dropped_transaction_leaves_nothing,
    a_taken_login_leaves_the_transaction_usable,
    transactions_of_many_tasks_all_commit,
);

async fn the_store_answers_and_counts_its_connections(fixture: Fixture) {
    fixture.store.ping().await.unwrap();
    let status = fixture.store.pool_status();
    assert!(status.size >= 1 && status.idle <= status.size, "{status:?}");
    assert_eq!(Some(fixture.store.engine()), Engine::of_url(&fixture.database.url));
    fixture.store.close().await;
    assert!(fixture.store.ping().await.is_err());
}

async fn a_second_migration_changes_nothing(fixture: Fixture) {
    let user = add_user(&fixture.store, "ana", Role::Student).await;
    let second_node = fixture.database.connect().await;
    second_node.migrate().await.unwrap();
    assert_eq!(second_node.find_user(user.id).await.unwrap(), Some(user));
}

async fn a_dropped_transaction_leaves_nothing(fixture: Fixture) {
    let user = new_user("ana", Role::Student);
    {
        let mut tx = fixture.store.begin().await.unwrap();
        assert!(tx.insert_user(&user).await.unwrap());
        tx.append_log(&new_entry(Audience::User(user.id), 1)).await.unwrap();
    }
    // The next writer waits until the rollback is through.
    let other = add_user(&fixture.store, "budi", Role::Student).await;
    assert_eq!(fixture.store.find_user(user.id).await.unwrap(), None);
    assert_eq!(fixture.store.find_user(other.id).await.unwrap(), Some(other));
    assert_eq!(fixture.store.log_backlog().await.unwrap().rows, 0);
}

async fn a_taken_login_leaves_the_transaction_usable(fixture: Fixture) {
    let ana = add_user(&fixture.store, "ana", Role::Student).await;
    let mut tx = fixture.store.begin().await.unwrap();
    assert!(!tx.insert_user(&new_user("ana", Role::Admin)).await.unwrap());
    let change = UserChange { name: Some("Ana Maria".into()), ..UserChange::default() };
    assert!(tx.update_user(ana.id, &change).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(fixture.store.find_user(ana.id).await.unwrap().unwrap().name, "Ana Maria");
}

async fn transactions_of_many_tasks_all_commit(fixture: Fixture) {
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let store = fixture.store.clone();
            tokio::spawn(async move { add_user(&store, &format!("user{number}"), Role::Student).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(fixture.store.student_counts(0).await.unwrap().total, 40);
}

/// Starts migrations of several nodes on one empty database at once.
async fn migrate_at_once(database: Database) {
    let database = TestDatabase::create(database).await;
    let nodes = (0..4).map(|_| {
        let url = database.url.clone();
        tokio::spawn(async move {
            let store = Store::connect(&url, 2).await.unwrap();
            store.migrate().await.unwrap();
            store.log_head().await.unwrap()
        })
    });
    for node in nodes.collect::<Vec<_>>() {
        assert_eq!(node.await.unwrap().position, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_migrate_at_once_on_sqlite() {
    migrate_at_once(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_migrate_at_once_on_mariadb() {
    migrate_at_once(Database::MariaDb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_migrate_at_once_on_postgres() {
    migrate_at_once(Database::Postgres).await;
}

#[tokio::test]
async fn urls_that_name_no_database_are_refused() {
    for url in ["", "oracle://x", "sqlite://", "sqlite::memory:"] {
        assert!(Store::connect(url, 1).await.is_err(), "{url}");
    }
}

#[tokio::test]
async fn sqlite_makes_its_folder_even_with_a_space_in_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my data/nested/school.db");
    let store = Store::connect(&format!("sqlite://{}", file.display()), 2).await.unwrap();
    store.migrate().await.unwrap();
    assert!(file.is_file());
    assert!(folder.path().join("my data/nested/school.db-wal").is_file(), "write-ahead logging is on");
}
