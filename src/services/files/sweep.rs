//! Owns the removal of remains after crashes: stored objects without a row, and temporary files.
//! Called by `actors/scheduler`; `app.rs` calls [`claim_files`] at the start.
//!
//! - An object "without a row" is only an orphan if the server uses the right database. So the
//!   database has an installation id, and a mark file with that id lies beside the files.
//! - Nothing is removed when the mark does not match, or when too many objects have no row.

use super::incoming::incoming_folder;
use crate::{
    backends::{
        BackendError,
        files::{StoredObject, disk::remove_old_files},
    },
    domain::files::file_key::{CHAT_FILES, FileKey, INSTALLATION_MARKS, MATERIAL_FILES},
    services::{Context, ServiceResult},
};
use uuid::Uuid;

/// The folders whose files have a row.
const FOLDERS: [&str; 2] = [MATERIAL_FILES, CHAT_FILES];
/// The age in ms from which an object without a row is an orphan: no upload takes an hour.
const ORPHAN_AGE_MS: i64 = 3_600_000;
/// Objects read per query.
const PAGE: usize = 500;
/// The key of the installation id in the database's settings.
const INSTALLATION_SETTING: &str = "installation_id";
/// More orphans than this, and than [`MOST_ORPHANS_PERCENT`] of all objects, do not come from
/// crashes: nothing is removed.
const MOST_ORPHANS: usize = 10;
/// See [`MOST_ORPHANS`].
const MOST_ORPHANS_PERCENT: usize = 5;

/// What a sweep removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Objects without a row.
    pub objects: u64,
    /// Temporary files.
    pub temporary_files: u64,
}

/// Removes orphaned objects and old temporary files. Safe to run on several nodes at once, and at
/// any time.
pub async fn sweep_files(context: &Context) -> ServiceResult<Swept> {
    let before_ms = context.clock.now_ms() - ORPHAN_AGE_MS;
    let objects = sweep_objects(context, before_ms).await?;
    let folder = incoming_folder(&context.config);
    let removal = tokio::task::spawn_blocking(move || remove_old_files(&folder, before_ms)).await;
    let removed = removal.map_err(|_| BackendError::Internal("sweeping thread lost"))?.map_err(BackendError::from)?;
    let temporary_files = removed + context.files.remove_remains(before_ms).await?;
    let swept = Swept { objects, temporary_files };
    if swept != Swept::default() {
        tracing::info!(files.objects = objects, files.temporary = temporary_files, "orphaned files removed");
    }
    Ok(swept)
}

/// Removes objects without a row, if the files belong to this database and the orphans are few.
async fn sweep_objects(context: &Context, before_ms: i64) -> ServiceResult<u64> {
    if !claim_files(context).await? {
        return Ok(0);
    }
    let found = find_orphans(context, before_ms).await?;
    let (orphans, objects) = (found.orphans.len(), found.objects);
    if is_suspicious(orphans, objects) {
        tracing::error!(
            files.orphans = orphans,
            files.objects = objects,
            "too many files have no row: is this the right database, or an older copy? nothing is removed"
        );
        return Ok(0);
    }
    for key in &found.orphans {
        context.files.delete(key).await?;
    }
    Ok(orphans as u64)
}

/// The orphans among all objects.
#[derive(Debug, Default)]
struct FoundFile {
    objects: usize,
    orphans: Vec<FileKey>,
}

async fn find_orphans(context: &Context, before_ms: i64) -> ServiceResult<FoundFile> {
    let mut found = FoundFile::default();
    for folder in FOLDERS {
        look_into(context, folder, before_ms, &mut found).await?;
    }
    Ok(found)
}

async fn look_into(context: &Context, folder: &str, before_ms: i64, found: &mut FoundFile) -> ServiceResult<()> {
    let mut after: Option<String> = None;
    loop {
        let page = context.files.list(folder, after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.key.clone());
        found.objects += page.len();
        let orphans = unknown_among(context, &page).await?.into_iter().filter(|object| object.modified_at_ms < before_ms);
        found.orphans.extend(orphans.filter_map(|object| FileKey::parse(&object.key).ok()));
    }
}

async fn unknown_among<'a>(context: &Context, page: &'a [StoredObject]) -> ServiceResult<Vec<&'a StoredObject>> {
    let keys: Vec<String> = page.iter().map(|object| object.key.clone()).collect();
    let known = context.store.file_keys_known(&keys).await?;
    Ok(page.iter().filter(|object| !known.contains(&object.key)).collect())
}

/// Says whether the files belong to this database, that is, whether its mark lies beside them.
/// Files without a mark get this database's mark when it knows all of them, or when there are none.
/// Any other case is logged as an error, because a server with the wrong database must not remove
/// files.
pub async fn claim_files(context: &Context) -> ServiceResult<bool> {
    let fresh = Uuid::new_v4().as_hyphenated().to_string();
    let id = context.store.setting_or_insert(INSTALLATION_SETTING, &fresh).await?;
    let id = Uuid::parse_str(&id).map_err(|_| BackendError::Corrupt { what: "installation id" })?;
    let mark = FileKey::of_installation(id);
    let marks = context.files.list(INSTALLATION_MARKS, None, 2).await?;
    match marks.as_slice() {
        [found] if found.key == mark.as_str() => return Ok(true),
        [] => {}
        _ => {
            tracing::error!(files.mark = %mark, "the files carry the mark of another database: they are not tidied up");
            return Ok(false);
        }
    }
    for folder in FOLDERS {
        let page = context.files.list(folder, None, PAGE).await?;
        if !unknown_among(context, &page).await?.is_empty() {
            // May also happen during the first upload of all; the next round finds its row.
            tracing::error!(files.mark = %mark, "there are files this database does not know, without its mark: they are not tidied up");
            return Ok(false);
        }
    }
    let text = format!("These files belong to the EduCounsel database with the installation id {id}. No other one tidies up here.\n");
    context.files.put_text(&mark, &text).await?;
    Ok(true)
}

/// Says whether so many files have no row that crashes do not explain it: the database was probably
/// restored from an older copy.
const fn is_suspicious(orphans: usize, objects: usize) -> bool {
    orphans > MOST_ORPHANS && orphans * 100 > objects * MOST_ORPHANS_PERCENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_crashes_leave_is_a_handful_or_a_few_per_cent() {
        let found = [(10, 10), (11, 11), (11, 219), (11, 220), (500, 10_000), (501, 10_000)]
            .map(|(orphans, objects)| is_suspicious(orphans, objects));
        assert_eq!(found, [false, true, true, false, false, true]);
    }
}
