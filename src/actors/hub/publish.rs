//! The live side as the use cases ask for it.

use super::{Hub, built_in_topic, end_of_sockets_frame};
use crate::{
    actors::{cluster::log_pump::WakePump, sockets::sign_in::settle},
    backends::BackendResult,
    domain::{
        ids::{AppId, LoginId, MessageId, UserId},
        live::channel::ChannelName,
        topic::Topic,
    },
    services::live::port::{Announce, AppCounts, SessionEnd},
    wire::{
        envelope::{Envelope, Publication},
        pusher,
    },
};
use async_trait::async_trait;
use serde_json::Value;
use std::sync::{PoisonError, atomic::Ordering};

/// Returns what ends the sockets of an account, or of one of its login sessions.
fn end_of_sockets(user: UserId, login: Option<LoginId>, reason: SessionEnd) -> Envelope {
    let (channel, frame) = (ChannelName::user(user), end_of_sockets_frame(user, login, reason));
    let farewell = Box::new(Publication::new(built_in_topic(channel), frame));
    Envelope::EndSockets { user, login, farewell }
}

#[async_trait]
impl Announce for Hub {
    fn wake_pump(&self) {
        if let Some(pump) = self.inner.pump.get() {
            // Wake-ups carry nothing and the pump folds them: more than one in the mailbox means the same as one.
            pump.do_send(WakePump);
        }
    }

    fn publish(&self, channel: &ChannelName, event: &'static str, data: Value) {
        let frame = pusher::channel_event(channel, event, &data.to_string());
        self.send_later(Envelope::Publish(Publication::new(built_in_topic(channel.clone()), frame)));
    }

    fn end_sockets(&self, user: UserId, login: Option<LoginId>, reason: SessionEnd) {
        self.send_later(end_of_sockets(user, login, reason));
    }

    fn leave_channel(&self, user: UserId, channel: &ChannelName) {
        let topic = built_in_topic(channel.clone());
        // Here at once: whoever joins next must not be announced to the one who left. Once more by the bus, behind what is on its way.
        self.leave_here(user, &topic);
        self.send_later(Envelope::LeaveChannel { user, topic });
    }

    fn stop_answer(&self, answer: MessageId) {
        self.send_later(Envelope::StopAnswer { answer });
    }

    async fn trigger(&self, publication: Publication) -> BackendResult<()> {
        Self::publish(self, publication).await
    }

    async fn end_user(&self, app: &AppId, user_id: &str) -> BackendResult<()> {
        let topic = Topic { app: app.clone(), channel: ChannelName::signed_in(user_id) };
        self.send_out(&Envelope::EndUser { topic }).await
    }

    async fn settle(&self) {
        settle(self).await;
    }

    fn apps_changed(&self) {
        self.send_later(Envelope::AppsChanged);
    }

    fn watch_app(&self, app: &AppId) -> i64 {
        // Here at once: what happens after the answer is told. Once more by the bus, as everywhere.
        let until_ms = self.inner.app_events.watched().watch(app);
        self.send_later(Envelope::WatchApp { app: app.clone() });
        until_ms
    }

    fn open_sockets(&self) -> usize {
        self.socket_count()
    }

    fn is_draining(&self) -> bool {
        self.inner.is_draining.load(Ordering::Acquire)
    }

    fn app_counts(&self, app: &AppId) -> AppCounts {
        let here = self.inner.apps.get(app).map(|counts| *counts).unwrap_or_default();
        let elsewhere = self.inner.elsewhere.read().unwrap_or_else(PoisonError::into_inner).get(app).copied().unwrap_or_default();
        AppCounts { connections: here.connections + elsewhere.connections, channels: here.channels.max(elsewhere.channels) }
    }

    fn is_connected(&self) -> bool {
        self.inner.bus.is_alive()
    }
}
