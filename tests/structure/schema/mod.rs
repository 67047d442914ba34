//! The three folders of `migrations` make the same tables, columns, keys and indexes. The SQL is
//! read, not run, so no server is needed.

mod model;
mod sql;

use crate::repository::root;
use model::Schema;
use sql::{Engine, apply};
use std::{collections::BTreeMap, fs};

/// Returns name and text of each migration of an engine, in their order.
fn migrations(engine: Engine) -> BTreeMap<String, String> {
    let folder = root().join("migrations").join(engine.folder());
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| (file.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&file).unwrap())).collect()
}

fn schema_of(engine: Engine, migrations: &BTreeMap<String, String>) -> Schema {
    let mut schema = Schema::default();
    for (name, sql) in migrations {
        apply(&mut schema, engine, sql).unwrap_or_else(|reason| panic!("migrations/{}/{name}: {reason}", engine.folder()));
    }
    schema
}

#[test]
fn the_three_folders_of_migrations_make_the_same_schema() {
    let [sqlite, mysql, postgres] = Engine::ALL.map(|engine| (engine, schema_of(engine, &migrations(engine))));
    let mut wrong = Vec::new();
    for (engine, schema) in [&sqlite, &mysql, &postgres] {
        assert!(schema.tables.len() >= 26, "only {} tables read of {engine:?}", schema.tables.len());
        wrong.extend(schema.faults().into_iter().map(|fault| format!("{}: {fault}", engine.folder())));
    }
    for (engine, schema) in [&mysql, &postgres] {
        wrong.extend(sqlite.1.differences("sqlite", schema, engine.folder()));
    }
    assert!(wrong.is_empty(), "the folders of migrations drifted apart:\n{}", wrong.join("\n"));
}

#[test]
fn every_step_makes_the_same_schema() {
    // During an upgrade, a node of the old version meets every schema in between, so each step must
    // be equal, not only their sum.
    let names = Engine::ALL.map(|engine| migrations(engine).into_keys().collect::<Vec<_>>());
    assert!(names.iter().all(|of_engine| *of_engine == names[0]), "the files are named differently: {names:?}");
    let mut schemas = Engine::ALL.map(|engine| (engine, Schema::default()));
    for name in &names[0] {
        for (engine, schema) in &mut schemas {
            apply(schema, *engine, &migrations(*engine)[name]).unwrap();
        }
        let [sqlite, others @ ..] = &schemas;
        let wrong: Vec<String> =
            others.iter().flat_map(|(engine, schema)| sqlite.1.differences("sqlite", schema, engine.folder())).collect();
        assert!(wrong.is_empty(), "{name} differs:\n{}", wrong.join("\n"));
    }
}

/// Returns the differences that appear when one line of a MySQL migration changes.
fn drift(file: &str, line: &str, instead: &str) -> String {
    let mut changed = migrations(Engine::Mysql);
    let sql = changed.get_mut(file).unwrap();
    assert!(sql.contains(line), "{file} has no {line}");
    *sql = sql.replacen(line, instead, 1);
    let sqlite = schema_of(Engine::Sqlite, &migrations(Engine::Sqlite));
    sqlite.differences("sqlite", &schema_of(Engine::Mysql, &changed), "mysql").join("\n")
}

const CONVERSATIONS: &str = "0003_conversations.sql";

#[test]
fn a_forgotten_column_is_found() {
    assert_eq!(drift(CONVERSATIONS, "    subject VARCHAR(120),\n", ""), "column conversations: \"subject\" only in sqlite");
}

#[test]
fn another_type_length_nullability_or_default_is_found() {
    let told = |instead: &str| drift(CONVERSATIONS, "subject VARCHAR(120)", instead);
    let head = "conversations.subject (type, nullable, default): (\"text of at most 120\", true, None) in sqlite, ";
    assert_eq!(told("subject VARCHAR(100)"), format!("{head}(\"text of at most 100\", true, None) in mysql"));
    assert_eq!(told("subject MEDIUMTEXT"), format!("{head}(\"text\", true, None) in mysql"));
    assert_eq!(told("subject VARCHAR(120) NOT NULL"), format!("{head}(\"text of at most 120\", false, None) in mysql"));
    assert_eq!(told("subject VARCHAR(120) DEFAULT ''"), format!("{head}(\"text of at most 120\", true, Some(\"''\")) in mysql"));
}

#[test]
fn a_forgotten_primary_unique_or_foreign_key_is_found() {
    let told = drift(CONVERSATIONS, "    PRIMARY KEY (conversation_id, user_id),\n", "");
    assert_eq!(told, "the primary key of conversation_watermarks: [\"conversation_id\", \"user_id\"] in sqlite, [] in mysql");
    let told = drift(CONVERSATIONS, "closed_at_ms BIGINT,", "closed_at_ms BIGINT UNIQUE,");
    assert_eq!(told, "unique key of conversations: [\"closed_at_ms\"] only in mysql");
    let told = drift(CONVERSATIONS, ",\n    FOREIGN KEY (message_id) REFERENCES messages (id) ON DELETE CASCADE", "");
    assert!(
        told.starts_with("foreign key of message_edits: ForeignKey { columns: [\"message_id\"]") && told.ends_with("only in sqlite"),
        "{told}"
    );
    let told = drift(CONVERSATIONS, "REFERENCES messages (id) ON DELETE CASCADE", "REFERENCES messages (id)");
    assert_eq!(told.lines().count(), 2, "{told}");
}

