//! One `Session` per socket: frames in become commands, frames out go through its [`Outbound`]. The transports in `http/ws` feed it.

use super::{hub_shard::LocalShard, outbound::Outbound};
use crate::{
    domain::{
        channel::{ChannelKind, ChannelName, may_join},
        presence::Member,
        principal::Principal,
        registry::{SocketId, SocketOwner, Topic},
    },
    services::apps::App,
    telemetry,
    wire::{
        codes::PusherCode,
        command::{self, Command, Subscription},
        envelope::Publication,
        frame::Frame,
        pusher, signature,
    },
};
use actix::prelude::*;
use bytestring::ByteString;
use serde_json::value::RawValue;
use std::{rc::Rc, sync::Arc, time::Instant};

/// Largest `data` of a client event, in bytes (section 2.6 of the wire contract).
const MAX_CLIENT_EVENT_BYTES: usize = 10_240;
/// Longest event name, in characters.
const MAX_EVENT_NAME: usize = 200;

/// Transport -> Session: a complete text message arrived. The transport awaits the reply before it reads on, so a client cannot fill the mailbox.
#[derive(Message)]
#[rtype(result = "()")]
pub struct TextReceived(pub ByteString);

/// Transport -> Session: a binary message arrived; not part of the protocol.
#[derive(Message)]
#[rtype(result = "()")]
pub struct BinaryReceived;

/// Transport -> Session: the connection is gone, for whatever reason. Last message.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ConnectionLost;

/// The actor of one socket.
pub struct Session {
    socket: SocketId,
    app: Arc<App>,
    principal: Option<Principal>,
    shard: LocalShard,
    outbound: Rc<Outbound>,
    client_events: EventRate,
}

impl Session {
    /// Starts the session of an accepted socket on this thread: registers and greets it.
    #[must_use]
    pub fn open(app: Arc<App>, principal: Option<Principal>, shard: LocalShard, outbound: Rc<Outbound>) -> Addr<Self> {
        let socket = new_socket_id();
        let owner = principal.as_ref().map(|principal| SocketOwner { user: principal.user_id, login: principal.login_id });
        shard.connect(socket, owner, &outbound);
        let client_events = EventRate::new(shard.settings().client_events_per_s);
        Self { socket, app, principal, shard, outbound, client_events }.start()
    }

    fn take_text(&mut self, text: &str) -> Option<Publication> {
        match command::parse(text) {
            Ok(Command::Subscribe(subscription)) => self.subscribe(&subscription),
            Ok(Command::Unsubscribe { channel }) => {
                if let Ok(channel) = ChannelName::parse(&channel) {
                    self.shard.unsubscribe(self.socket, &self.topic(channel));
                }
            }
            Ok(Command::Ping) => self.answer(&pusher::pong()),
            Ok(Command::Pong) => {}
            Ok(Command::ClientEvent { event, channel, data }) => match self.client_event(&event, &channel, &data) {
                Ok(publication) => return Some(publication),
                Err(reason) => self.answer(&pusher::error(Some(PusherCode::ClientEventRejected), reason)),
            },
            Ok(Command::Unknown { .. }) => self.answer(&pusher::error(None, "unknown event")),
            Err(malformed) => {
                metrics::counter!(telemetry::MALFORMED_FRAMES).increment(1);
                self.answer(&pusher::error(None, &malformed.to_string()));
            }
        }
        None
    }

    fn subscribe(&self, subscription: &Subscription) {
        let refusal = match ChannelName::parse(&subscription.channel) {
            Err(invalid) => Some(("InvalidChannel", invalid.to_string(), 400)),
            Ok(channel) => match self.admit(&channel, subscription) {
                Err((message, status)) => Some(("AuthError", message.to_owned(), status)),
                Ok(member) => {
                    let started = self.shard.subscribe(self.socket, &self.topic(channel), member);
                    started.err().map(|refused| ("SubscriptionRefused", refused.to_string(), 409))
                }
            },
        };
        if let Some((kind, message, status)) = refusal {
            let name: String = subscription.channel.chars().take(MAX_EVENT_NAME).collect();
            self.answer(&pusher::subscription_error(&name, kind, &message, status));
        }
    }

