//! Owns the route of `/admin/audit`: the audit trail, for admins.

use crate::{
    domain::{clock::rfc3339, text::FieldError},
    http::{
        error::ApiResult,
        input::page::{Page, PageQuery},
    },
    services::{
        Context, ServiceError,
        audit::{self, AuditFilter, AuditView},
        shared::requester::Requester,
    },
};
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A line of the audit trail.
#[derive(Debug, Serialize)]
struct AuditBody {
    id: String,
    at: String,
    actor: Option<AuditActorBody>,
    action: String,
    target_kind: Option<String>,
    target_id: Option<String>,
    target_name: Option<String>,
    address: Option<String>,
    data: Value,
}

/// Who acted.
#[derive(Debug, Serialize)]
struct AuditActorBody {
    id: String,
    name: String,
}

impl From<AuditView> for AuditBody {
    fn from(line: AuditView) -> Self {
        Self {
            id: line.id.to_string(),
            at: rfc3339(line.at_ms),
            actor: line.actor.map(|(id, name)| AuditActorBody { id: id.to_string(), name }),
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
#[derive(Debug, Deserialize)]
pub struct AuditQuery {
    actor_id: Option<String>,
    target_kind: Option<String>,
    target_id: Option<String>,
    after: Option<String>,
    limit: Option<String>,
}

/// `GET /admin/audit`: the audit trail, newest first. An empty filter counts as none.
pub async fn list(context: web::Data<Context>, Requester { principal, .. }: Requester, query: web::Query<AuditQuery>) -> ApiResult {
    let AuditQuery { actor_id, target_kind, target_id, after, limit } = query.into_inner();
    let page = PageQuery { after, limit };
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let actor_id = match given(actor_id) {
        Some(id) => Some(id.parse().map_err(|_| ServiceError::from(FieldError::new("actor_id", "unknown_value", "the id of a user")))?),
        None => None,
    };
    let filter = AuditFilter { actor_id, target_kind: given(target_kind), target_id: given(target_id) };
    let limit = page.limit()?;
    let lines = audit::list_audit(&context, &principal, &filter, page.after()?, limit + 1).await?;
    Ok(HttpResponse::Ok().json(Page::new(lines, limit, |line| line.id.to_string(), AuditBody::from)))
}
