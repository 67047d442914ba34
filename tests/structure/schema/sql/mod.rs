//! Reads the SQL of the migrations into a [`Schema`]: the statements that make and change tables,
//! keys and indexes, in the spelling of each of the three engines. An unknown statement is an
//! error, so that no comparison skips one.

mod columns;
mod reader;
mod statements;

use super::model::Schema;
use reader::{Reader, tokens};

/// An SQL engine with a folder of its own in `migrations`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Mysql,
    Postgres,
}

impl Engine {
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Mysql, Self::Postgres];

    /// Returns the name of the engine's folder in `migrations`.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Mysql => "mysql",
            Self::Postgres => "postgres",
        }
    }
}

/// Applies the statements of one migration to `schema`.
pub fn apply(schema: &mut Schema, engine: Engine, sql: &str) -> Result<(), String> {
    for statement in tokens(sql)?.split(|token| token == ";").filter(|statement| !statement.is_empty()) {
        let mut reader = Reader::new(engine, statement);
        reader.statement(schema).map_err(|reason| format!("{reason}, in: {}", statement.join(" ")))?;
    }
    Ok(())
}
