//! Owns a stored file as items show it. Called by materials and messages; must not show the key of
//! the file: it is signed into links.

use crate::{backends::store::FileRow, domain::shape::Count};
use schemars::JsonSchema;
use serde::Serialize;

/// The file of a material or of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "FileInfo")]
pub struct FileItem {
    /// Display name.
    pub name: String,
    /// Its size, in bytes.
    #[schemars(with = "Count")]
    pub size_bytes: i64,
    /// Its media type.
    pub content_type: String,
}

impl From<&FileRow> for FileItem {
    fn from(file: &FileRow) -> Self {
        Self { name: file.name.clone(), size_bytes: file.size_bytes, content_type: file.content_type.clone() }
    }
}
