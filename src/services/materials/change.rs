//! Owns the changes of materials: publish, change, delete. Called by `http/resources/materials`.
//!
//! - The row, the audit entry and, when students should learn of it, the notice and log row are one
//!   transaction.
//! - A file is stored before its row and deleted after it, so that a row never lacks its file.

use super::view::MaterialWithText;
use crate::{
    backends::{
        BackendError, BackendResult,
        files::NewFile,
        store::{FileRow, MaterialRow, Tx},
    },
    domain::{
        access::Action,
        files::{
            file_key::FileKey,
            material::{MaterialStatus, MaterialText, PDF_CONTENT_TYPE, SentMaterialText},
        },
        ids::MaterialId,
        live::{audience::Audience, channel::ChannelName},
        notices::kind::{NewNotice, NoticeKind},
        principal::{Principal, Role},
        text::FieldError,
    },
    services::{
        Context, ServiceError, ServiceResult,
        files::{incoming::UploadedFile, pdf_inspection::inspect_pdf},
        notices::append_notice,
        shared::requester::{Requester, require},
    },
    wire::desk_event::DeskEvent,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

/// A material to make.
#[derive(Debug)]
pub struct NewMaterial {
    /// Title, category and text.
    pub text: MaterialText,
    /// `Active` or `Draft`.
    pub status: MaterialStatus,
    /// Its PDF.
    pub file: Option<UploadedFile>,
}

/// The changes to a material; `None` leaves a part as it is.
#[derive(Debug, Clone, Default)]
pub struct MaterialChange {
    /// New texts.
    pub text: SentMaterialText,
    /// New state.
    pub status: Option<MaterialStatus>,
}

/// What became of a material.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum MaterialAct {
    /// It was made.
    Created,
    /// Its texts or its state changed.
    Updated,
    /// It was taken out of sight.
    Archived,
    /// It is gone.
    Deleted,
}

/// The data of `material.changed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct MaterialChanged {
    /// The material.
    material_id: MaterialId,
    /// What became of it.
    change: MaterialAct,
}

impl MaterialAct {
    /// Returns the name of the act in the audit trail.
    const fn audit_action(self) -> &'static str {
        match self {
            Self::Created => "material.created",
            Self::Updated => "material.updated",
            Self::Archived => "material.archived",
            Self::Deleted => "material.deleted",
        }
    }
}

/// Makes a material. Inspects and stores the file, then writes row and audit entry, and for an
/// active material notice and log row, in one transaction. Fails with `validation`,
/// `materials.file_*` or [`ServiceError::Denied`]; then nothing of it stays.
pub async fn publish_material(context: &Context, requester: &Requester, new: NewMaterial) -> ServiceResult<MaterialWithText> {
    require(&requester.principal, Action::WriteMaterials)?;
    check_new(&new)?;
    let material = new_row(context, &requester.principal, &new);
    if let (Some(upload), Some(file)) = (&new.file, &material.file) {
        inspect_pdf(upload.path()).await?;
        store_file(context, upload, file).await?;
    }
    if let Err(error) = insert(context, requester, &material).await {
        discard_file(context, &material).await;
        return Err(error.into());
    }
    announce(context, &material, MaterialAct::Created, false);
    Ok(MaterialWithText::new(material, requester.principal.role))
}

/// Changes a material. A draft that becomes active for the first time is announced to the students.
pub async fn change_material(
    context: &Context,
    requester: &Requester,
    id: MaterialId,
    change: MaterialChange,
) -> ServiceResult<MaterialWithText> {
    require(&requester.principal, Action::WriteMaterials)?;
    let mut tx = context.store.begin().await?;
    let before = tx.find_material_to_change(id).await?.ok_or(ServiceError::NotFound)?;
    let mut after = apply(&before, change)?;
    if after == before {
        return Ok(MaterialWithText::new(before, requester.principal.role));
    }
    let now_ms = context.clock.now_ms();
    let is_first_publication = after.status == MaterialStatus::Active && after.published_at_ms.is_none();
    after.updated_at_ms = now_ms;
    after.published_at_ms = after.published_at_ms.or((after.status == MaterialStatus::Active).then_some(now_ms));
    let is_archiving = after.status == MaterialStatus::Archived && before.status != MaterialStatus::Archived;
    let action = if is_archiving { MaterialAct::Archived } else { MaterialAct::Updated };
    tx.update_material(&after).await?;
    audit(&mut tx, requester, &after, action, now_ms).await?;
    if is_first_publication {
        notify_students(&mut tx, &after, now_ms).await?;
    }
    tx.commit().await?;
    announce(context, &after, action, true);
    Ok(MaterialWithText::new(after, requester.principal.role))
}

/// Deletes a material: the row first, then its file. If deleting the file fails, `files::sweep`
/// deletes it later.
pub async fn delete_material(context: &Context, requester: &Requester, id: MaterialId) -> ServiceResult<()> {
    require(&requester.principal, Action::WriteMaterials)?;
    let mut tx = context.store.begin().await?;
    let material = tx.find_material_to_change(id).await?.ok_or(ServiceError::NotFound)?;
    tx.delete_material(id).await?;
    audit(&mut tx, requester, &material, MaterialAct::Deleted, context.clock.now_ms()).await?;
    tx.commit().await?;
    discard_object(context, &material).await;
    announce(context, &material, MaterialAct::Deleted, true);
    Ok(())
}

