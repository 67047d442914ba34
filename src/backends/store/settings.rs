//! Owns values that the server decides once for all nodes, such as its secret. Called at the start;
//! must not hold settings of the operator.

use super::{BackendResult, Store, columns::Columns, sql::Sql};

impl Store {
    /// Keeps `value` under `name` if nothing is there, and returns what is there: when nodes race,
    /// all get the winner's.
    pub async fn setting_or_insert(&self, name: &str, value: &str) -> BackendResult<String> {
        let find = || Sql::new("SELECT value FROM settings WHERE name = ?").bind(name);
        if let Some(row) = self.fetch_optional(find()).await? {
            return row.text("value");
        }
        self.insert(Sql::new("INSERT INTO settings (name, value) VALUES (?, ?)").bind(name).bind(value)).await?;
        self.fetch_one(find()).await?.text("value")
    }
}
