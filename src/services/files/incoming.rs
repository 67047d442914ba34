//! Owns a file while it is received: written to a temporary file, hashed and measured. Filled by
//! `http/input/uploads`. The temporary file is removed when its value is dropped.

use crate::{backends::BackendResult, config::Config, domain::files::material::MAX_FILE_BYTES, wire::signature::to_hex};
use ring::digest::{Context as Hasher, SHA256};
use std::path::{Path, PathBuf};
use tokio::{fs::File, io::AsyncWriteExt as _};

/// How many bytes of one file can wait for the disk.
const WRITE_BYTES: usize = 32 * 1024;

/// A temporary file that is removed when this value is dropped, on every path.
#[derive(Debug)]
struct TemporaryFile(PathBuf);

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // Fails when the file was moved into the storage, which is fine. Other remains are left to
        // [`super::sweep`].
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A file that is being received.
pub struct IncomingFile {
    file: File,
    temporary: TemporaryFile,
    hasher: Hasher,
    size_bytes: u64,
}

/// The outcome of writing a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The chunk is in the file.
    Whole,
    /// The file would be larger than 10 MiB; nothing was written.
    TooLarge,
}

/// A file that was received completely.
#[derive(Debug)]
pub struct UploadedFile {
    temporary: TemporaryFile,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, 64 lower-case hex digits.
    pub sha256: String,
    /// Its safe display name.
    pub name: String,
}

/// Returns the folder of files that are being received.
#[must_use]
pub fn incoming_folder(config: &Config) -> PathBuf {
    config.data_dir.join("tmp")
}

impl IncomingFile {
    /// Opens a new file in the folder for temporary files, which is made if needed.
    pub async fn create(config: &Config) -> BackendResult<Self> {
        let folder = incoming_folder(config);
        tokio::fs::create_dir_all(&folder).await?;
        let temporary = TemporaryFile(folder.join(format!("upload-{}", uuid::Uuid::new_v4().as_simple())));
        let mut file = File::create_new(&temporary.0).await?;
        file.set_max_buf_size(WRITE_BYTES);
        Ok(Self { file, temporary, hasher: Hasher::new(&SHA256), size_bytes: 0 })
    }

    /// Adds bytes, unless the file would become too large.
    pub async fn write(&mut self, chunk: &[u8]) -> BackendResult<Written> {
        let size_bytes = self.size_bytes.saturating_add(chunk.len() as u64);
        if size_bytes > MAX_FILE_BYTES {
            return Ok(Written::TooLarge);
        }
        self.file.write_all(chunk).await?;
        self.hasher.update(chunk);
        self.size_bytes = size_bytes;
        Ok(Written::Whole)
    }

    /// Returns how many bytes came in so far.
    #[must_use]
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Completes the file. `name` is its safe display name.
    pub async fn finish(mut self, name: String) -> BackendResult<UploadedFile> {
        self.file.flush().await?;
        let sha256 = to_hex(self.hasher.finish().as_ref());
        Ok(UploadedFile { temporary: self.temporary, size_bytes: self.size_bytes, sha256, name })
    }
}

impl UploadedFile {
    /// Returns the path of the temporary file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.temporary.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> (tempfile::TempDir, Config) {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
        (folder, config)
    }

    fn waiting(config: &Config) -> usize {
        std::fs::read_dir(incoming_folder(config)).unwrap().count()
    }

    #[tokio::test]
    async fn a_file_is_hashed_and_measured_while_it_comes_in() {
        let (_folder, config) = config();
        let mut incoming = IncomingFile::create(&config).await.unwrap();
        for chunk in [&b"a"[..], b"", b"bc"] {
            assert_eq!(incoming.write(chunk).await.unwrap(), Written::Whole);
        }
        let file = incoming.finish("abc.pdf".into()).await.unwrap();
        assert_eq!(file.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(file.size_bytes, 3);
        assert_eq!(std::fs::read(file.path()).unwrap(), b"abc");
        drop(file);
        assert_eq!(waiting(&config), 0);
    }

    #[tokio::test]
    async fn more_than_ten_mebibytes_are_cut_off_and_nothing_stays() {
        let (_folder, config) = config();
        let mut incoming = IncomingFile::create(&config).await.unwrap();
        let chunk = vec![0_u8; 1024 * 1024];
        for _ in 0..10 {
            assert_eq!(incoming.write(&chunk).await.unwrap(), Written::Whole);
        }
        assert_eq!(incoming.write(b"x").await.unwrap(), Written::TooLarge);
        assert_eq!(waiting(&config), 1);
        drop(incoming);
        assert_eq!(waiting(&config), 0);
    }
}
