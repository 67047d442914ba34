//! Reads the SQL of the migrations into a [`Schema`]: the statements that make and change tables, keys and indexes, in the spelling of each of the three
//! engines. A statement that it does not know is an error, so that nothing is compared that was not understood.

use super::model::{Column, ForeignKey, Index, Schema, Table};

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
        let mut reader = Reader { engine, tokens: statement, at: 0 };
        reader.statement(schema).map_err(|reason| format!("{reason}, in: {}", statement.join(" ")))?;
    }
    Ok(())
}

/// Splits SQL into words, numbers, quoted texts (with their quotes) and single signs; comments are dropped. Quotes around names are dropped too.
fn tokens(sql: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut rest = sql.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("--") {
            let length = rest.find('\n').unwrap_or(rest.len());
            rest = rest[length..].trim_start();
            continue;
        } else if rest.starts_with("/*") {
            let length = rest.find("*/").ok_or("a comment does not end")? + 2;
            rest = rest[length..].trim_start();
            continue;
        } else if matches!(first, '\'' | '"' | '`') {
            let length = rest[1..].find(first).ok_or("a quote does not end")? + 2;
            found.push(if first == '\'' { rest[..length].to_owned() } else { rest[1..length - 1].to_owned() });
            rest = rest[length..].trim_start();
            continue;
        } else if is_word(first) {
            rest.find(|character| !is_word(character)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        found.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.')
}

/// Statements that change rows, not the schema.
const OF_ROWS: [&str; 6] = ["INSERT", "UPDATE", "DELETE", "PRAGMA", "SET", "SELECT"];

/// Words that end the type of a column.
const COLUMN_WORDS: [&str; 13] = [
    "NOT",
    "NULL",
    "PRIMARY",
    "UNIQUE",
    "REFERENCES",
    "DEFAULT",
    "COLLATE",
    "CONSTRAINT",
    "CHECK",
    "GENERATED",
    "AUTO_INCREMENT",
    "AUTOINCREMENT",
    "AS",
];

/// Reads one statement from its first token to its last.
struct Reader<'a> {
    engine: Engine,
    tokens: &'a [String],
    at: usize,
}

type Read<T> = Result<T, String>;

impl Reader<'_> {
    fn peek(&self) -> &str {
        self.tokens.get(self.at).map_or("", String::as_str)
    }

    fn next(&mut self) -> String {
        let token = self.peek().to_owned();
        self.at += 1;
        token
    }

    /// Takes the words if they are the next ones.
    fn take(&mut self, words: &str) -> bool {
        let wanted: Vec<&str> = words.split(' ').collect();
        let given = self.tokens.get(self.at..self.at + wanted.len()).unwrap_or_default();
        let is_next = given.len() == wanted.len() && given.iter().zip(&wanted).all(|(given, wanted)| given.eq_ignore_ascii_case(wanted));
        if is_next {
            self.at += wanted.len();
        }
        is_next
    }

    fn expect(&mut self, words: &str) -> Read<()> {
        if self.take(words) { Ok(()) } else { Err(format!("{words} expected instead of {:?}", self.peek())) }
    }

    fn ends(&self) -> Read<()> {
        if self.at >= self.tokens.len() { Ok(()) } else { Err(format!("{:?} is not understood", self.peek())) }
    }

    fn name(&mut self) -> Read<String> {
        let name = self.next();
        if name.starts_with(is_word) { Ok(name) } else { Err(format!("a name expected instead of {name:?}")) }
    }

    /// Reads `(a, b)`.
    fn names(&mut self) -> Read<Vec<String>> {
        self.expect("(")?;
        let mut names = vec![self.name()?];
        while self.take(",") {
            names.push(self.name()?);
        }
        self.expect(")")?;
        Ok(names)
    }

    fn statement(&mut self, schema: &mut Schema) -> Read<()> {
        if OF_ROWS.iter().any(|word| self.peek().eq_ignore_ascii_case(word)) {
            return Ok(());
        }
        if self.take("CREATE TABLE") {
            self.create_table(schema)
        } else if self.take("CREATE UNIQUE INDEX") {
            self.create_index(schema, true)
        } else if self.take("CREATE INDEX") {
            self.create_index(schema, false)
        } else if self.take("ALTER TABLE") {
            self.alter_table(schema)
        } else if self.take("DROP TABLE") {
            self.take("IF EXISTS");
            let name = self.name()?;
            schema.tables.remove(&name).ok_or_else(|| format!("there is no table {name}"))?;
            self.ends()
        } else if self.take("DROP INDEX") {
            self.take("IF EXISTS");
            self.drop_index(schema)
        } else {
            Err("a statement that tests/structure/schema/sql.rs does not know".to_owned())
        }
    }

    fn create_table(&mut self, schema: &mut Schema) -> Read<()> {
        self.take("IF NOT EXISTS");
        let name = self.name()?;
        let mut table = Table::default();
        self.expect("(")?;
        loop {
            self.table_entry(&mut table)?;
            if self.take(")") {
                break;
            }
            self.expect(",")?;
        }
        if self.engine == Engine::Mysql {
            // Without these, text of other alphabets is refused, and is compared and sorted in another order than elsewhere.
            self.expect("ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin")?;
        }
        self.ends()?;
        if schema.tables.insert(name.clone(), table).is_some() {
            return Err(format!("there is a table {name} already"));
        }
        Ok(())
    }

    /// Reads a column or a key of the whole table.
    fn table_entry(&mut self, table: &mut Table) -> Read<()> {
        if self.take("CONSTRAINT") {
            self.name()?;
        }
        if self.take("PRIMARY KEY") {
            table.primary_key = self.names()?;
        } else if self.take("FOREIGN KEY") {
            let columns = self.names()?;
            self.expect("REFERENCES")?;
            let key = self.referenced(columns)?;
            table.foreign_keys.insert(key);
        } else if self.take("UNIQUE") {
            // MySQL also spells it `UNIQUE KEY name (…)`.
            if self.take("KEY") || self.take("INDEX") || self.peek() != "(" {
                self.name()?;
            }
            let columns = self.names()?;
            table.unique_keys.insert(columns);
        } else {
            let name = self.name()?;
            let column = self.column(&name, table)?;
            if table.columns.insert(name.clone(), column).is_some() {
                return Err(format!("there is a column {name} already"));
            }
        }
        Ok(())
    }

    /// Reads what follows `REFERENCES`.
    fn referenced(&mut self, columns: Vec<String>) -> Read<ForeignKey> {
        let (table, there) = (self.name()?, self.names()?);
        let (mut on_delete, mut on_update) = ("NO ACTION".to_owned(), "NO ACTION".to_owned());
        loop {
            if self.take("ON DELETE") {
                on_delete = self.action()?;
            } else if self.take("ON UPDATE") {
                on_update = self.action()?;
            } else {
                return Ok(ForeignKey { columns, table, there, on_delete, on_update });
            }
        }
    }

    fn action(&mut self) -> Read<String> {
        let known = ["CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"];
        known.iter().find(|action| self.take(action)).map(ToString::to_string).ok_or_else(|| format!("{:?} is no action", self.peek()))
    }

    /// Reads a column behind its name: the type, then what else is said about it.
    fn column(&mut self, name: &str, table: &mut Table) -> Read<Column> {
        let mut column = Column { kind: self.kind()?, is_nullable: true, default: None, compares_bytes: self.engine != Engine::Postgres };
        loop {
            if self.take("NOT NULL") {
                column.is_nullable = false;
            } else if self.take("NULL") {
                column.is_nullable = true;
            } else if self.take("PRIMARY KEY") {
                table.primary_key = vec![name.to_owned()];
            } else if self.take("UNIQUE") {
                table.unique_keys.insert(vec![name.to_owned()]);
            } else if self.take("DEFAULT") {
                column.default = Some(self.default()?);
            } else if self.take("COLLATE") {
                let collation = self.name()?;
                if self.engine != Engine::Postgres || collation != "C" {
                    return Err(format!("COLLATE {collation} is not understood"));
                }
                column.compares_bytes = true;
            } else if self.engine != Engine::Mysql && self.take("REFERENCES") {
                let key = self.referenced(vec![name.to_owned()])?;
                table.foreign_keys.insert(key);
            } else if self.take("REFERENCES") {
                return Err(
                    "MySQL reads REFERENCES behind a column and does nothing: write FOREIGN KEY (…) REFERENCES … as a line of its own"
                        .to_owned(),
                );
            } else {
                return Ok(column);
            }
        }
    }

    /// Reads a type, and returns the name that it has in all engines.
    fn kind(&mut self) -> Read<String> {
        let mut words = vec![self.name()?.to_uppercase()];
        while self.peek().starts_with(is_word) && !COLUMN_WORDS.iter().any(|word| self.peek().eq_ignore_ascii_case(word)) {
            words.push(self.next().to_uppercase());
        }
        let mut kind = words.join(" ");
        if self.take("(") {
            kind.push_str(&format!("({})", self.next()));
            self.expect(")")?;
        }
        portable(self.engine, &kind).ok_or_else(|| format!("the type {kind} has no portable name in tests/structure/schema/sql.rs"))
    }

    fn default(&mut self) -> Read<String> {
        let sign = if self.take("-") { "-" } else { "" };
        // MySQL wants brackets around defaults of texts.
        let in_brackets = self.take("(");
        let value = self.next();
        if in_brackets {
            self.expect(")")?;
        }
        let is_value = value.starts_with('\'') || value.parse::<f64>().is_ok() || value.eq_ignore_ascii_case("NULL");
        if is_value { Ok(format!("{sign}{value}")) } else { Err(format!("DEFAULT {value} is not understood")) }
    }

    fn create_index(&mut self, schema: &mut Schema, is_unique: bool) -> Read<()> {
        self.take("IF NOT EXISTS");
        let name = self.name()?;
        self.expect("ON")?;
        let table = self.name()?;
        let columns = self.names()?;
        self.ends()?;
        if schema.tables.values().any(|table| table.indexes.contains_key(&name)) {
            return Err(format!("there is an index {name} already"));
        }
        schema.table(&table)?.indexes.insert(name, Index { is_unique, columns });
        Ok(())
    }

    fn drop_index(&mut self, schema: &mut Schema) -> Read<()> {
        let name = self.name()?;
        if self.take("ON") {
            self.name()?;
        }
        self.ends()?;
        let dropped: Vec<Index> = schema.tables.values_mut().filter_map(|table| table.indexes.remove(&name)).collect();
        if dropped.is_empty() { Err(format!("there is no index {name}")) } else { Ok(()) }
    }

    fn alter_table(&mut self, schema: &mut Schema) -> Read<()> {
        let name = self.name()?;
        if self.take("RENAME TO") {
            let table = schema.tables.remove(&name).ok_or_else(|| format!("there is no table {name}"))?;
            let new_name = self.name()?;
            schema.rename_references(&name, &new_name);
            schema.tables.insert(new_name, table);
            return self.ends();
        }
        loop {
            self.alteration(&name, schema)?;
            if !self.take(",") {
                return self.ends();
            }
        }
    }

    fn alteration(&mut self, name: &str, schema: &mut Schema) -> Read<()> {
        let table = schema.table(name)?;
        if self.take("ADD COLUMN") || self.take("ADD") {
            self.table_entry(table)
        } else if self.take("DROP PRIMARY KEY") {
            table.primary_key.clear();
            Ok(())
        } else if self.take("DROP INDEX") {
            let index = self.name()?;
            table.indexes.remove(&index).map(drop).ok_or_else(|| format!("there is no index {index}"))
        } else if self.take("DROP COLUMN") {
            let column = self.name()?;
            table.drop_column(&column)
        } else if self.take("RENAME COLUMN") {
            let old = self.name()?;
            self.expect("TO")?;
            let new = self.name()?;
            schema.rename_column(name, &old, &new)
        } else if self.engine == Engine::Mysql && (self.take("MODIFY COLUMN") || self.take("MODIFY")) {
            let column = self.name()?;
            let changed = self.column(&column, table)?;
            table.columns.insert(column.clone(), changed).map(drop).ok_or_else(|| format!("there is no column {column}"))
        } else if self.engine == Engine::Postgres && (self.take("ALTER COLUMN") || self.take("ALTER")) {
            let column = self.name()?;
            let changed = table.columns.get_mut(&column).ok_or_else(|| format!("there is no column {column}"))?;
            self.change(changed)
        } else {
            Err(format!("{:?} is not understood", self.peek()))
        }
    }

    /// Reads what follows PostgreSQL's `ALTER COLUMN name`.
    fn change(&mut self, column: &mut Column) -> Read<()> {
        if self.take("SET NOT NULL") {
            column.is_nullable = false;
        } else if self.take("DROP NOT NULL") {
            column.is_nullable = true;
        } else if self.take("SET DEFAULT") {
            column.default = Some(self.default()?);
        } else if self.take("DROP DEFAULT") {
            column.default = None;
        } else if self.take("TYPE") || self.take("SET DATA TYPE") {
            column.kind = self.kind()?;
            column.compares_bytes = self.take("COLLATE C");
        } else {
            return Err(format!("{:?} is not understood", self.peek()));
        }
        Ok(())
    }
}

/// Returns the name of a type that is the same for types that hold the same values in every engine. `TEXT` of MySQL ends at 64 KiB, so it is not
/// the `TEXT` of the others: that is `MEDIUMTEXT`.
fn portable(engine: Engine, kind: &str) -> Option<String> {
    let name = match (engine, kind) {
        (_, "BIGINT") | (Engine::Sqlite, "INTEGER") => "integer of 64 bits",
        (Engine::Mysql, "MEDIUMTEXT" | "LONGTEXT") | (Engine::Sqlite | Engine::Postgres, "TEXT") => "text",
        (Engine::Mysql, "MEDIUMBLOB" | "LONGBLOB") | (Engine::Sqlite, "BLOB") | (Engine::Postgres, "BYTEA") => "bytes",
        (Engine::Mysql, "DOUBLE") | (Engine::Sqlite, "REAL") | (Engine::Postgres, "DOUBLE PRECISION") => "number",
        _ => return kind.strip_prefix("VARCHAR(").map(|length| format!("text of at most {}", length.trim_end_matches(')'))),
    };
    Some(name.to_owned())
}
