//! Owns the regular trimming of rows that grow with time: the log, ended logins, idempotency keys,
//! old notices, claims on past times, counts per day, views per day, and dead letters. Called by
//! `actors/scheduler`.

use crate::{
    domain::{clock::DAY_MS, notices::spec::NoticeSpec},
    services::{Context, ServiceResult, shared::school_day},
};

/// How long a repeated `Idempotency-Key` gets the first answer.
const IDEMPOTENCY_RETENTION_MS: i64 = DAY_MS;

/// What one round removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Rows of the log beyond `log.retention_days`.
    pub log_rows: u64,
    /// Logins that have ended.
    pub logins: u64,
    /// Idempotency keys older than a day.
    pub idempotency_keys: u64,
    /// Notices older than the retention of their kind.
    pub notices: u64,
    /// Claims on appointment times that have passed.
    pub slot_claims: u64,
    /// Views of conversations before yesterday; the audit trail keeps them.
    pub conversation_views: u64,
    /// Counts of companion answers before yesterday.
    pub companion_days: u64,
    /// Views of warnings before yesterday.
    pub alert_views: u64,
    /// Views of app consoles before yesterday.
    pub console_views: u64,
    /// Webhook events that were given up more than `webhooks.dead_letter_days` ago.
    pub dead_letters: u64,
}

/// Runs one round. Safe to run on several nodes at once and at any time. Fails at the first failing
/// step; the next round does the rest.
pub async fn run_once(context: &Context) -> ServiceResult<Removed> {
    let now_ms = context.clock.now_ms();
    let log_before_ms = days_before(now_ms, i64::from(context.config.log.retention_days));
    let dead_before_ms = days_before(now_ms, i64::from(context.config.webhooks.dead_letter_days));
    let yesterday = school_day::yesterday(context);
    let mut removed = Removed {
        log_rows: context.store.trim_log(log_before_ms).await?,
        logins: context.cache.sweep().await?,
        idempotency_keys: context.store.trim_idempotency(now_ms.saturating_sub(IDEMPOTENCY_RETENTION_MS)).await?,
        notices: 0,
        slot_claims: context.store.trim_claims(now_ms.saturating_sub(DAY_MS)).await?,
        conversation_views: context.store.trim_conversation_views(&yesterday).await?,
        companion_days: context.store.trim_companion_days(&yesterday).await?,
        alert_views: context.store.trim_alert_views(&yesterday).await?,
        console_views: context.store.trim_console_views(&yesterday).await?,
        dead_letters: context.store.trim_dead_letters(dead_before_ms).await?,
    };
    for spec in NoticeSpec::ALL.into_iter().flatten() {
        let before_ms = days_before(now_ms, i64::from(spec.retention_days));
        removed.notices += context.store.trim_notices(spec.wire_name, before_ms).await?;
    }
    if removed != Removed::default() {
        tracing::info!(?removed, "housekeeping done");
    }
    Ok(removed)
}

const fn days_before(now_ms: i64, days: i64) -> i64 {
    now_ms.saturating_sub(days.saturating_mul(DAY_MS))
}
