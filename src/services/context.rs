//! What every use case works with.

use super::{ServiceError, ServiceResult, announce::Announce};
use crate::{
    backends::{bus::Bus, cache::Cache, files::Files, store::Store},
    config::Config,
    domain::{clock::Clock, retry::backoff_ms},
    wire::signature::SecretKey,
};
use std::{sync::Arc, time::Duration};

/// How often a transaction that the database gave up is done, in all.
const ATTEMPTS: u32 = 8;
/// Longest pause before it is done again, in ms.
const LONGEST_PAUSE_MS: u64 = 100;

/// What every use case works with; cheap to clone, one per server process.
#[derive(Clone)]
pub struct Context {
    /// The settings the server was started with.
    pub config: Arc<Config>,
    /// The database.
    pub store: Store,
    /// Sessions, login delays, cached statistics.
    pub cache: Arc<dyn Cache>,
    /// The link to the other nodes, asked for its health.
    pub bus: Arc<dyn Bus>,
    /// Uploaded files.
    pub files: Arc<dyn Files>,
    /// Where "now" comes from.
    pub clock: Clock,
    /// The live side.
    pub announce: Arc<dyn Announce>,
    /// The server's own secret, equal on all nodes.
    pub secret: SecretKey,
}

impl Context {
    /// Does `work`, a whole transaction, and does it again when the database gave it up because two transactions waited for each other; at most 8 times.
    pub async fn retry_deadlocks<T>(&self, work: impl AsyncFn() -> ServiceResult<T>) -> ServiceResult<T> {
        let mut attempt = 1;
        loop {
            match work().await {
                Err(ServiceError::Broken(error)) if attempt < ATTEMPTS && error.is_deadlock() => {
                    let pause_ms = (backoff_ms(attempt, rand::random()) / 50).min(LONGEST_PAUSE_MS);
                    tracing::debug!(attempt, pause_ms, "transaction given up by the database, doing it again");
                    tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }
}
