//! Materials as they are shown.

use super::{find_visible, school_day, visible_statuses};
use crate::{
    backends::store::{MaterialFilter, MaterialRow},
    domain::{
        access::{Action, may},
        clock::rfc3339,
        files::material::MaterialStatus,
        ids::MaterialId,
        principal::{Principal, Role},
    },
    services::{Context, ServiceResult},
};
use serde::Serialize;

/// What a list should show.
#[derive(Debug, Clone, Default)]
pub struct MaterialQuery {
    /// Words to find.
    pub query: Option<String>,
    /// Only this category.
    pub category: Option<String>,
    /// Only this state.
    pub status: Option<MaterialStatus>,
    /// Only those before this one.
    pub after: Option<MaterialId>,
    /// How many at most.
    pub limit: u32,
}

/// The file of a material as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileItem {
    /// Display name.
    pub name: String,
    /// Size.
    pub size_bytes: i64,
    /// Kind.
    pub content_type: String,
}

/// Who made a material.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuthorItem {
    /// The account.
    pub id: String,
    /// Display name.
    pub name: String,
}

/// A material as the contract shapes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MaterialItem {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its category.
    pub category: String,
    /// The first words of its text.
    pub summary: Option<String>,
    /// Where it stands.
    pub status: MaterialStatus,
    /// Its file.
    pub file: Option<FileItem>,
    /// Who made it.
    pub author: AuthorItem,
    /// How often it was read; null for students.
    pub views: Option<i64>,
    /// How often it was downloaded; null for students.
    pub downloads: Option<i64>,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// When it was changed last, RFC 3339.
    pub updated_at: String,
    /// When it first became active, RFC 3339.
    pub published_at: Option<String>,
    /// Its text; only where one material is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MaterialPage {
    /// Newest first.
    pub items: Vec<MaterialItem>,
    /// `after` of the next page.
    pub next: Option<String>,
    /// The categories in use, sorted.
    pub categories: Vec<String>,
}

impl MaterialItem {
    /// Shows a material in a list, as `role` may see it.
    #[must_use]
    pub fn listed(material: MaterialRow, role: Role) -> Self {
        let counts = may(role, Action::ReadUnpublishedMaterials).then_some((material.views, material.downloads));
        let show_file = |file: crate::backends::store::FileRow| FileItem {
            name: file.name,
            size_bytes: file.size_bytes,
            content_type: file.content_type,
        };
        Self {
            id: material.id.to_string(),
            title: material.text.title,
            category: material.text.category,
            summary: material.summary,
            status: material.status,
            file: material.file.map(show_file),
            author: AuthorItem { id: material.author_id.to_string(), name: material.author_name },
            views: counts.map(|(views, _)| views),
            downloads: counts.map(|(_, downloads)| downloads),
            created_at: rfc3339(material.created_at_ms),
            updated_at: rfc3339(material.updated_at_ms),
            published_at: material.published_at_ms.map(rfc3339),
            body: None,
        }
    }

    /// Shows one material with its text, as `role` may see it.
    #[must_use]
    pub fn whole(material: MaterialRow, role: Role) -> Self {
        let body = Some(material.text.body.clone());
        Self { body, ..Self::listed(material, role) }
    }
}

/// Lists the materials the principal may see.
pub async fn list_materials(context: &Context, principal: &Principal, query: MaterialQuery) -> ServiceResult<MaterialPage> {
    let visible = visible_statuses(principal.role);
    let statuses = visible.iter().copied().filter(|status| query.status.is_none_or(|wanted| wanted == *status)).collect();
    let filter = MaterialFilter { query: query.query, category: query.category, statuses };
    let page = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let mut rows = context.store.list_materials(&filter, query.after, query.limit.saturating_add(1)).await?;
    let has_more = rows.len() > page;
    rows.truncate(page);
    let next = rows.last().filter(|_| has_more).map(|last| last.id.to_string());
    let categories = context.store.material_categories(visible).await?;
    let items = rows.into_iter().map(|row| MaterialItem::listed(row, principal.role)).collect();
    Ok(MaterialPage { items, next, categories })
}

/// Returns the newest active materials, for a student's dashboard.
pub async fn newest_materials(context: &Context, principal: &Principal, limit: u32) -> ServiceResult<Vec<MaterialItem>> {
    let filter = MaterialFilter { statuses: vec![MaterialStatus::Active], ..MaterialFilter::default() };
    let rows = context.store.list_materials(&filter, None, limit).await?;
    Ok(rows.into_iter().map(|row| MaterialItem::listed(row, principal.role)).collect())
}

/// Whether a request is one to read or download, which counts, or only a look at what the answer would be (`HEAD`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The answer is wanted.
    Use,
    /// Only whether there is one.
    Look,
}

/// Shows one material and counts a student's reading.
pub async fn read_material(context: &Context, principal: &Principal, id: MaterialId, purpose: Purpose) -> ServiceResult<MaterialItem> {
    let material = find_visible(context, principal, id).await?;
    if principal.role == Role::Student && purpose == Purpose::Use {
        context.store.count_material_view(id, principal.user_id, &school_day::today(context), context.clock.now_ms()).await?;
    }
    Ok(MaterialItem::whole(material, principal.role))
}
