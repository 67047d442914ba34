//! Owns the state of the sockets of one worker thread: the `ShardState` over
//! [`crate::domain::live::registry`], and the actor [`HubShard`] for messages of other threads.
//! Called by the hub. The sessions of the same thread call [`super::local_shard::LocalShard`]. Must
//! not clone or parse anything per socket while it delivers a publication.
//!
//! - Nothing between a shard and its sessions crosses a thread or a mailbox.
//! - `ShardState::end_slow` is the one end of a socket that is too slow.

use super::{
    join_buffer::JoinBuffer,
    login_check::LoginCheck,
    outbound::{Outbound, SendRefused},
};
use crate::{
    actors::hub::{Backlog, Hub, end_of_sockets_frame, topics::ShardIndex},
    config::RealtimeSettings,
    domain::{
        ids::{AppId, LoginId, SocketId, UserId},
        live::{
            channel::ChannelKind,
            heartbeat::HeartbeatWheel,
            presence::Member,
            registry::{Registry, SocketOwner},
        },
        topic::Topic,
    },
    services::{Context as Services, live::port::LoginEnd},
    telemetry,
    wire::{
        codes::PusherCode,
        console::{Line, LineKind},
        envelope::Publication,
        frame::Frame,
    },
};
use actix::prelude::*;
use std::{
    cell::RefCell,
    rc::Rc,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

/// How long a socket that was told to close may take before it is cut.
const CLOSE_GRACE: Duration = Duration::from_secs(5);
/// Time between two slices of a drain.
const DRAIN_STEP: Duration = Duration::from_millis(100);

/// Hub -> HubShard: send a frame to the listeners of a topic. No reply. Never refused: the hub
/// counts the backlog and slows publishers.
#[derive(Message)]
#[rtype(result = "()")]
pub struct DeliverPublication(pub Arc<Publication>);

/// Hub -> HubShard: send the sockets of an account the reason, then close them with 4009. No reply.
#[derive(Message)]
#[rtype(result = "()")]
pub struct EndSockets {
    /// The account.
    pub user: UserId,
    /// Only those of one login.
    pub login: Option<LoginId>,
    /// Sent before the close.
    pub farewell: Frame,
}

/// Hub -> HubShard: take the sockets of an account off a channel; the other members hear
/// `member_removed`. No reply.
#[derive(Message)]
#[rtype(result = "()")]
pub struct LeaveChannel {
    /// The account; the id under which its sockets are members.
    pub user: UserId,
    /// The presence channel.
    pub topic: Topic,
}

/// Hub -> HubShard: close the sockets of an app with 4003, because it was disabled. No reply.
#[derive(Message)]
#[rtype(result = "()")]
pub struct EndAppSockets {
    /// The app.
    pub app: AppId,
}

/// Hub -> HubShard: close the sockets that listen to a topic with 4009. No reply.
#[derive(Message)]
#[rtype(result = "()")]
pub struct EndListeners {
    /// Such as that of a signed-in user's sockets.
    pub topic: Topic,
}

/// Hub -> HubShard: check the logins behind all sockets, because the node may have missed the
/// envelope that ends them. No reply.
#[derive(Message)]
#[rtype(result = "()")]
pub struct CheckLogins;

/// Hub -> HubShard: send all sockets away with 4200, in slices. No reply.
#[derive(Message)]
#[rtype(result = "()")]
pub struct DrainSockets {
    /// Time over which the slices are spread.
    pub over: Duration,
}

/// State of a shard; only its own thread touches it.
pub(super) struct ShardState {
    pub(super) hub: Hub,
    pub(super) services: Services,
    login_check: Rc<LoginCheck>,
    pub(super) registry: RefCell<Registry<Rc<Outbound>>>,
    pub(super) join_buffer: JoinBuffer,
    pub(super) wheel: RefCell<HeartbeatWheel>,
    /// Sockets told to close, and when they are cut.
    closing: RefCell<Vec<(Instant, Rc<Outbound>)>>,
}

/// The shard as the other threads see it.
pub struct HubShard {
    state: Rc<ShardState>,
    backlog: Backlog,
    index: ShardIndex,
}

impl HubShard {
    pub(super) const fn new(state: Rc<ShardState>, backlog: Backlog, index: ShardIndex) -> Self {
        Self { state, backlog, index }
    }
}

impl Actor for HubShard {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(Duration::from_secs(1), |shard, _| {
            shard.state.check_heartbeats();
            shard.state.cut_overdue();
        });
        let check_every = Duration::from_secs(self.state.settings().login_check_s.max(1));
        ctx.run_interval(check_every, |shard, _| shard.state.check_all_logins());
    }
}

