//! Owns the protocol of one socket: it turns frames of the client into commands, and answers
//! through the socket's [`Outbound`]. Called by its transport in `http/sockets`. Must not keep
//! which topics the socket listens to: the shard keeps that.

use super::{
    local_shard::LocalShard,
    outbound::Outbound,
    read_rate::{EventRate, ReadRate},
    sign_in::SignInState,
};
use crate::{
    domain::{
        ids::{ConversationId, SocketId},
        live::{
            channel::{ChannelKind, ChannelName, may_join},
            join_refusal::JoinRefusal,
            presence::Member,
            registry::SocketOwner,
        },
        principal::Principal,
        topic::Topic,
    },
    services::{apps::table::App, live::channel_access},
    telemetry,
    wire::{
        codes::PusherCode,
        command::{self, Command, Subscription},
        console::{Line, LineKind},
        frame::Frame,
        pusher, signature,
    },
};
use actix::prelude::*;
use bytes::Bytes;
use bytestring::ByteString;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    time::Instant,
};

/// Longest event name, in characters.
pub(super) const MAX_EVENT_NAME: usize = 200;

/// Transport -> Session: a complete text message arrived. The transport awaits the reply before it
/// reads on, so a client cannot fill the mailbox.
#[derive(Message)]
#[rtype(result = "()")]
pub struct TextReceived(pub ByteString);

/// Transport -> Session: a binary message arrived; not part of the protocol.
#[derive(Message)]
#[rtype(result = "()")]
pub struct BinaryReceived(pub Bytes);

/// Transport -> Session: the connection is gone, for whatever reason. Last message.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ConnectionLost;

/// The actor of one socket. It finishes each frame before the next, because its transport waits.
pub struct Session {
    state: Rc<SessionState>,
}

/// State of a session; shared with the future of the current frame.
pub(super) struct SessionState {
    pub(super) socket: SocketId,
    pub(super) app: Arc<App>,
    principal: Option<Principal>,
    pub(super) shard: LocalShard,
    outbound: Rc<Outbound>,
    sign_in: SignInState,
    read_rate: ReadRate,
    pub(super) client_events: RefCell<EventRate>,
    /// When this socket last published that its user is typing.
    pub(super) typed_at: Cell<Option<Instant>>,
}

impl Session {
    /// Starts the session of an accepted socket on this thread: registers and greets it.
    #[must_use]
    pub fn open(app: Arc<App>, principal: Option<Principal>, shard: LocalShard, outbound: Rc<Outbound>) -> Addr<Self> {
        let socket = new_socket_id();
        let owner = principal.as_ref().map(|principal| SocketOwner { user: principal.user_id, login: principal.login_id });
        if !app.is_echo() {
            shard.connect(socket, &app.id, owner, &outbound);
        }
        let client_events = RefCell::new(EventRate::new(shard.settings().client_events_per_s, shard.now()));
        let (sign_in, read_rate) = (SignInState::default(), ReadRate::new(shard.settings().inbound_per_s, shard.now()));
        let state = SessionState { socket, app, principal, shard, outbound, sign_in, read_rate, client_events, typed_at: Cell::new(None) };
        Self { state: Rc::new(state) }.start()
    }
}

impl SessionState {
    async fn take_text(&self, text: &str) {
        let wait = self.read_rate.take(self.shard.now());
        if !wait.is_zero() {
            self.shard.pause(wait).await;
        }
        // It is being closed: what it sends instead of answering that counts for nothing.
        if self.outbound.is_closing() {
            return;
        }
        match command::parse(text) {
            Ok(Command::Subscribe(subscription)) => self.subscribe(&subscription).await,
            Ok(Command::Unsubscribe { channel }) => {
                if let Ok(channel) = ChannelName::parse(&channel) {
                    self.shard.unsubscribe(self.socket, &self.topic(channel));
                }
            }
            Ok(Command::SignIn(request)) => {
                let to = (&self.shard, &self.outbound);
                if let Err(reason) = self.sign_in.accept(&self.current_app(), self.socket, &request, to).await {
                    self.refuse(None, &reason, |line| line);
                }
            }
            Ok(Command::Ping) => self.answer(&pusher::pong()),
            Ok(Command::Pong) => {}
            Ok(Command::ClientEvent { event, channel, data }) => self.publish_client_event(&event, &channel, &data).await,
            Ok(Command::Unknown { event }) => self.refuse(None, "unknown event", |line| line.event(&event)),
            Err(malformed) => {
                metrics::counter!(telemetry::MALFORMED_FRAMES).increment(1);
                self.refuse(None, &malformed.to_string(), |line| line);
            }
        }
    }

