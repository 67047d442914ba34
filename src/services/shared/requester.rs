//! Who asks a use case for something: what they may, and their line in the audit trail. People, not the actix actors of `crate::actors`.

use crate::{
    backends::store::AuditEntry,
    domain::{
        access::{Action, may},
        principal::Principal,
    },
    services::{ServiceError, ServiceResult},
};
use serde_json::Value;
use std::net::IpAddr;

/// Who does something, and from where.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// Who.
    pub principal: &'a Principal,
    /// From where, for the audit trail.
    pub address: Option<IpAddr>,
}

impl Actor<'_> {
    /// Makes the line of the audit trail about what this actor did; `target`: the kind and id of the thing it was done to.
    pub(in crate::services) fn audit_entry<'a>(
        self,
        action: &'a str,
        target: Option<(&'a str, String)>,
        data: Value,
        at_ms: i64,
    ) -> AuditEntry<'a> {
        let (target_kind, target_id) = target.unzip();
        let address = self.address.map(|address| address.to_string());
        AuditEntry { actor_id: Some(self.principal.user_id), action, target_kind, target_id, address, data, at_ms }
    }
}

/// Fails with [`ServiceError::Denied`] when the principal's role may not do this.
pub fn require(principal: &Principal, action: Action) -> ServiceResult<()> {
    if may(principal.role, action) { Ok(()) } else { Err(ServiceError::Denied) }
}
