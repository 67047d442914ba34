//! Owns the spelling of queries: one text per query for three engines. Called by every file of this
//! folder; must not know a table.
//!
//! - Texts are written with `?`, `ON CONFLICT` and `AS BIGINT`. This file makes `$1, $2, …` of them
//!   for PostgreSQL, `ON DUPLICATE KEY` and `AS SIGNED` for MySQL, once per fixed text.
//! - User input only ever travels as an argument.
//! - A write of many columns is a row of [`Values`], where each column stands beside its value.

use super::Engine;
use crate::domain::{
    companion::{AnswerKind, AnswerStatus, Fault},
    conversations::conversation::ConversationState,
    files::material::MaterialStatus,
    ids::{
        AlertId, AppointmentId, AuditId, CannedReplyId, ConversationId, LogId, LoginId, MaterialId, MessageId, NodeId, NoteId, NoticeId,
        ThreadId, UserId, WebhookEventId,
    },
    language::Language,
    live::audience::Audience,
    principal::Role,
};
use dashmap::DashMap;
use sqlx::{Any, Executor, any::AnyRow, query::Query};
use std::{borrow::Cow, fmt::Write as _, sync::LazyLock};

/// The character that makes `%` and `_` ordinary in a LIKE pattern; a backslash would mean
/// different things on the engines.
const LIKE_ESCAPE: char = '!';
/// Most words of a search that are looked for; the rest is ignored.
const MAX_WORDS: usize = 8;

/// Texts already made for an engine that needs another spelling; as many as there are queries in
/// this crate.
static SPELLINGS: LazyLock<DashMap<(Engine, &'static str), &'static str>> = LazyLock::new(DashMap::new);

/// A value bound to a `?`.
#[derive(Debug, Clone)]
pub(super) enum Argument {
    Text(Option<String>),
    Int(Option<i64>),
}

macro_rules! arguments {
    (text: $($type:ty),+) => {$(
        impl From<$type> for Argument {
            fn from(value: $type) -> Self { Self::Text(Some(value.to_string())) }
        }
        impl From<Option<$type>> for Argument {
            fn from(value: Option<$type>) -> Self { Self::Text(value.map(|value| value.to_string())) }
        }
    )+};
    (name: $($type:ty),+) => {$(
        impl From<$type> for Argument {
            fn from(value: $type) -> Self { Self::Text(Some(value.as_str().to_owned())) }
        }
    )+};
}
arguments!(text: &str, &String, Audience, UserId, LoginId, MaterialId, NoticeId, LogId, NodeId, AuditId);
arguments!(text: AppointmentId, ConversationId, MessageId, NoteId, CannedReplyId, AlertId, ThreadId, WebhookEventId);
arguments!(name: Role, MaterialStatus, ConversationState, AnswerKind, AnswerStatus, Fault, Language);

impl From<String> for Argument {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<i64> for Argument {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<i32> for Argument {
    fn from(value: i32) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<u32> for Argument {
    fn from(value: u32) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<Option<i64>> for Argument {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

/// One row to write: every column stands beside its value, so neither can slip against the other.
#[derive(Debug, Default)]
pub(super) struct Values {
    columns: Vec<&'static str>,
    arguments: Vec<Argument>,
}

impl Values {
    /// Starts an empty row.
    pub(super) const fn new() -> Self {
        Self { columns: Vec::new(), arguments: Vec::new() }
    }

    /// Adds a column (fixed text) and its value.
    pub(super) fn set(mut self, column: &'static str, value: impl Into<Argument>) -> Self {
        self.columns.push(column);
        self.arguments.push(value.into());
        self
    }
}

/// A query and its arguments. Starts from a fixed text; filters are pushed as fixed texts too.
#[derive(Debug)]
pub(super) struct Sql {
    text: Cow<'static, str>,
    arguments: Vec<Argument>,
    /// Whether texts of this kind come in many lengths; a connection does not keep those among its
    /// prepared statements.
    has_list: bool,
}

impl Sql {
    /// Starts a query.
    pub(super) const fn new(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), arguments: Vec::new(), has_list: false }
    }

    /// Starts `INSERT INTO table (…) VALUES (…)` of one row.
    pub(super) fn insert(table: &'static str, row: Values) -> Self {
        Self { has_list: false, ..Self::insert_rows(table, vec![row]) }
    }

    /// Starts `INSERT INTO table (…) VALUES (…), …`. The rows set the same columns in the same
    /// order.
    pub(super) fn insert_rows(table: &'static str, rows: Vec<Values>) -> Self {
        let columns = rows.first().map(|row| row.columns.clone()).unwrap_or_default();
        debug_assert!(rows.iter().all(|row| row.columns == columns), "rows of {table} with different columns");
        let marks = format!("({})", vec!["?"; columns.len()].join(", "));
        let text = format!("INSERT INTO {table} ({}) VALUES {}", columns.join(", "), vec![marks; rows.len()].join(", "));
        Self { text: Cow::Owned(text), arguments: rows.into_iter().flat_map(|row| row.arguments).collect(), has_list: true }
    }

    /// Starts `UPDATE table SET …`; push the WHERE behind it.
    pub(super) fn update(table: &'static str, row: Values) -> Self {
        let text = format!("UPDATE {table} SET {} = ?", row.columns.join(" = ?, "));
        Self { text: Cow::Owned(text), arguments: row.arguments, has_list: false }
    }

    /// Gives the next `?` its value.
    pub(super) fn bind(mut self, value: impl Into<Argument>) -> Self {
        self.arguments.push(value.into());
        self
    }

    /// Adds a fixed piece of text.
    pub(super) fn push(mut self, text: &'static str) -> Self {
        self.text.to_mut().push_str(text);
        self
    }

    /// Adds `text` and its value if there is one.
    pub(super) fn push_if(self, text: &'static str, value: Option<impl Into<Argument>>) -> Self {
        match value {
            Some(value) => self.push(text).bind(value),
            None => self,
        }
    }

    /// Adds `(?, ?, …)` with the values; no values make `(NULL)`, which matches nothing.
    pub(super) fn push_list(mut self, values: impl IntoIterator<Item = impl Into<Argument>>) -> Self {
        let before = self.arguments.len();
        self.has_list = true;
        self.arguments.extend(values.into_iter().map(Into::into));
        let marks = vec!["?"; self.arguments.len() - before].join(", ");
        self.text.to_mut().push_str(&if marks.is_empty() { "(NULL)".to_owned() } else { format!("({marks})") });
        self
    }

    /// Adds a condition per word of `search`: `column` (fixed text, holding lower-cased text)
    /// contains it.
    pub(super) fn push_words(mut self, column: &'static str, search: Option<&str>) -> Self {
        for word in search.unwrap_or_default().split_whitespace().take(MAX_WORDS) {
            self.has_list = true;
            self = self.push(" AND ").push(column).push(" LIKE ? ESCAPE '!'").bind(containing(word));
        }
        self
    }

    pub(super) async fn fetch_all<'c>(self, engine: Engine, to: impl Executor<'c, Database = Any>) -> sqlx::Result<Vec<AnyRow>> {
        self.prepare(engine).fetch_all(to).await
    }

    pub(super) async fn fetch_optional<'c>(self, engine: Engine, to: impl Executor<'c, Database = Any>) -> sqlx::Result<Option<AnyRow>> {
        self.prepare(engine).fetch_optional(to).await
    }

    /// Runs a writing statement; returns the rows it matched.
    pub(super) async fn execute<'c>(self, engine: Engine, to: impl Executor<'c, Database = Any>) -> sqlx::Result<u64> {
        Ok(self.prepare(engine).execute(to).await?.rows_affected())
    }

    fn prepare(self, engine: Engine) -> Query<'static, Any, sqlx::any::AnyArguments> {
        let query = match self.text {
            Cow::Borrowed(text) => sqlx::query(spelled(engine, text)),
            // Safe: made of fixed pieces, names of columns and question marks only.
            Cow::Owned(text) => sqlx::query(sqlx::AssertSqlSafe(spell(engine, &text))).persistent(!self.has_list),
        };
        self.arguments.into_iter().fold(query, |query, argument| match argument {
            Argument::Text(value) => query.bind(value),
            Argument::Int(value) => query.bind(value),
        })
    }
}

