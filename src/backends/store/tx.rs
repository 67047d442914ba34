//! Owns [`Tx`], the transaction of a use case, and decides what becomes of its connection. Called
//! by [`Store`]; must not know any table.
//!
//! - A connection goes back to the pool only after the database answered COMMIT or ROLLBACK with
//!   success.
//! - Every other one is closed: the next user of a connection in an unknown state would write into
//!   a stranger's transaction, or not at all.
//! - After a failed statement a transaction can only be dropped, on all engines as on PostgreSQL:
//!   SQLite may have ended it by itself (a full disk), and what came after would be written outside
//!   of it.
//!
//! The statements are ours, not sqlx's `Transaction`: that one counts savepoints by its own, and a
//! connection whose COMMIT or ROLLBACK failed goes back to the pool with a count that is wrong for
//! ever.

use super::{
    BackendError, BackendResult, Engine, Store,
    sql::{self, Sql},
    write_health::WriteHealth,
};
use sqlx::{Any, AnyConnection, Executor as _, any::AnyRow, pool::PoolConnection};
use std::time::Duration;
use tokio::{runtime::Handle, sync::OwnedMutexGuard, time::timeout};

/// How long a rollback may take, and the closing of a connection; after it the connection is cut.
const PATIENCE: Duration = Duration::from_secs(5);

/// A transaction; dropped without [`Tx::commit`] it is rolled back.
#[derive(Debug)]
pub struct Tx {
    /// `None` once the transaction has ended well.
    connection: Option<Leased>,
    state: State,
    pub(super) engine: Engine,
    health: WriteHealth,
    writer: Option<OwnedMutexGuard<()>>,
}

/// What is known about a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Every statement so far succeeded.
    Sound,
    /// A statement failed; a rollback shows whether the connection is still good.
    Failed,
    /// A statement was sent and its answer not seen, or BEGIN or COMMIT failed: nobody knows.
    Unknown,
}

impl Tx {
    /// Begins a transaction; see [`Store::begin`].
    pub(super) async fn begin(store: &Store) -> BackendResult<Self> {
        let writer = store.take_turn().await?;
        let connection = store.health.watch(store.pool.acquire().await)?;
        let begin = match store.engine {
            // A transaction that reads first and writes later could not be upgraded while another
            // one writes.
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::MySql | Engine::Postgres => "BEGIN",
        };
        let connection = Some(Leased(Some(connection)));
        let mut tx = Self { connection, state: State::Sound, engine: store.engine, health: store.health.clone(), writer };
        let begun = tx.enter()?.execute(begin).await;
        tx.health.watch(begun)?;
        tx.state = State::Sound;
        Ok(tx)
    }

    /// Makes the writes last. Fails with [`BackendError::Database`]; then nothing was written,
    /// unless the connection broke while the database answered.
    pub async fn commit(mut self) -> BackendResult<()> {
        let committed = self.enter()?.execute("COMMIT").await;
        self.health.watch(committed)?;
        if let Some(connection) = self.connection.take() {
            connection.give_back();
        }
        Ok(())
    }

    pub(super) async fn fetch_all(&mut self, sql: Sql) -> BackendResult<Vec<AnyRow>> {
        let engine = self.engine;
        let result = sql.fetch_all(engine, self.enter()?).await;
        self.leave(result)
    }

    pub(super) async fn fetch_optional(&mut self, sql: Sql) -> BackendResult<Option<AnyRow>> {
        let engine = self.engine;
        let result = sql.fetch_optional(engine, self.enter()?).await;
        self.leave(result)
    }

    pub(super) async fn fetch_one(&mut self, sql: Sql) -> BackendResult<AnyRow> {
        self.fetch_optional(sql).await?.ok_or(BackendError::Database(sqlx::Error::RowNotFound))
    }

    pub(super) async fn execute(&mut self, sql: Sql) -> BackendResult<u64> {
        let engine = self.engine;
        let result = sql.execute(engine, self.enter()?).await;
        self.leave(result)
    }

