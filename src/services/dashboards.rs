//! Owns the student's dashboard and the counsellor's statistics. Called by
//! `http/resources/dashboards`. The statistics are cached for some minutes under
//! `dashboard:stats:guru_id:{id}`.

use super::{
    Context, ServiceError, ServiceResult,
    materials::{MaterialItem, newest_materials},
    notices::{NoticeItem, NoticeQuery, UnreadCount, list_notices},
    shared::school_day::last_days,
};
use crate::{
    backends::store::{ActivityRow, DayRow, MaterialCounts, NoticeCounts, StudentCounts},
    domain::{
        access::{Action, may},
        clock::{DAY_MS, rfc3339},
        language::Language,
        principal::Principal,
        shape::{Count, Day, Share, Time},
    },
};
use schemars::JsonSchema;
use serde::Serialize;

const NEWEST_MATERIALS: u32 = 3;
const NEWEST_NOTICES: u32 = 5;
const DAYS_OF_ENGAGEMENT: u16 = 14;
const RECENT_ACTIVITIES: u32 = 10;
/// The recent counts cover 7 days.
const RECENT_MS: i64 = 7 * DAY_MS;
/// Reads are counted for notices of the last 30 days: older ones say little about today, and the
/// pairs of notice and student would be millions.
const READS_WINDOW_MS: i64 = 30 * DAY_MS;

/// The widgets of a student.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct StudentDashboard {
    /// The 3 newest.
    pub materials: Vec<MaterialItem>,
    /// The bell.
    pub notices: NoticeWidget,
    /// Facts of the school.
    pub school: SchoolFacts,
}

/// The bell of a student's dashboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct NoticeWidget {
    /// How many are unread.
    #[serde(flatten)]
    pub unread: UnreadCount,
    /// The 5 newest.
    pub items: Vec<NoticeItem>,
}

/// Facts of the school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct SchoolFacts {
    /// IANA zone.
    pub zone: String,
}

/// The counsellor's statistics as JSON, computed now or cached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounsellorDashboard {
    /// The body of the answer.
    pub json: String,
    /// Whether it came from the cache.
    pub is_hit: bool,
    /// How old it is, in s.
    pub age_s: i64,
}

/// The statistics of the school.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Statistics {
    /// The students.
    students: StudentFigures,
    /// The materials.
    materials: MaterialFigures,
    /// The notices to students.
    notifications: NoticeFigures,
    /// 14 days, the oldest first.
    engagement: Vec<DayFigures>,
    /// The 10 newest.
    recent_activity: Vec<ActivityItem>,
    /// When these were counted.
    #[schemars(with = "Time")]
    generated_at: String,
}

/// How many students there are.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct StudentFigures {
    /// All of them.
    #[schemars(with = "Count")]
    total: i64,
    /// Those who logged in or read a material in the last 7 days.
    #[schemars(with = "Count")]
    active_7d: i64,
    /// Those whose account was made in the last 7 days.
    #[schemars(with = "Count")]
    new_7d: i64,
}

/// How many materials there are, and how often students used them.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct MaterialFigures {
    /// In all states.
    #[schemars(with = "Count")]
    total: i64,
    /// Published ones.
    #[schemars(with = "Count")]
    active: i64,
    /// Drafts.
    #[schemars(with = "Count")]
    draft: i64,
    /// Archived ones.
    #[schemars(with = "Count")]
    archived: i64,
    /// How often students read one.
    #[schemars(with = "Count")]
    views: i64,
    /// How often students downloaded a file.
    #[schemars(with = "Count")]
    downloads: i64,
}

/// How many notices were sent, and how many were read.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct NoticeFigures {
    /// All that are kept.
    #[schemars(with = "Count")]
    sent: i64,
    /// Those of the last 7 days.
    #[schemars(with = "Count")]
    sent_7d: i64,
    /// How often a student read one of the last 30 days that went to all students.
    #[schemars(with = "Count")]
    reads: i64,
    /// Of the last 30 days; null when none was sent.
    #[schemars(with = "Option<Share>")]
    read_rate: Option<f64>,
}

/// How much students did on a day.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct DayFigures {
    /// The day, in the zone of the school.
    #[schemars(with = "Day")]
    date: String,
    /// How many students read or downloaded a material.
    #[schemars(with = "Count")]
    active_students: i64,
    /// How often they read a material.
    #[schemars(with = "Count")]
    views: i64,
    /// How often they downloaded a file.
    #[schemars(with = "Count")]
    downloads: i64,
}

/// An act of somebody on a material.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ActivityItem {
    /// When it happened.
    #[schemars(with = "Time")]
    at: String,
    /// Display name of the account that did it.
    actor_name: Option<String>,
    /// What was done.
    #[schemars(extend("enum" = [
        "material.created",
        "material.updated",
        "material.archived",
        "material.deleted",
        "material.viewed",
        "material.downloaded",
    ]))]
    action: String,
    /// Id of the material.
    target_id: Option<String>,
    /// Its title; from the audit trail when the material is gone.
    target_title: Option<String>,
}

