//! What every use case works with.

use super::{
    apps::{table::Apps, watched::WatchedApps},
    live::port::Announce,
};
use crate::{
    backends::{bus::Bus, cache::Cache, census::Census, companion::Companions, files::Files, store::Store, webhook_post::WebhookPost},
    config::Config,
    domain::{clock::Clock, ids::NodeId},
    wire::signature::SecretKey,
};
use jiff::tz::TimeZone;
use std::sync::Arc;

/// What every use case works with; cheap to clone, one per server process.
#[derive(Clone)]
pub struct Context {
    /// The settings the server was started with.
    pub config: Arc<Config>,
    /// The database.
    pub store: Store,
    /// Logins, login delays, cached statistics.
    pub cache: Arc<dyn Cache>,
    /// The link to the other nodes, asked for its health.
    pub bus: Arc<dyn Bus>,
    /// Who is where in connected apps, in the whole cluster.
    pub census: Arc<dyn Census>,
    /// Uploaded files.
    pub files: Arc<dyn Files>,
    /// Who answers students.
    pub companions: Companions,
    /// This process, where answers grow.
    pub node: NodeId,
    /// The way to the webhooks of connected apps.
    pub webhooks: WebhookPost,
    /// The Pusher apps.
    pub apps: Apps,
    /// Those of them whose admins watch what happens.
    pub watched: WatchedApps,
    /// Where "now" comes from.
    pub clock: Clock,
    /// When this process started, in ms since 1970 UTC.
    pub started_at_ms: i64,
    /// The live side.
    pub announce: Arc<dyn Announce>,
    /// The server's own secret, equal on all nodes.
    pub secret: SecretKey,
}

impl Context {
    /// Returns the school's zone. The settings were refused if there were no such zone.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.config.school.zone).unwrap_or(TimeZone::UTC)
    }
}
