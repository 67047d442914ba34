//! Owns the two invented warnings of the demo school: one that nobody has acknowledged although all
//! staff were called, and one that a counsellor has acknowledged. Called by [`super::seed_demo`].

use super::chats::{find, person};
use crate::{
    backends::store::{AlertRow, UserRow},
    domain::{
        ids::AlertId,
        live::audience::Audience,
        notices::kind::{NewNotice, NoticeKind},
        principal::Role,
        risk::{Level, RulePack},
    },
    services::{Context, ServiceResult, alerts::ACKNOWLEDGE_WITHIN_MS, notices::append_notice},
};

const MINUTE_MS: i64 = 60_000;

struct DemoAlert {
    student: &'static str,
    words: &'static str,
    level: Level,
    min_ago: i64,
    /// Login that acknowledged it, and after how many minutes.
    taken_up: Option<(&'static str, i64)>,
}

const ALERTS: [DemoAlert; 2] = [
    DemoAlert {
        student: "siswa8",
        words: "Tiap hari aku dikatain di grup kelas, sekarang jadi malas masuk. Rasanya nggak ada yang peduli sama aku.",
        level: Level::Concern,
        min_ago: 26 * 60,
        taken_up: Some(("guru2", 18)),
    },
    DemoAlert {
        student: "siswa5",
        words: "Saya capek sekali, Kak. Semoga besok saya nggak bangun lagi. Saya nggak tahu harus cerita ke siapa.",
        level: Level::Risk,
        min_ago: 12,
        taken_up: None,
    },
];

/// Makes the warnings. Called once, for a school that was made just now.
pub async fn seed_alerts(context: &Context, users: &[UserRow]) -> ServiceResult<()> {
    let now_ms = context.clock.now_ms();
    for alert in &ALERTS {
        let raised_at_ms = now_ms - alert.min_ago * MINUTE_MS;
        let row = new_row(find(users, alert.student)?, alert, raised_at_ms);
        let mut tx = context.store.begin().await?;
        if !tx.insert_alert(&row).await? {
            continue;
        }
        let alert_id = row.id.to_string();
        let kind = if alert.level == Level::Risk { NoticeKind::RiskRaised { alert_id } } else { NoticeKind::RiskConcern { alert_id } };
        append_notice(&mut tx, &NewNotice { audience: Audience::Role(Role::Counsellor), kind }, raised_at_ms).await?;
        if let Some((login, after_min)) = alert.taken_up {
            tx.acknowledge_alert(row.id, find(users, login)?.id, raised_at_ms + after_min * MINUTE_MS).await?;
        } else if let Some(due_at_ms) = row.acknowledge_by_ms {
            tx.take_overdue_alert(row.id, due_at_ms).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

fn new_row(student: &UserRow, alert: &DemoAlert, raised_at_ms: i64) -> AlertRow {
    let assessment = RulePack::built_in().assess(alert.words);
    AlertRow {
        id: AlertId::generate(),
        student: person(student),
        thread_id: None,
        question_id: None,
        level: alert.level,
        excerpt: alert.words.to_owned(),
        rules: assessment.rules,
        pack_version: assessment.pack_version,
        count: 1,
        raised_at_ms,
        last_raised_at_ms: raised_at_ms,
        acknowledge_by_ms: (alert.level == Level::Risk).then_some(raised_at_ms + ACKNOWLEDGE_WITHIN_MS),
        escalated_at_ms: None,
        acknowledged_at_ms: None,
        acknowledged_by: None,
        conversation_id: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_such_that_the_rules_would_have_called() {
        for alert in &ALERTS {
            assert_eq!(RulePack::built_in().assess(alert.words).level, alert.level, "{}", alert.words);
            assert!(alert.words.chars().count() <= 280);
            assert!(alert.level == Level::Concern || alert.min_ago * MINUTE_MS > ACKNOWLEDGE_WITHIN_MS);
        }
    }
}
