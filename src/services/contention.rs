//! Work that the database ended because it was in the way of other work (deadlock, serialisation failure) is done again.

use super::{ServiceError, ServiceResult};
use std::time::Duration;

/// How often work is tried before its client is told to come back.
const ATTEMPTS: u32 = 8;
/// Longest pause after the first try, in ms; it grows by as much with every try.
const PAUSE_MS: u32 = 20;

/// Does `work`, which is one transaction, until it is not in the way of others. Fails with `conflict` when it still is after 8 tries.
pub async fn retry_contention<T>(work: impl AsyncFn() -> ServiceResult<T>) -> ServiceResult<T> {
    for attempt in 1..=ATTEMPTS {
        match work().await {
            Err(error) if error.is_contention() => {
                tracing::debug!(%error, attempt, "in the way of other work");
                // At random, so that the same two do not meet again.
                tokio::time::sleep(Duration::from_millis(rand::random_range(0..=u64::from(PAUSE_MS * attempt)))).await;
            }
            result => return result,
        }
    }
    tracing::warn!(attempts = ATTEMPTS, "given up being in the way of other work");
    Err(ServiceError::Conflict { code: "conflict" })
}
