//! What a shard tells those who watch an app: its sockets, what they join, and what they are refused. Nobody watching, each costs the reading of a number.

use super::{LocalShard, Outbound};
use crate::{
    domain::{
        ids::{AppId, SocketId},
        live::{channel::ChannelKind, presence::Member},
        topic::Topic,
    },
    services::apps::watched::WatchedApps,
    wire::console::{Line, LineKind},
};

impl LocalShard {
    /// Tells what happens to a socket of an app; `about` says more of it.
    pub fn tell(&self, app: &AppId, socket: SocketId, kind: LineKind, about: impl FnOnce(Line) -> Line) {
        self.services().watched.show(app, || about(Line::new(kind).socket(socket)));
    }

    /// Tells that a socket is gone, and why, when this server closed it.
    pub(super) fn tell_gone(&self, app: &AppId, socket: SocketId, outbound: &Outbound) {
        self.tell(app, socket, LineKind::Disconnected, |line| match outbound.closed_with() {
            Some((code, reason)) => line.because(Some(code), &reason),
            None => line,
        });
    }

    /// Tells that a socket joined a channel.
    pub(super) fn tell_joined(&self, socket: SocketId, topic: &Topic, member: Option<&Member>) {
        tell_of_channel(&self.services().watched, LineKind::Subscribed, socket, topic, member);
    }
}

/// Tells that a socket joined or left a channel. Places of this server's own are nobody's business.
pub(super) fn tell_of_channel(watched: &WatchedApps, kind: LineKind, socket: SocketId, topic: &Topic, member: Option<&Member>) {
    if !watched.is_anybody_watching() || topic.channel.kind() == ChannelKind::Internal {
        return;
    }
    watched.show(&topic.app, || {
        let line = Line::new(kind).on(topic.channel.as_str()).socket(socket);
        member.iter().fold(line, |line, member| line.user(&member.user_id))
    });
}
