//! The one place through which everything passes that the owner of a connected app can be told of. Who wants to know attaches a queue; what nobody
//! asked for is not queued. Told once per cluster, by the node that brought it about.

use crate::{
    domain::app_event::AppEvent,
    services::apps::{AppSource, Apps},
    telemetry,
};
use std::sync::OnceLock;
use tokio::sync::mpsc::Sender;

/// The way to whoever delivers webhooks.
#[derive(Debug, Default)]
pub struct AppEvents {
    webhooks: OnceLock<Sender<AppEvent>>,
}

impl AppEvents {
    /// Attaches the queue of webhooks. Once per process; later calls change nothing.
    pub fn attach_webhooks(&self, queue: Sender<AppEvent>) {
        let _ = self.webhooks.set(queue);
    }

    /// Tells an event to those who want it. A full queue drops it and counts that: a publisher never waits for a webhook.
    pub fn tell(&self, apps: &Apps, event: AppEvent) {
        let Some(webhooks) = self.webhooks.get() else { return };
        let Some(app) = apps.current(&event.app).filter(|app| app.source == AppSource::Database) else { return };
        if app.rules.wants(event.kind.webhook_event(), event.channel.as_str()) && webhooks.try_send(event).is_err() {
            metrics::counter!(telemetry::APP_EVENTS_DROPPED).increment(1);
        }
    }
}
