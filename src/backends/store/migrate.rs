//! Runs the embedded migrations: one folder per engine, equal file names. Called once, when the
//! server starts; must not edit a migration that was released.
//!
//! - Several nodes may start at once: MySQL and PostgreSQL take a lock of the database, SQLite does
//!   all in one writing transaction.

use super::{BackendError, BackendResult, Engine, columns::Columns as _};
use crate::domain::retry::backoff_ms;
use sqlx::{
    AnyConnection, AnyPool, Connection as _, Executor as _, SqlSafeStr as _,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};
use std::{sync::LazyLock, time::Duration};

/// Name and text of a migration.
type Script = (&'static str, &'static str);

/// Reads the migrations of an engine into the binary. A new one gets its name here; a test compares
/// the list with the folders. (`sqlx::migrate!` would need no list, but the macros of sqlx build
/// all three drivers, SQLite's C among them, a second time.)
macro_rules! scripts {
    ($engine:literal) => {
        scripts!(
            $engine: "0001_foundation" "0002_appointments" "0003_conversations" "0004_notice_changes" "0005_companion" "0006_alerts" "0007_apps"
                "0008_webhooks" "0009_app_console"
        )
    };
    ($engine:literal: $($name:literal)*) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $engine, "/", $name, ".sql")))),*]
    };
}

static SQLITE: LazyLock<Migrator> = LazyLock::new(|| migrator(scripts!("sqlite")));
static MYSQL: LazyLock<Migrator> = LazyLock::new(|| migrator(scripts!("mysql")));
static POSTGRES: LazyLock<Migrator> = LazyLock::new(|| migrator(scripts!("postgres")));

/// Numbers and describes migrations as sqlx does when it reads a folder: databases hold both, and a
/// checksum of the text.
fn migrator(scripts: &'static [Script]) -> Migrator {
    let numbered = scripts.iter().filter_map(|(name, sql)| name.split_once('_').map(|(number, words)| (number, words, *sql)));
    let migrations = numbered.filter_map(|(number, words, sql)| {
        let description = words.replace('_', " ").into();
        Some(Migration::new(number.parse().ok()?, description, MigrationType::Simple, sql.into_sql_str(), false))
    });
    Migrator::with_migrations(migrations.collect())
}

/// How often a start on SQLite tries to switch to WAL while another process has the file; about 30
/// s in all.
const ATTEMPTS: u32 = 20;
/// Longest pause between two tries.
const LONGEST_PAUSE_MS: u64 = 2_000;

/// Applies what is missing.
pub(super) async fn run(pool: &AnyPool, engine: Engine) -> BackendResult<()> {
    match engine {
        Engine::MySql => run_on_mysql(pool).await,
        Engine::Postgres => run_on(&POSTGRES, &mut *pool.acquire().await?).await,
        Engine::Sqlite => run_on_sqlite(pool).await,
    }
}

/// SQLite has no advisory lock, so all of it happens in one transaction that takes the right to
/// write first: a loser of the race waits for it, and then finds nothing to do.
async fn run_on_sqlite(pool: &AnyPool) -> BackendResult<()> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    run_on(&SQLITE, &mut transaction).await?;
    Ok(transaction.commit().await?)
}

/// Takes a named lock of its own: the one sqlx takes waits "-1" seconds, which MariaDB refuses at
/// once, so that two nodes would both go on.
async fn run_on_mysql(pool: &AnyPool) -> BackendResult<()> {
    let mut connection = pool.acquire().await?;
    let lock = "SELECT GET_LOCK(CONCAT('educounsel.migrate.', MD5(DATABASE())), 60) AS is_mine";
    let is_mine = sqlx::query(lock).fetch_one(&mut *connection).await?.maybe_int("is_mine")?;
    if is_mine != Some(1) {
        return Err(BackendError::Internal("another node holds the migration lock for more than a minute"));
    }
    let result = run_on(&MYSQL, &mut connection).await;
    // Whatever became of the migrations; a lost connection has lost the lock by itself.
    let unlock = "SELECT RELEASE_LOCK(CONCAT('educounsel.migrate.', MD5(DATABASE()))) AS released";
    let released = sqlx::query(unlock).fetch_one(&mut *connection).await;
    result.and(released.map(drop).map_err(BackendError::from))
}

async fn run_on(migrator: &Migrator, connection: &mut AnyConnection) -> BackendResult<()> {
    // `Migrator::run` takes what its compiler bound cannot express for a future that moves between
    // threads; this is what it calls.
    migrator.run_direct(None, connection, false).await.map_err(into_backend)
}

/// Switches a SQLite file to write-ahead logging, which lasts. The switch needs the file alone for
/// a moment and does not wait for it by itself.
pub(super) async fn switch_to_wal(url: &str) -> BackendResult<()> {
    let mut attempt = 1;
    loop {
        match try_switch_to_wal(url).await {
            Err(sqlx::Error::Database(error)) if attempt < ATTEMPTS && is_busy(&*error) => pause(attempt).await,
            result => return Ok(result?),
        }
        attempt += 1;
    }
}

async fn try_switch_to_wal(url: &str) -> sqlx::Result<()> {
    let mut connection = AnyConnection::connect(url).await?;
    connection.execute("PRAGMA journal_mode = WAL").await?;
    connection.close().await
}

/// Says whether SQLite refused because another connection holds the file: primary code 5 (busy) or
/// 6 (locked).
fn is_busy(error: &dyn sqlx::error::DatabaseError) -> bool {
    error.code().and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

async fn pause(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(backoff_ms(attempt, rand::random()).min(LONGEST_PAUSE_MS))).await;
}

fn into_backend(error: MigrateError) -> BackendError {
    BackendError::Database(sqlx::Error::Migrate(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_has_the_same_migrations() {
        let names = |migrator: &Migrator| migrator.iter().map(|one| (one.version, one.description.to_string())).collect::<Vec<_>>();
        assert!(!names(&SQLITE).is_empty());
        assert_eq!(names(&SQLITE), names(&MYSQL));
        assert_eq!(names(&SQLITE), names(&POSTGRES));
    }

    /// Existing databases know each migration by number, description and checksum: they must come
    /// out as they did when sqlx read the folders.
    #[tokio::test]
    async fn every_file_of_the_folders_is_embedded_as_sqlx_reads_it() {
        let migrations = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        for (folder, embedded) in [("sqlite", &SQLITE), ("mysql", &MYSQL), ("postgres", &POSTGRES)] {
            let known = |migrator: &Migrator| {
                let one =
                    |one: &Migration| (one.version, one.description.to_string(), one.migration_type, one.checksum.to_vec(), one.no_tx);
                migrator.iter().map(one).collect::<Vec<_>>()
            };
            let read = Migrator::new(migrations.join(folder)).await.unwrap();
            assert_eq!(known(embedded), known(&read), "{folder}");
        }
    }
}
