//! Owns the names of stored objects. Called by the services that store files and by
//! `backends/files`. Invariants:
//!
//! - The server makes every key, never a client.
//! - No key can lead outside the root of a store.

use crate::domain::{conversations::attachment::AttachmentKind, ids::MaterialId};
use serde::Deserialize;
use std::fmt;
use uuid::Uuid;

/// Prefix of the files of materials.
pub const MATERIAL_FILES: &str = "materi/files/";
/// Prefix of the files of messages.
pub const CHAT_FILES: &str = "chat/files/";
/// Prefix of the mark that names the installation that owns the files.
pub const INSTALLATION_MARKS: &str = "installation/";
/// The longest key accepted, in bytes.
const MAX_KEY_BYTES: usize = 200;

/// A key of a stored object: segments of `a-z 0-9 - _ .` joined by `/`. No segment is empty or
/// begins with a dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct FileKey(String);

/// Says that a text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a file key")]
pub struct InvalidFileKey;

impl TryFrom<String> for FileKey {
    type Error = InvalidFileKey;
    fn try_from(text: String) -> Result<Self, InvalidFileKey> {
        Self::parse(&text)
    }
}

impl FileKey {
    /// Makes the key of a new material's PDF, `materi/files/<uuid>.pdf`. The UUID is random, so
    /// nobody can guess the key from ids.
    #[must_use]
    pub fn generate_material_pdf() -> Self {
        Self(format!("{MATERIAL_FILES}{}.pdf", Uuid::new_v4().as_hyphenated()))
    }

    /// Makes the key of a new file of a message: `chat/files/<uuid>.<extension>`, random.
    #[must_use]
    pub fn generate_attachment(kind: AttachmentKind) -> Self {
        Self(format!("{CHAT_FILES}{}.{}", Uuid::new_v4().as_hyphenated(), kind.extension()))
    }

    /// Makes the key of a PDF that belongs to the seeded material `id`: the same at every call.
    #[must_use]
    pub fn of_seeded_material(id: MaterialId) -> Self {
        Self(format!("{MATERIAL_FILES}{id}.pdf"))
    }

    /// Makes the key of the mark of an installation.
    #[must_use]
    pub fn of_installation(id: Uuid) -> Self {
        Self(format!("{INSTALLATION_MARKS}{}", id.as_hyphenated()))
    }

    /// Reads a key. Fails with [`InvalidFileKey`] on anything that could lead to another file than
    /// it says.
    pub fn parse(text: &str) -> Result<Self, InvalidFileKey> {
        let legal = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/');
        let is_name = |segment: &str| !segment.is_empty() && !segment.starts_with('.');
        if text.len() > MAX_KEY_BYTES || !text.bytes().all(legal) || !text.split('/').all(is_name) {
            return Err(InvalidFileKey);
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the last segment.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for FileKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_keys_read_back_and_differ() {
        let key = FileKey::generate_material_pdf();
        assert_eq!(FileKey::parse(key.as_str()), Ok(key.clone()));
        assert_ne!(key, FileKey::generate_material_pdf());
        assert!(key.as_str().starts_with("materi/files/") && key.name().ends_with(".pdf"));
        let key = FileKey::generate_attachment(AttachmentKind::Jpeg);
        assert_eq!(FileKey::parse(key.as_str()), Ok(key.clone()));
        assert!(key.as_str().starts_with("chat/files/") && key.name().ends_with(".jpg"));
    }

    #[test]
    fn keys_that_point_elsewhere_are_refused() {
        let long = "a".repeat(201);
        for text in ["", "/etc/passwd", "a/../b", "..", "a//b", "a/", "a\\b", "A.pdf", "a b", "a%2e", ".git/x", "a\0", "é", &long] {
            assert_eq!(FileKey::parse(text), Err(InvalidFileKey), "{text:?}");
        }
    }
}
