//! Owns the repeating of transactions that the database ended because of another one (deadlock,
//! serialisation failure). Used by the use cases whose transactions can collide with others.

use crate::services::{ServiceError, ServiceResult};
use std::time::{Duration, Instant};

/// How many tries before the client gets `conflict`.
const ATTEMPTS: u32 = 8;
/// No new try after this time: the client should not wait longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest pause after the first try, in ms; it grows by this much with every try.
const PAUSE_MS: u32 = 20;

/// Runs `work`, which is one transaction, until the database does not end it because of another
/// one. Fails with `conflict` after 8 tries or 5 s.
pub async fn retry_contention<T>(work: impl AsyncFn() -> ServiceResult<T>) -> ServiceResult<T> {
    let begun = Instant::now();
    for attempt in 1..=ATTEMPTS {
        match work().await {
            Err(error) if error.is_contention() => {
                tracing::debug!(%error, attempt, "in the way of other work");
                if begun.elapsed() > PATIENCE {
                    break;
                }
                // Random, so that the same two transactions do not meet again.
                tokio::time::sleep(Duration::from_millis(rand::random_range(0..=u64::from(PAUSE_MS * attempt)))).await;
            }
            result => return result,
        }
    }
    tracing::warn!(after_ms = begun.elapsed().as_millis(), "given up being in the way of other work");
    Err(ServiceError::Conflict { code: "conflict" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{borrow::Cow, cell::Cell};

    /// A deadlock as a database reports it.
    #[derive(Debug, thiserror::Error)]
    #[error("deadlock")]
    struct Deadlock;

    impl sqlx::error::DatabaseError for Deadlock {
        fn message(&self) -> &str {
            "deadlock"
        }
        fn code(&self) -> Option<Cow<'_, str>> {
            Some("40P01".into())
        }
        fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
            self
        }
        fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
            self
        }
        fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
            self
        }
        fn kind(&self) -> sqlx::error::ErrorKind {
            sqlx::error::ErrorKind::Other
        }
    }

    async fn fail_times(failures: u32) -> (ServiceResult<()>, u32) {
        let tries = Cell::new(0);
        let result = retry_contention(async || {
            tries.set(tries.get() + 1);
            let deadlock = || ServiceError::Broken(sqlx::Error::Database(Box::new(Deadlock)).into());
            if tries.get() <= failures { Err(deadlock()) } else { Ok(()) }
        });
        (result.await, tries.get())
    }

    #[tokio::test]
    async fn deadlocks_are_tried_again_but_not_for_ever() {
        assert!(matches!(fail_times(0).await, (Ok(()), 1)));
        assert!(matches!(fail_times(3).await, (Ok(()), 4)));
        assert!(matches!(fail_times(99).await, (Err(ServiceError::Conflict { code: "conflict" }), ATTEMPTS)));
        let other = retry_contention(async || Err::<(), _>(ServiceError::NotFound)).await;
        assert!(matches!(other, Err(ServiceError::NotFound)), "other failures are the client's to know");
    }
}