    async fn subscribe(&self, subscription: &Subscription) {
        if let Err(refusal) = self.try_subscribe(subscription).await {
            let name: String = subscription.channel.chars().take(MAX_EVENT_NAME).collect();
            let (kind, message, status) = (refusal.kind(), refusal.to_string(), refusal.status());
            self.answer(&pusher::subscription_error(&name, kind, &message, status));
            let user = self.principal.as_ref().map(|principal| principal.user_id);
            channel_access::record_refusal(&self.app, user, &subscription.channel, refusal);
            let about = |line: Line| line.on(&name).because(Some(status), &format!("{kind}: {message}"));
            self.shard.log(&self.app.id, self.socket, LineKind::Refused, about);
        }
    }

    async fn try_subscribe(&self, subscription: &Subscription) -> Result<(), JoinRefusal> {
        let channel = ChannelName::parse(&subscription.channel)?;
        let conversation = channel.conversation_id().filter(|_| self.app.is_built_in);
        let member = self.admit(&channel, subscription)?;
        if self.proof_of(&channel, subscription).is_some() && self.app.is_built_in {
            self.belong_to_bearer(&channel).await?;
        }
        let user_id = member.as_ref().map(|member| member.user_id.clone()).unwrap_or_default();
        if let Some(conversation) = conversation {
            self.require_membership(conversation, &user_id).await?;
        }
        let topic = self.topic(channel);
        self.shard.subscribe(self.socket, &topic, member).await?;
        let Some(conversation) = conversation else { return Ok(()) };
        // A transfer between the first check and the join found no socket on the channel; a
        // transfer from now on does.
        let is_still_member = self.require_membership(conversation, &user_id).await;
        if is_still_member.is_err() {
            self.shard.unsubscribe(self.socket, &topic);
        }
        is_still_member
    }

    /// Checks the right to join by the frame and the login. Returns the member on presence
    /// channels.
    fn admit(&self, channel: &ChannelName, subscription: &Subscription) -> Result<Option<Member>, JoinRefusal> {
        if !channel.is_guarded() {
            return Ok(None);
        }
        if let Some(user) = channel.server_to_user() {
            return if self.sign_in.is(user) { Ok(None) } else { Err(JoinRefusal::NotSignedIn) };
        }
        let channel_data = subscription.channel_data.as_deref();
        if let Some(proof) = self.proof_of(channel, subscription) {
            let text = signature::channel_text(&self.socket.to_string(), channel, channel_data);
            if !self.current_app().accepts(proof, &text) {
                return Err(JoinRefusal::InvalidSignature);
            }
            if channel.kind() != ChannelKind::Presence {
                return Ok(None);
            }
            let Some(data) = channel_data else {
                let member = self.sign_in.member();
                return member.map(Some).ok_or(JoinRefusal::NoMember);
            };
            return Member::parse(data).map(Some).map_err(|_| JoinRefusal::InvalidMember);
        }
        let principal = self.principal.as_ref().ok_or(JoinRefusal::NoLogin)?;
        if channel.conversation_id().is_some() {
            // The login names the member, never the client.
            return Member::parse(&channel_access::member_data(principal)).map(Some).map_err(|_| JoinRefusal::InvalidMember);
        }
        if may_join(principal, channel) { Ok(None) } else { Err(JoinRefusal::NotAllowed) }
    }

