//! Owns what this process knows about whether the database takes writes. Every write reports its
//! failures here; [`Store::check_writes`], called by readiness, tries a write of its own after one,
//! so that the answer turns good again without a request of a user.

use super::{BackendResult, Store, is_outage, sql::Sql};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::Mutex;

/// The row of `settings` that is written and removed again.
const PROBE: &str = "write_probe";
/// Size of what is written, in bytes. Small writes find a gap on a disk that is full for those of
/// users.
const PROBE_BYTES: usize = 64 * 1024;

/// Counts the writes that failed because the database cannot write; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct WriteHealth {
    tally: Arc<FailureTally>,
}

#[derive(Debug, Default)]
struct FailureTally {
    /// Writes that failed for want of a working database.
    failed: AtomicU64,
    /// How many of them are known to be over: a later write succeeded.
    overcome: AtomicU64,
    /// Held by whoever tries a write: anybody may ask for readiness, and one try at a time is
    /// enough.
    trying: Mutex<()>,
}

impl WriteHealth {
    /// Looks at how a write went and passes it on.
    pub(super) fn watch<T>(&self, result: sqlx::Result<T>) -> sqlx::Result<T> {
        result.inspect_err(|error| {
            if is_outage(error) {
                self.tally.failed.fetch_add(1, Ordering::SeqCst);
            }
        })
    }

    /// Returns the number of the last failure, if nothing was written since.
    fn trouble(&self) -> Option<u64> {
        let failed = self.tally.failed.load(Ordering::SeqCst);
        (failed > self.tally.overcome.load(Ordering::SeqCst)).then_some(failed)
    }

    /// Records that a write succeeded that began after failure number `failure`; returns whether
    /// that was news.
    fn overcome(&self, failure: u64) -> bool {
        self.tally.overcome.fetch_max(failure, Ordering::SeqCst) < failure
    }
}

impl Store {
    /// Fails while the database takes no writes. Costs nothing as long as no write failed; after
    /// one, this writes 64 KiB and removes them.
    pub async fn check_writes(&self) -> BackendResult<()> {
        if self.health.trouble().is_none() {
            return Ok(());
        }
        let _trying = self.health.tally.trying.lock().await;
        let Some(failure) = self.health.trouble() else { return Ok(()) };
        // What a database could compress would need no room.
        let noise: String = (0..PROBE_BYTES).map(|_| char::from(rand::random_range(b'a'..=b'z'))).collect();
        let mut tx = self.begin().await?;
        let write = Sql::new("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
        tx.execute(write.bind(PROBE).bind(noise)).await?;
        tx.commit().await?;
        self.execute(Sql::new("DELETE FROM settings WHERE name = ?").bind(PROBE)).await?;
        if self.health.overcome(failure) {
            tracing::info!("the database takes writes again");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_outages_count_and_only_what_came_before_a_success_is_overcome() {
        let health = WriteHealth::default();
        let _ = health.watch::<()>(Err(sqlx::Error::RowNotFound));
        let _ = health.watch(Ok(()));
        assert_eq!(health.trouble(), None);
        let _ = health.watch::<()>(Err(sqlx::Error::PoolTimedOut));
        assert_eq!(health.trouble(), Some(1));
        let _ = health.clone().watch::<()>(Err(sqlx::Error::WorkerCrashed));
        assert!(health.overcome(1));
        assert_eq!(health.trouble(), Some(2), "a failure during the try stays");
        assert!(health.overcome(2) && !health.overcome(2));
        assert_eq!(health.trouble(), None);
    }
}
