//! Owns the database: SQLite (embedded default), MySQL/MariaDB or PostgreSQL behind one type, and
//! all SQL, one file per table family. Called by services, the log pump and the bus link; must
//! import nothing but `domain`.
//!
//! - Reads are methods of [`Store`]. Writes that belong together are methods of [`Tx`], so that a
//!   use case composes one transaction. A few writes that stand alone (logins, counters, leases,
//!   idempotency) are methods of [`Store`] as well.
//! - Every query is one portable text (see `sql`).
//! - On all engines times are ms since 1970 UTC, ids UUIDv7 text, JSON text.

mod alerts;
mod appointments;
mod apps;
mod audit;
mod canned_replies;
mod chat_preferences;
mod columns;
mod companion_limits;
mod companion_live;
mod companion_threads;
mod companion_turns;
mod conversation_marks;
mod conversation_views;
mod conversations;
mod counsellors;
mod hotlines;
mod idempotency;
mod log;
mod logins;
mod materials;
mod messages;
mod migrate;
mod notes;
mod notices;
mod outage;
mod reminders;
mod settings;
mod slot_claims;
mod sql;
mod statistics;
mod tx;
mod users;
mod webhooks;
mod write_health;

pub use alerts::{AlertRow, OpenAlerts, Repeat};
pub use appointments::{AppointmentCursor, AppointmentFilter, AppointmentRow, AppointmentScope};
pub use apps::AppRow;
pub use audit::{AuditEntry, AuditFilter, AuditView};
pub use canned_replies::CannedReplyRow;
pub use chat_preferences::ChatPreferences;
pub use companion_limits::UsageRow;
pub use companion_live::{AnswerEnd, Progress, SavedAnswer};
pub use companion_threads::ThreadRow;
pub use companion_turns::{AnswerRow, QuestionRow};
pub use conversation_marks::Marks;
pub use conversations::{ConversationFilter, ConversationHead, ConversationRow, LastMessageRow, Standing};
pub use counsellors::{AvailabilityRow, CounsellorRow};
pub use idempotency::{KeyFate, Reservation};
pub use log::{LogBacklog, LogClaim, LogEntry, LogHead, LogPage, LogRow};
pub use logins::LoginRow;
pub use materials::{FileRow, MaterialFilter, MaterialRow};
pub use messages::{HistoryRange, MessageEditRow, MessageRow};
pub use notes::NoteRow;
pub use notices::{NoticeRow, NoticeView, Unread, Viewer};
pub use reminders::DueReminder;
pub use slot_claims::Claim;
pub use statistics::{ActivityRow, DayRow, MaterialCounts, NoticeCounts, StudentCounts};
pub use tx::Tx;
pub use users::{PersonRow, UserChange, UserFilter, UserRow};
pub use webhooks::{DeadLetterRow, WebhookEventRow, WebhookFailure, WebhookQueue, WebhookStanding, WebhookTotals};

pub(super) use outage::is_outage;

use super::{BackendError, BackendResult, private_path};
use sql::Sql;
use sqlx::{
    AnyConnection, AnyPool, Connection as _, Executor as _,
    any::{AnyConnectOptions, AnyPoolOptions, AnyRow},
};
use std::{path::Path, str::FromStr as _, sync::Arc, time::Duration};
use tokio::sync::{Mutex, OwnedMutexGuard};
use write_health::WriteHealth;

/// How long a caller waits for a free connection, or on SQLite for the turn to write, before the
/// call fails.
const WAIT: Duration = Duration::from_secs(10);

/// Which database is behind the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// SQLite in a file, WAL.
    Sqlite,
    /// MySQL 8 or MariaDB 10.6 and later.
    MySql,
    /// PostgreSQL 13 and later.
    Postgres,
}

impl Engine {
    /// Returns the engine a database URL names; `None` for an unknown scheme.
    #[must_use]
    pub fn of_url(url: &str) -> Option<Self> {
        match url.split_once(':')?.0 {
            "sqlite" => Some(Self::Sqlite),
            "mysql" | "mariadb" => Some(Self::MySql),
            "postgres" | "postgresql" => Some(Self::Postgres),
            _ => None,
        }
    }

    /// Returns what every new connection is told first.
    const fn session_setup(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => Some("PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL"),
            // As on PostgreSQL: a statement sees what is committed when it starts. The log relies
            // on it.
            Self::MySql => Some("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"),
            Self::Postgres => None,
        }
    }
}

/// How busy the connection pool is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStatus {
    /// Open connections.
    pub size: u32,
    /// Open connections nobody uses.
    pub idle: u32,
}

/// The database; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    engine: Engine,
    /// SQLite has one writer; waiting here is fair and cheap, waiting in SQLite is a sleep. `None`
    /// on servers.
    writer: Option<Arc<Mutex<()>>>,
    /// SQLite only: a connection that is open as long as the store and never used. While it is
    /// there, closing all others of the pool leaves `-wal` and `-shm` alone: on a full disk they
    /// could not be made again, and not even reading would work.
    anchor: Option<Arc<Mutex<Option<AnyConnection>>>>,
    health: WriteHealth,
}

