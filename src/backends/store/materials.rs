//! Owns materials, and the days on which a user read one. Called by the use cases of materials and
//! demo data; must not decide who may see a material.

use super::{
    BackendError, BackendResult, Store, Tx,
    columns::Columns,
    sql::{Sql, Values, searchable},
};
use crate::domain::{
    files::material::{MaterialStatus, MaterialText},
    ids::{MaterialId, UserId},
};
use sqlx::any::AnyRow;
use std::collections::HashSet;

/// Selects materials; lists pass an empty text for `$body`, which they do not show.
macro_rules! select_materials {
    ($body:literal) => {
        concat!(
            "SELECT m.id, m.title, m.category, ",
            $body,
            " AS body, m.summary, m.status, m.file_key, m.file_name, m.file_size_bytes, m.file_content_type, m.file_sha256, \
             m.author_id, u.name AS author_name, m.views, m.downloads, m.created_at_ms, m.updated_at_ms, m.published_at_ms \
             FROM materials m JOIN users u ON u.id = m.author_id WHERE 1 = 1"
        )
    };
}

const FULL: &str = select_materials!("m.body");
const LISTED: &str = select_materials!("''");
/// Most keys asked for in one query.
const KEYS_PER_QUERY: usize = 200;

/// The file of a material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// `materi/files/<uuid>.pdf`.
    pub key: String,
    /// The name it was uploaded under.
    pub name: String,
    /// Its size.
    pub size_bytes: i64,
    /// `application/pdf`.
    pub content_type: String,
    /// SHA-256, 64 hex digits.
    pub sha256: String,
}

/// A material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaterialRow {
    /// Its id.
    pub id: MaterialId,
    /// Title, category and body; the body is empty in lists.
    pub text: MaterialText,
    /// The first words of the text.
    pub summary: Option<String>,
    /// Where it stands.
    pub status: MaterialStatus,
    /// Its file.
    pub file: Option<FileRow>,
    /// Who made it.
    pub author_id: UserId,
    /// The author's display name, read from the account; ignored when written.
    pub author_name: String,
    /// How often it was read; written only by [`Store::count_material_view`].
    pub views: i64,
    /// How often it was downloaded; written only by [`Store::count_material_download`].
    pub downloads: i64,
    /// When it was made.
    pub created_at_ms: i64,
    /// When it was changed last.
    pub updated_at_ms: i64,
    /// When it first became active.
    pub published_at_ms: Option<i64>,
}

/// Which materials a list shows.
#[derive(Debug, Clone, Default)]
pub struct MaterialFilter {
    /// Words that title, category, summary or text contain, in any case.
    pub query: Option<String>,
    /// Only this category.
    pub category: Option<String>,
    /// Only these states; none shows nothing.
    pub statuses: Vec<MaterialStatus>,
}

impl Store {
    /// Finds a material.
    pub async fn find_material(&self, id: MaterialId) -> BackendResult<Option<MaterialRow>> {
        let sql = Sql::new(FULL).push(" AND m.id = ?").bind(id);
        self.fetch_optional(sql).await?.as_ref().map(read).transpose()
    }

    /// Lists materials without their text, newest first, those before `after`.
    pub async fn list_materials(&self, filter: &MaterialFilter, after: Option<MaterialId>, limit: u32) -> BackendResult<Vec<MaterialRow>> {
        let sql = Sql::new(LISTED)
            .push(" AND m.status IN ")
            .push_list(filter.statuses.iter().copied())
            .push_if(" AND m.category = ?", filter.category.as_deref())
            .push_words("m.search_text", filter.query.as_deref())
            .push_if(" AND m.id < ?", after)
            .push(" ORDER BY m.id DESC LIMIT ?")
            .bind(limit);
        self.fetch_all(sql).await?.iter().map(read).collect()
    }

    /// Returns the categories in use by materials of these states, sorted without regard to case.
    pub async fn material_categories(&self, statuses: &[MaterialStatus]) -> BackendResult<Vec<String>> {
        let sql = Sql::new("SELECT DISTINCT category FROM materials WHERE status IN ").push_list(statuses.iter().copied());
        let rows = self.fetch_all(sql).await?;
        let mut categories = rows.iter().map(|row| row.text("category")).collect::<BackendResult<Vec<_>>>()?;
        categories.sort_by_cached_key(|category| (category.to_lowercase(), category.clone()));
        Ok(categories)
    }

    /// Returns which of these file keys belong to a material or a message.
    pub async fn file_keys_known(&self, keys: &[String]) -> BackendResult<HashSet<String>> {
        let mut known = HashSet::with_capacity(keys.len());
        for keys in keys.chunks(KEYS_PER_QUERY) {
            let sql = Sql::new("SELECT file_key FROM materials WHERE file_key IN ").push_list(keys);
            let sql = sql.push(" UNION ALL SELECT file_key FROM messages WHERE file_key IN ").push_list(keys);
            for row in self.fetch_all(sql).await? {
                known.insert(row.text("file_key")?);
            }
        }
        Ok(known)
    }

    /// Counts one reading of a material by a user on `day` (`YYYY-MM-DD` of the school). Does
    /// nothing for an unknown material.
    pub async fn count_material_view(&self, material: MaterialId, user: UserId, day: &str, now_ms: i64) -> BackendResult<()> {
        let counter = Sql::new("UPDATE materials SET views = views + 1 WHERE id = ?");
        let row = Values::new().set("views", 1).set("downloads", 0).set("viewed_at_ms", now_ms);
        let repeat = "views = material_reads.views + 1, viewed_at_ms = excluded.viewed_at_ms";
        self.count_read(counter, row, repeat, (material, user, day, now_ms)).await
    }