    /// Returns the signature that opens a channel. No signature opens a console, or the channel of
    /// one signed-in user.
    fn proof_of<'a>(&self, channel: &ChannelName, subscription: &'a Subscription) -> Option<&'a str> {
        let is_by_session_only = self.app.is_built_in && channel.is_app_console();
        let is_by_proof = channel.is_guarded() && channel.server_to_user().is_none() && !is_by_session_only;
        subscription.auth.as_deref().filter(|_| is_by_proof)
    }

    /// Binds the socket to the login that got the proof of a channel of the built-in app: the
    /// socket ends with that login.
    async fn belong_to_bearer(&self, channel: &ChannelName) -> Result<(), JoinRefusal> {
        match channel_access::owner_of_proof(self.shard.services(), self.socket, channel).await {
            Ok(Some(owner)) if self.shard.belong_to(self.socket, owner) => Ok(()),
            Ok(Some(_)) => Err(JoinRefusal::OtherLogin),
            Ok(None) => Err(JoinRefusal::ProofExpired),
            Err(error) => {
                tracing::error!(%error, "bearer of a proof not looked up");
                Err(JoinRefusal::Unavailable)
            }
        }
    }

    /// Asks the database whether a member is in a conversation now.
    async fn require_membership(&self, conversation: ConversationId, user_id: &str) -> Result<(), JoinRefusal> {
        match channel_access::is_in_conversation(self.shard.services(), conversation, user_id).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(JoinRefusal::NotInConversation),
            Err(error) => {
                tracing::error!(%error, "membership of a conversation not looked up");
                Err(JoinRefusal::Unavailable)
            }
        }
    }

    /// Returns the current app: its secret and rules may have changed since the socket was opened.
    /// The hub ends the sockets of a disabled app.
    pub(super) fn current_app(&self) -> Arc<App> {
        self.shard.services().apps.current(&self.app.id).unwrap_or_else(|| self.app.clone())
    }

    pub(super) fn topic(&self, channel: ChannelName) -> Topic {
        Topic { app: self.app.id.clone(), channel }
    }

    /// Answers with an error, and logs it for those who watch the app; `about` says more to them.
    pub(super) fn refuse(&self, code: Option<PusherCode>, reason: &str, about: impl FnOnce(Line) -> Line) {
        self.answer(&pusher::error(code, reason));
        let because = |line: Line| about(line).because(code.map(PusherCode::number), reason);
        self.shard.log(&self.app.id, self.socket, LineKind::Refused, because);
    }

    fn answer(&self, frame: &Frame) {
        self.shard.send(&self.outbound, frame);
    }
}

impl Actor for Session {
    type Context = Context<Self>;

    fn stopped(&mut self, _: &mut Self::Context) {
        self.state.shard.disconnect(self.state.socket, &self.state.app.id);
    }
}

impl Handler<TextReceived> for Session {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, TextReceived(text): TextReceived, _: &mut Self::Context) -> Self::Result {
        let state = self.state.clone();
        if state.app.is_echo() {
            return Box::pin(async move { state.answer(&Frame::text(&text)) });
        }
        Box::pin(async move { state.take_text(&text).await })
    }
}

impl Handler<BinaryReceived> for Session {
    type Result = ();

    fn handle(&mut self, BinaryReceived(bytes): BinaryReceived, _: &mut Self::Context) {
        if self.state.app.is_echo() {
            return self.state.answer(&Frame::binary(&bytes));
        }
        self.state.refuse(None, "binary frames are not part of the protocol", |line| line);
    }
}

impl Handler<ConnectionLost> for Session {
    type Result = ();

    fn handle(&mut self, _: ConnectionLost, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

/// Two numbers of 53 random bits: exact in every client's number type, and unguessable.
fn new_socket_id() -> SocketId {
    SocketId::new(rand::random::<u64>() >> 11, rand::random::<u64>() >> 11)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::live::registry::Departure;

    /// There are as many of these as sockets: what only some of them need is boxed.
    #[test]
    fn an_idle_session_is_small() {
        let sizes = [size_of::<Session>(), size_of::<SessionState>(), size_of::<Outbound>(), size_of::<Departure>()];
        assert!(sizes.into_iter().zip([8, 240, 112, 56]).all(|(size, limit)| size <= limit), "{sizes:?} bytes");
    }
}
