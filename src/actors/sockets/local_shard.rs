//! Owns how a socket begins and ends, on the shard of its own thread. Called by the sessions and by
//! the transports in `http/sockets`, without a mailbox. Must not be sent to another thread.

use super::{
    outbound::{Outbound, SendRefused},
    shard::{HubShard, ShardState},
};
use crate::{
    actors::hub::{Backlog, Hub, topics::ShardIndex},
    config::RealtimeSettings,
    domain::{
        ids::{AppId, SocketId},
        live::registry::SocketOwner,
        topic::Topic,
    },
    services::{Context as Services, live::port::Announce as _},
    wire::{
        codes::PusherCode,
        console::{Line, LineKind},
        frame::Frame,
        pusher,
    },
};
use actix::Actor as _;
use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

/// The shard as the sessions of its own thread see it; cheap to clone.
#[derive(Clone)]
pub struct LocalShard {
    pub(super) state: Rc<ShardState>,
    pub(super) index: ShardIndex,
}

impl HubShard {
    /// Starts the shard of this worker thread and attaches it to the hub.
    #[must_use]
    pub fn start_local(hub: &Hub, services: &Services) -> LocalShard {
        let state = Rc::new(ShardState::new(hub, services));
        let backlog = Backlog::default();
        let index = hub.attach_shard(|index| {
            let address = Self::new(state.clone(), backlog.clone(), index).start();
            (address, backlog)
        });
        LocalShard { state, index }
    }
}

impl LocalShard {
    /// Records the owner of a socket that was opened without a login, so that it ends with that
    /// login. `false`: the socket belongs to another owner.
    pub fn belong_to(&self, socket: SocketId, owner: SocketOwner) -> bool {
        let is_theirs = self.state.registry.borrow_mut().own(socket, owner);
        // The login may have ended before the envelope of that could find the socket.
        self.state.check_logins(is_theirs.then_some(owner));
        is_theirs
    }

    /// Takes a new socket in: registers it, starts its heartbeat, and greets it. Checks its login
    /// once more: the login may have ended after the handshake, and the envelope of that end would
    /// not have found the socket.
    pub fn connect(&self, socket: SocketId, app: &AppId, owner: Option<SocketOwner>, outbound: &Rc<Outbound>) {
        outbound.record_heard(self.now());
        self.state.registry.borrow_mut().connect(socket, app.clone(), owner, outbound.clone());
        self.state.wheel.borrow_mut().schedule(socket, self.settings().activity_timeout_s);
        self.state.hub.counts().add_socket(app);
        self.log(app, socket, LineKind::Connected, |line| line);
        self.send(outbound, &pusher::connection_established(socket, self.settings().activity_timeout_s));
        self.state.check_logins(owner);
        // The same for its app: once the socket is registered, either the envelope of an end finds
        // it, or the end is known here.
        if self.services().apps.current(app).is_none() {
            self.state.end(outbound, PusherCode::AppDisabled);
        }
        // And for the drain: it ends the sockets that are registered when it begins.
        if self.state.hub.is_draining() {
            self.state.end(outbound, PusherCode::ReconnectNow);
        }
    }

    /// Ends a subscription, if there is one.
    pub fn unsubscribe(&self, socket: SocketId, topic: &Topic) {
        self.state.unsubscribe(socket, topic, self.index);
    }

    /// Forgets a socket and its subscriptions. The one teardown path, however the socket ended.
    pub fn disconnect(&self, socket: SocketId, app: &AppId) {
        let (outbound, departures) = {
            let mut registry = self.state.registry.borrow_mut();
            let Some(outbound) = registry.sink(socket).cloned() else { return };
            (outbound, registry.disconnect(socket))
        };
        self.log_gone(app, socket, &outbound);
        for departure in departures {
            self.state.hub.leave(&departure.topic, self.index, departure.member.as_deref(), socket);
        }
        self.state.hub.counts().remove_socket(app);
    }

    /// Returns a socket's subscription to a channel: `Some(user_id)`, with the id of the member on
    /// presence channels.
    #[must_use]
    pub fn subscription(&self, socket: SocketId, topic: &Topic) -> Option<Option<Arc<str>>> {
        self.state.registry.borrow().subscription(socket, topic).map(|member| member.map(|member| member.user_id.clone()))
    }

    /// Sends a frame to one socket of this shard; closes a socket that is too slow with 4100.
    pub fn send(&self, outbound: &Rc<Outbound>, frame: &Frame) {
        if outbound.send(frame) == Err(SendRefused::Overflow) {
            self.state.end_slow(outbound);
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

    /// Waits until that time is `pause` further on. Reads the clock again after every sleep,
    /// because a test may hold or turn it meanwhile.
    pub async fn pause(&self, pause: Duration) {
        let end = self.now() + pause;
        while let Some(left) = end.checked_duration_since(self.now()).filter(|left| !left.is_zero()) {
            tokio::time::sleep(self.state.services.clock.look_again_after(left)).await;
        }
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

    /// Logs an act of a socket for admins who watch its app; `about` adds details.
    pub fn log(&self, app: &AppId, socket: SocketId, kind: LineKind, about: impl FnOnce(Line) -> Line) {
        self.state.log(app, socket, kind, about);
    }

    /// Logs that a socket is gone, and why, when this server closed it.
    fn log_gone(&self, app: &AppId, socket: SocketId, outbound: &Outbound) {
        self.log(app, socket, LineKind::Disconnected, |line| match outbound.closed_with() {
            Some((code, reason)) => line.because(Some(code), &reason),
            None => line,
        });
    }
}
