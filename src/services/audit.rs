//! Owns the reading of the audit trail by admins. Called by `http/resources/audit`. Its entries are
//! written by each use case, in the transaction of the change ([`super::shared::requester`]).

pub use crate::backends::store::{AuditFilter, AuditView};
use crate::{
    domain::{access::Action, ids::AuditId, principal::Principal},
    services::{Context, ServiceResult, shared::requester::require},
};

/// Lists the entries of the audit trail that match `filter`, newest first.
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
