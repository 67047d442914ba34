//! The requester of a use case: owns who asks and from where, what they may, and their line in the audit trail. Made by `http/input/requester.rs`.

use crate::{
    backends::store::AuditEntry,
    domain::{
        access::{Action, may},
        ids::UserId,
        principal::Principal,
    },
    services::{ServiceError, ServiceResult},
};
use serde_json::Value;

/// Where a request comes from, for lists of logins and the audit trail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address.
    pub address: Option<String>,
    /// The text under which its address is counted (IPv6: the /64).
    pub address_key: String,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
}

impl Origin {
    /// Makes the line of the audit trail about what was done from here; `target`: the kind and id of the thing it was done to. Without an actor nobody
    /// was signed in.
    pub(in crate::services) fn audit_entry<'a>(
        &self,
        actor_id: Option<UserId>,
        action: &'a str,
        target: Option<(&'a str, String)>,
        data: Value,
        at_ms: i64,
    ) -> AuditEntry<'a> {
        let (target_kind, target_id) = target.unzip();
        AuditEntry { actor_id, action, target_kind, target_id, address: self.address.clone(), data, at_ms }
    }
}

/// A signed-in user who asks for something, and from where. Use cases that only read may do with the principal.
#[derive(Debug, Clone)]
pub struct Requester {
    /// Who.
    pub principal: Principal,
    /// From where.
    pub origin: Origin,
}

impl Requester {
    /// Makes the line of the audit trail about what this requester did; `target`: the kind and id of the thing it was done to.
    pub(in crate::services) fn audit_entry<'a>(
        &self,
        action: &'a str,
        target: Option<(&'a str, String)>,
        data: Value,
        at_ms: i64,
    ) -> AuditEntry<'a> {
        self.origin.audit_entry(Some(self.principal.user_id), action, target, data, at_ms)
    }
}

/// Fails with [`ServiceError::Denied`] when the principal's role may not do this.
pub fn require(principal: &Principal, action: Action) -> ServiceResult<()> {
    if may(principal.role, action) { Ok(()) } else { Err(ServiceError::Denied) }
}
