//! Between the bus and the hub: what arrives from any node goes to this node's shards, in the order of the bus; what use cases publish without a row
//! goes out, in the order they published it.
//!
//! After the bus was cut off, publications may be missing here. The durable ones are read from the log and delivered again from the last position seen,
//! so sockets need not reconnect; clients drop repeated ids.

use super::{hub::Hub, log_pump::durable_envelopes};
use crate::{
    backends::{
        BackendResult,
        bus::{Bus, BusMessage},
    },
    services::Context as Services,
    wire::envelope::Envelope,
};
use actix::prelude::*;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Rows read at once while catching up.
const CATCH_UP_BATCH: u32 = 200;

/// The link actor: two loops, no mailbox of its own.
pub struct BusLink {
    hub: Hub,
    services: Services,
    bus: Arc<dyn Bus>,
    outgoing: Option<mpsc::Receiver<Envelope>>,
}

impl BusLink {
    /// Makes the link of this process. `outgoing` is the queue of [`Hub::new`].
    #[must_use]
    pub fn new(hub: Hub, services: Services, bus: Arc<dyn Bus>, outgoing: mpsc::Receiver<Envelope>) -> Self {
        Self { hub, services, bus, outgoing: Some(outgoing) }
    }
}

impl Actor for BusLink {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let incoming = self.bus.subscribe();
        ctx.spawn(take_in(self.hub.clone(), self.services.clone(), incoming).into_actor(self));
        if let Some(outgoing) = self.outgoing.take() {
            ctx.spawn(send_out(self.hub.clone(), outgoing).into_actor(self));
        }
    }
}

async fn send_out(hub: Hub, mut outgoing: mpsc::Receiver<Envelope>) {
    while let Some(envelope) = outgoing.recv().await {
        if let Err(error) = hub.send_out(&envelope).await {
            tracing::warn!(%error, "publication without a row lost");
        }
    }
}

async fn take_in(hub: Hub, services: Services, mut incoming: mpsc::Receiver<BusMessage>) {
    let mut seen: Option<i64> = None;
    while let Some(message) = incoming.recv().await {
        match message {
            BusMessage::Envelope(bytes) => match Envelope::parse(&bytes) {
                Ok(envelope) => {
                    seen = seen.max(envelope.position());
                    hub.deliver(envelope).await;
                }
                Err(error) => tracing::warn!(%error, "message on the bus ignored"),
            },
            BusMessage::Resubscribed => match catch_up(&hub, &services, seen).await {
                Ok(position) => seen = Some(position),
                Err(error) => tracing::error!(%error, "log not read after a cut of the bus: sockets may miss events until they sync"),
            },
        }
    }
}

/// Delivers here what was published on the log since `seen`, and returns the position reached. Without a position seen nothing can have been missed.
async fn catch_up(hub: &Hub, services: &Services, seen: Option<i64>) -> BackendResult<i64> {
    let Some(mut position) = seen else {
        return Ok(services.store.log_head().await?.position);
    };
    loop {
        let rows = services.store.log_since(position, CATCH_UP_BATCH).await?;
        let Some(last) = rows.last().map(|row| row.position) else { return Ok(position) };
        tracing::info!(rows = rows.len(), from = position, to = last, "delivering what a cut of the bus held back");
        for row in rows {
            for envelope in durable_envelopes(&row) {
                hub.deliver(envelope).await;
            }
        }
        position = last;
    }
}
