//! One shard per worker thread, beside its sessions: a thin shell over [`crate::domain::live::registry`]. Two halves share one state on that thread:
//! the actor [`HubShard`] takes what comes from other threads, and [`LocalShard`] is what the sessions of the same thread call directly, so that
//! nothing between shard and session crosses a thread or a mailbox.

mod console;
mod counted;

use super::{
    join_buffer::Joining,
    login_check::LoginCheck,
    outbound::{Outbound, SendRefused},
};
use crate::{
    actors::hub::{Backlog, Hub, ShardIndex, end_of_sockets_frame},
    config::RealtimeSettings,
    domain::{
        ids::{AppId, LoginId, SocketId, UserId},
        live::{
            heartbeat::{HeartbeatWheel, Verdict, judge},
            presence::{Member, MemberError},
            registry::{Known, Registry, SocketOwner},
        },
        topic::Topic,
    },
    services::{
        Context as Services,
        live::port::{Announce as _, SessionEnd},
    },
    telemetry,
    wire::{codes::PusherCode, console::LineKind, envelope::Publication, frame::Frame, pusher},
};
use actix::prelude::*;
use console::tell_of_channel;
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

/// Hub -> HubShard: send a frame to the listeners of a channel. No reply. Never refused: the hub counts the backlog and slows publishers.
#[derive(Message)]
#[rtype(result = "()")]
pub struct DeliverPublication(pub Arc<Publication>);

/// Hub -> HubShard: tell the sockets of an account why, then close them with 4009. No reply.
#[derive(Message)]
#[rtype(result = "()")]
pub struct EndSockets {
    /// The account.
    pub user: UserId,
    /// Only those of one login session.
    pub login: Option<LoginId>,
    /// Sent before the close.
    pub farewell: Frame,
}

/// Hub -> HubShard: take the sockets of an account off a channel; the others hear `member_removed`. No reply.
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

/// Hub -> HubShard: close the sockets that stand at a place with 4009. No reply.
#[derive(Message)]
#[rtype(result = "()")]
pub struct EndListeners {
    /// Such as the place of a user's sockets.
    pub topic: Topic,
}

/// Hub -> HubShard: ask whether the logins behind all sockets still hold, because word of their end may have been missed. No reply.
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

/// Why a subscription did not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubscribeRefused {
    /// The socket listens to this channel already.
    #[error("already subscribed")]
    Already,
    /// The socket has as many channels as it may.
    #[error("too many channels on one socket")]
    TooManyChannels,
    /// The app has as many channels as it may.
    #[error("this app has as many channels as it may")]
    TooManyAppChannels,
    /// The presence channel cannot take the member.
    #[error(transparent)]
    Member(#[from] MemberError),
}

/// State of a shard; only its own thread touches it.
struct ShardState {
    hub: Hub,
    services: Services,
    login_check: Rc<LoginCheck>,
    registry: RefCell<Registry<Rc<Outbound>>>,
    joining: Joining,
    wheel: RefCell<HeartbeatWheel>,
    /// Sockets told to close, and when they are cut.
    closing: RefCell<Vec<(Instant, Rc<Outbound>)>>,
}

/// The shard as the sessions of its own thread see it; cheap to clone.
#[derive(Clone)]
pub struct LocalShard {
    state: Rc<ShardState>,
    index: ShardIndex,
}

/// The shard as the other threads see it.
pub struct HubShard {
    state: Rc<ShardState>,
    backlog: Backlog,
    index: ShardIndex,
}