    /// Inserts a row; returns whether it is new. The transaction stays usable either way (a failed
    /// statement would end it on PostgreSQL).
    pub(super) async fn insert(&mut self, sql: Sql) -> BackendResult<bool> {
        Ok(self.execute_unless_taken(sql).await?.is_some())
    }

    /// Inserts rows without a savepoint, which costs two more round trips. `false`: a unique key is
    /// taken; then the transaction can only be dropped.
    pub(super) async fn insert_or_end(&mut self, sql: Sql) -> BackendResult<bool> {
        let engine = self.engine;
        let inserted = sql::unless_taken(sql.execute(engine, self.enter()?).await).map(|rows| rows.is_some());
        let inserted = self.leave(inserted)?;
        if !inserted {
            self.state = State::Failed;
        }
        Ok(inserted)
    }

    /// Runs a writing statement; `None` when a unique key is taken, else the rows it matched. The
    /// transaction stays usable either way.
    pub(super) async fn execute_unless_taken(&mut self, sql: Sql) -> BackendResult<Option<u64>> {
        let engine = self.engine;
        let result = execute_within_savepoint(sql, engine, self.enter()?).await;
        self.leave(result)
    }

    /// Returns the connection for one statement. Until [`Tx::leave`] nobody knows what became of
    /// it: its future may be dropped.
    fn enter(&mut self) -> BackendResult<&mut AnyConnection> {
        if self.state != State::Sound {
            return Err(BackendError::Internal("a statement in a transaction that failed"));
        }
        self.state = State::Unknown;
        let connection = self.connection.as_mut().and_then(|leased| leased.0.as_mut());
        connection.map(|connection| &mut **connection).ok_or(BackendError::Internal("a transaction without a connection"))
    }

    /// Notes how the statement of [`Tx::enter`] ended.
    fn leave<T>(&mut self, result: sqlx::Result<T>) -> BackendResult<T> {
        self.state = if result.is_ok() { State::Sound } else { State::Failed };
        Ok(self.health.watch(result)?)
    }
}

async fn execute_within_savepoint(sql: Sql, engine: Engine, connection: &mut AnyConnection) -> sqlx::Result<Option<u64>> {
    connection.execute("SAVEPOINT unless_taken").await?;
    let rows = sql::unless_taken(sql.execute(engine, &mut *connection).await)?;
    if rows.is_none() {
        connection.execute("ROLLBACK TO SAVEPOINT unless_taken").await?;
    }
    connection.execute("RELEASE SAVEPOINT unless_taken").await?;
    Ok(rows)
}

impl Drop for Tx {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        // Without a runtime the connection is cut, and the database rolls back.
        let Ok(runtime) = Handle::try_current() else { return };
        let (state, writer) = (self.state, self.writer.take());
        runtime.spawn(async move {
            connection.end(state).await;
            // Only now is it the next writer's turn.
            drop(writer);
        });
    }
}

/// A connection of the pool that does not go back by itself: dropped, it is cut.
#[derive(Debug)]
struct Leased(Option<PoolConnection<Any>>);

impl Leased {
    /// Gives the connection back to the pool.
    fn give_back(mut self) {
        drop(self.0.take());
    }

    /// Rolls back if that may help, and closes the connection unless it did.
    async fn end(mut self, state: State) {
        if state != State::Unknown && self.roll_back().await {
            return self.give_back();
        }
        if let Some(connection) = self.0.take() {
            // A failure here loses nothing: the transaction is over either way.
            let _ = timeout(PATIENCE, connection.close()).await;
        }
    }

    async fn roll_back(&mut self) -> bool {
        let Some(connection) = self.0.as_mut() else { return false };
        match timeout(PATIENCE, connection.execute("ROLLBACK")).await {
            Ok(Ok(_)) => return true,
            Ok(Err(error)) => tracing::debug!(%error, "a connection is closed: its transaction was not rolled back"),
            Err(_) => tracing::debug!("a connection is closed: the rollback of its transaction was not answered"),
        }
        false
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}
