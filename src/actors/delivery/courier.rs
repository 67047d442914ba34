//! Owns the delivery of webhooks to the owners of connected apps. Fed by the queue of
//! [`crate::actors::apps::happenings::AppHappenings`], stopped by the app. Must not make a
//! publisher wait.
//!
//! - The first loop writes happenings to the queues in the database, several in one transaction.
//! - The second loop delivers from those queues, to many addresses at once. The node that holds the
//!   lease of an address delivers to it.

use crate::{
    backends::store::WebhookQueue,
    domain::{
        apps::app_happening::AppHappening,
        ids::NodeId,
        retry::{backoff_ms, is_worth_a_line},
    },
    services::{Context as Services, apps::webhooks},
};
use actix::prelude::*;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};

/// Events that may wait to be written; beyond it they are dropped and counted.
pub const QUEUE_CAPACITY: usize = 8192;
/// Events written in one transaction.
const BATCH: usize = 256;
/// Addresses this node delivers to at once.
const AT_ONCE: usize = 16;
/// How often to look for what is due without being woken: retries, returns that did not come,
/// queues of other nodes that died.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How soon to look again when the database does not answer.
const RETRY: Duration = Duration::from_secs(1);
/// How long a stop waits for what is on its way; the rest is delivered by another node, or after
/// the next start.
const STOP_PATIENCE: Duration = Duration::from_secs(3);

/// App -> WebhookCourier: write what was handed over so far, begin no delivery, and stop. Replies
/// when done.
#[derive(Message)]
#[rtype(result = "()")]
pub struct StopCourier;

/// The courier actor: two loops.
pub struct WebhookCourier {
    state: Rc<Courier>,
    events: Option<mpsc::Receiver<AppHappening>>,
}

struct Courier {
    services: Services,
    node: NodeId,
    wake: Notify,
    is_stopping: Cell<bool>,
    stop: Notify,
    /// Notified when something ended that a stop may wait for.
    ended: Notify,
    is_writing: Cell<bool>,
    on_their_way: Cell<usize>,
    batch: RefCell<Vec<AppHappening>>,
}

impl WebhookCourier {
    /// Makes the courier of this process; `events` is what the hub's `AppHappenings` fills.
    #[must_use]
    pub fn new(services: Services, events: mpsc::Receiver<AppHappening>) -> Self {
        let state = Courier {
            services,
            node: NodeId::generate(),
            wake: Notify::new(),
            is_stopping: Cell::new(false),
            stop: Notify::new(),
            ended: Notify::new(),
            is_writing: Cell::new(true),
            on_their_way: Cell::new(0),
            batch: RefCell::default(),
        };
        Self { state: Rc::new(state), events: Some(events) }
    }
}

impl Actor for WebhookCourier {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(events) = self.events.take() {
            let state = self.state.clone();
            ctx.spawn(async move { state.write_for_ever(events).await }.into_actor(self));
        }
        let state = self.state.clone();
        ctx.spawn(async move { deliver_for_ever(state).await }.into_actor(self));
    }
}

impl Handler<StopCourier> for WebhookCourier {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, _: StopCourier, _: &mut Self::Context) -> Self::Result {
        let state = self.state.clone();
        state.is_stopping.set(true);
        state.stop.notify_one();
        let finish = async move {
            let all_ended = async {
                while state.is_writing.get() || state.on_their_way.get() > 0 {
                    state.ended.notified().await;
                }
            };
            if timeout(STOP_PATIENCE, all_ended).await.is_err() {
                tracing::warn!("webhooks on their way are left to the next node or start");
            }
        };
        Box::pin(finish.into_actor(self).map(|(), _, ctx| ctx.stop()))
    }
}

impl Courier {
    async fn write_for_ever(&self, mut events: mpsc::Receiver<AppHappening>) {
        loop {
            let mut batch = self.batch.take();
            tokio::select! {
                biased;
                received = events.recv_many(&mut batch, BATCH) => if received == 0 { break },
                () = self.stop.notified() => {
                    // What was handed over until now is still taken, then the end.
                    events.close();
                    self.batch.replace(batch);
                    continue;
                }
            }
            self.write(&batch).await;
            batch.clear();
            self.batch.replace(batch);
        }
        self.is_writing.set(false);
        self.ended.notify_one();
    }

    /// Writes events, however long the database takes to answer; when the server stops, once.
    async fn write(&self, batch: &[AppHappening]) {
        let mut failures = 0;
        while let Err(error) = webhooks::keep(&self.services, batch).await {
            failures += 1;
            tracing::warn!(%error, events = batch.len(), failures, "events for webhooks not written, trying again");
            if self.is_stopping.get() {
                tracing::error!(events = batch.len(), "events for webhooks are lost: the database does not answer and the server stops");
                return;
            }
            tokio::time::sleep(Duration::from_millis(backoff_ms(failures, rand::random()))).await;
        }
        self.wake.notify_one();
    }

    async fn deliver(&self, queue: WebhookQueue) {
        if let Err(error) = webhooks::work_off(&self.services, self.node, &queue).await {
            tracing::warn!(%error, "queue of webhooks not worked off; its lease will run out");
        }
    }
}

async fn deliver_for_ever(state: Rc<Courier>) {
    let mut failures = 0;
    while !state.is_stopping.get() {
        let has_hands = state.on_their_way.get() < AT_ONCE;
        let claimed = if has_hands { webhooks::claim(&state.services, state.node).await } else { Ok(None) };
        match claimed {
            Ok(Some(queue)) => {
                failures = 0;
                let state = state.clone();
                state.on_their_way.set(state.on_their_way.get() + 1);
                actix::spawn(async move {
                    state.deliver(queue).await;
                    state.on_their_way.set(state.on_their_way.get() - 1);
                    state.wake.notify_one();
                    state.ended.notify_one();
                });
            }
            Ok(None) => {
                failures = 0;
                // Either way it is time to look.
                let _ = timeout(LOOK_EVERY, state.wake.notified()).await;
            }
            Err(error) => {
                failures += 1;
                if is_worth_a_line(failures) {
                    tracing::warn!(%error, failures, "queues of webhooks not looked at, trying again");
                }
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}
