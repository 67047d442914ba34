//! Owns the order between the bus and the hub: it delivers envelopes of all nodes in the order of
//! the bus, and publishes the envelopes of [`Hub`]'s queue in the order of the queue. Called by no
//! one: it is two loops. Must not lose a row of the log.
//!
//! - The publication of a log row carries its position, and positions have no gaps.
//! - So this node knows which rows it missed, because the bus was cut off or the row was published
//!   before this node listened, and delivers them from the log.
//! - It drops rows that it delivered already: a pump publishes again what a crashed pump did not
//!   mark.
//! - So a socket that stays open gets every row once, in order, without reconnecting.
//! - The envelope that ends sockets has no row. After a cut, every shard checks the logins of its
//!   sockets.

use super::log_pump::durable_envelopes;
use crate::{
    actors::hub::Hub,
    backends::{
        BackendError, BackendResult,
        bus::{Bus, BusMessage},
    },
    services::{Context as Services, live::port::Announce as _},
    wire::envelope::Envelope,
};
use actix::prelude::*;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

/// Rows read at once while catching up.
const CATCH_UP_BATCH: u32 = 200;
/// How soon to try again when the database does not answer.
const CATCH_UP_RETRY: Duration = Duration::from_secs(1);

/// The link actor: two loops, no mailbox of its own.
pub struct BusLink {
    hub: Hub,
    intake: Option<Intake>,
    outgoing: Option<mpsc::Receiver<Envelope>>,
}

impl BusLink {
    /// Makes the link of this process: it listens from now on. `outgoing` is the queue of
    /// [`Hub::new`]. Called before sockets are accepted: earlier events are theirs to ask for.
    /// Fails when the log cannot be read.
    pub async fn join(hub: Hub, services: Services, bus: &Arc<dyn Bus>, outgoing: mpsc::Receiver<Envelope>) -> BackendResult<Self> {
        // Listening first: an event between the two lines is delivered twice rather than never.
        let incoming = bus.subscribe();
        let reached = services.store.log_head().await?.published_to;
        let intake = Intake { hub: hub.clone(), services, incoming, reached, retry_at: None };
        Ok(Self { hub, intake: Some(intake), outgoing: Some(outgoing) })
    }
}

impl Actor for BusLink {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(intake) = self.intake.take() {
            ctx.spawn(intake.run().into_actor(self));
        }
        if let Some(outgoing) = self.outgoing.take() {
            ctx.spawn(publish_queued(self.hub.clone(), outgoing).into_actor(self));
        }
    }
}

async fn publish_queued(hub: Hub, mut outgoing: mpsc::Receiver<Envelope>) {
    while let Some(envelope) = outgoing.recv().await {
        let envelope = Arc::new(envelope);
        if let Err(error) = hub.publish(envelope.clone()).await {
            tracing::warn!(%error, "publication without a row lost");
            if matches!(*envelope, Envelope::EndSockets { .. }) {
                // The other nodes hold their sockets to their logins once they are connected again.
                hub.deliver(&envelope).await;
            }
        }
    }
}

/// The listening half.
struct Intake {
    hub: Hub,
    services: Services,
    incoming: mpsc::Receiver<BusMessage>,
    /// Position of the last row that this node's sockets have.
    reached: i64,
    /// When to read the missed rows again.
    retry_at: Option<Instant>,
}

impl Intake {
    async fn run(mut self) {
        loop {
            let retry_at = self.retry_at;
            let heard = tokio::select! {
                message = self.incoming.recv() => message,
                () = sleep_until(retry_at.unwrap_or_else(Instant::now)), if retry_at.is_some() => {
                    self.catch_up().await;
                    continue;
                }
            };
            let envelope = match heard {
                Some(BusMessage::Envelope(envelope)) => envelope,
                Some(BusMessage::Resubscribed) => {
                    self.hub.check_logins();
                    self.hub.notify_apps_changed();
                    self.catch_up().await;
                    continue;
                }
                None => return,
            };
            if let Some(position) = envelope.position() {
                if position > self.reached + 1 {
                    self.catch_up().await;
                }
                if position <= self.reached {
                    continue;
                }
                if position == self.reached + 1 {
                    self.reached = position;
                }
            }
            // With a gap that could not be closed: better late and out of order than not at all.
            self.hub.deliver(&envelope).await;
        }
    }

    fn try_again_later(&mut self, error: &BackendError) {
        self.retry_at = Some(Instant::now() + CATCH_UP_RETRY);
        tracing::error!(%error, "database not read after a cut of the bus: sockets miss events until it is");
    }

    /// Delivers the rows of the log that this node missed. Tries again in a while when the log
    /// cannot be read.
    async fn catch_up(&mut self) {
        self.retry_at = None;
        loop {
            let rows = match self.services.store.log_since(self.reached, CATCH_UP_BATCH).await {
                Ok(rows) => rows,
                Err(error) => return self.try_again_later(&error),
            };
            let Some(last) = rows.last().map(|row| row.position) else { return };
            tracing::info!(rows = rows.len(), from = self.reached, to = last, "delivering what was not heard from the bus");
            for row in rows {
                for envelope in durable_envelopes(&row) {
                    self.hub.deliver(&envelope).await;
                }
            }
            self.reached = last;
        }
    }
}
