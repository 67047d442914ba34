//! Connecting, migrating, committing and rolling back.

use super::*;
use crate::{databases::TestDatabase, wait::until};
use educounsel::backends::store::{Engine, UserChange};
use futures_util::poll;
use sqlx::{AnyConnection, Connection as _, Executor as _, Row as _};
use std::pin::pin;

on_every_engine!(
    the_store_answers_and_counts_its_connections,
    a_second_migration_changes_nothing,
    a_dropped_transaction_leaves_nothing,
    a_taken_login_leaves_the_transaction_usable,
    transactions_of_many_tasks_all_commit,
    a_connection_whose_commit_failed_is_closed,
    a_connection_left_in_the_middle_of_a_statement_is_closed,
    a_transaction_with_a_failed_statement_writes_nothing,
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
    // The next writer waits until the rollback is complete.
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

/// Statements that make every commit of a new account fail, by a deferred constraint. MariaDB has
/// none; see [`kill_others`].
const FAIL_AT_COMMIT_SQLITE: [&str; 2] = [
    "CREATE TABLE deferred (id TEXT REFERENCES materials (id) DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TRIGGER fail_at_commit AFTER INSERT ON users BEGIN INSERT INTO deferred VALUES ('nothing'); END",
];
const PASS_AGAIN_SQLITE: &str = "DROP TRIGGER fail_at_commit";
const FAIL_AT_COMMIT_POSTGRES: [&str; 1] =
    ["ALTER TABLE users ADD CONSTRAINT fail_at_commit FOREIGN KEY (name) REFERENCES users (login) DEFERRABLE INITIALLY DEFERRED"];
const PASS_AGAIN_POSTGRES: &str = "ALTER TABLE users DROP CONSTRAINT fail_at_commit";

/// Opens a connection beside the store.
async fn open_beside(fixture: &Fixture) -> AnyConnection {
    AnyConnection::connect(&fixture.database.url).await.unwrap()
}

/// Returns the ids of all other connections to this database; of a server.
async fn other_connections(engine: Engine, beside: &mut AnyConnection) -> Vec<i64> {
    let list = match engine {
        Engine::Postgres => "SELECT pid::BIGINT AS id FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        _ => "SELECT CAST(id AS SIGNED) AS id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
    };
    beside.fetch_all(list).await.unwrap().iter().map(|row| row.get("id")).collect()
}

/// Ends all other connections to this database, as an administrator of the server does.
async fn kill_others(engine: Engine, beside: &mut AnyConnection) {
    for id in other_connections(engine, beside).await {
        let kill = if engine == Engine::Postgres { format!("SELECT pg_terminate_backend({id}::INT)") } else { format!("KILL {id}") };
        beside.execute(sqlx::AssertSqlSafe(kill)).await.unwrap();
    }
    let beside = tokio::sync::Mutex::new(beside);
    until("killed connections are gone", async || other_connections(engine, &mut **beside.lock().await).await.is_empty()).await;
}

/// Waits until the store has closed its only connection.
async fn wait_until_closed(store: &Store) {
    until("the store closes its only connection", async || store.pool_status().size == 0).await;
}

async fn a_connection_whose_commit_failed_is_closed(fixture: Fixture) {
    let store = Store::connect(&fixture.database.url, 1).await.unwrap();
    let mut beside = open_beside(&fixture).await;
    let (ana, budi) = (new_user("ana", Role::Student), new_user("budi", Role::Student));
    let statements: &[&str] = match store.engine() {
        Engine::Sqlite => &FAIL_AT_COMMIT_SQLITE,
        Engine::Postgres => &FAIL_AT_COMMIT_POSTGRES,
        Engine::MySql => &[],
    };
    for statement in statements {
        beside.execute(*statement).await.unwrap();
    }
    let mut tx = store.begin().await.unwrap();
    assert!(tx.insert_user(&ana).await.unwrap());
    if store.engine() == Engine::MySql {
        kill_others(Engine::MySql, &mut beside).await;
    }
    tx.commit().await.unwrap_err();
    wait_until_closed(&store).await;
    match store.engine() {
        Engine::Sqlite => drop(beside.execute(PASS_AGAIN_SQLITE).await.unwrap()),
        Engine::Postgres => drop(beside.execute(PASS_AGAIN_POSTGRES).await.unwrap()),
        Engine::MySql => {}
    }
    let mut tx = store.begin().await.unwrap();
    assert!(tx.insert_user(&budi).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(store.find_user(ana.id).await.unwrap(), None, "nothing of a failed commit is there");
    assert_eq!(store.find_user(budi.id).await.unwrap(), Some(budi));
    assert_eq!(store.pool_status().size, 1, "a connection whose transaction ended well is kept");
}

/// Drops a transaction in the middle of a statement that renames `user`.
async fn leave_in_the_middle(store: &Store, user: &UserRow) {
    let change = UserChange { name: Some("Ana Maria".into()), ..UserChange::default() };
    loop {
        let mut tx = store.begin().await.unwrap();
        let is_under_way = poll!(pin!(tx.update_user(user.id, &change))).is_pending();
        drop(tx);
        // Otherwise the database was faster than this thread.
        if is_under_way {
            return;
        }
    }
}

async fn a_connection_left_in_the_middle_of_a_statement_is_closed(fixture: Fixture) {
    let store = Store::connect(&fixture.database.url, 1).await.unwrap();
    let ana = add_user(&store, "ana", Role::Student).await;
    leave_in_the_middle(&store, &ana).await;
    wait_until_closed(&store).await;
    let mut tx = store.begin().await.unwrap();
    assert!(tx.update_user(ana.id, &UserChange { role: Some(Role::Counsellor), ..UserChange::default() }).await.unwrap());
    tx.commit().await.unwrap();
    let kept = store.find_user(ana.id).await.unwrap().unwrap();
    assert_eq!(kept.name, ana.name, "what was left was rolled back");
    assert_eq!(kept.role, Role::Counsellor, "what was left was rolled back");
}

async fn a_transaction_with_a_failed_statement_writes_nothing(fixture: Fixture) {
    let stranger = new_user("stranger", Role::Counsellor);
    let ana = new_user("ana", Role::Student);
    let mut tx = fixture.store.begin().await.unwrap();
    assert!(tx.insert_user(&ana).await.unwrap());
    tx.insert_material(&new_material(&stranger, "of nobody")).await.unwrap_err();
    assert!(tx.insert_user(&new_user("budi", Role::Student)).await.is_err(), "on PostgreSQL it is over, so it is everywhere");
    tx.commit().await.unwrap_err();
    assert_eq!(fixture.store.find_user(ana.id).await.unwrap(), None);
    add_user(&fixture.store, "ana", Role::Student).await;
}

/// Ends the connection of a transaction before its commit.
async fn kill_before_the_commit(database: Database) {
    let fixture = Fixture::new(database).await;
    let store = Store::connect(&fixture.database.url, 1).await.unwrap();
    let mut beside = open_beside(&fixture).await;
    let ana = new_user("ana", Role::Student);
    let mut tx = store.begin().await.unwrap();
    assert!(tx.insert_user(&ana).await.unwrap());
    kill_others(store.engine(), &mut beside).await;
    let error = tx.commit().await.unwrap_err();
    assert!(error.is_outage(), "a lost connection is no fault of the request: {error}");
    wait_until_closed(&store).await;
    assert_eq!(store.find_user(ana.id).await.unwrap(), None);
    add_user(&store, "ana", Role::Student).await;
}

#[tokio::test]
async fn a_connection_killed_before_its_commit_is_an_outage_on_mariadb() {
    kill_before_the_commit(Database::MariaDb).await;
}

#[tokio::test]
async fn a_connection_killed_before_its_commit_is_an_outage_on_postgres() {
    kill_before_the_commit(Database::Postgres).await;
}

/// Runs `fill`, after which a server answers new accounts and settings as on a full disk; then runs
/// `free`.
async fn fill_and_free(database: Database, fill: &[&'static str], free: &[&'static str]) {
    let fixture = Fixture::new(database).await;
    let store = &fixture.store;
    let mut beside = open_beside(&fixture).await;
    store.check_writes().await.unwrap();
    for statement in fill {
        beside.execute(*statement).await.unwrap();
    }
    store.check_writes().await.expect("nobody tries while nothing failed");
    let mut tx = store.begin().await.unwrap();
    let error = tx.insert_user(&new_user("ana", Role::Student)).await.unwrap_err();
    assert!(error.is_outage(), "{error}");
    drop(tx);
    for _ in 0..2 {
        let error = store.check_writes().await.unwrap_err();
        assert!(error.is_outage(), "{error}");
    }
    for statement in free {
        beside.execute(*statement).await.unwrap();
    }
    store.check_writes().await.expect("there is room again");
    add_user(store, "ana", Role::Student).await;
}

#[tokio::test]
async fn a_full_disk_is_known_until_there_is_room_on_mariadb() {
    let fill = [
        "CREATE TRIGGER full_users BEFORE INSERT ON users FOR EACH ROW SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1021, MESSAGE_TEXT = 'Disk full'",
        "CREATE TRIGGER full_settings BEFORE INSERT ON settings FOR EACH ROW SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'Table full'",
    ];
    fill_and_free(Database::MariaDb, &fill, &["DROP TRIGGER full_users", "DROP TRIGGER full_settings"]).await;
}

#[tokio::test]
async fn a_full_disk_is_known_until_there_is_room_on_postgres() {
    let fill = [
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN RAISE EXCEPTION USING ERRCODE = ''53100'', MESSAGE = ''No space left on device''; END'",
        "CREATE TRIGGER full_users BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION full_disk()",
        "CREATE TRIGGER full_settings BEFORE INSERT ON settings FOR EACH ROW EXECUTE FUNCTION full_disk()",
    ];
    fill_and_free(Database::Postgres, &fill, &["DROP FUNCTION full_disk() CASCADE"]).await;
}

#[tokio::test]
async fn sqlite_keeps_its_write_ahead_log_while_the_pool_is_empty() {
    let database = TestDatabase::create(Database::Sqlite).await;
    let store = Store::connect(&database.url, 1).await.unwrap();
    store.migrate().await.unwrap();
    let ana = add_user(&store, "ana", Role::Student).await;
    let log = std::path::PathBuf::from(format!("{}-wal", database.url.trim_start_matches("sqlite://")));
    leave_in_the_middle(&store, &ana).await;
    wait_until_closed(&store).await;
    assert!(log.is_file(), "on a full disk it could not be made again");
    store.close().await;
    assert!(!log.exists(), "the store closes all that it opened");
}