#[test]
fn a_forgotten_or_different_index_is_found() {
    let line = "CREATE INDEX messages_created ON messages (conversation_id, created_at_ms);";
    assert_eq!(drift(CONVERSATIONS, line, ""), "index messages: \"messages_created\" only in sqlite");
    let told = drift(CONVERSATIONS, line, "CREATE INDEX messages_created ON messages (created_at_ms, conversation_id);");
    assert!(told.starts_with("index messages_created of messages: Index { is_unique: false,"), "{told}");
    let told = drift(CONVERSATIONS, line, "CREATE UNIQUE INDEX messages_created ON messages (conversation_id, created_at_ms);");
    assert!(told.starts_with("index messages_created of messages: Index { is_unique: false,"), "{told}");
}

#[test]
fn changes_of_tables_are_followed_in_the_spelling_of_each_engine() {
    let base =
        "CREATE TABLE b (id BIGINT NOT NULL PRIMARY KEY); CREATE TABLE a (id BIGINT NOT NULL PRIMARY KEY, old VARCHAR(9), gone TEXT);";
    let more = "ALTER TABLE a ADD COLUMN b_id BIGINT; ALTER TABLE a RENAME COLUMN old TO new; ALTER TABLE a DROP COLUMN gone; CREATE INDEX a_new ON a (new);";
    let mysql_base = base.replace(");", ") ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;").replace("TEXT", "MEDIUMTEXT");
    let by_engine = [
        // SQLite changes types and keys by creating the table anew.
        (
            Engine::Sqlite,
            format!(
                "{base} CREATE TABLE c (id BIGINT NOT NULL PRIMARY KEY, old TEXT NOT NULL DEFAULT 'x', gone TEXT, b_id BIGINT REFERENCES b (id)); \
                 INSERT INTO c SELECT id, old, gone, NULL FROM a; DROP TABLE a; ALTER TABLE c RENAME TO a; \
                 ALTER TABLE a RENAME COLUMN old TO new; ALTER TABLE a DROP COLUMN gone; CREATE INDEX x ON a (id); DROP INDEX x; CREATE INDEX a_new ON a (new);"
            ),
        ),
        (
            Engine::Mysql,
            format!(
                "{mysql_base} {more} ALTER TABLE a MODIFY COLUMN new MEDIUMTEXT NOT NULL DEFAULT ('x'), ADD CONSTRAINT k FOREIGN KEY (b_id) REFERENCES b (id); \
                 CREATE INDEX x ON a (id); DROP INDEX x ON a;"
            ),
        ),
        (
            Engine::Postgres,
            format!(
                "{base} {more} ALTER TABLE a ALTER COLUMN new TYPE TEXT COLLATE \"C\", ALTER COLUMN new SET NOT NULL, ALTER COLUMN new SET DEFAULT 'x'; \
                 ALTER TABLE a ADD CONSTRAINT k FOREIGN KEY (b_id) REFERENCES b (id); CREATE INDEX x ON a (id); DROP INDEX x;"
            ),
        ),
    ];
    let [sqlite, mysql, postgres] = by_engine.map(|(engine, sql)| {
        let mut schema = Schema::default();
        apply(&mut schema, engine, &sql).unwrap();
        schema
    });
    assert_eq!(sqlite.tables["a"].columns.keys().collect::<Vec<_>>(), ["b_id", "id", "new"]);
    assert_eq!(sqlite.tables["a"].foreign_keys.len(), 1);
    for (name, other) in [("mysql", &mysql), ("postgres", &postgres)] {
        assert_eq!(sqlite.differences("sqlite", other, name), Vec::<String>::new());
        assert_eq!(other.faults(), Vec::<String>::new());
    }
}

#[test]
fn what_cannot_work_or_is_not_understood_is_refused() {
    let read = |engine, sql: &str| apply(&mut Schema::default(), engine, sql).unwrap_err();
    assert!(read(Engine::Sqlite, "CREATE TRIGGER t AFTER INSERT ON a").contains("does not know"));
    assert!(read(Engine::Sqlite, "CREATE TABLE a (id BIGINT CHECK (id > 0))").contains("\"CHECK\""));
    assert!(read(Engine::Mysql, "CREATE TABLE a (id TEXT)").contains("the type TEXT has no portable name"));
    assert!(read(Engine::Mysql, "CREATE TABLE a (id BIGINT REFERENCES b (id))").contains("does nothing"));
    assert!(read(Engine::Mysql, "CREATE TABLE a (id BIGINT)").contains("COLLATE = utf8mb4_bin expected"));
    assert!(read(Engine::Postgres, "CREATE INDEX i ON a (lower(name))").contains(") expected"));
    assert!(read(Engine::Postgres, "ALTER TABLE a ADD COLUMN b BIGINT").contains("there is no table a"));
    let faults = |sql: &str| {
        let mut schema = Schema::default();
        apply(&mut schema, Engine::Postgres, sql).unwrap();
        schema.faults().join("\n")
    };
    assert_eq!(faults("CREATE TABLE a (id VARCHAR(3) PRIMARY KEY)"), "a.id is in a key or index and lacks COLLATE \"C\"");
    assert!(faults("CREATE TABLE a (id BIGINT PRIMARY KEY REFERENCES b (id))").contains("leads nowhere"));
    assert_eq!(faults("CREATE TABLE a (id BIGINT)"), "a has no primary key");
}
