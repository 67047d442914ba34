//! Owns what students see of counsellors: names, online or not, and bookable hours. Called by the
//! use cases of appointments and conversations; must not compute slots.

use super::{BackendError, BackendResult, Engine, Store, Tx, columns::Columns, sql::Sql};
use crate::domain::{
    appointments::{
        appointment::DutyStatus,
        availability::{Availability, AvailabilityForm},
    },
    ids::UserId,
};
use sqlx::any::AnyRow;

const COUNSELLORS: &str = "SELECT u.id, u.name, s.status, s.changed_at_ms FROM users u LEFT JOIN counsellor_status s ON s.user_id = u.id \
     WHERE u.role = 'counsellor' AND u.disabled_at_ms IS NULL";
const AVAILABILITY: &str = "SELECT settings, version FROM availability WHERE counsellor_id = ?";

/// A counsellor who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounsellorRow {
    /// The account.
    pub id: UserId,
    /// Display name.
    pub name: String,
    /// What the counsellor said last about being there, and when.
    pub status: Option<(DutyStatus, i64)>,
}

/// When a counsellor can be booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailabilityRow {
    /// The settings.
    pub availability: Availability,
    /// Grows by 1 with every change, from 1.
    pub version: i64,
}

impl Store {
    /// Lists the counsellors who may sign in, by name without regard to case.
    pub async fn list_counsellors(&self) -> BackendResult<Vec<CounsellorRow>> {
        let rows = self.fetch_all(Sql::new(COUNSELLORS)).await?;
        let mut counsellors = rows.iter().map(read_counsellor).collect::<BackendResult<Vec<_>>>()?;
        counsellors.sort_by_cached_key(|counsellor| (counsellor.name.to_lowercase(), counsellor.id));
        Ok(counsellors)
    }

    /// Finds a counsellor who may sign in.
    pub async fn find_counsellor(&self, id: UserId) -> BackendResult<Option<CounsellorRow>> {
        let sql = Sql::new(COUNSELLORS).push(" AND u.id = ?").bind(id);
        self.fetch_optional(sql).await?.as_ref().map(read_counsellor).transpose()
    }

    /// Notes what a counsellor says about being there.
    pub async fn set_counsellor_status(&self, id: UserId, status: DutyStatus, now_ms: i64) -> BackendResult<()> {
        let sql = Sql::new(
            "INSERT INTO counsellor_status (user_id, status, changed_at_ms) VALUES (?, ?, ?) \
             ON CONFLICT (user_id) DO UPDATE SET status = excluded.status, changed_at_ms = excluded.changed_at_ms",
        );
        self.execute(sql.bind(id).bind(status.as_str()).bind(now_ms)).await.map(drop)
    }

    /// Finds when a counsellor can be booked; `None` for one who has set nothing yet.
    pub async fn find_availability(&self, counsellor: UserId) -> BackendResult<Option<AvailabilityRow>> {
        self.fetch_optional(Sql::new(AVAILABILITY).bind(counsellor)).await?.as_ref().map(read_availability).transpose()
    }
}

impl Tx {
    /// As [`Store::find_availability`], and keeps others from booking with this counsellor, and
    /// from changing the settings, until this transaction ends: bookings with one counsellor happen
    /// one after the other, so that what was counted stays true.
    pub async fn lock_availability(&mut self, counsellor: UserId) -> BackendResult<Option<AvailabilityRow>> {
        // SQLite has one writer anyway.
        let lock = if self.engine == Engine::Sqlite { "" } else { " FOR UPDATE" };
        self.fetch_optional(Sql::new(AVAILABILITY).push(lock).bind(counsellor)).await?.as_ref().map(read_availability).transpose()
    }

    /// Writes the settings a counsellor read with `version` (0: there were none). `false`: they
    /// were changed since.
    pub async fn put_availability(
        &mut self,
        counsellor: UserId,
        availability: &Availability,
        version: i64,
        now_ms: i64,
    ) -> BackendResult<bool> {
        let settings =
            serde_json::to_string(&availability.form()).map_err(|_| BackendError::Internal("availability does not serialise"))?;
        if version == 0 {
            let sql = Sql::new("INSERT INTO availability (counsellor_id, settings, version, updated_at_ms) VALUES (?, ?, 1, ?)");
            return self.insert(sql.bind(counsellor).bind(settings).bind(now_ms)).await;
        }
        let sql = Sql::new(
            "UPDATE availability SET settings = ?, version = version + 1, updated_at_ms = ? WHERE counsellor_id = ? AND version = ?",
        );
        Ok(self.execute(sql.bind(settings).bind(now_ms).bind(counsellor).bind(version)).await? > 0)
    }
}

fn read_counsellor(row: &AnyRow) -> BackendResult<CounsellorRow> {
    let status =
        row.maybe_text("status")?.map(|text| DutyStatus::parse(&text).ok_or(BackendError::Corrupt { what: "status" })).transpose()?;
    Ok(CounsellorRow { id: row.id("id")?, name: row.text("name")?, status: status.zip(row.maybe_int("changed_at_ms")?) })
}

fn read_availability(row: &AnyRow) -> BackendResult<AvailabilityRow> {
    let form: AvailabilityForm = row.json("settings")?;
    let availability = Availability::parse(&form).map_err(|_| BackendError::Corrupt { what: "settings" })?;
    Ok(AvailabilityRow { availability, version: row.int("version")? })
}
