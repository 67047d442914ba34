//! Owns the files in a folder of this machine, which this server serves through links signed with
//! HMAC. A file appears under its key by one rename, after its bytes are on the disk.

use super::{Files, LinkClaim, LinkOptions, LinkedFile, NewFile, SignedLink, StoredObject};
use crate::{
    backends::{BackendError, BackendResult},
    domain::files::file_key::FileKey,
    wire::{
        content_disposition::{Disposition, percent_encode},
        signature::SecretKey,
    },
};
use async_trait::async_trait;
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

/// The folder where half-copied files wait for their rename. Its name is not a valid key, so it is
/// never listed or linked.
const INCOMING: &str = ".incoming";

/// Files in a folder.
#[derive(Debug, Clone)]
pub struct DiskFiles {
    root: PathBuf,
    key: SecretKey,
}

impl DiskFiles {
    /// Opens the folder `root`, making it if needed. `secret` is the server's own, equal on all
    /// nodes. Fails when the folder cannot be made.
    pub fn open(root: impl Into<PathBuf>, secret: &SecretKey) -> BackendResult<Self> {
        let root = root.into();
        fs::create_dir_all(root.join(INCOMING))?;
        Ok(Self { root, key: secret.derive("file-links") })
    }

    fn path_of(&self, key: &FileKey) -> PathBuf {
        self.root.join(key.as_str())
    }

    /// Returns the text to sign: all parts that decide which file is served, how, and until when.
    fn signed_text(key: &str, expires: &str, disposition: &str, name: &str) -> String {
        format!("{key}\n{expires}\n{disposition}\n{name}")
    }
}

#[async_trait]
impl Files for DiskFiles {
    async fn put_file(&self, file: &NewFile<'_>) -> BackendResult<()> {
        let (source, target) = (file.path.to_owned(), self.path_of(file.key));
        let staging = self.root.join(INCOMING).join(file.key.name());
        let size_bytes = file.size_bytes;
        blocking(move || place_file(&source, &staging, &target, size_bytes)).await
    }

    async fn put_text(&self, key: &FileKey, text: &str) -> BackendResult<()> {
        let (staging, target) = (self.root.join(INCOMING).join(format!("text-{}", uuid::Uuid::new_v4().as_simple())), self.path_of(key));
        let text = text.to_owned();
        blocking(move || {
            fs::write(&staging, &text)?;
            place_file(&staging, &staging, &target, text.len() as u64)
        })
        .await
    }

    async fn delete(&self, key: &FileKey) -> BackendResult<()> {
        match tokio::fs::remove_file(self.path_of(key)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn exists(&self, key: &FileKey) -> BackendResult<bool> {
        Ok(tokio::fs::try_exists(self.path_of(key)).await?)
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> BackendResult<Vec<StoredObject>> {
        let (root, prefix, after) = (self.root.clone(), prefix.to_owned(), after.map(ToOwned::to_owned));
        blocking(move || {
            let mut objects = Vec::new();
            collect_objects(&root, "", &mut objects)?;
            objects.retain(|object| object.key.starts_with(&prefix) && after.as_ref().is_none_or(|after| object.key > *after));
            objects.sort_by(|left, right| left.key.cmp(&right.key));
            objects.truncate(limit);
            Ok(objects)
        })
        .await
    }

    async fn signed_url(&self, key: &FileKey, options: &LinkOptions<'_>) -> BackendResult<SignedLink> {
        let lifetime_ms = i64::try_from(options.expires_in_s.saturating_mul(1000)).unwrap_or(i64::MAX);
        let expires_at_ms = options.now_ms.saturating_add(lifetime_ms);
        let (expires, disposition) = (expires_at_ms.to_string(), options.disposition.as_str());
        let signature = self.key.sign(&Self::signed_text(key.as_str(), &expires, disposition, options.file_name));
        let name = percent_encode(options.file_name);
        let url = format!(
            "{}/files/{key}?expires={expires}&disposition={disposition}&name={name}&signature={signature}",
            options.base_url.trim_end_matches('/')
        );
        Ok(SignedLink { url, expires_at_ms })
    }

    async fn check(&self) -> BackendResult<()> {
        let probe = self.root.join(INCOMING).join(format!("check-{}", uuid::Uuid::new_v4().as_simple()));
        tokio::fs::write(&probe, b"ok").await?;
        tokio::fs::remove_file(&probe).await?;
        Ok(())
    }

    fn connect_sources(&self) -> Vec<String> {
        Vec::new()
    }

    fn open_link(&self, claim: &LinkClaim<'_>, now_ms: i64) -> Option<LinkedFile> {
        let text = Self::signed_text(claim.key.as_str(), claim.expires, claim.disposition, claim.name);
        let is_genuine = self.key.verifies(&text, claim.signature) && Disposition::parse(claim.disposition).is_some();
        let expires_at_ms: i64 = claim.expires.parse().ok()?;
        if !is_genuine || expires_at_ms <= now_ms {
            return None;
        }
        let tag = claim.key.name().trim_end_matches(".pdf").to_owned();
        Some(LinkedFile { path: self.path_of(claim.key), tag })
    }

    async fn remove_remains(&self, before_ms: i64) -> BackendResult<u64> {
        let incoming = self.root.join(INCOMING);
        blocking(move || remove_old_files(&incoming, before_ms)).await
    }
}

/// Runs file operations on a thread that may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> BackendResult<T> {
    let finished = tokio::task::spawn_blocking(work).await;
    Ok(finished.map_err(|_| BackendError::Internal("file thread lost"))??)
}

/// Stores the bytes of `source` under `target`. First flushes the bytes to the disk, then makes the
/// file visible, then flushes the folder.
fn place_file(source: &Path, staging: &Path, target: &Path, size_bytes: u64) -> io::Result<()> {
    let folder = target.parent().ok_or_else(|| io::Error::other("key without a folder"))?;
    fs::create_dir_all(folder)?;
    let placed = match fs::rename(source, staging) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => fs::copy(source, staging).map(|_| ()),
        Err(error) => Err(error),
    };
    let stored = placed.and_then(|()| {
        let file = fs::OpenOptions::new().write(true).open(staging)?;
        if file.metadata()?.len() != size_bytes {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "file changed while it was stored"));
        }
        file.sync_all()?;
        fs::rename(staging, target)?;
        fs::File::open(folder)?.sync_all()
    });
    if stored.is_err() {
        let _ = fs::remove_file(staging);
    }
    stored
}

