//! Reads the statements that make and change tables and indexes.

use super::{
    super::model::{Index, Schema, Table},
    Engine,
    reader::{Read, Reader},
};

/// Statements that change rows, not the schema.
const OF_ROWS: [&str; 6] = ["INSERT", "UPDATE", "DELETE", "PRAGMA", "SET", "SELECT"];

impl Reader<'_> {
    pub(super) fn statement(&mut self, schema: &mut Schema) -> Read<()> {
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
            Err("a statement that tests/structure/schema/sql does not know".to_owned())
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
            // Without these, text of other alphabets is refused, or compared and sorted in another
            // order than elsewhere.
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
}