    /// Counts one download of a material by a user on `day`. Does nothing for an unknown material.
    pub async fn count_material_download(&self, material: MaterialId, user: UserId, day: &str, now_ms: i64) -> BackendResult<()> {
        let counter = Sql::new("UPDATE materials SET downloads = downloads + 1 WHERE id = ?");
        let row = Values::new().set("views", 0).set("downloads", 1).set("downloaded_at_ms", now_ms);
        let repeat = "downloads = material_reads.downloads + 1, downloaded_at_ms = excluded.downloaded_at_ms";
        self.count_read(counter, row, repeat, (material, user, day, now_ms)).await
    }

    /// Counts in the material by `counter`, and in the day's row: `row` begins it, `repeat` counts
    /// on.
    async fn count_read(
        &self,
        counter: Sql,
        row: Values,
        repeat: &'static str,
        what: (MaterialId, UserId, &str, i64),
    ) -> BackendResult<()> {
        let (material, user, day, now_ms) = what;
        let mut tx = self.begin().await?;
        if tx.execute(counter.bind(material)).await? == 0 {
            return Ok(());
        }
        let row = row.set("material_id", material).set("user_id", user).set("day", day).set("last_at_ms", now_ms);
        let sql = Sql::insert("material_reads", row).push(" ON CONFLICT (material_id, user_id, day) DO UPDATE SET ");
        tx.execute(sql.push(repeat).push(", last_at_ms = excluded.last_at_ms")).await?;
        tx.commit().await
    }
}

impl Tx {
    /// Adds a material; its counters start at 0.
    pub async fn insert_material(&mut self, material: &MaterialRow) -> BackendResult<()> {
        let row = content(material)
            .set("id", material.id)
            .set("author_id", material.author_id)
            .set("created_at_ms", material.created_at_ms)
            .set("views", 0)
            .set("downloads", 0);
        self.execute(Sql::insert("materials", row)).await.map(drop)
    }

    /// Finds a material and keeps others from changing it until this transaction ends.
    pub async fn find_material_to_change(&mut self, id: MaterialId) -> BackendResult<Option<MaterialRow>> {
        // Writing a row locks it on all engines; SQLite has no SELECT … FOR UPDATE.
        self.execute(Sql::new("UPDATE materials SET updated_at_ms = updated_at_ms WHERE id = ?").bind(id)).await?;
        let sql = Sql::new(FULL).push(" AND m.id = ?").bind(id);
        self.fetch_optional(sql).await?.as_ref().map(read).transpose()
    }

    /// Writes all of a material but author, counters and time of making; `false` when there is
    /// none.
    pub async fn update_material(&mut self, material: &MaterialRow) -> BackendResult<bool> {
        let sql = Sql::update("materials", content(material)).push(" WHERE id = ?").bind(material.id);
        Ok(self.execute(sql).await? > 0)
    }

    /// Removes a material; `false` when there is none. What was read of it stays counted.
    pub async fn delete_material(&mut self, id: MaterialId) -> BackendResult<bool> {
        Ok(self.execute(Sql::new("DELETE FROM materials WHERE id = ?").bind(id)).await? > 0)
    }
}

/// Returns the columns that insert and update share.
fn content(material: &MaterialRow) -> Values {
    let text = &material.text;
    let summary = material.summary.as_deref().unwrap_or_default();
    let search_text = searchable(&[&text.title, &text.category, summary, &text.body]);
    let row = Values::new()
        .set("title", &text.title)
        .set("category", &text.category)
        .set("body", &text.body)
        .set("summary", material.summary.as_deref())
        .set("search_text", search_text)
        .set("status", material.status)
        .set("updated_at_ms", material.updated_at_ms)
        .set("published_at_ms", material.published_at_ms);
    set_file(row, material.file.as_ref())
}

/// Sets the columns of a file, which [`read_file`] reads.
pub(super) fn set_file(row: Values, file: Option<&FileRow>) -> Values {
    row.set("file_key", file.map(|file| file.key.as_str()))
        .set("file_name", file.map(|file| file.name.as_str()))
        .set("file_size_bytes", file.map(|file| file.size_bytes))
        .set("file_content_type", file.map(|file| file.content_type.as_str()))
        .set("file_sha256", file.map(|file| file.sha256.as_str()))
}

fn read(row: &AnyRow) -> BackendResult<MaterialRow> {
    Ok(MaterialRow {
        id: row.id("id")?,
        text: MaterialText { title: row.text("title")?, category: row.text("category")?, body: row.text("body")? },
        summary: row.maybe_text("summary")?,
        status: row.status()?,
        file: row.maybe_text("file_key")?.map(|key| read_file(row, key)).transpose()?,
        author_id: row.id("author_id")?,
        author_name: row.text("author_name")?,
        views: row.int("views")?,
        downloads: row.int("downloads")?,
        created_at_ms: row.int("created_at_ms")?,
        updated_at_ms: row.int("updated_at_ms")?,
        published_at_ms: row.maybe_int("published_at_ms")?,
    })
}

pub(super) fn read_file(row: &AnyRow, key: String) -> BackendResult<FileRow> {
    let part = |column| row.maybe_text(column)?.ok_or(BackendError::Corrupt { what: column });
    Ok(FileRow {
        key,
        name: part("file_name")?,
        size_bytes: row.int("file_size_bytes")?,
        content_type: part("file_content_type")?,
        sha256: part("file_sha256")?,
    })
}
