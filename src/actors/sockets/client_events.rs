//! Owns the client events of a session: which ones it publishes, and how often. Called by the
//! session. Must not store the data that one client sends to others.

use super::session::{MAX_EVENT_NAME, SessionState};
use crate::{
    domain::{
        apps::app_happening::{AppHappening, AppHappeningKind},
        live::channel::ChannelName,
        topic::Topic,
    },
    services::{conversations, live::port::Announce as _},
    wire::{codes::PusherCode, desk_event::DeskEvent, envelope::Publication, pusher},
};
use serde_json::value::RawValue;
use std::{sync::Arc, time::Duration};

/// Shortest time between two [`DeskEvent::Typing`] of one socket; more are dropped silently.
/// Clients send one per 3 s (product rule), and a slow network may bring two closer together.
const TYPING_PAUSE: Duration = Duration::from_millis(2_500);

impl SessionState {
    /// Publishes a client event to the others, or answers why not.
    pub(super) async fn publish_client_event(&self, event: &str, channel: &str, data: &RawValue) {
        let publication = match self.check_client_event(event, channel, data) {
            Ok(topic) if self.app.is_built_in => self.typing(event, topic).await,
            Ok(topic) => return self.publish_of_app(event, topic, data).await,
            Err(reason) => Err(reason),
        };
        match publication {
            Ok(Some(publication)) => {
                if let Err(error) = self.shard.hub().publish(Arc::new(publication.into())).await {
                    tracing::warn!(%error, "client event not published");
                }
            }
            Ok(None) => {}
            Err(reason) => self.refuse_client_event(event, channel, reason),
        }
    }

    fn check_client_event(&self, event: &str, channel: &str, data: &RawValue) -> Result<Topic, &'static str> {
        let rules = &self.current_app().rules;
        if !rules.allows_client_events {
            return Err("client events are not enabled for this app");
        }
        if event.chars().count() > MAX_EVENT_NAME || data.get().len() > rules.limits.payload_bytes as usize {
            return Err("client event is too large");
        }
        let channel = ChannelName::parse(channel).map_err(|_| "invalid channel name")?;
        if !channel.allows_client_events() {
            return Err("client events are only allowed on private and presence channels");
        }
        Ok(self.topic(channel))
    }

    /// Publishes a client event of a connected app to the other sockets, and notifies the app's
    /// owner.
    async fn publish_of_app(&self, event: &str, topic: Topic, data: &RawValue) {
        let user_id = match self.member_id(&topic) {
            Ok(user_id) if self.client_events.borrow_mut().allow(self.shard.now()) => user_id,
            Ok(_) => return self.refuse_client_event(event, topic.channel.as_str(), "too many client events"),
            Err(reason) => return self.refuse_client_event(event, topic.channel.as_str(), reason),
        };
        let frame = pusher::client_event(&topic.channel, event, data, user_id.as_deref());
        let kind = AppHappeningKind::Client { event: event.to_owned(), data: data.get().to_owned(), socket: self.socket, user_id };
        let happening = AppHappening { app: topic.app.clone(), channel: topic.channel.clone(), kind };
        let publication = Publication { except: Some(self.socket), ..Publication::new(topic, frame) };
        match self.shard.hub().publish(Arc::new(publication.into())).await {
            Ok(()) => self.shard.hub().happenings().notify(&self.shard.services().apps, happening),
            Err(error) => tracing::warn!(%error, "client event not published"),
        }
    }

    /// Makes the one client event that the built-in app takes, without data: a user is typing in a
    /// conversation. Any other client event would be missing from the history. `Ok(None)`: too soon
    /// after the last one, or hidden by the student.
    async fn typing(&self, event: &str, topic: Topic) -> Result<Option<Publication>, &'static str> {
        if event != DeskEvent::Typing.name() || topic.channel.conversation_id().is_none() {
            return Err("this app takes client-typing on conversations only");
        }
        let user_id = self.member_id(&topic)?;
        let now = self.shard.now();
        if self.typed_at.get().is_some_and(|at| now.duration_since(at) < TYPING_PAUSE) {
            return Ok(None);
        }
        self.typed_at.set(Some(now));
        // The database is asked each time, so that hiding counts at once; the pause above bounds
        // how often.
        match conversations::hides_typing(self.shard.services(), user_id.as_deref().unwrap_or_default()).await {
            Ok(false) => {}
            Ok(true) => return Ok(None),
            Err(error) => {
                tracing::warn!(%error, "preferences not read, typing not published");
                return Ok(None);
            }
        }
        let frame = pusher::empty_client_event(&topic.channel, DeskEvent::Typing.name(), user_id.as_deref());
        Ok(Some(Publication { except: Some(self.socket), ..Publication::new(topic, frame) }))
    }

    /// Returns the id under which this socket is on a channel; `None` on private ones.
    fn member_id(&self, topic: &Topic) -> Result<Option<Arc<str>>, &'static str> {
        self.shard.subscription(self.socket, topic).ok_or("client events need a subscription to the channel")
    }

    fn refuse_client_event(&self, event: &str, channel: &str, reason: &str) {
        self.refuse(Some(PusherCode::ClientEventRejected), reason, |line| line.on(channel).event(event));
    }
}
