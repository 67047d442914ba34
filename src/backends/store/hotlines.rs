//! Owns the help numbers as the school keeps them. Called by `services/help.rs`; must not hold the
//! numbers the product ships with.

use super::{
    BackendResult, Store, Tx,
    columns::Columns,
    sql::{Sql, Values},
};
use crate::domain::risk::hotline::Hotline;
use sqlx::any::AnyRow;

impl Store {
    /// Lists the school's hotlines in their order; none when the school never wrote any.
    pub async fn list_hotlines(&self) -> BackendResult<Vec<Hotline>> {
        let sql = Sql::new("SELECT id, name, number, url, hours, note_id, note_en, checked_on FROM hotlines ORDER BY place");
        self.fetch_all(sql).await?.iter().map(read).collect()
    }
}

impl Tx {
    /// Puts these in the place of all.
    pub async fn replace_hotlines(&mut self, hotlines: &[Hotline]) -> BackendResult<()> {
        self.execute(Sql::new("DELETE FROM hotlines")).await?;
        for (place, hotline) in (0_i64..).zip(hotlines) {
            let row = Values::new()
                .set("id", &hotline.id)
                .set("place", place)
                .set("name", &hotline.name)
                .set("number", &hotline.number)
                .set("url", hotline.url.as_deref())
                .set("hours", &hotline.hours)
                .set("note_id", &hotline.note.id)
                .set("note_en", &hotline.note.en)
                .set("checked_on", &hotline.checked_on);
            let sql = Sql::insert("hotlines", row);
            self.execute(sql).await?;
        }
        Ok(())
    }
}

fn read(row: &AnyRow) -> BackendResult<Hotline> {
    Ok(Hotline {
        id: row.text("id")?,
        name: row.text("name")?,
        number: row.text("number")?,
        url: row.maybe_text("url")?,
        hours: row.text("hours")?,
        note: crate::domain::risk::hotline::Note { id: row.text("note_id")?, en: row.text("note_en")? },
        checked_on: row.text("checked_on")?,
    })
}
