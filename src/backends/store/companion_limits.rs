//! Owns two limits of the companion: answers per student and day, tokens per school and month.
//! Called by the use cases of the companion; must not choose the limits: settings do.

use super::{BackendResult, Store, Tx, columns::Columns, sql::Sql};
use crate::domain::ids::UserId;
use sqlx::any::AnyRow;

/// Tokens of the whole school in a month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsageRow {
    /// Promised to answers that grow.
    pub reserved: i64,
    /// Used.
    pub used: i64,
}

impl Store {
    /// Returns how many answers a student asked for on `day` (`YYYY-MM-DD` of the school).
    pub async fn answers_on_day(&self, student: UserId, day: &str) -> BackendResult<i64> {
        let sql = Sql::new("SELECT answers FROM companion_days WHERE student_id = ? AND day = ?").bind(student).bind(day);
        self.fetch_optional(sql).await?.map_or(Ok(0), |row| row.int("answers"))
    }

    /// Returns the tokens of a month (`YYYY-MM`).
    pub async fn token_usage(&self, month: &str) -> BackendResult<UsageRow> {
        self.fetch_optional(usage_of(month)).await?.map_or(Ok(UsageRow::default()), |row| read(&row))
    }

    /// Forgets the counts of days before `day`. Returns how many rows went.
    pub async fn trim_companion_days(&self, day: &str) -> BackendResult<u64> {
        self.execute(Sql::new("DELETE FROM companion_days WHERE day < ?").bind(day)).await
    }
}

impl Tx {
    /// Counts an answer of a student on `day`, if there are fewer than `limit`; `false` when there
    /// are not.
    pub async fn count_answer(&mut self, student: UserId, day: &str, limit: i64) -> BackendResult<bool> {
        let begin =
            Sql::new("INSERT INTO companion_days (student_id, day, answers) VALUES (?, ?, 0) ON CONFLICT (student_id, day) DO NOTHING");
        self.execute(begin.bind(student).bind(day)).await?;
        let count = Sql::new("UPDATE companion_days SET answers = answers + 1 WHERE student_id = ? AND day = ? AND answers < ?");
        Ok(self.execute(count.bind(student).bind(day).bind(limit)).await? > 0)
    }

    /// Promises tokens of `month` to an answer, if `limit` allows (0: no limit); `false` when it
    /// does not.
    pub async fn reserve_tokens(&mut self, month: &str, tokens: i64, limit: i64) -> BackendResult<bool> {
        let begin = Sql::new(
            "INSERT INTO companion_usage (month, reserved, used, warned_80, warned_100) VALUES (?, 0, 0, 0, 0) ON CONFLICT (month) DO NOTHING",
        );
        self.execute(begin.bind(month)).await?;
        let reserve =
            Sql::new("UPDATE companion_usage SET reserved = reserved + ? WHERE month = ? AND (? = 0 OR used + reserved + ? <= ?)");
        let reserve = reserve.bind(tokens).bind(month).bind(limit).bind(tokens).bind(limit);
        Ok(self.execute(reserve).await? > 0)
    }

    /// Makes of a promise what was really used; returns the month as it stands now.
    pub async fn settle_tokens(&mut self, month: &str, reserved: i64, used: i64) -> BackendResult<UsageRow> {
        let settle = Sql::new("UPDATE companion_usage SET reserved = reserved - ?, used = used + ? WHERE month = ?");
        self.execute(settle.bind(reserved).bind(used).bind(month)).await?;
        self.token_usage(month).await
    }

    /// Returns the tokens of a month as this transaction sees them.
    pub async fn token_usage(&mut self, month: &str) -> BackendResult<UsageRow> {
        self.fetch_optional(usage_of(month)).await?.map_or(Ok(UsageRow::default()), |row| read(&row))
    }

    /// Takes the one warning of a month that 80 % of its tokens are used (or all, with `is_all`);
    /// `false` when it was taken before.
    pub async fn take_usage_warning(&mut self, month: &str, is_all: bool) -> BackendResult<bool> {
        let sql = if is_all {
            Sql::new("UPDATE companion_usage SET warned_100 = 1 WHERE month = ? AND warned_100 = 0")
        } else {
            Sql::new("UPDATE companion_usage SET warned_80 = 1 WHERE month = ? AND warned_80 = 0")
        };
        Ok(self.execute(sql.bind(month)).await? > 0)
    }
}

fn usage_of(month: &str) -> Sql {
    Sql::new("SELECT reserved, used FROM companion_usage WHERE month = ?").bind(month)
}

fn read(row: &AnyRow) -> BackendResult<UsageRow> {
    Ok(UsageRow { reserved: row.int("reserved")?, used: row.int("used")? })
}
