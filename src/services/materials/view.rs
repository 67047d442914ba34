//! Owns how materials are listed and shown. Called by `http/resources/materials` and
//! [`crate::services::dashboards`].

use super::{find_visible, school_day, visible_statuses};
use crate::{
    backends::store::{MaterialFilter, MaterialRow},
    domain::{
        access::{Action, may},
        clock::rfc3339,
        files::material::MaterialStatus,
        ids::MaterialId,
        principal::{Principal, Role},
        shape::{Count, Id, Time},
    },
    services::{
        Context, ServiceResult,
        shared::{file::FileItem, person::PersonItem},
    },
};
use schemars::JsonSchema;
use serde::Serialize;

/// The filter and page of a list of materials.
#[derive(Debug, Clone, Default)]
pub struct MaterialQuery {
    /// Words to find.
    pub query: Option<String>,
    /// Only this category.
    pub category: Option<String>,
    /// Only this status.
    pub status: Option<MaterialStatus>,
    /// Only materials before this one.
    pub after: Option<MaterialId>,
    /// How many at most.
    pub limit: u32,
}

/// A material without its text, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Material")]
pub struct MaterialItem {
    /// Its id.
    #[schemars(with = "Id")]
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its category.
    pub category: String,
    /// The first words of its text.
    pub summary: Option<String>,
    /// Its state; students see active ones only.
    pub status: MaterialStatus,
    /// Its file; null without one.
    pub file: Option<FileItem>,
    /// The counsellor who made it.
    pub author: PersonItem,
    /// How often students read it. Null for students.
    #[schemars(with = "Option<Count>")]
    pub views: Option<i64>,
    /// How often students downloaded its file. Null for students.
    #[schemars(with = "Option<Count>")]
    pub downloads: Option<i64>,
    /// When it was made.
    #[schemars(with = "Time")]
    pub created_at: String,
    /// When it was changed last.
    #[schemars(with = "Time")]
    pub updated_at: String,
    /// When it first became active; null before that.
    #[schemars(with = "Option<Time>")]
    pub published_at: Option<String>,
}

/// A material with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MaterialWithText {
    /// The material.
    #[serde(flatten)]
    pub material: MaterialItem,
    /// May be empty when there is a file.
    pub body: String,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct MaterialPage {
    /// Newest first.
    pub items: Vec<MaterialItem>,
    /// `after` of the next page; null on the last one.
    pub next: Option<String>,
    /// The categories in use, sorted.
    pub categories: Vec<String>,
}

impl MaterialItem {
    /// Shows a material in a list, as `role` may see it.
    #[must_use]
    pub fn listed(material: MaterialRow, role: Role) -> Self {
        let counts = may(role, Action::ReadUnpublishedMaterials).then_some((material.views, material.downloads));
        Self {
            id: material.id.to_string(),
            title: material.text.title,
            category: material.text.category,
            summary: material.summary,
            status: material.status,
            file: material.file.as_ref().map(FileItem::from),
            author: PersonItem { id: material.author_id.to_string(), name: material.author_name },
            views: counts.map(|(views, _)| views),
            downloads: counts.map(|(_, downloads)| downloads),
            created_at: rfc3339(material.created_at_ms),
            updated_at: rfc3339(material.updated_at_ms),
            published_at: material.published_at_ms.map(rfc3339),
        }
    }
}

impl MaterialWithText {
    /// Shows one material with its text, as `role` may see it.
    #[must_use]
    pub fn new(mut material: MaterialRow, role: Role) -> Self {
        let body = std::mem::take(&mut material.text.body);
        Self { material: MaterialItem::listed(material, role), body }
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

/// Whether the client wants the content, which counts, or only the headers (`HEAD`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The client wants the content.
    Use,
    /// The client wants only the headers.
    Look,
}

/// Shows one material and counts a student's reading.
pub async fn read_material(context: &Context, principal: &Principal, id: MaterialId, purpose: Purpose) -> ServiceResult<MaterialWithText> {
    let material = find_visible(context, principal, id).await?;
    if principal.role == Role::Student && purpose == Purpose::Use {
        context.store.count_material_view(id, principal.user_id, &school_day::today(context), context.clock.now_ms()).await?;
    }
    Ok(MaterialWithText::new(material, principal.role))
}
