//! Warnings to counsellors about students who may be in danger: raised in the transaction of the question, called out again when nobody acknowledges in time,
//! acknowledged once, and answered with a conversation. Nothing of it ever goes to the student: neither answers nor events of theirs carry a level, a rule or
//! a warning.

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