impl HubShard {
    /// Starts the shard of this worker thread and makes it known to the hub.
    #[must_use]
    pub fn start_local(hub: &Hub, services: &Services) -> LocalShard {
        let settings = &services.config.realtime;
        let state = Rc::new(ShardState {
            hub: hub.clone(),
            services: services.clone(),
            login_check: Rc::new(LoginCheck::new(services.clone())),
            registry: RefCell::default(),
            joining: Joining::default(),
            wheel: RefCell::new(HeartbeatWheel::new(settings.activity_timeout_s.max(settings.pong_timeout_s))),
            closing: RefCell::default(),
        });
        let backlog = Backlog::default();
        let index = hub.attach_shard(|index| {
            let address = Self { state: state.clone(), backlog: backlog.clone(), index }.start();
            (address, backlog)
        });
        LocalShard { state, index }
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

    fn handle(&mut self, DeliverPublication(publication): DeliverPublication, _: &mut Self::Context) {
        self.backlog.fetch_sub(1, Ordering::AcqRel);
        self.state.deliver(&publication);
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
    fn settings(&self) -> &RealtimeSettings {
        &self.services.config.realtime
    }

    /// Ends a subscription, if there is one.
    fn unsubscribe(&self, socket: SocketId, topic: &Topic, index: ShardIndex) {
        let departure = self.registry.borrow_mut().unsubscribe(socket, topic);
        if let Some(departure) = departure {
            tell_of_channel(&self.services.watched, LineKind::Unsubscribed, socket, topic, departure.member.as_deref());
            self.hub.leave(&departure.topic, index, departure.member.as_deref(), socket);
        }
    }

    /// Tells the sockets of an account why, and closes them.
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

    fn check_logins(self: &Rc<Self>, owners: impl IntoIterator<Item = SocketOwner>) {
        let state = self.clone();
        self.login_check.ask(owners, move |SocketOwner { user, login }, reason| {
            // A disabled account has no logins left; the others are over one by one.
            let login = (reason != SessionEnd::Disabled).then_some(login);
            state.end_sockets(user, login, &end_of_sockets_frame(user, login, reason));
        });
    }

    /// Sends one publication to all its listeners here. Nothing is parsed, formatted or copied per socket.
    fn deliver(&self, publication: &Arc<Publication>) {
        let mut slow = Vec::new();
        let mut delivered = 0_u64;
        let registry = self.registry.borrow();
        // Comings, goings and kept events only: they may have been on their way while a socket got the answer they are in.
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
        self.joining.hear(publication, self.settings().outbound_limit_bytes);
        metrics::counter!(telemetry::DELIVERIES).increment(delivered);
        for outbound in slow {
            metrics::counter!(telemetry::SLOW_CLOSES).increment(1);
            self.end_dropping(&outbound, PusherCode::OverCapacity);
        }
    }

    /// Closes a socket after what waits for it; cuts it when it does not go.
    fn end(&self, outbound: &Rc<Outbound>, code: PusherCode) {
        self.finish(outbound, code, false);
    }

    /// Closes a socket at once, throwing away what waits for it; cuts it when it does not go.
    fn end_dropping(&self, outbound: &Rc<Outbound>, code: PusherCode) {
        self.finish(outbound, code, true);
    }

    fn finish(&self, outbound: &Rc<Outbound>, code: PusherCode, drop_waiting: bool) {
        outbound.finish_with(None, Frame::close(code.number(), code.message()), drop_waiting);
        self.cut_later(outbound);
    }

    fn cut_later(&self, outbound: &Rc<Outbound>) {
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

    fn check_heartbeats(&self) {
        let settings = self.settings();
        let now = self.services.clock.instant();
        let due = self.wheel.borrow_mut().tick();
        for socket in due {
            let Some(outbound) = self.registry.borrow().sink(socket).cloned() else { continue };
            if outbound.is_closing() {
                continue;
            }
            let (silent_s, was_pinged) = outbound.silence(now);
            match judge(silent_s, was_pinged, settings.activity_timeout_s, settings.pong_timeout_s) {
                Verdict::LookAgainIn(delay_s) => self.wheel.borrow_mut().schedule(socket, delay_s),
                Verdict::Ping(delay_s) => {
                    outbound.note_pinged();
                    // A refusal means that the queue is full or closing; the next look decides.
                    let _ = outbound.send(&pusher::ping());
                    self.wheel.borrow_mut().schedule(socket, delay_s);
                }
                Verdict::Dead => self.end_dropping(&outbound, PusherCode::PongMissing),
            }
        }
    }
}

impl LocalShard {
    /// Notes whose a socket is that was opened without a session, so that it ends with that login. `false`: it is somebody else's.
    pub fn belong_to(&self, socket: SocketId, owner: SocketOwner) -> bool {
        let is_theirs = self.state.registry.borrow_mut().own(socket, owner);
        // The login may have ended before the word of it could find the socket.
        self.state.check_logins(is_theirs.then_some(owner));
        is_theirs
    }

    /// Takes a new socket in: registers it, starts watching its silence, and greets it. Its login is asked for once more: it may have ended between the
    /// look at it and this, and the word of that would not have found the socket.
    pub fn connect(&self, socket: SocketId, app: &AppId, owner: Option<SocketOwner>, outbound: &Rc<Outbound>) {
        outbound.note_heard(self.now());
        self.state.registry.borrow_mut().connect(socket, app.clone(), owner, outbound.clone());
        self.state.wheel.borrow_mut().schedule(socket, self.settings().activity_timeout_s);
        self.state.hub.count_socket_in(app);
        self.tell(app, socket, LineKind::Connected, |line| line);
        self.send(outbound, &pusher::connection_established(socket, self.settings().activity_timeout_s));
        self.state.check_logins(owner);
        // The same for its app: once it is registered, either the word of an end finds the socket, or the end is known here.
        if self.services().apps.current(app).is_none() {
            self.state.end(outbound, PusherCode::AppDisabled);
        }
        // And for the drain: it ends the sockets that are registered when it begins.
        if self.state.hub.is_draining() {
            self.state.end(outbound, PusherCode::ReconnectNow);
        }
    }

    /// Starts a subscription and answers it; live events follow the answer.
    pub fn subscribe(&self, socket: SocketId, topic: &Topic, member: Option<Member>) -> Result<(), SubscribeRefused> {
        let Some(outbound) = self.find_room(socket, topic)? else { return Ok(()) };
        let (answer, roster) = self.state.hub.join(topic, self.index, member.as_ref(), socket)?;
        self.state.registry.borrow_mut().subscribe(socket, topic, member);
        self.state.registry.borrow_mut().record_known(socket, topic, Known { roster, ..Known::default() });
        self.send(&outbound, &answer);
        Ok(())
    }

    /// Returns the sending half of a socket that may join one more channel; `None` when the socket is gone.
    fn find_room(&self, socket: SocketId, topic: &Topic) -> Result<Option<Rc<Outbound>>, SubscribeRefused> {
        let registry = self.state.registry.borrow();
        if registry.subscription(socket, topic).is_some() {
            return Err(SubscribeRefused::Already);
        }
        if registry.subscription_count(socket) >= self.settings().channels_per_socket {
            return Err(SubscribeRefused::TooManyChannels);
        }
        Ok(registry.sink(socket).cloned())
    }

    /// Ends a subscription, if there is one.
    pub fn unsubscribe(&self, socket: SocketId, topic: &Topic) {
        self.state.unsubscribe(socket, topic, self.index);
    }

    /// Forgets a socket with all it had. The one teardown path, however the socket ended.
    pub fn disconnect(&self, socket: SocketId, app: &AppId) {
        let (outbound, departures) = {
            let mut registry = self.state.registry.borrow_mut();
            let Some(outbound) = registry.sink(socket).cloned() else { return };
            (outbound, registry.disconnect(socket))
        };
        self.tell_gone(app, socket, &outbound);
        for departure in departures {
            self.state.hub.leave(&departure.topic, self.index, departure.member.as_deref(), socket);
        }
        self.state.hub.count_socket_out(app);
    }

    /// Returns a socket's own subscription to a channel: `Some(user_id)`, where the id is there on presence channels.
    #[must_use]
    pub fn subscription(&self, socket: SocketId, topic: &Topic) -> Option<Option<Arc<str>>> {
        self.state.registry.borrow().subscription(socket, topic).map(|member| member.map(|member| member.user_id.clone()))
    }

    /// Sends a frame to one socket of this shard; a socket that is too slow for it is closed with 4100.
    pub fn send(&self, outbound: &Rc<Outbound>, frame: &Frame) {
        if outbound.send(frame) == Err(SendRefused::Overflow) {
            metrics::counter!(telemetry::SLOW_CLOSES).increment(1);
            self.state.end_dropping(outbound, PusherCode::OverCapacity);
        }
    }

    /// Refuses a socket before it is established: an error event and a close with the same code.
    pub fn refuse(&self, outbound: &Rc<Outbound>, code: PusherCode) {
        let close = Frame::close(code.number(), code.message());
        outbound.finish_with(Some(pusher::error(Some(code), code.message())), close, false);
        self.state.cut_later(outbound);
    }

    /// Closes a socket with a WebSocket status, such as 1009; cuts it when it does not go.
    pub fn close(&self, outbound: &Rc<Outbound>, status: u16, reason: &str) {
        outbound.finish_with(None, Frame::close(status, reason), false);
        self.state.cut_later(outbound);
    }

    /// Returns the settings of sockets.
    #[must_use]
    pub fn settings(&self) -> &RealtimeSettings {
        self.state.settings()
    }

    /// Returns the monotonic time that pauses, rates and silence of sockets are measured in.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.state.services.clock.instant()
    }

    /// Returns what use cases work with.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.state.services
    }

    /// Returns the hub.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.state.hub
    }
}
