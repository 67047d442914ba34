//! Owns the escalation of risks that were not acknowledged in time. Called by `actors/scheduler`
//! every 5 s, on every node.
//!
//! - The deadline is a column of the warning's row, so it survives restarts.
//! - The node that clears the column notifies all counsellors and admins in the same transaction,
//!   so each warning escalates once.

use super::{
    Context, ServiceResult,
    notify::{AlertChange, STAFF, append_changed, append_raised},
};
use crate::{domain::ids::AlertId, services::shared::contention::retry_contention, telemetry};

/// Warnings read in one query.
const BATCH: u32 = 100;

/// The outcome of one round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EscalationRound {
    /// How many warnings were escalated.
    pub escalated: u64,
}

/// Notifies all counsellors and admins of every risk that was not acknowledged in time. Safe to run
/// on several nodes at once.
pub async fn escalate_overdue(context: &Context) -> ServiceResult<EscalationRound> {
    let mut round = EscalationRound::default();
    loop {
        let overdue = context.store.overdue_alerts(context.clock.now_ms(), BATCH).await?;
        for id in &overdue {
            round.escalated += u64::from(retry_contention(async || escalate(context, *id).await).await?);
        }
        if overdue.len() < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            break;
        }
    }
    if round.escalated > 0 {
        context.announce.wake_pump();
        metrics::counter!(telemetry::ALERTS_ESCALATED).increment(round.escalated);
        tracing::warn!(escalated = round.escalated, "nobody acknowledged in time; all counsellors and admins were called");
    }
    Ok(round)
}

/// Takes one warning and notifies all staff; `false` when it was acknowledged, or another node took
/// it.
async fn escalate(context: &Context, id: AlertId) -> ServiceResult<bool> {
    let now_ms = context.clock.now_ms();
    let mut tx = context.store.begin().await?;
    if !tx.take_overdue_alert(id, now_ms).await? {
        return Ok(false);
    }
    append_raised(&mut tx, id, &STAFF, now_ms).await?;
    append_changed(&mut tx, AlertChange::Escalated, id, now_ms).await?;
    tx.commit().await?;
    Ok(true)
}
