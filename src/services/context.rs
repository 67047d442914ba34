//! Owns [`Context`], the backends and state that every use case works with. Built by `app.rs`; the
//! first argument of nearly every use case.

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

/// The backends and state that use cases work with; cheap to clone, one per server process.
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
    /// The members and counts of channels in connected apps, for the whole cluster.
    pub census: Arc<dyn Census>,
    /// Uploaded files.
    pub files: Arc<dyn Files>,
    /// The providers of the companion's answers.
    pub companions: Companions,
    /// The id of this process.
    pub node: NodeId,
    /// The client that posts to the webhooks of connected apps.
    pub webhooks: WebhookPost,
    /// The Pusher apps.
    pub apps: Apps,
    /// The apps that admins watch in the console.
    pub watched: WatchedApps,
    /// The source of the current time.
    pub clock: Clock,
    /// When this process started, in ms since 1970 UTC.
    pub started_at_ms: i64,
    /// The port to the hub: publishes events and wakes the pump.
    pub announce: Arc<dyn Announce>,
    /// The server's own secret, equal on all nodes.
    pub secret: SecretKey,
}

impl Context {
    /// Returns the school's zone. The start refuses settings with an unknown zone.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.config.school.zone).unwrap_or(TimeZone::UTC)
    }
}