/// Adds all objects below `folder` whose names are valid keys.
fn collect_objects(folder: &Path, prefix: &str, objects: &mut Vec<StoredObject>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let key = format!("{prefix}{name}");
        if FileKey::parse(&key).is_err() {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect_objects(&entry.path(), &format!("{key}/"), objects)?;
        } else if kind.is_file()
            && let Ok(metadata) = entry.metadata()
        {
            objects.push(StoredObject { key, modified_at_ms: modified_at_ms(&metadata)? });
        }
    }
    Ok(())
}

/// Removes the files directly in `folder` that were last written before `before_ms`; returns how
/// many. A missing folder counts as empty.
pub fn remove_old_files(folder: &Path, before_ms: i64) -> io::Result<u64> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry?;
        // The file may have been removed by its owner since the listing.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_file() && modified_at_ms(&metadata)? < before_ms && fs::remove_file(entry.path()).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}

/// Returns when a file was last written, in ms since 1970 UTC; 0 for times before.
fn modified_at_ms(metadata: &fs::Metadata) -> io::Result<i64> {
    let since: SystemTime = metadata.modified()?;
    let elapsed = since.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_700_000_000_000;

    fn store() -> (tempfile::TempDir, DiskFiles) {
        let folder = tempfile::tempdir().unwrap();
        let files = DiskFiles::open(folder.path().join("files"), &SecretKey::new(b"secret")).unwrap();
        (folder, files)
    }

    fn options() -> LinkOptions<'static> {
        LinkOptions {
            disposition: Disposition::Inline,
            file_name: "Rencana é.pdf",
            content_type: "application/pdf",
            expires_in_s: 3600,
            now_ms: NOW_MS,
            base_url: "",
        }
    }

    fn claim<'a>(url: &'a str, key: &'a FileKey, name: &'a str) -> LinkClaim<'a> {
        let (path, query) = url.split_once('?').unwrap();
        let part = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('=')).unwrap();
        assert_eq!(path.strip_prefix("/files/"), Some(key.as_str()));
        LinkClaim { key, expires: part("expires"), disposition: part("disposition"), name, signature: part("signature") }
    }

    #[tokio::test]
    async fn a_link_opens_only_as_signed_and_only_in_time() {
        let (_folder, files) = store();
        let key = FileKey::generate_material_pdf();
        let link = files.signed_url(&key, &options()).await.unwrap();
        assert_eq!(link.expires_at_ms, NOW_MS + 3_600_000);
        let genuine = claim(&link.url, &key, "Rencana é.pdf");
        assert!(files.open_link(&genuine, NOW_MS).is_some());
        assert!(files.open_link(&genuine, link.expires_at_ms).is_none());
        let later = (link.expires_at_ms + 1).to_string();
        let other = FileKey::generate_material_pdf();
        for forged in [
            LinkClaim { expires: &later, ..genuine },
            LinkClaim { disposition: "attachment", ..genuine },
            LinkClaim { name: "x.pdf", ..genuine },
            LinkClaim { key: &other, ..genuine },
            LinkClaim { signature: "", ..genuine },
        ] {
            assert!(files.open_link(&forged, NOW_MS).is_none(), "{forged:?}");
        }
    }

    #[tokio::test]
    async fn a_file_of_another_size_is_not_stored() {
        let (folder, files) = store();
        let source = folder.path().join("upload");
        fs::write(&source, b"12345").unwrap();
        let key = FileKey::generate_material_pdf();
        let file = NewFile { key: &key, path: &source, size_bytes: 6, content_type: "application/pdf", sha256: "" };
        assert!(files.put_file(&file).await.is_err());
        assert!(!files.exists(&key).await.unwrap());
        assert_eq!(fs::read_dir(files.root.join(INCOMING)).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn remains_of_crashed_writes_are_removed() {
        let (_folder, files) = store();
        fs::write(files.root.join(INCOMING).join("half.pdf"), b"x").unwrap();
        assert_eq!(files.remove_remains(0).await.unwrap(), 0);
        assert_eq!(files.remove_remains(i64::MAX).await.unwrap(), 1);
    }
}