/// Says what became of a write: the rows it matched, or `None` because a unique key exists.
pub(super) fn unless_taken(result: sqlx::Result<u64>) -> sqlx::Result<Option<u64>> {
    match result {
        Ok(rows) => Ok(Some(rows)),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns what search columns hold of a text: lower case by Unicode, which the engines would do
/// differently.
pub(super) fn searchable(parts: &[&str]) -> String {
    parts.join("\n").to_lowercase()
}

/// Returns the LIKE pattern for "contains `word`".
fn containing(word: &str) -> String {
    let mut pattern = String::with_capacity(word.len() + 2);
    pattern.push('%');
    for c in word.to_lowercase().chars() {
        if matches!(c, '%' | '_' | LIKE_ESCAPE) {
            pattern.push(LIKE_ESCAPE);
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Returns a fixed text in the spelling of `engine`, made once.
fn spelled(engine: Engine, text: &'static str) -> &'static str {
    if engine == Engine::Sqlite {
        return text;
    }
    if let Some(known) = SPELLINGS.get(&(engine, text)) {
        return *known;
    }
    let made: &'static str = Box::leak(spell(engine, text).into_boxed_str());
    SPELLINGS.insert((engine, text), made);
    made
}

fn spell(engine: Engine, text: &str) -> String {
    match engine {
        Engine::Sqlite => text.to_owned(),
        Engine::Postgres => number_marks(text),
        Engine::MySql => spell_upsert(&text.replace(" AS BIGINT)", " AS SIGNED)")),
    }
}

/// Makes `$1, $2, …` of the question marks. Our texts hold none inside quotes.
fn number_marks(text: &str) -> String {
    let mut numbered = String::with_capacity(text.len() + 16);
    let mut count = 0;
    for c in text.chars() {
        if c == '?' {
            count += 1;
            // Writing to a String cannot fail.
            let _ = write!(numbered, "${count}");
        } else {
            numbered.push(c);
        }
    }
    numbered
}

/// Makes `ON DUPLICATE KEY UPDATE …` of `ON CONFLICT (columns) DO NOTHING` or `DO UPDATE SET …
/// excluded.column …` at the end of a text.
fn spell_upsert(text: &str) -> String {
    let Some((head, conflict)) = text.split_once(" ON CONFLICT (") else {
        return text.to_owned();
    };
    let (columns, action) = conflict.split_once(')').unwrap_or((conflict, ""));
    let key = columns.split(',').next().unwrap_or_default().trim();
    let changes = match action.trim().strip_prefix("DO UPDATE SET ") {
        Some(changes) => excluded_as_values(changes),
        None => format!("{key} = VALUES({key})"),
    };
    format!("{head} ON DUPLICATE KEY UPDATE {changes}")
}

/// Makes `VALUES(column)` of every `excluded.column`.
fn excluded_as_values(changes: &str) -> String {
    let mut pieces = changes.split("excluded.");
    let mut spelled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(piece.len());
        let (column, rest) = piece.split_at(end);
        // Writing to a String cannot fail.
        let _ = write!(spelled, "VALUES({column}){rest}");
    }
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_marks_are_numbered_for_postgres_and_kept_elsewhere() {
        let text = "SELECT a FROM t WHERE b = ? AND c IN (?, ?)";
        assert_eq!(spelled(Engine::Postgres, text), "SELECT a FROM t WHERE b = $1 AND c IN ($2, $3)");
        assert_eq!(spelled(Engine::MySql, text), text);
        assert_eq!(spelled(Engine::Sqlite, text), text);
    }

    #[test]
    fn a_spelling_is_made_once() {
        let text = "SELECT ? + ?";
        assert!(std::ptr::eq(spelled(Engine::Postgres, text), spelled(Engine::Postgres, text)));
    }

    #[test]
    fn upserts_and_casts_are_respelled_for_mysql_only() {
        let upsert = "INSERT INTO t (a, b, c) VALUES (?, ?, ?) ON CONFLICT (a, b) DO UPDATE SET c = t.c + excluded.c, d = excluded.d";
        let spelled = spell(Engine::MySql, upsert);
        assert_eq!(spelled, "INSERT INTO t (a, b, c) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE c = t.c + VALUES(c), d = VALUES(d)");
        let ignore = "INSERT INTO t (a) SELECT ? FROM u WHERE x = ? ON CONFLICT (a) DO NOTHING";
        assert_eq!(spell(Engine::MySql, ignore), "INSERT INTO t (a) SELECT ? FROM u WHERE x = ? ON DUPLICATE KEY UPDATE a = VALUES(a)");
        assert_eq!(spell(Engine::MySql, "SELECT CAST(SUM(a) AS BIGINT) FROM t"), "SELECT CAST(SUM(a) AS SIGNED) FROM t");
        assert!(spell(Engine::Postgres, upsert).contains("ON CONFLICT (a, b) DO UPDATE"));
        assert_eq!(spell(Engine::Sqlite, upsert), upsert);
    }

    #[test]
    fn wildcards_of_the_user_are_ordinary_characters() {
        assert_eq!(containing("50%_Ö!"), "%50!%!_ö!!%");
        let sql = Sql::new("SELECT 1 WHERE 1 = 1").push_words("search_text", Some("  a  b% "));
        assert_eq!(sql.text, "SELECT 1 WHERE 1 = 1 AND search_text LIKE ? ESCAPE '!' AND search_text LIKE ? ESCAPE '!'");
        assert!(matches!(&sql.arguments[1], Argument::Text(Some(text)) if text == "%b!%%"));
        assert_eq!(Sql::new("x").push_words("c", Some(&"w ".repeat(50))).arguments.len(), MAX_WORDS);
    }

    #[test]
    fn a_column_and_its_value_stay_together() {
        let row = |a: i64| Values::new().set("a", a).set("b", "x");
        let insert = Sql::insert("t", row(1)).push(" ON CONFLICT (a) DO NOTHING");
        assert_eq!(insert.text, "INSERT INTO t (a, b) VALUES (?, ?) ON CONFLICT (a) DO NOTHING");
        assert!(matches!(&insert.arguments[..], [Argument::Int(Some(1)), Argument::Text(Some(text))] if text == "x") && !insert.has_list);
        let rows = Sql::insert_rows("t", vec![row(1), row(2)]);
        assert_eq!(rows.text, "INSERT INTO t (a, b) VALUES (?, ?), (?, ?)");
        assert!(matches!(rows.arguments[2], Argument::Int(Some(2))) && rows.has_list);
        let update = Sql::update("t", row(3)).push(" WHERE id = ?").bind("i");
        assert_eq!((&*update.text, update.arguments.len()), ("UPDATE t SET a = ?, b = ? WHERE id = ?", 3));
    }

    #[test]
    fn an_empty_list_matches_nothing() {
        assert_eq!(Sql::new("a IN ").push_list(Vec::<String>::new()).text, "a IN (NULL)");
        assert_eq!(Sql::new("a IN ").push_list(["x", "y"]).text, "a IN (?, ?)");
    }
}
