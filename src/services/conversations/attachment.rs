//! Owns the files of messages: inspecting, storing and removing them. Called by [`super::send`] and
//! [`super::history`]. A file is stored under a random key and removed with its message.

use super::{Context, ServiceError, ServiceResult};
use crate::{
    backends::{BackendError, BackendResult, files::NewFile, store::FileRow},
    domain::{
        conversations::attachment::AttachmentKind,
        files::{file_key::FileKey, file_name::safe_file_name},
    },
    services::files::{image_inspection::inspect_image, incoming::UploadedFile, pdf_inspection::inspect_pdf},
};
use tokio::io::AsyncReadExt as _;

/// How many first bytes are needed to recognise every accepted kind.
const SIGNATURE_BYTES: u64 = 16;
/// The name of a file that has no usable name.
const FALLBACK_NAME: &str = "lampiran";

/// Inspects an upload and stores it. Fails with `materials.file_type`, `.file_unreadable`,
/// `.file_unsafe`, `.file_encrypted`; then nothing is stored.
pub(super) async fn store_attachment(context: &Context, upload: &UploadedFile) -> ServiceResult<FileRow> {
    let kind = inspect(upload).await?;
    let key = FileKey::generate_attachment(kind);
    let (size_bytes, content_type, sha256) = (upload.size_bytes, kind.content_type(), upload.sha256.as_str());
    let stored = context.files.put_file(&NewFile { key: &key, path: upload.path(), size_bytes, content_type, sha256 }).await;
    if let Err(error) = stored {
        // The time-out may have come after the object was stored.
        let _ = context.files.delete(&key).await;
        return Err(error.into());
    }
    Ok(FileRow {
        key: key.as_str().to_owned(),
        name: safe_file_name(&upload.name, FALLBACK_NAME, kind.extension()),
        size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX),
        content_type: content_type.to_owned(),
        sha256: sha256.to_owned(),
    })
}

async fn inspect(upload: &UploadedFile) -> ServiceResult<AttachmentKind> {
    let mut first = Vec::new();
    tokio::fs::File::open(upload.path()).await?.take(SIGNATURE_BYTES).read_to_end(&mut first).await?;
    let kind = AttachmentKind::of_bytes(&first).ok_or(ServiceError::invalid("materials.file_type"))?;
    match kind {
        AttachmentKind::Pdf => inspect_pdf(upload.path()).await?,
        AttachmentKind::Png | AttachmentKind::Jpeg | AttachmentKind::WebP => inspect_image(upload.path(), kind).await?,
    }
    Ok(kind)
}

/// Removes a file that no message has. A file that a message has after all (the answer to a commit
/// was lost) stays. If removing fails, `files::sweep` removes the file later.
pub(super) async fn discard_attachment(context: &Context, file: &FileRow) {
    if let Err(error) = discard(context, file).await {
        tracing::warn!(file.key = %file.key, %error, "object left to the sweeper");
    }
}

async fn discard(context: &Context, file: &FileRow) -> BackendResult<()> {
    let known = context.store.file_keys_known(std::slice::from_ref(&file.key)).await?;
    if known.contains(&file.key) {
        return Ok(());
    }
    context.files.delete(&key_of(file)?).await
}

/// Reads the stored key of a file.
pub(super) fn key_of(file: &FileRow) -> BackendResult<FileKey> {
    FileKey::parse(&file.key).map_err(|_| BackendError::Corrupt { what: "file_key" })
}
