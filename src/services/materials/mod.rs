//! Owns the materials: list, read, publish, change, delete, and link to the file. Called by
//! `http/resources/materials`, `http/resources/files` and [`super::dashboards`]. Students see
//! active materials only.

mod change;
mod view;

pub use change::{MaterialChange, MaterialChanged, NewMaterial, change_material, delete_material, publish_material};
pub use view::{MaterialItem, MaterialPage, MaterialQuery, MaterialWithText, Purpose, list_materials, newest_materials, read_material};

use super::{Context, ServiceError, ServiceResult, files::link::link_options, shared::school_day};
use crate::{
    backends::{BackendError, store::MaterialRow},
    domain::{
        access::{Action, may},
        clock::rfc3339,
        files::{file_key::FileKey, material::MaterialStatus},
        ids::MaterialId,
        principal::{Principal, Role},
        shape::Time,
    },
    wire::content_disposition::Disposition,
};
use schemars::JsonSchema;
use serde::Serialize;

pub use crate::backends::files::{LinkClaim, LinkedFile};

/// A link to the file of a material.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct MaterialLink {
    /// Works without a login; relative to this server when files are on its disk.
    pub url: String,
    /// When it stops to work.
    #[schemars(with = "Time")]
    pub expires_at: String,
}

/// Makes a link to the file of a material; a link as attachment counts as a student's download.
/// Unknown, not visible and without a file: not found.
pub async fn link_material(
    context: &Context,
    principal: &Principal,
    id: MaterialId,
    disposition: Disposition,
    purpose: Purpose,
) -> ServiceResult<MaterialLink> {
    let material = find_visible(context, principal, id).await?;
    let file = material.file.ok_or(ServiceError::NotFound)?;
    let key = FileKey::parse(&file.key).map_err(|_| BackendError::Corrupt { what: "file_key" })?;
    let options = link_options(context, &file, disposition);
    let link = context.files.signed_url(&key, &options).await?;
    if disposition == Disposition::Attachment && principal.role == Role::Student && purpose == Purpose::Use {
        context.store.count_material_download(id, principal.user_id, &school_day::today(context), options.now_ms).await?;
    }
    Ok(MaterialLink { url: link.url, expires_at: rfc3339(link.expires_at_ms) })
}

/// Returns the local file of a link that this server signed. Not found for a wrong or expired link.
pub fn open_link(context: &Context, claim: &LinkClaim<'_>) -> ServiceResult<LinkedFile> {
    context.files.open_link(claim, context.clock.now_ms()).ok_or(ServiceError::NotFound)
}

/// Returns the origins, besides this server, from which pages load files.
#[must_use]
pub fn file_origins(context: &Context) -> Vec<String> {
    context.files.connect_sources()
}

/// Returns the states of the materials that `role` may see.
fn visible_statuses(role: Role) -> &'static [MaterialStatus] {
    if may(role, Action::ReadUnpublishedMaterials) { &MaterialStatus::ALL } else { &[MaterialStatus::Active] }
}

/// Finds a material that the principal may see.
async fn find_visible(context: &Context, principal: &Principal, id: MaterialId) -> ServiceResult<MaterialRow> {
    let material = context.store.find_material(id).await?;
    material.filter(|material| visible_statuses(principal.role).contains(&material.status)).ok_or(ServiceError::NotFound)
}
