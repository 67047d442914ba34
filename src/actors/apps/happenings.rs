//! The one place through which everything passes that the owner of a connected app can be told of. Who wants to know attaches a queue; what nobody
//! asked for is not queued. Told once per cluster, by the node that brought it about.

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
    /// Makes the place of a process; nobody gets webhooks yet.
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

    /// Tells an event to those who want it. A full queue drops it and counts that: a publisher never waits for a webhook.
    pub fn tell(&self, apps: &Apps, event: AppHappening) {
        self.watched.show(&event.app, || Line::of_happening(&event));
        let Some(webhooks) = self.webhooks.get() else { return };
        let Some(app) = apps.current(&event.app).filter(|app| app.source == AppSource::Database) else { return };
        if app.rules.wants(event.kind.webhook_event(), event.channel.as_str()) && webhooks.try_send(event).is_err() {
            metrics::counter!(telemetry::APP_EVENTS_DROPPED).increment(1);
        }
    }
}
