//! Owns the bus over one Redis topic, `{prefix}:bus`: it packs envelopes into bytes and parses
//! them. Called through [`Bus`]. Must not deliver bytes that are not an envelope: it logs and
//! ignores them.
//!
//! - Publishing uses the shared command connection; listening uses a connection of its own.
//! - The listening task never gives up.
//! - A subscription can be deaf while every publish succeeds, after a failover or on a half-open
//!   connection. So each node publishes probes, and subscribes again when it hears nothing.
//! - The bus counts as alive only after a message took the whole path.
//! - A node hears its own envelopes from Redis. So the order on Redis is the order on all nodes.

use super::{Bus, BusMessage, Listeners};
use crate::{
    backends::{
        BackendError, BackendResult,
        redis_link::{CONNECTION_TIMEOUT, RedisLink},
    },
    domain::retry::backoff_ms,
    telemetry,
    wire::envelope::Envelope,
};
use async_trait::async_trait;
use futures_util::StreamExt as _;
use redis::{aio::PubSub, pipe};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

/// First byte of a message: an envelope follows.
const ENVELOPE: u8 = b'e';
/// First byte of a message: a probe, nothing follows.
const PROBE: u8 = b'p';

/// How the subscription proves that it hears.
#[derive(Debug, Clone, Copy)]
pub struct ProbeTimes {
    /// How often each node publishes a probe.
    pub every: Duration,
    /// Silence after which the subscription is taken for deaf.
    pub deaf_after: Duration,
}

impl Default for ProbeTimes {
    fn default() -> Self {
        Self { every: Duration::from_secs(5), deaf_after: Duration::from_secs(10) }
    }
}

/// The bus over Redis; leaves the topic when dropped.
#[derive(Debug)]
pub struct RedisBus {
    shared: Arc<RedisBusState>,
    listening: JoinHandle<()>,
}

#[derive(Debug)]
struct RedisBusState {
    link: RedisLink,
    topic: String,
    times: ProbeTimes,
    listeners: Listeners,
    is_alive: AtomicBool,
}

impl RedisBus {
    /// Joins the topic of `prefix`. Called inside a tokio runtime, which then runs the listening
    /// task. Fails when the first subscription fails; later losses heal by themselves.
    pub async fn join(link: RedisLink, prefix: &str, times: ProbeTimes) -> BackendResult<Self> {
        let topic = format!("{prefix}:bus");
        let shared = Arc::new(RedisBusState { link, topic, times, listeners: Listeners::default(), is_alive: AtomicBool::new(false) });
        let subscription = shared.subscribe_topic().await?;
        shared.is_alive.store(true, Ordering::Release);
        let listening = tokio::spawn(shared.clone().listen_for_ever(subscription));
        Ok(Self { shared, listening })
    }
}

impl Drop for RedisBus {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Why listening ended.
#[derive(Debug, thiserror::Error)]
enum ListenEnd {
    #[error("the connection was closed")]
    Closed,
    #[error("nothing was heard, not even our own probe")]
    Deaf,
}

impl RedisBusState {
    async fn send(&self, kind: u8, body: &[u8]) -> BackendResult<()> {
        let mut message = Vec::with_capacity(body.len() + 1);
        message.push(kind);
        message.extend_from_slice(body);
        self.link.run::<()>(pipe().publish(&self.topic, message).ignore()).await
    }

    async fn subscribe_topic(&self) -> BackendResult<PubSub> {
        let subscribe = async {
            let mut subscription = self.link.client().get_async_pubsub().await?;
            subscription.subscribe(&self.topic).await?;
            Ok(subscription)
        };
        timeout(CONNECTION_TIMEOUT, subscribe).await.unwrap_or(Err(BackendError::Internal("redis subscription timed out")))
    }

    /// Listens, and subscribes again when the subscription is lost, with growing pauses.
    async fn listen_for_ever(self: Arc<Self>, first: PubSub) {
        let mut subscription = first;
        loop {
            let end = self.listen(subscription).await;
            self.is_alive.store(false, Ordering::Release);
            tracing::warn!(reason = %end, "bus.recv lost its subscription");
            subscription = self.subscribe_again().await;
            metrics::counter!(telemetry::BUS_RECONNECTS).increment(1);
            tracing::info!("bus.recv subscribed again");
            self.listeners.deliver(&BusMessage::Resubscribed).await;
        }
    }

    async fn subscribe_again(&self) -> PubSub {
        let mut attempt = 0_u32;
        loop {
            attempt = attempt.saturating_add(1);
            tokio::time::sleep(Duration::from_millis(backoff_ms(attempt, rand::random()))).await;
            match self.subscribe_topic().await {
                Ok(subscription) => return subscription,
                Err(error) => tracing::warn!(attempt, error = %error, "bus.recv cannot subscribe"),
            }
        }
    }

    /// Delivers messages until the subscription closes or proves deaf.
    async fn listen(self: &Arc<Self>, mut subscription: PubSub) -> ListenEnd {
        let _prober = AbortOnDrop(tokio::spawn(self.clone().probe_for_ever()));
        let mut check = interval(self.times.every.min(self.times.deaf_after / 2));
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard_at = Instant::now();
        let mut messages = subscription.on_message();
        loop {
            // Messages first: a message that waits to be read proves that the subscription hears,
            // however long a slow listener delayed it.
            tokio::select! {
                biased;
                message = messages.next() => {
                    let Some(message) = message else { return ListenEnd::Closed };
                    self.is_alive.store(true, Ordering::Release);
                    self.hand_on(message.get_payload_bytes()).await;
                    heard_at = Instant::now();
                }
                _ = check.tick() => {
                    if heard_at.elapsed() > self.times.deaf_after {
                        return ListenEnd::Deaf;
                    }
                }
            }
        }
    }

    async fn hand_on(&self, payload: &[u8]) {
        match payload.split_first() {
            Some((&ENVELOPE, body)) => match Envelope::parse(body) {
                Ok(envelope) => self.listeners.deliver(&BusMessage::Envelope(Arc::new(envelope))).await,
                Err(error) => tracing::warn!(%error, "message on the bus ignored"),
            },
            Some((&PROBE, [])) => {}
            _ => tracing::warn!(bytes = payload.len(), "bus.recv heard something that is not ours"),
        }
    }

    async fn probe_for_ever(self: Arc<Self>) {
        let mut every = interval(self.times.every);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            if let Err(error) = self.send(PROBE, &[]).await {
                tracing::debug!(error = %error, "probe not sent");
            }
        }
    }
}

/// Ends a task together with its owner.
struct AbortOnDrop(JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[async_trait]
impl Bus for RedisBus {
    async fn publish(&self, envelope: Arc<Envelope>) -> BackendResult<()> {
        self.shared.send(ENVELOPE, &envelope.to_bytes()).await
    }

    fn subscribe(&self) -> mpsc::Receiver<BusMessage> {
        self.shared.listeners.add()
    }

    fn is_local(&self) -> bool {
        false
    }

    fn is_alive(&self) -> bool {
        self.shared.is_alive.load(Ordering::Acquire)
    }

    async fn ping(&self) -> BackendResult<()> {
        self.shared.link.run::<()>(pipe().ping().ignore()).await
    }
}
