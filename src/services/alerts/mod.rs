//! Owns the warnings to counsellors about students who may be in danger. Called by
//! [`super::companion`], which raises them, by `http/resources/alerts` and by `actors/scheduler`.
//!
//! - A warning is raised in the transaction of the question that caused it.
//! - A risk that is not acknowledged in time is escalated to all counsellors and admins.
//! - A warning is acknowledged once.
//! - A student never learns of a warning: no answer and no event to a student carries a level, a
//!   rule or a warning.

mod answer;
mod escalate;
mod notify;
mod raise;
mod view;

pub use answer::{acknowledge_alert, open_chat};
pub use escalate::{EscalationRound, escalate_overdue};
pub use notify::{AlertChange, RiskChanged, RiskRaised};
pub use raise::{ACKNOWLEDGE_WITHIN_MS, NewAlert, raise};
pub use view::{AlertItem, AlertNews, AlertPage, AlertQuery, AlertScope, AlertState, list_alerts};

use super::{
    Context, ServiceError, ServiceResult,
    shared::requester::{Requester, require},
};
use crate::{
    backends::{BackendResult, store::Tx},
    domain::ids::AlertId,
};
use serde_json::Value;

/// Adds a line about a warning to the audit trail.
async fn audit(tx: &mut Tx, requester: &Requester, action: &str, id: AlertId, data: Value, now_ms: i64) -> BackendResult<()> {
    tx.append_audit(&requester.audit_entry(action, Some(("alert", id.to_string())), data, now_ms)).await
}