fn check_new(new: &NewMaterial) -> ServiceResult<()> {
    if new.status == MaterialStatus::Archived {
        return Err(FieldError::new("status", "unknown_value", "draft or active").into());
    }
    if new.file.is_none() && new.text.body.is_empty() { Err(nothing_to_read().into()) } else { Ok(()) }
}

fn nothing_to_read() -> FieldError {
    FieldError::new("body", "required", "a material needs a text or a file")
}

fn new_row(context: &Context, author: &Principal, new: &NewMaterial) -> MaterialRow {
    let now_ms = context.clock.now_ms();
    let file = new.file.as_ref().map(|upload| FileRow {
        key: FileKey::generate_material_pdf().as_str().to_owned(),
        name: upload.name.clone(),
        size_bytes: i64::try_from(upload.size_bytes).unwrap_or(i64::MAX),
        content_type: PDF_CONTENT_TYPE.to_owned(),
        sha256: upload.sha256.clone(),
    });
    MaterialRow {
        id: MaterialId::generate(),
        text: new.text.clone(),
        summary: new.text.summary(),
        status: new.status,
        file,
        author_id: author.user_id,
        author_name: author.name.clone(),
        views: 0,
        downloads: 0,
        created_at_ms: now_ms,
        updated_at_ms: now_ms,
        published_at_ms: (new.status == MaterialStatus::Active).then_some(now_ms),
    }
}

/// Returns the row with the change applied, validated as a whole.
fn apply(before: &MaterialRow, change: MaterialChange) -> ServiceResult<MaterialRow> {
    let text = before.text.changed(change.text).map_err(ServiceError::validation)?;
    if text.body.is_empty() && before.file.is_none() {
        return Err(nothing_to_read().into());
    }
    Ok(MaterialRow { summary: text.summary(), text, status: change.status.unwrap_or(before.status), ..before.clone() })
}

fn key_of(file: &FileRow) -> BackendResult<FileKey> {
    FileKey::parse(&file.key).map_err(|_| BackendError::Corrupt { what: "file_key" })
}

async fn store_file(context: &Context, upload: &UploadedFile, file: &FileRow) -> BackendResult<()> {
    let key = key_of(file)?;
    let (size_bytes, content_type, sha256) = (upload.size_bytes, PDF_CONTENT_TYPE, upload.sha256.as_str());
    let stored = context.files.put_file(&NewFile { key: &key, path: upload.path(), size_bytes, content_type, sha256 }).await;
    if stored.is_err() {
        // The time-out may have come after the object was stored.
        let _ = context.files.delete(&key).await;
    }
    stored
}

async fn insert(context: &Context, requester: &Requester, material: &MaterialRow) -> BackendResult<()> {
    let mut tx = context.store.begin().await?;
    tx.insert_material(material).await?;
    audit(&mut tx, requester, material, MaterialAct::Created, material.created_at_ms).await?;
    if material.status == MaterialStatus::Active {
        notify_students(&mut tx, material, material.created_at_ms).await?;
    }
    tx.commit().await
}

async fn audit(tx: &mut Tx, requester: &Requester, material: &MaterialRow, change: MaterialAct, now_ms: i64) -> BackendResult<()> {
    let facts = json!({ "title": material.text.title, "status": material.status });
    tx.append_audit(&requester.audit_entry(change.audit_action(), Some(("material", material.id.to_string())), facts, now_ms)).await
}

async fn notify_students(tx: &mut Tx, material: &MaterialRow, now_ms: i64) -> BackendResult<()> {
    let kind = NoticeKind::MaterialPublished {
        material_id: material.id.to_string(),
        title: material.text.title.clone(),
        category: material.text.category.clone(),
    };
    append_notice(tx, &NewNotice { audience: Audience::Role(Role::Student), kind }, now_ms).await?;
    Ok(())
}

/// Deletes the object of a material whose row was not written. If that is uncertain (the database
/// was lost during the commit), the object stays, and `files::sweep` decides later.
async fn discard_file(context: &Context, material: &MaterialRow) {
    match context.store.find_material(material.id).await {
        Ok(None) => discard_object(context, material).await,
        Ok(Some(_)) | Err(_) => tracing::warn!(material.id = %material.id, "object of an uncertain upload left to the sweeper"),
    }
}

async fn discard_object(context: &Context, material: &MaterialRow) {
    let Some(Ok(key)) = material.file.as_ref().map(key_of) else { return };
    if let Err(error) = context.files.delete(&key).await {
        tracing::warn!(file.key = %key, error = %error, "object left to the sweeper");
    }
}

/// Wakes the pump and publishes `material.changed`. Students receive it only for materials that
/// they can or could see; a new material reaches them as a notice.
fn announce(context: &Context, material: &MaterialRow, change: MaterialAct, tells_students: bool) {
    context.announce.wake_pump();
    let tells_students = tells_students && material.published_at_ms.is_some();
    let roles = Role::ALL.into_iter().filter(|role| tells_students || *role != Role::Student);
    for role in roles {
        let data = json!(MaterialChanged { material_id: material.id, change });
        context.announce.queue_event(&ChannelName::role(role), DeskEvent::MaterialChanged, data);
    }
}
