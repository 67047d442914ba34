//! Owns the freshness of this node's table of connected apps. Called by no one: it is one loop,
//! notified through the hub. Must not change apps.
//!
//! - It loads the apps when a node says that they changed, after a cut of the bus, and every 15 s.
//! - Then it ends the sockets of apps that may not be used any more.

use crate::{
    actors::hub::Hub,
    services::{Context as Services, apps::manage},
};
use actix::prelude::*;
use std::time::Duration;

/// How often the apps are loaded without anybody saying so.
const NET: Duration = Duration::from_secs(15);
/// How soon to try again when the database does not answer.
const RETRY: Duration = Duration::from_secs(1);

/// The keeper actor: one loop, no mailbox of its own.
pub struct AppsKeeper {
    hub: Hub,
    services: Services,
}

impl AppsKeeper {
    /// Makes the keeper of this process.
    #[must_use]
    pub const fn new(hub: Hub, services: Services) -> Self {
        Self { hub, services }
    }
}

impl Actor for AppsKeeper {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.spawn(keep(self.hub.clone(), self.services.clone()).into_actor(self));
    }
}

async fn keep(hub: Hub, services: Services) {
    let mut pause = NET;
    loop {
        // Either way it is time to look.
        let _ = tokio::time::timeout(pause, hub.wait_for_apps_change()).await;
        pause = match manage::reload(&services).await {
            Ok(()) => NET,
            Err(error) => {
                tracing::warn!(%error, "connected apps not loaded, trying again");
                RETRY
            }
        };
        hub.end_sockets_of_disabled(&services.apps);
    }
}
