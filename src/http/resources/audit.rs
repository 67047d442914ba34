//! Owns the route of `/admin/audit`: the audit trail, for admins.

use crate::{
    domain::{
        clock::rfc3339,
        ids::AuditId,
        shape::{Id, Time},
        text::FieldError,
    },
    http::{
        error::ApiResult,
        input::page::{Page, PageQuery},
    },
    services::{
        Context, ServiceError,
        audit::{self, AuditFilter, AuditView},
        shared::{person::PersonItem, requester::Requester},
    },
};
use actix_web::{HttpResponse, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A line of the audit trail.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditLine")]
pub struct AuditBody {
    /// Its id.
    id: AuditId,
    /// When it was done.
    #[schemars(with = "Time")]
    at: String,
    /// Null: a stranger, or the server itself.
    actor: Option<PersonItem>,
    /// What was done.
    action: String,
    /// What kind of thing it was done to.
    target_kind: Option<String>,
    /// The id of that thing.
    target_id: Option<String>,
    /// The name of a target that is a user.
    target_name: Option<String>,
    /// The network address it was done from.
    address: Option<String>,
    /// Facts, by action.
    data: Value,
}

impl From<AuditView> for AuditBody {
    fn from(line: AuditView) -> Self {
        Self {
            id: line.id,
            at: rfc3339(line.at_ms),
            actor: line.actor.map(|(id, name)| PersonItem { id: id.to_string(), name }),
            action: line.action,
            target_kind: line.target_kind,
            target_id: line.target_id,
            target_name: line.target_name,
            address: line.address,
            data: line.data,
        }
    }
}

/// Query of `GET /admin/audit`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AuditQuery {
    /// Only what this user did.
    #[schemars(with = "Option<Id>")]
    actor_id: Option<String>,
    /// Only what was done to things of this kind, such as `conversation`.
    target_kind: Option<String>,
    /// Only what was done to the thing with this id.
    target_id: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

/// `GET /admin/audit`: the audit trail, newest first. An empty filter of a kind or a thing counts
/// as none.
pub async fn list(context: web::Data<Context>, Requester { principal, .. }: Requester, query: web::Query<AuditQuery>) -> ApiResult {
    let AuditQuery { actor_id, target_kind, target_id, page } = query.into_inner();
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let actor_id = match actor_id {
        Some(id) => Some(id.parse().map_err(|_| ServiceError::from(FieldError::new("actor_id", "unknown_value", "the id of a user")))?),
        None => None,
    };
    let filter = AuditFilter { actor_id, target_kind: given(target_kind), target_id: given(target_id) };
    let limit = page.limit()?;
    let lines = audit::list_audit(&context, &principal, &filter, page.after()?, limit + 1).await?;
    Ok(HttpResponse::Ok().json(Page::new(lines, limit, |line| line.id.to_string(), AuditBody::from)))
}
