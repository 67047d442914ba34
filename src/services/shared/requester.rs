//! Owns the requester of a use case: the user, their address, the check of their rights, and their
//! entry in the audit trail. Made by `http/input/requester.rs`.

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

/// The origin of a request, for lists of logins and the audit trail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address.
    pub address: Option<String>,
    /// The key under which requests of this address are counted (IPv6: the /64).
    pub address_key: String,
    /// The browser's `User-Agent`.
    pub user_agent: Option<String>,
}

impl Origin {
    /// Makes the audit entry of an action from this origin. `target`: kind and id of the object.
    /// `actor_id` is `None` when no user was signed in.
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

/// A signed-in user who makes a request, and its origin. Use cases that only read can take the
/// principal alone.
#[derive(Debug, Clone)]
pub struct Requester {
    /// The user.
    pub principal: Principal,
    /// The origin.
    pub origin: Origin,
}

impl Requester {
    /// Makes the audit entry of an action of this requester. `target`: kind and id of the object.
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
