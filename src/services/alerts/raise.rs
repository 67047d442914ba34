//! Owns the raising of a warning. Called by [`crate::services::companion`], inside the transaction
//! that stores the question: both are stored or neither.

use super::{
    Context, ServiceError, ServiceResult,
    notify::{AlertChange, append_changed, append_raised},
};
use crate::{
    backends::store::{AlertRow, PersonRow, Repeat, Tx},
    domain::{
        ids::{AlertId, MessageId, ThreadId, UserId},
        live::audience::Audience,
        notices::kind::{NewNotice, NoticeKind},
        principal::Role,
        risk::{Assessment, Level},
    },
    services::{appointments::counsellors::STATUS_LASTS_MS, notices::append_notice},
    telemetry,
};

/// How long counsellors have to acknowledge a risk before it escalates (product rule: 5 min).
pub const ACKNOWLEDGE_WITHIN_MS: i64 = 5 * 60_000;
/// Characters of the question that are kept.
pub(super) const EXCERPT_CHARS: usize = 280;
/// How often raising looks again for an open warning when another transaction was faster.
const ATTEMPTS: u32 = 3;

/// A warning to raise.
#[derive(Debug, Clone, Copy)]
pub struct NewAlert<'a> {
    /// The student it is about.
    pub student: UserId,
    /// The companion's thread.
    pub thread: Option<ThreadId>,
    /// The question that caused it.
    pub question: Option<MessageId>,
    /// What the student wrote; the first 280 characters are kept, for counsellors only.
    pub words: &'a str,
    /// How serious: 2 or 3.
    pub level: Level,
    /// The rules' assessment of the question.
    pub assessment: &'a Assessment,
    /// The time of the question, in ms.
    pub now_ms: i64,
}

/// Raises a warning in the caller's transaction, or adds to the open warning about this student of
/// the same or a higher level. A concern notifies the counsellors. A risk notifies those on duty
/// (all, if none is) and starts the clock. Wake the pump after the commit. Fails with an internal
/// error below level 2.
pub async fn raise(context: &Context, tx: &mut Tx, alert: NewAlert<'_>) -> ServiceResult<AlertId> {
    if alert.level < Level::Concern {
        return Err(ServiceError::internal("a warning below level 2"));
    }
    let excerpt = excerpt(alert.words);
    for _ in 0..ATTEMPTS {
        if let Some(open) = tx.lock_open_alert(alert.student, alert.level).await?
            && join(tx, open, &alert, &excerpt).await?
        {
            return Ok(open);
        }
        let row = new_row(&alert, &excerpt);
        if tx.insert_alert(&row).await? {
            call(context, tx, row.id, &alert).await?;
            metrics::counter!(telemetry::ALERTS_RAISED, "level" => level_label(alert.level)).increment(1);
            return Ok(row.id);
        }
    }
    Err(ServiceError::Conflict { code: "conflict" })
}

/// Counts a repeat; `false` when the warning has just been acknowledged.
async fn join(tx: &mut Tx, open: AlertId, alert: &NewAlert<'_>, excerpt: &str) -> ServiceResult<bool> {
    let missing = ServiceError::internal("an open warning is gone");
    let is_as_serious = tx.find_alert(open).await?.ok_or(missing)?.level <= alert.level;
    let newest = Repeat { thread_id: alert.thread, question_id: alert.question, excerpt };
    if !tx.repeat_alert(open, is_as_serious.then_some(newest), alert.now_ms).await? {
        return Ok(false);
    }
    append_changed(tx, AlertChange::Repeated, open, alert.now_ms).await?;
    Ok(true)
}

fn new_row(alert: &NewAlert<'_>, excerpt: &str) -> AlertRow {
    AlertRow {
        id: AlertId::generate(),
        student: PersonRow { id: alert.student, name: String::new() },
        thread_id: alert.thread,
        question_id: alert.question,
        level: alert.level,
        excerpt: excerpt.to_owned(),
        rules: alert.assessment.rules.clone(),
        pack_version: alert.assessment.pack_version.clone(),
        count: 1,
        raised_at_ms: alert.now_ms,
        last_raised_at_ms: alert.now_ms,
        acknowledge_by_ms: (alert.level == Level::Risk).then(|| alert.now_ms.saturating_add(ACKNOWLEDGE_WITHIN_MS)),
        escalated_at_ms: None,
        acknowledged_at_ms: None,
        acknowledged_by: None,
        conversation_id: None,
    }
}

/// Notifies the staff concerned of a new warning.
async fn call(context: &Context, tx: &mut Tx, id: AlertId, alert: &NewAlert<'_>) -> ServiceResult<()> {
    let alert_id = id.to_string();
    if alert.level == Level::Concern {
        let notice = NewNotice { audience: Audience::Role(Role::Counsellor), kind: NoticeKind::RiskConcern { alert_id } };
        append_notice(tx, &notice, alert.now_ms).await?;
        return Ok(append_changed(tx, AlertChange::Concern, id, alert.now_ms).await?);
    }
    let on_duty = tx.counsellors_on_duty(context.clock.now_ms().saturating_sub(STATUS_LASTS_MS)).await?;
    let mut audiences: Vec<Audience> = on_duty.into_iter().map(Audience::User).collect();
    if audiences.is_empty() {
        audiences.push(Audience::Role(Role::Counsellor));
    }
    append_raised(tx, id, &audiences, alert.now_ms).await?;
    // Staff who were not notified still see their list change.
    Ok(append_changed(tx, AlertChange::Raised, id, alert.now_ms).await?)
}

/// Returns the beginning of the student's text, on one line.
fn excerpt(words: &str) -> String {
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(EXCERPT_CHARS).collect()
}

const fn level_label(level: Level) -> &'static str {
    match level {
        Level::Risk => "3",
        _ => "2",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_line_of_280_characters() {
        assert_eq!(excerpt("  aku\n\ncapek  banget "), "aku capek banget");
        assert_eq!(excerpt(&"ä ".repeat(400)).chars().count(), EXCERPT_CHARS);
    }
}
