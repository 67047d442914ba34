//! The schema of a database after all migrations, in words that are the same for every engine.

use std::collections::{BTreeMap, BTreeSet};

/// All tables, by name.
#[derive(Debug, Default)]
pub struct Schema {
    pub tables: BTreeMap<String, Table>,
}

/// A table. It leaves out the names of constraints, which engines choose themselves, but not those
/// of indexes, which are ours and the same everywhere.
#[derive(Debug, Default)]
pub struct Table {
    pub columns: BTreeMap<String, Column>,
    pub primary_key: Vec<String>,
    pub unique_keys: BTreeSet<Vec<String>>,
    pub foreign_keys: BTreeSet<ForeignKey>,
    pub indexes: BTreeMap<String, Index>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The type, by a word that is the same for types that hold the same values.
    pub kind: String,
    pub is_nullable: bool,
    pub default: Option<String>,
    /// Whether text is compared and sorted by its bytes, so that the order is the same in every
    /// engine.
    pub compares_bytes: bool,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ForeignKey {
    pub columns: Vec<String>,
    pub table: String,
    pub there: Vec<String>,
    pub on_delete: String,
    pub on_update: String,
}

/// An index; the order of its columns matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    pub is_unique: bool,
    pub columns: Vec<String>,
}

impl Schema {
    pub fn table(&mut self, name: &str) -> Result<&mut Table, String> {
        self.tables.get_mut(name).ok_or_else(|| format!("there is no table {name}"))
    }

    /// Points the foreign keys of all tables to the new name of a table.
    pub fn rename_references(&mut self, old: &str, new: &str) {
        for table in self.tables.values_mut() {
            let renamed =
                |key: &ForeignKey| ForeignKey { table: if key.table == old { new.to_owned() } else { key.table.clone() }, ..key.clone() };
            table.foreign_keys = table.foreign_keys.iter().map(renamed).collect();
        }
    }

    /// Renames a column, also in the keys and indexes of its table and in the foreign keys that
    /// point to it.
    pub fn rename_column(&mut self, table: &str, old: &str, new: &str) -> Result<(), String> {
        let renamed = |names: &[String]| -> Vec<String> {
            names.iter().map(|name| if name == old { new.to_owned() } else { name.clone() }).collect()
        };
        let changed = self.table(table)?;
        let column = changed.columns.remove(old).ok_or_else(|| format!("there is no column {old}"))?;
        changed.columns.insert(new.to_owned(), column);
        changed.primary_key = renamed(&changed.primary_key);
        changed.unique_keys = changed.unique_keys.iter().map(|key| renamed(key)).collect();
        changed.foreign_keys =
            changed.foreign_keys.iter().map(|key| ForeignKey { columns: renamed(&key.columns), ..key.clone() }).collect();
        changed.indexes.values_mut().for_each(|index| index.columns = renamed(&index.columns));
        for other in self.tables.values_mut() {
            let led =
                |key: &ForeignKey| if key.table == table { ForeignKey { there: renamed(&key.there), ..key.clone() } } else { key.clone() };
            other.foreign_keys = other.foreign_keys.iter().map(led).collect();
        }
        Ok(())
    }

    /// Returns errors of the schema: keys and indexes of columns that do not exist, foreign keys to
    /// no column or to other types, indexed text that this engine would sort by the rules of a
    /// language.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, table) in &self.tables {
            let keys = [&table.primary_key].into_iter().chain(&table.unique_keys).chain(table.indexes.values().map(|index| &index.columns));
            for column in keys.flatten() {
                match table.columns.get(column) {
                    None => faults.push(format!("{name}.{column} is in a key or index and does not exist")),
                    Some(found) if found.kind.starts_with("text") && !found.compares_bytes => {
                        faults.push(format!("{name}.{column} is in a key or index and lacks COLLATE \"C\""));
                    }
                    Some(_) => {}
                }
            }
            if table.primary_key.is_empty() {
                faults.push(format!("{name} has no primary key"));
            }
            for key in &table.foreign_keys {
                let kinds = |table: Option<&Table>, columns: &[String]| -> Option<Vec<String>> {
                    let table = table?;
                    columns.iter().map(|column| table.columns.get(column).map(|column| column.kind.clone())).collect()
                };
                let here = kinds(Some(table), &key.columns);
                if here.is_none() || here != kinds(self.tables.get(&key.table), &key.there) {
                    faults.push(format!("{name}: the foreign key {key:?} leads nowhere or to columns of other types"));
                }
            }
        }
        faults
    }

    /// Returns the differences between `self`, called `here`, and `other`, called `there`.
    pub fn differences(&self, here: &str, other: &Self, there: &str) -> Vec<String> {
        let mut found = Differences { names: [here, there], lines: Vec::new() };
        found.maps("table", "", &self.tables, &other.tables, |found, name, left, right| {
            found.maps("column", name, &left.columns, &right.columns, |found, column, left, right| {
                let told = |column: &Column| (column.kind.clone(), column.is_nullable, column.default.clone());
                found.values(&format!("{name}.{column} (type, nullable, default)"), &told(left), &told(right));
            });
            found.values(&format!("the primary key of {name}"), &left.primary_key, &right.primary_key);
            found.sets(&format!("unique key of {name}"), &left.unique_keys, &right.unique_keys);
            found.sets(&format!("foreign key of {name}"), &left.foreign_keys, &right.foreign_keys);
            found.maps("index", name, &left.indexes, &right.indexes, |found, index, left, right| {
                found.values(&format!("index {index} of {name}"), left, right);
            });
        });
        found.lines
    }
}

impl Table {
    pub fn drop_column(&mut self, column: &str) -> Result<(), String> {
        let used = [&self.primary_key].into_iter().chain(&self.unique_keys).chain(self.indexes.values().map(|index| &index.columns));
        let used = used.chain(self.foreign_keys.iter().map(|key| &key.columns));
        if used.flatten().any(|name| name == column) {
            return Err(format!("{column} is part of a key or index: drop that first"));
        }
        self.columns.remove(column).map(drop).ok_or_else(|| format!("there is no column {column}"))
    }
}

/// Collects differences of two schemas.
struct Differences<'a> {
    names: [&'a str; 2],
    lines: Vec<String>,
}

impl Differences<'_> {
    fn values<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, left: &T, right: &T) {
        let [here, there] = self.names;
        if left != right {
            self.lines.push(format!("{what}: {left:?} in {here}, {right:?} in {there}"));
        }
    }

    fn sets<T: Ord + std::fmt::Debug>(&mut self, what: &str, left: &BTreeSet<T>, right: &BTreeSet<T>) {
        let [here, there] = self.names;
        self.lines.extend(left.difference(right).map(|only| format!("{what}: {only:?} only in {here}")));
        self.lines.extend(right.difference(left).map(|only| format!("{what}: {only:?} only in {there}")));
    }

    /// Compares entries of equal names with `compare`.
    fn maps<T>(
        &mut self,
        what: &str,
        of: &str,
        left: &BTreeMap<String, T>,
        right: &BTreeMap<String, T>,
        mut compare: impl FnMut(&mut Self, &str, &T, &T),
    ) {
        let names = |map: &BTreeMap<String, T>| map.keys().cloned().collect();
        self.sets(format!("{what} {of}").trim(), &names(left), &names(right));
        for (name, left) in left {
            if let Some(right) = right.get(name) {
                compare(self, name, left, right);
            }
        }
    }
}
