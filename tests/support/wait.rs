//! Waits for conditions, never for a fixed time.

use std::time::Duration;

/// How long a test waits for a condition.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for a condition, at most [`PATIENCE`].
pub async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    until_within(PATIENCE, what, condition).await;
}

/// Waits for a condition, at most `patience`.
pub async fn until_within(patience: Duration, what: &str, condition: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + patience;
    while !condition().await {
        assert!(tokio::time::Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