impl Store {
    /// Connects to `url` with at most `max_connections` connections. SQLite: makes the folder and
    /// the file. Applies no migration. Fails with [`BackendError::Database`] when the URL does not
    /// read or nobody answers within 10 s.
    pub async fn connect(url: &str, max_connections: u32) -> BackendResult<Self> {
        sqlx::any::install_default_drivers();
        let engine = Engine::of_url(url)
            .ok_or_else(|| sqlx::Error::Configuration("database.url must begin with sqlite://, mysql:// or postgres://".into()))?;
        let url = if engine == Engine::Sqlite { prepare_sqlite(url).await? } else { url.to_owned() };
        let options = AnyPoolOptions::new().max_connections(max_connections.max(1)).acquire_timeout(WAIT);
        let pool = options
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    if let Some(setup) = engine.session_setup() {
                        connection.execute(setup).await?;
                    }
                    Ok(())
                })
            })
            .connect_with(AnyConnectOptions::from_str(&url)?)
            .await;
        let pool = match pool {
            Ok(pool) => pool,
            Err(error) => return Err(reason_behind(error, &url).await.into()),
        };
        let (writer, anchor) = match engine {
            Engine::Sqlite => (Some(Arc::default()), Some(Arc::new(Mutex::new(Some(open_anchor(&url).await?))))),
            Engine::MySql | Engine::Postgres => (None, None),
        };
        Ok(Self { pool, engine, writer, anchor, health: WriteHealth::default() })
    }

    /// Brings the tables up to date; safe when several nodes do it at once. Fails when a migration
    /// was changed or does not apply.
    pub async fn migrate(&self) -> BackendResult<()> {
        migrate::run(&self.pool, self.engine).await
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> BackendResult<()> {
        self.fetch_all(Sql::new("SELECT 1")).await.map(drop)
    }

    /// Returns how busy the pool is.
    #[must_use]
    pub fn pool_status(&self) -> PoolStatus {
        PoolStatus { size: self.pool.size(), idle: u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX) }
    }

    /// Returns which database this is.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// Begins a transaction that may write. On SQLite it holds the one right to write until it
    /// ends, so keep it short and never begin a second one, or call a writing method of [`Store`],
    /// while it lives.
    pub async fn begin(&self) -> BackendResult<Tx> {
        Tx::begin(self).await
    }

    /// Closes all connections, after those in use came back.
    pub async fn close(&self) {
        self.pool.close().await;
        let Some(anchor) = &self.anchor else { return };
        if let Some(connection) = anchor.lock().await.take() {
            // A failure here loses nothing: the connection is gone either way.
            let _ = connection.close().await;
        }
    }

    /// Waits for the turn to write (SQLite); fails as an exhausted pool does.
    async fn take_turn(&self) -> BackendResult<Option<OwnedMutexGuard<()>>> {
        let Some(writer) = &self.writer else {
            return Ok(None);
        };
        let turn = tokio::time::timeout(WAIT, writer.clone().lock_owned()).await;
        Ok(self.health.watch(turn.map(Some).map_err(|_| sqlx::Error::PoolTimedOut))?)
    }

    async fn fetch_all(&self, sql: Sql) -> BackendResult<Vec<AnyRow>> {
        Ok(sql.fetch_all(self.engine, &self.pool).await?)
    }

    async fn fetch_optional(&self, sql: Sql) -> BackendResult<Option<AnyRow>> {
        Ok(sql.fetch_optional(self.engine, &self.pool).await?)
    }

    async fn fetch_one(&self, sql: Sql) -> BackendResult<AnyRow> {
        self.fetch_optional(sql).await?.ok_or(BackendError::Database(sqlx::Error::RowNotFound))
    }

    /// Runs one writing statement by itself; returns the rows it touched.
    async fn execute(&self, sql: Sql) -> BackendResult<u64> {
        let _turn = self.take_turn().await?;
        Ok(self.health.watch(sql.execute(self.engine, &self.pool).await)?)
    }

    /// Inserts a row by itself; returns whether it is new (`false`: its unique key exists).
    async fn insert(&self, sql: Sql) -> BackendResult<bool> {
        let _turn = self.take_turn().await?;
        let rows = self.health.watch(sql::unless_taken(sql.execute(self.engine, &self.pool).await))?;
        Ok(rows.is_some())
    }
}

/// Finds out why no connection came about: a pool that waited for the database in vain does not
/// tell.
async fn reason_behind(error: sqlx::Error, url: &str) -> sqlx::Error {
    if !matches!(error, sqlx::Error::PoolTimedOut) {
        return error;
    }
    match tokio::time::timeout(Duration::from_secs(2), AnyConnection::connect(url)).await {
        Ok(Err(reason)) => reason,
        Ok(Ok(_)) | Err(_) => error,
    }
}

/// Opens a SQLite file and its `-wal` and `-shm`.
async fn open_anchor(url: &str) -> BackendResult<AnyConnection> {
    let mut connection = AnyConnection::connect(url).await?;
    // The first statement that reads opens them.
    connection.execute("PRAGMA schema_version").await?;
    Ok(connection)
}

/// Makes the folder of a SQLite file, switches the file to WAL once, and returns the URL for the
/// pool.
async fn prepare_sqlite(url: &str) -> BackendResult<String> {
    let rest = url.trim_start_matches("sqlite://").trim_start_matches("sqlite:");
    let (path, parameters) = rest.split_once('?').unwrap_or((rest, "mode=rwc"));
    if path.is_empty() || path == ":memory:" || parameters.contains("mode=memory") {
        return Err(sqlx::Error::Configuration("database.url must name a SQLite file".into()).into());
    }
    if let Some(folder) = Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private_path::make_folder(folder)?;
    }
    if parameters.contains("mode=rwc") {
        private_path::make_file(Path::new(path))?;
    }
    // SQLite gives the files beside it the rights of the database; those of an earlier version have
    // their own.
    for ending in ["", "-wal", "-shm"] {
        private_path::shut_others_out(Path::new(&format!("{path}{ending}")))?;
    }
    let url = format!("sqlite:{}?{parameters}", path.replace(' ', "%20").replace('#', "%23"));
    migrate::switch_to_wal(&url).await?;
    Ok(url)
}