/// Returns the widgets of a student. Other roles: denied.
pub async fn student_dashboard(context: &Context, principal: &Principal, language: Language) -> ServiceResult<StudentDashboard> {
    if !may(principal.role, Action::ViewStudentDashboard) {
        return Err(ServiceError::Denied);
    }
    let query = NoticeQuery { unread_only: false, after: None, limit: NEWEST_NOTICES, language };
    let (materials, notices) =
        tokio::try_join!(newest_materials(context, principal, NEWEST_MATERIALS), list_notices(context, principal, query))?;
    Ok(StudentDashboard {
        materials,
        notices: NoticeWidget { unread: notices.unread, items: notices.items },
        school: SchoolFacts { zone: context.config.school.zone.clone() },
    })
}

/// Returns the counsellor's statistics, at most `school.dashboard_cache_s` old. If the cache fails,
/// they are computed. Students: denied.
pub async fn counsellor_dashboard(context: &Context, principal: &Principal) -> ServiceResult<CounsellorDashboard> {
    if !may(principal.role, Action::ViewCounsellorDashboard) {
        return Err(ServiceError::Denied);
    }
    let key = format!("dashboard:stats:guru_id:{}", principal.user_id);
    match context.cache.get_value(&key).await {
        Ok(Some(kept)) => {
            let age_s = (context.clock.now_ms() - kept.stored_at_ms).max(0) / 1000;
            return Ok(CounsellorDashboard { json: kept.text, is_hit: true, age_s });
        }
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "statistics not read from the cache"),
    }
    let json = serde_json::to_string(&gather(context).await?).map_err(|_| ServiceError::internal("statistics do not serialise"))?;
    let ttl_ms = context.config.school.dashboard_cache_s.saturating_mul(1000);
    if ttl_ms > 0
        && let Err(error) = context.cache.put_value(&key, &json, ttl_ms).await
    {
        tracing::warn!(%error, "statistics not kept in the cache");
    }
    Ok(CounsellorDashboard { json, is_hit: false, age_s: 0 })
}

/// Runs the five queries in parallel.
async fn gather(context: &Context) -> ServiceResult<Statistics> {
    let now_ms = context.clock.now_ms();
    let days = last_days(context, DAYS_OF_ENGAGEMENT);
    let recently = now_ms.saturating_sub(RECENT_MS);
    let store = &context.store;
    let (students, materials, notices, engagement, activity) = tokio::try_join!(
        store.student_counts(recently),
        store.material_counts(),
        store.notice_counts(recently, now_ms.saturating_sub(READS_WINDOW_MS)),
        store.engagement(&days),
        store.recent_activity(RECENT_ACTIVITIES),
    )?;
    Ok(Statistics {
        students: students.into(),
        materials: materials.into(),
        notifications: notices.into(),
        engagement: engagement.into_iter().map(DayFigures::from).collect(),
        recent_activity: activity.into_iter().map(ActivityItem::from).collect(),
        generated_at: rfc3339(now_ms),
    })
}

impl From<StudentCounts> for StudentFigures {
    fn from(counts: StudentCounts) -> Self {
        Self { total: counts.total, active_7d: counts.active, new_7d: counts.new }
    }
}

impl From<MaterialCounts> for MaterialFigures {
    fn from(counts: MaterialCounts) -> Self {
        let MaterialCounts { total, active, draft, archived, views, downloads } = counts;
        Self { total, active, draft, archived, views, downloads }
    }
}

impl From<NoticeCounts> for NoticeFigures {
    fn from(counts: NoticeCounts) -> Self {
        Self { sent: counts.sent, sent_7d: counts.sent_recently, reads: counts.reads, read_rate: rate(counts.reads, counts.deliveries) }
    }
}

impl From<DayRow> for DayFigures {
    fn from(row: DayRow) -> Self {
        Self { date: row.day, active_students: row.active_students, views: row.views, downloads: row.downloads }
    }
}

impl From<ActivityRow> for ActivityItem {
    fn from(row: ActivityRow) -> Self {
        Self {
            at: rfc3339(row.at_ms),
            actor_name: row.actor_name,
            action: row.action,
            target_id: row.target_id,
            target_title: row.target_title,
        }
    }
}

/// Returns `part` of `whole` with 4 decimals, 0..=1; `None` when `whole` is 0.
#[expect(clippy::cast_precision_loss, reason = "counts of a school fit")]
fn rate(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_of_nothing_is_none() {
        assert_eq!(rate(0, 0), None);
        assert_eq!(rate(0, 3), Some(0.0));
        assert_eq!(rate(1, 3), Some(0.3333));
        assert_eq!(rate(3, 3), Some(1.0));
    }
}
