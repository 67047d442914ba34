//! Makes a fresh, migrated database per test, on SQLite, MariaDB or PostgreSQL. Included with
//! `#[path]` by the test binaries.

#![allow(dead_code, reason = "no test binary uses all of it")]

use educounsel::backends::store::Store;
use educounsel::backends::store::UserRow;
use educounsel::domain::{clock::Clock, ids::UserId, principal::Role};
use sqlx::{Connection as _, Executor as _};

/// Connections per store. Few, because all tests share the servers.
const MAX_CONNECTIONS: u32 = 6;

/// The kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    Sqlite,
    MariaDb,
    Postgres,
}

/// The database of one test. It is removed when this value is dropped, because hundreds of them
/// would fill a small disk.
pub struct TestDatabase {
    pub url: String,
    /// The folder of SQLite's file.
    _folder: Option<tempfile::TempDir>,
    /// The URL of its server, and the statements that remove it there.
    on_server: Option<(String, Vec<String>)>,
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some((server, statements)) = self.on_server.take() else { return };
        // On its own thread, because a runtime must not wait for another one. If this fails, it
        // only costs disk space until the server's folder is removed.
        let remove = async move {
            let mut connection = sqlx::AnyConnection::connect(&server).await?;
            for statement in statements {
                connection.execute(sqlx::AssertSqlSafe(statement)).await?;
            }
            connection.close().await
        };
        let _ = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build().map(|runtime| runtime.block_on(remove))
        })
        .join();
    }
}

impl TestDatabase {
    /// Makes an empty database without tables. Fails, never skips, when the server's URL is not
    /// set.
    pub async fn create(database: Database) -> Self {
        match database {
            Database::Sqlite => {
                let folder = tempfile::tempdir().expect("a temporary folder");
                let url = format!("sqlite://{}", folder.path().join("data/educounsel.db").display());
                Self { url, _folder: Some(folder), on_server: None }
            }
            Database::MariaDb => Self::on_server("TEST_MARIADB_URL").await,
            Database::Postgres => Self::on_server("TEST_POSTGRES_URL").await,
        }
    }

    async fn on_server(variable: &str) -> Self {
        let server = server_url(variable);
        let name = format!("t_{}", UserId::generate().to_string().replace('-', ""));
        sqlx::any::install_default_drivers();
        let mut connection = sqlx::AnyConnection::connect(&server).await.unwrap_or_else(|error| panic!("{variable}: {error}"));
        connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.expect("CREATE DATABASE");
        connection.close().await.expect("close");
        let (address, _) = split_database(&server);
        // Other connections may still be open when a test ends.
        let removal = match variable {
            "TEST_POSTGRES_URL" => vec![format!("DROP DATABASE {name} WITH (FORCE)")],
            _ => vec!["SET SESSION lock_wait_timeout = 2".to_owned(), format!("DROP DATABASE {name}")],
        };
        Self { url: format!("{address}/{name}"), _folder: None, on_server: Some((server, removal)) }
    }

    /// Opens a store on this database, as a further node would.
    pub async fn connect(&self) -> Store {
        Store::connect(&self.url, MAX_CONNECTIONS).await.expect("connect")
    }
}

/// Returns the URL of a test server; panics with instructions when it is not set.
pub fn server_url(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run `make test`, or scripts/with-test-servers COMMAND"))
}

/// Splits `scheme://user@host:port/name` at the slash before the name.
fn split_database(url: &str) -> (&str, &str) {
    let from = url.find("://").map_or(0, |at| at + 3);
    url[from..].find('/').map_or((url, ""), |at| (&url[..from + at], &url[from + at + 1..]))
}

/// A migrated store and its database.
pub struct Fixture {
    pub database: TestDatabase,
    pub store: Store,
}

impl Fixture {
    /// Makes a migrated store on a fresh database.
    pub async fn new(database: Database) -> Self {
        let database = TestDatabase::create(database).await;
        let store = database.connect().await;
        store.migrate().await.expect("migrate");
        Self { database, store }
    }
}

/// Returns an account that can be inserted.
pub fn new_user(login: &str, role: Role) -> UserRow {
    UserRow {
        id: UserId::generate(),
        login: login.into(),
        name: format!("{} Name", login.to_uppercase()),
        role,
        password_hash: "$argon2id$none".into(),
        disabled_at_ms: None,
        last_login_at_ms: None,
        created_at_ms: Clock::System.now_ms(),
    }
}