    /// Checks the right to join. Returns the member on presence channels.
    fn admit(&self, channel: &ChannelName, subscription: &Subscription) -> Result<Option<Member>, (&'static str, u16)> {
        if !channel.is_guarded() {
            return Ok(None);
        }
        let channel_data = subscription.channel_data.as_deref();
        match subscription.auth.as_deref() {
            Some(proof) => {
                let text = signature::channel_text(&self.socket.to_string(), channel, channel_data);
                if !self.app.accepts(proof, &text) {
                    return Err(("invalid signature", 401));
                }
            }
            None if self.principal.as_ref().is_some_and(|principal| may_join(principal, channel)) => {}
            None => return Err(("this channel needs authorisation", 401)),
        }
        if channel.kind() != ChannelKind::Presence {
            return Ok(None);
        }
        let data = channel_data.ok_or(("presence channels need channel_data", 400))?;
        Member::parse(data).map(Some).map_err(|_| ("channel_data is not valid", 400))
    }

    fn client_event(&mut self, event: &str, channel: &str, data: &RawValue) -> Result<Publication, &'static str> {
        if !self.app.allows_client_events {
            return Err("client events are not enabled for this app");
        }
        if event.chars().count() > MAX_EVENT_NAME || data.get().len() > MAX_CLIENT_EVENT_BYTES {
            return Err("client event is too large");
        }
        let channel = ChannelName::parse(channel).map_err(|_| "invalid channel name")?;
        if !channel.allows_client_events() {
            return Err("client events are only allowed on private and presence channels");
        }
        if self.app.is_built_in && !channel.takes_built_in_client_event(event) {
            return Err("this app takes client-typing on conversations only");
        }
        let topic = self.topic(channel);
        let user_id = self.shard.subscription(self.socket, &topic).ok_or("client events need a subscription to the channel")?;
        if !self.client_events.allow(Instant::now()) {
            return Err("too many client events");
        }
        let frame = pusher::client_event(&topic.channel, event, data, user_id.as_deref());
        Ok(Publication { topic, frame, except: Some(self.socket), position: None })
    }

    fn topic(&self, channel: ChannelName) -> Topic {
        Topic { app: self.app.id.clone(), channel }
    }

    fn answer(&self, frame: &Frame) {
        self.shard.send(&self.outbound, frame);
    }
}

impl Actor for Session {
    type Context = Context<Self>;

    fn stopped(&mut self, _: &mut Self::Context) {
        self.shard.disconnect(self.socket);
    }
}

impl Handler<TextReceived> for Session {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, TextReceived(text): TextReceived, _: &mut Self::Context) -> Self::Result {
        let publication = self.take_text(&text);
        let hub = self.shard.hub().clone();
        Box::pin(async move {
            if let Some(publication) = publication
                && let Err(error) = hub.publish(publication).await
            {
                tracing::warn!(%error, "client event not published");
            }
        })
    }
}

impl Handler<BinaryReceived> for Session {
    type Result = ();

    fn handle(&mut self, _: BinaryReceived, _: &mut Self::Context) {
        self.answer(&pusher::error(None, "binary frames are not part of the protocol"));
    }
}

impl Handler<ConnectionLost> for Session {
    type Result = ();

    fn handle(&mut self, _: ConnectionLost, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

/// Counts events in whole seconds.
struct EventRate {
    limit: u32,
    window_began: Instant,
    count: u32,
}

impl EventRate {
    fn new(limit: u32) -> Self {
        Self { limit, window_began: Instant::now(), count: 0 }
    }

    fn allow(&mut self, now: Instant) -> bool {
        if now.duration_since(self.window_began).as_secs() >= 1 {
            self.window_began = now;
            self.count = 0;
        }
        self.count += 1;
        self.count <= self.limit
    }
}

/// Two numbers of 53 random bits: exact in every client's number type, and unguessable.
fn new_socket_id() -> SocketId {
    SocketId::new(rand::random::<u64>() >> 11, rand::random::<u64>() >> 11)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn events_are_counted_per_second() {
        let start = Instant::now();
        let mut rate = EventRate { limit: 2, window_began: start, count: 0 };
        assert_eq!([0, 10, 20].map(|ms| rate.allow(start + Duration::from_millis(ms))), [true, true, false]);
        assert!(rate.allow(start + Duration::from_millis(1001)));
    }
}
