//! Reads columns: types, defaults, references, and PostgreSQL's changes to them.

use super::{
    super::model::{Column, ForeignKey, Table},
    Engine,
    reader::{Read, Reader, is_word},
};

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

impl Reader<'_> {
    /// Reads the text after `REFERENCES`.
    pub(super) fn referenced(&mut self, columns: Vec<String>) -> Read<ForeignKey> {
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

    /// Reads a column after its name: the type, then its attributes.
    pub(super) fn column(&mut self, name: &str, table: &mut Table) -> Read<Column> {
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
        portable(self.engine, &kind).ok_or_else(|| format!("the type {kind} has no portable name in tests/structure/schema/sql"))
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

    /// Reads the text after PostgreSQL's `ALTER COLUMN name`.
    pub(super) fn change(&mut self, column: &mut Column) -> Read<()> {
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

/// Returns the name of a type that is the same for types that hold the same values in every engine.
/// `TEXT` of MySQL ends at 64 KiB, so it is not the `TEXT` of the others: that is `MEDIUMTEXT`.
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