impl Handler<DeliverPublication> for HubShard {
    type Result = ();

    /// Sends one publication to all its listeners here. Parses, formats and copies nothing per
    /// socket.
    fn handle(&mut self, DeliverPublication(publication): DeliverPublication, _: &mut Self::Context) {
        self.backlog.fetch_sub(1, Ordering::AcqRel);
        let state = &self.state;
        let mut slow = Vec::new();
        let mut delivered = 0_u64;
        let registry = state.registry.borrow();
        // A socket may have got the effect of a member event or kept event in its answer already.
        let has_version = publication.roster.is_some() || publication.kept.is_some();
        let knows = |socket| registry.known(socket, &publication.topic).covers(publication.roster, publication.kept);
        for (socket, outbound) in registry.listeners(&publication.topic) {
            if Some(socket) == publication.except || (has_version && knows(socket)) {
                continue;
            }
            match outbound.send(&publication.frame) {
                Ok(()) => delivered += 1,
                Err(SendRefused::Overflow) => slow.push(outbound.clone()),
                Err(SendRefused::Gone) => {}
            }
        }
        drop(registry);
        state.join_buffer.keep(&publication, state.settings().outbound_limit_bytes);
        metrics::counter!(telemetry::DELIVERIES).increment(delivered);
        slow.iter().for_each(|outbound| state.end_slow(outbound));
    }
}

impl Handler<EndSockets> for HubShard {
    type Result = ();

    fn handle(&mut self, message: EndSockets, _: &mut Self::Context) {
        self.state.end_sockets(message.user, message.login, &message.farewell);
    }
}

impl Handler<EndListeners> for HubShard {
    type Result = ();

    fn handle(&mut self, EndListeners { topic }: EndListeners, _: &mut Self::Context) {
        let ended: Vec<_> = self.state.registry.borrow().listeners(&topic).map(|(_, outbound)| outbound.clone()).collect();
        ended.iter().for_each(|outbound| self.state.end(outbound, PusherCode::Unauthorized));
    }
}

impl Handler<EndAppSockets> for HubShard {
    type Result = ();

    fn handle(&mut self, EndAppSockets { app }: EndAppSockets, _: &mut Self::Context) {
        let ended: Vec<_> = self.state.registry.borrow().sockets_of_app(&app).map(|(_, outbound)| outbound.clone()).collect();
        ended.iter().for_each(|outbound| self.state.end(outbound, PusherCode::AppDisabled));
    }
}

impl Handler<CheckLogins> for HubShard {
    type Result = ();

    fn handle(&mut self, _: CheckLogins, _: &mut Self::Context) {
        self.state.check_all_logins();
    }
}

impl Handler<LeaveChannel> for HubShard {
    type Result = ();

    fn handle(&mut self, LeaveChannel { user, topic }: LeaveChannel, _: &mut Self::Context) {
        let leaving = self.state.registry.borrow().sockets_of_member(&topic, &user.to_string());
        for socket in leaving {
            self.state.unsubscribe(socket, &topic, self.index);
        }
    }
}

impl Handler<DrainSockets> for HubShard {
    type Result = ();

    fn handle(&mut self, DrainSockets { over }: DrainSockets, ctx: &mut Self::Context) {
        let all: Vec<_> = self.state.registry.borrow().sockets().map(|(_, outbound)| outbound.clone()).collect();
        let steps = usize::try_from(over.as_millis() / DRAIN_STEP.as_millis()).unwrap_or(1).max(1);
        let slice_len = all.len().div_ceil(steps).max(1);
        for (slice, step) in all.chunks(slice_len).zip(0_u32..) {
            let slice = slice.to_vec();
            ctx.run_later(DRAIN_STEP * step, move |shard, _| {
                slice.iter().for_each(|outbound| shard.state.end(outbound, PusherCode::ReconnectNow));
            });
        }
    }
}

impl ShardState {
    pub(super) fn new(hub: &Hub, services: &Services) -> Self {
        let settings = &services.config.realtime;
        Self {
            hub: hub.clone(),
            services: services.clone(),
            login_check: Rc::new(LoginCheck::new(services.clone())),
            registry: RefCell::default(),
            join_buffer: JoinBuffer::default(),
            wheel: RefCell::new(HeartbeatWheel::new(settings.activity_timeout_s.max(settings.pong_timeout_s))),
            closing: RefCell::default(),
        }
    }

