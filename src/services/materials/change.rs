//! Changes of materials.

use super::view::MaterialItem;
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
use serde_json::json;

/// A material that is to be made.
#[derive(Debug)]
pub struct NewMaterial {
    /// Title, category and text.
    pub text: MaterialText,
    /// `Active` or `Draft`.
    pub status: MaterialStatus,
    /// Its PDF.
    pub file: Option<UploadedFile>,
}

/// What should be different; `None` leaves a part as it is.
#[derive(Debug, Clone, Default)]
pub struct MaterialChange {
    /// New texts.
    pub text: SentMaterialText,
    /// New state.
    pub status: Option<MaterialStatus>,
}

/// Makes a material: file inspected and stored, then row, audit entry, and when it is active notice and log row, in one transaction. Fails with
/// `validation`, `materials.file_*` or [`ServiceError::Denied`]; then nothing of it stays.
pub async fn publish_material(context: &Context, requester: &Requester, new: NewMaterial) -> ServiceResult<MaterialItem> {
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
    announce(context, &material, "created", false);
    Ok(MaterialItem::whole(material, requester.principal.role))
}

/// Changes a material. A draft that becomes active for the first time is announced to the students.
pub async fn change_material(
    context: &Context,
    requester: &Requester,
    id: MaterialId,
    change: MaterialChange,
) -> ServiceResult<MaterialItem> {
    require(&requester.principal, Action::WriteMaterials)?;
    let mut tx = context.store.begin().await?;
    let before = tx.find_material_to_change(id).await?.ok_or(ServiceError::NotFound)?;
    let mut after = apply(&before, change)?;
    if after == before {
        return Ok(MaterialItem::whole(before, requester.principal.role));
    }
    let now_ms = context.clock.now_ms();
    let is_first_publication = after.status == MaterialStatus::Active && after.published_at_ms.is_none();
    after.updated_at_ms = now_ms;
    after.published_at_ms = after.published_at_ms.or((after.status == MaterialStatus::Active).then_some(now_ms));
    let is_archiving = after.status == MaterialStatus::Archived && before.status != MaterialStatus::Archived;
    let action = if is_archiving { "archived" } else { "updated" };
    tx.update_material(&after).await?;
    audit(&mut tx, requester, &after, action, now_ms).await?;
    if is_first_publication {
        notify_students(&mut tx, &after, now_ms).await?;
    }
    tx.commit().await?;
    announce(context, &after, action, true);
    Ok(MaterialItem::whole(after, requester.principal.role))
}

/// Deletes a material: the row first, then its file. A file that cannot be deleted now is left to the sweeper.
pub async fn delete_material(context: &Context, requester: &Requester, id: MaterialId) -> ServiceResult<()> {
    require(&requester.principal, Action::WriteMaterials)?;
    let mut tx = context.store.begin().await?;
    let material = tx.find_material_to_change(id).await?.ok_or(ServiceError::NotFound)?;
    tx.delete_material(id).await?;
    audit(&mut tx, requester, &material, "deleted", context.clock.now_ms()).await?;
    tx.commit().await?;
    discard_object(context, &material).await;
    announce(context, &material, "deleted", true);
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

/// Returns the row with the change in it, checked as a whole.
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
        // A time-out may have come after the object was made.
        let _ = context.files.delete(&key).await;
    }
    stored
}

async fn insert(context: &Context, requester: &Requester, material: &MaterialRow) -> BackendResult<()> {
    let mut tx = context.store.begin().await?;
    tx.insert_material(material).await?;
    audit(&mut tx, requester, material, "created", material.created_at_ms).await?;
    if material.status == MaterialStatus::Active {
        notify_students(&mut tx, material, material.created_at_ms).await?;
    }
    tx.commit().await
}

async fn audit(tx: &mut Tx, requester: &Requester, material: &MaterialRow, change: &str, now_ms: i64) -> BackendResult<()> {
    let action = format!("material.{change}");
    let facts = json!({ "title": material.text.title, "status": material.status });
    tx.append_audit(&requester.audit_entry(&action, Some(("material", material.id.to_string())), facts, now_ms)).await
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

/// Removes the object of a material whose row was not written. When that is not certain (the database went away during the commit), the object
/// stays and the sweeper decides.
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

/// Wakes the pump and tells open pages. Students hear only of what they can or could see; of a new material they get the notice.
fn announce(context: &Context, material: &MaterialRow, change: &str, tells_students: bool) {
    context.announce.wake_pump();
    let tells_students = tells_students && material.published_at_ms.is_some();
    let roles = Role::ALL.into_iter().filter(|role| tells_students || *role != Role::Student);
    for role in roles {
        let data = json!({ "material_id": material.id.to_string(), "change": change });
        context.announce.publish(&ChannelName::role(role), DeskEvent::MaterialChanged, data);
    }
}
