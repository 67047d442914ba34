//! Owns the publication of the durable log: it gives rows their position, publishes them in that
//! order, and marks them. Woken by services through the hub ([`WakePump`]), and by its own timer.
//! Must not hold a transaction open while it publishes.
//!
//! - One node pumps at a time, by lease. So the order is the same on all nodes.
//! - At least once: a row that was published but not marked before a crash is published again, and
//!   clients drop repeated ids.

use crate::{
    actors::hub::{Hub, ports::WakePump, topics::built_in_topic},
    backends::{
        BackendResult,
        store::{LogClaim, LogRow},
    },
    domain::{
        ids::NodeId,
        live::{audience::Audience, channel::ChannelName},
        retry::{backoff_ms, is_worth_a_line},
    },
    services::{Context as Services, live::port::Announce as _},
    telemetry,
    wire::{
        desk_event::{conversation_left, durable_data},
        envelope::{Envelope, Publication},
        pusher,
    },
};
use actix::prelude::*;
use std::{cell::Cell, rc::Rc, sync::Arc, time::Duration};
use tokio::{sync::oneshot, time::timeout};

/// How soon to ask again while another node holds the lease.
const HELD_ELSEWHERE_RETRY: Duration = Duration::from_millis(25);

/// App -> LogPump: finish the current batch (as long as the lease lasts), begin no other, give the
/// lease back and stop. Replies when done.
#[derive(Message)]
#[rtype(result = "()")]
pub struct StopPump;

/// Outcome of one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// Nothing is left to publish.
    Empty,
    /// Rows were published; there may be more.
    Published,
    /// Another node is pumping.
    HeldElsewhere,
}

/// The pump actor.
pub struct LogPump {
    services: Services,
    hub: Hub,
    node: NodeId,
    is_running: bool,
    was_woken: bool,
    /// Shared with the rounds that are running: they begin no further batch.
    is_stopping: Rc<Cell<bool>>,
    /// Where [`StopPump`] waits for the batch in hand.
    after_batch: Option<oneshot::Sender<()>>,
    failures: u32,
    /// The timer of the next try. One at most: every poll that fails would leave one more behind.
    retry: Option<SpawnHandle>,
}

impl LogPump {
    /// Makes the pump of this process.
    #[must_use]
    pub fn new(services: Services, hub: Hub) -> Self {
        Self {
            services,
            hub,
            node: NodeId::generate(),
            is_running: false,
            was_woken: false,
            is_stopping: Rc::default(),
            after_batch: None,
            failures: 0,
            retry: None,
        }
    }

    fn run(&mut self, ctx: &mut Context<Self>) {
        if self.is_stopping.get() {
            return;
        }
        if self.is_running {
            self.was_woken = true;
            return;
        }
        self.is_running = true;
        let (services, hub, node, is_stopping) = (self.services.clone(), self.hub.clone(), self.node, self.is_stopping.clone());
        let rounds = async move {
            let coalesce_ms = services.config.log.coalesce_ms;
            if coalesce_ms > 0 {
                tokio::time::sleep(Duration::from_millis(coalesce_ms)).await;
            }
            loop {
                match pump_round(&services, &hub, node).await {
                    Ok(Round::Published) if !is_stopping.get() => {}
                    finished => return finished,
                }
            }
        };
        ctx.spawn(rounds.into_actor(self).map(|outcome, pump, ctx| pump.after_rounds(&outcome, ctx)));
    }

    fn after_rounds(&mut self, outcome: &BackendResult<Round>, ctx: &mut Context<Self>) {
        self.is_running = false;
        if let Some(after_batch) = self.after_batch.take() {
            // An error means that nobody waits any more.
            let _ = after_batch.send(());
        }
        if self.is_stopping.get() {
            return;
        }
        let was_woken = std::mem::take(&mut self.was_woken);
        match outcome {
            Ok(Round::HeldElsewhere) => {
                self.try_later(HELD_ELSEWHERE_RETRY, ctx);
            }
            Ok(_) => {
                self.failures = 0;
                if was_woken {
                    ctx.notify(WakePump);
                }
            }
            Err(error) => {
                self.failures += 1;
                let delay_ms = backoff_ms(self.failures, rand::random());
                if is_worth_a_line(self.failures) {
                    tracing::error!(%error, attempt = self.failures, delay_ms, "log rows not published, trying again");
                }
                self.try_later(Duration::from_millis(delay_ms), ctx);
            }
        }
    }