    pub(super) fn settings(&self) -> &RealtimeSettings {
        &self.services.config.realtime
    }

    /// Ends a subscription, if there is one.
    pub(super) fn unsubscribe(&self, socket: SocketId, topic: &Topic, index: ShardIndex) {
        let departure = self.registry.borrow_mut().unsubscribe(socket, topic);
        if let Some(departure) = departure {
            self.log_topic(LineKind::Unsubscribed, socket, topic, departure.member.as_deref());
            self.hub.leave(&departure.topic, index, departure.member.as_deref(), socket);
        }
    }

    /// Sends the sockets of an account the reason, and closes them.
    fn end_sockets(&self, user: UserId, login: Option<LoginId>, farewell: &Frame) {
        let ended: Vec<_> = self.registry.borrow().sockets_of(user, login).map(|(_, outbound)| outbound.clone()).collect();
        for outbound in ended {
            // A refusal means the socket is closing already.
            let _ = outbound.send(farewell);
            self.end(&outbound, PusherCode::Unauthorized);
        }
    }

    fn check_all_logins(self: &Rc<Self>) {
        let owners: Vec<_> = self.registry.borrow().owners().collect();
        self.check_logins(owners);
    }

    pub(super) fn check_logins(self: &Rc<Self>, owners: impl IntoIterator<Item = SocketOwner>) {
        let state = self.clone();
        self.login_check.ask(owners, move |SocketOwner { user, login }, reason| {
            // A disabled account has no logins left; the others are over one by one.
            let login = (reason != LoginEnd::Disabled).then_some(login);
            state.end_sockets(user, login, &end_of_sockets_frame(user, login, reason));
        });
    }

    /// Closes a socket behind its waiting frames; cuts it when it does not go.
    pub(super) fn end(&self, outbound: &Rc<Outbound>, code: PusherCode) {
        self.finish(outbound, code, false);
    }

    /// Closes a socket at once and drops its waiting frames; cuts it when it does not go.
    pub(super) fn end_dropping(&self, outbound: &Rc<Outbound>, code: PusherCode) {
        self.finish(outbound, code, true);
    }

    /// Ends a socket that is too slow for its frames: counts it, drops the waiting frames, closes
    /// it with 4100, and cuts it when it does not go within [`CLOSE_GRACE`].
    pub(super) fn end_slow(&self, outbound: &Rc<Outbound>) {
        metrics::counter!(telemetry::SLOW_CLOSES).increment(1);
        self.end_dropping(outbound, PusherCode::OverCapacity);
    }

    fn finish(&self, outbound: &Rc<Outbound>, code: PusherCode, drop_waiting: bool) {
        outbound.finish_with(None, Frame::close(code.number(), code.message()), drop_waiting);
        self.cut_later(outbound);
    }

    pub(super) fn cut_later(&self, outbound: &Rc<Outbound>) {
        self.closing.borrow_mut().push((self.services.clock.instant() + CLOSE_GRACE, outbound.clone()));
    }

    fn cut_overdue(&self) {
        let now = self.services.clock.instant();
        self.closing.borrow_mut().retain(|(deadline, outbound)| {
            // The only other owner is the connection: when it is gone, nothing is left to cut.
            let is_gone = Rc::strong_count(outbound) == 1;
            if !is_gone && now >= *deadline {
                outbound.abort();
            }
            !is_gone && now < *deadline
        });
    }

    /// Logs an act of a socket for admins who watch its app; `about` adds details. When no admin
    /// watches, this costs one atomic load.
    pub(super) fn log(&self, app: &AppId, socket: SocketId, kind: LineKind, about: impl FnOnce(Line) -> Line) {
        self.services.watched.show(app, || about(Line::new(kind).socket(socket)));
    }

    /// Logs that a socket joined or left a channel. This server's own topics are not logged.
    pub(super) fn log_topic(&self, kind: LineKind, socket: SocketId, topic: &Topic, member: Option<&Member>) {
        if !self.services.watched.is_anybody_watching() || topic.channel.kind() == ChannelKind::Internal {
            return;
        }
        self.log(&topic.app, socket, kind, |line| {
            member.iter().fold(line.on(topic.channel.as_str()), |line, member| line.user(&member.user_id))
        });
    }
}
