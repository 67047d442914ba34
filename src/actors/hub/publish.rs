//! Owns the way of an envelope towards the bus, and the hub's side of [`Announce`]. Called by the
//! use cases through that port, and by actors. Must not put anything into a shard's mailbox:
//! effects on this node go through [`super::deliver`].
//!
//! - `publish` waits until the bus has the envelope; `queue` returns at once and may drop it.
//! - `publish_or_deliver` delivers on this node when the bus fails.
//! - `leave_channel` and `watch_app` also take effect on this node at once.

use super::{Hub, OUTGOING_CAPACITY, end_of_sockets_frame, ports::WakePump, topics::built_in_topic};
use crate::{
    backends::BackendResult,
    domain::{
        ids::{AppId, LoginId, MessageId, UserId},
        live::channel::ChannelName,
        topic::Topic,
    },
    services::live::port::{Announce, AppCounts, LoginEnd},
    telemetry,
    wire::{
        desk_event::DeskEvent,
        envelope::{Envelope, Publication},
        pusher,
    },
};
use async_trait::async_trait;
use serde_json::Value;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::mpsc::error::TrySendError;

/// How long a question to the census waits for this node's own changes to be declared.
const CENSUS_PATIENCE: Duration = Duration::from_secs(1);

/// Returns the envelope that ends the sockets of an account, or of one of its logins.
fn end_of_sockets(user: UserId, login: Option<LoginId>, reason: LoginEnd) -> Envelope {
    let (channel, frame) = (ChannelName::user(user), end_of_sockets_frame(user, login, reason));
    let farewell = Box::new(Publication::new(built_in_topic(channel), frame));
    Envelope::EndSockets { user, login, farewell }
}

impl Hub {
    /// Publishes a frame to every node; when the bus fails, delivers it on this node and then
    /// fails.
    pub(in crate::actors) async fn publish_or_deliver(&self, publication: Publication) -> BackendResult<()> {
        let envelope = Arc::new(Envelope::from(publication));
        let published = self.publish(envelope.clone()).await;
        if published.is_err() {
            self.deliver(&envelope).await;
        }
        published
    }

    /// Queues an envelope without a row. When the queue is full, an end of sockets waits, and every
    /// other envelope is dropped.
    fn queue(&self, envelope: Envelope) {
        match self.inner.outgoing.try_send(envelope) {
            Ok(()) => {}
            Err(TrySendError::Full(envelope @ Envelope::EndSockets { .. })) => {
                let outgoing = self.inner.outgoing.clone();
                // An error means that the server has stopped, and its sockets with it.
                tokio::spawn(async move { outgoing.send(envelope).await.is_ok() });
            }
            Err(_) => {
                metrics::counter!(telemetry::PUBLICATIONS_DROPPED).increment(1);
                tracing::warn!("publication dropped: the bus is behind by {OUTGOING_CAPACITY}");
            }
        }
    }
}

#[async_trait]
impl Announce for Hub {
    fn wake_pump(&self) {
        if let Some(pump) = self.inner.pump.get() {
            // Wake-ups carry nothing and the pump folds them: any number means the same as one.
            pump.do_send(WakePump);
        }
    }

    fn queue_event(&self, channel: &ChannelName, event: DeskEvent, data: Value) {
        let frame = pusher::channel_event(channel, event.name(), &data.to_string());
        self.queue(Publication::new(built_in_topic(channel.clone()), frame).into());
    }

    fn end_sockets(&self, user: UserId, login: Option<LoginId>, reason: LoginEnd) {
        self.queue(end_of_sockets(user, login, reason));
    }

    fn leave_channel(&self, user: UserId, channel: &ChannelName) {
        let topic = built_in_topic(channel.clone());
        // Here at once: a member who joins next must not be announced to the one who left. Once
        // more by the bus, behind the envelopes that are on their way.
        self.leave_here(user, &topic);
        self.queue(Envelope::LeaveChannel { user, topic });
    }

    fn stop_answer(&self, answer: MessageId) {
        self.queue(Envelope::StopAnswer { answer });
    }

    async fn publish(&self, envelope: Arc<Envelope>) -> BackendResult<()> {
        let is_publication = matches!(*envelope, Envelope::Publish(_));
        self.inner.bus.publish(envelope).await?;
        if is_publication {
            metrics::counter!(telemetry::PUBLICATIONS).increment(1);
        }
        Ok(())
    }

    async fn end_user(&self, app: &AppId, user_id: &str) -> BackendResult<()> {
        let topic = Topic { app: app.clone(), channel: ChannelName::sign_in(user_id) };
        self.publish(Arc::new(Envelope::EndUser { topic })).await
    }

    async fn await_census(&self) {
        // When this takes too long, the question that follows fails or is answered as of now.
        let _ = tokio::time::timeout(CENSUS_PATIENCE, self.census().declared()).await;
    }

    fn apps_changed(&self) {
        self.queue(Envelope::AppsChanged);
    }

    fn watch_app(&self, app: &AppId) -> i64 {
        // Here at once: the console shows all that happens after the answer. On the other nodes by
        // the bus.
        let until_ms = self.inner.happenings.watched().watch(app);
        self.queue(Envelope::WatchApp { app: app.clone() });
        until_ms
    }

    fn open_sockets(&self) -> usize {
        self.socket_count()
    }

    fn is_draining(&self) -> bool {
        self.inner.is_draining.load(Ordering::Acquire)
    }

    fn app_counts(&self, app: &AppId) -> AppCounts {
        self.inner.counts.of_app(app)
    }

    fn is_connected(&self) -> bool {
        self.inner.bus.is_alive()
    }
}
