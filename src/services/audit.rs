//! The audit trail as admins read it. Its lines are written by the use cases they are about, in their transactions ([`super::shared::requester`]).

pub use crate::backends::store::{AuditFilter, AuditView};
use crate::{
    domain::{access::Action, ids::AuditId, principal::Principal},
    services::{Context, ServiceResult, shared::requester::require},
};

/// Lists the lines of the audit trail that `filter` lets through, newest first.
pub async fn list_audit(
    context: &Context,
    principal: &Principal,
    filter: &AuditFilter,
    after: Option<AuditId>,
    limit: u32,
) -> ServiceResult<Vec<AuditView>> {
    require(principal, Action::ReadAudit)?;
    Ok(context.store.list_audit(filter, after, limit).await?)
}