    fn try_later(&mut self, delay: Duration, ctx: &mut Context<Self>) {
        let retry = ctx.run_later(delay, |pump, ctx| {
            pump.retry = None;
            pump.run(ctx);
        });
        if let Some(former) = self.retry.replace(retry) {
            ctx.cancel_future(former);
        }
    }
}

impl Actor for LogPump {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(Duration::from_millis(self.services.config.log.poll_ms), Self::run);
        ctx.notify(WakePump);
    }
}

impl Handler<WakePump> for LogPump {
    type Result = ();

    fn handle(&mut self, _: WakePump, ctx: &mut Self::Context) {
        self.run(ctx);
    }
}

impl Handler<StopPump> for LogPump {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, _: StopPump, _: &mut Self::Context) -> Self::Result {
        self.is_stopping.set(true);
        let (services, node) = (self.services.clone(), self.node);
        let (done, batch) = oneshot::channel();
        self.after_batch = self.is_running.then_some(done);
        let patience = Duration::from_millis(services.config.log.lease_ms);
        let release = async move {
            // Ends at once when there is no batch, because the other end is gone. A batch that
            // outlives its lease is not waited for.
            let _ = timeout(patience, batch).await;
            if let Err(error) = services.store.release_log(node).await {
                tracing::warn!(%error, "lease of the log not given back; it runs out by itself");
            }
        };
        Box::pin(release.into_actor(self).map(|(), _, ctx| ctx.stop()))
    }
}

/// Claims one batch, publishes it, marks it. Claim and mark are separate transactions; none is open
/// while it publishes.
async fn pump_round(services: &Services, hub: &Hub, node: NodeId) -> BackendResult<Round> {
    let settings = &services.config.log;
    let claim = services.store.claim_log(node, services.clock.now_ms(), lease_ms(settings.lease_ms), settings.batch).await?;
    let rows = match claim {
        LogClaim::HeldElsewhere => return Ok(Round::HeldElsewhere),
        LogClaim::Rows(rows) => rows,
    };
    let Some(last) = rows.last().map(|row| row.position) else {
        services.store.release_log(node).await?;
        return Ok(Round::Empty);
    };
    for row in &rows {
        for envelope in durable_envelopes(row) {
            hub.publish(Arc::new(envelope)).await?;
        }
        record_age(row, services.clock.now_ms());
    }
    services.store.mark_published(node, last, services.clock.now_ms()).await?;
    tracing::debug!(rows = rows.len(), position = last, "log rows published");
    Ok(Round::Published)
}

/// Records how long a row waited for its publication.
fn record_age(row: &LogRow, now_ms: i64) {
    #[expect(clippy::cast_precision_loss, reason = "an age in ms is far below 2^52")]
    let age_s = (now_ms - row.created_at_ms).max(0) as f64 / 1000.0;
    metrics::histogram!(telemetry::LOG_AGE_SECONDS).record(age_s);
}

/// Returns the envelopes of a log row, in order. The last is its publication on the channel of its
/// audience, encoded once, here. When the row takes a conversation from a user, the order to leave
/// the channel comes first, so that nothing later in the log reaches that user's sockets.
pub(super) fn durable_envelopes(row: &LogRow) -> impl Iterator<Item = Envelope> {
    let lost = match row.audience {
        Audience::User(user) => conversation_left(&row.event, &row.data).map(|id| (user, ChannelName::conversation(id))),
        _ => None,
    };
    let leave = lost.map(|(user, channel)| Envelope::LeaveChannel { user, topic: built_in_topic(channel) });
    let topic = built_in_topic(row.audience.channel());
    let data = durable_data(&row.id.to_string(), row.position, &row.data);
    let frame = pusher::channel_event(&topic.channel, &row.event, &data);
    let publication = Publication { position: Some(row.position), ..Publication::new(topic, frame) };
    leave.into_iter().chain([publication.into()])
}

fn lease_ms(setting: u64) -> i64 {
    i64::try_from(setting).unwrap_or(i64::MAX)
}
