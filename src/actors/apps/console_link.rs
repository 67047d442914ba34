//! Owns the lines that admins see of the connected apps they watch: it takes them from this node's
//! [`WatchedApps`] and publishes them on the console channels of the built-in app. Called by no
//! one: it is one loop. Must not keep lines: a line is published at most once.

use crate::{
    actors::hub::{Hub, topics::built_in_topic},
    domain::live::channel::ChannelName,
    services::apps::watched::{Batch, WatchedApps},
    wire::{console::console_data, desk_event::DeskEvent, envelope::Publication, pusher},
};
use actix::prelude::*;
use std::time::Duration;

/// Shortest time between two frames for one app.
const PAUSE: Duration = Duration::from_millis(100);

/// The link actor: one loop, no mailbox of its own.
pub struct ConsoleLink {
    hub: Hub,
    watched: WatchedApps,
}

impl ConsoleLink {
    /// Makes the link of this process.
    #[must_use]
    pub const fn new(hub: Hub, watched: WatchedApps) -> Self {
        Self { hub, watched }
    }
}

impl Actor for ConsoleLink {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.spawn(publish_for_ever(self.hub.clone(), self.watched.clone()).into_actor(self));
    }
}

async fn publish_for_ever(hub: Hub, watched: WatchedApps) {
    loop {
        watched.filled().await;
        for Batch { app, lines, skipped } in watched.take() {
            let channel = ChannelName::app_console(&app);
            let frame = pusher::channel_event(&channel, DeskEvent::AppConsole.name(), &console_data(&lines, skipped));
            if let Err(error) = hub.publish_or_deliver(Publication::new(built_in_topic(channel), frame)).await {
                tracing::debug!(app = &*app.0, %error, "lines of a console shown on this node only");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
