//! Owns the notification of a connected app's owner. Called by the node that caused the happening,
//! so once per cluster. Must not queue a happening that no one asked for: the rules of the app
//! decide, and the courier of webhooks attaches its queue.

use crate::{
    domain::apps::app_happening::AppHappening,
    services::apps::{
        table::{AppSource, Apps},
        watched::WatchedApps,
    },
    telemetry,
    wire::console::Line,
};
use std::sync::OnceLock;
use tokio::sync::mpsc::Sender;

/// The ways to those who want to know: admins who watch, and whoever delivers webhooks.
#[derive(Debug)]
pub struct AppHappenings {
    watched: WatchedApps,
    webhooks: OnceLock<Sender<AppHappening>>,
}

impl AppHappenings {
    /// Makes the one of a process; nobody gets webhooks yet.
    #[must_use]
    pub const fn new(watched: WatchedApps) -> Self {
        Self { watched, webhooks: OnceLock::new() }
    }

    /// Returns the apps whose admins watch what happens.
    #[must_use]
    pub const fn watched(&self) -> &WatchedApps {
        &self.watched
    }

    /// Attaches the queue of webhooks. Once per process; later calls change nothing.
    pub fn attach_webhooks(&self, queue: Sender<AppHappening>) {
        let _ = self.webhooks.set(queue);
    }

    /// Notifies admins who watch, and queues a webhook when the app wants one. A full queue drops
    /// the happening and counts it: a publisher never waits for a webhook.
    pub fn notify(&self, apps: &Apps, happening: AppHappening) {
        self.watched.show(&happening.app, || Line::of_happening(&happening));
        let Some(webhooks) = self.webhooks.get() else { return };
        let Some(app) = apps.current(&happening.app).filter(|app| app.source == AppSource::Database) else { return };
        if app.rules.wants(happening.kind.webhook_event(), happening.channel.as_str()) && webhooks.try_send(happening).is_err() {
            metrics::counter!(telemetry::HAPPENINGS_DROPPED).increment(1);
        }
    }
}
