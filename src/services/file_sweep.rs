//! Tidies up after crashes: objects without a row, and files that were never received whole.

use super::{Context, ServiceResult, upload_file::incoming_folder};
use crate::{
    backends::{BackendError, files::disk::remove_old_files},
    domain::file_key::{FileKey, MATERIAL_FILES},
};

/// How old something must be before it is an orphan, in ms: no upload takes an hour.
const ORPHAN_AGE_MS: i64 = 3_600_000;
/// More orphans than this, and than half of all objects, are not removed.
const MOST_ORPHANS: usize = 20;
/// Objects looked at per query.
const PAGE: usize = 500;

/// What a sweep removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Objects without a row.
    pub objects: u64,
    /// Temporary files.
    pub temporary_files: u64,
}

/// Removes what nobody owns. Safe to run on several nodes at once, and at any time.
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

/// Looks first and removes after: a store that seems to be orphaned as a whole belongs to somebody else.
async fn sweep_objects(context: &Context, before_ms: i64) -> ServiceResult<u64> {
    let (mut objects, mut orphans) = (0, Vec::new());
    let mut after: Option<String> = None;
    loop {
        let page = context.files.list(MATERIAL_FILES, after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        objects += page.len();
        let old: Vec<String> = page.into_iter().filter(|object| object.modified_at_ms < before_ms).map(|object| object.key).collect();
        let known = context.store.file_keys_known(&old).await?;
        orphans.extend(old.iter().filter(|key| !known.contains(*key)).filter_map(|key| FileKey::parse(key).ok()));
    }
    if is_foreign(orphans.len(), objects) {
        let found = orphans.len();
        tracing::error!(
            files.orphans = found,
            files.objects = objects,
            "most files have no row: is this the right database? nothing is removed"
        );
        return Ok(0);
    }
    for orphan in &orphans {
        context.files.delete(orphan).await?;
    }
    Ok(orphans.len() as u64)
}

/// Says whether so many files have no row that they are not what crashes leave, but another installation's, or of a database that was not restored.
const fn is_foreign(orphans: usize, objects: usize) -> bool {
    orphans > MOST_ORPHANS && orphans > objects / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_without_rows_is_left_alone() {
        let found: Vec<bool> =
            [(20, 20), (21, 21), (21, 42), (22, 43), (500, 10_000)].map(|(orphans, objects)| is_foreign(orphans, objects)).into();
        assert_eq!(found, [false, true, false, true, false]);
    }
}
