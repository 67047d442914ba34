//! Owns the state of one topic on this node: listeners, members, and whether the census counts it.
//! Called by the hub under the topic's entry, and by the shards. Must not know the hub.

use crate::{
    domain::{
        ids::{AppId, SocketId},
        live::{channel::ChannelName, presence::Roster},
        topic::Topic,
    },
    services::apps::table::BUILT_IN_APP,
};
use std::{collections::HashMap, sync::Arc};

/// Number of a shard in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardIndex(pub(super) usize);

/// A topic that a socket of this node listens to.
#[derive(Default)]
pub(super) struct TopicState {
    /// Subscriptions per shard; shards without any are not listed.
    pub(super) listeners: Vec<(ShardIndex, usize)>,
    pub(super) roster: Roster,
    /// Whether the census counts it: `LocalShard::subscribe` decides when the first socket joins.
    pub(super) is_counted: bool,
    /// First socket here of each member of a counted topic.
    pub(super) first: HashMap<Arc<str>, SocketId>,
}

impl TopicState {
    pub(super) fn add_listener(&mut self, shard: ShardIndex) {
        match self.listeners.iter_mut().find(|(listening, _)| *listening == shard) {
            Some((_, count)) => *count += 1,
            None => self.listeners.push((shard, 1)),
        }
    }

    pub(super) fn remove_listener(&mut self, shard: ShardIndex) {
        if let Some((_, count)) = self.listeners.iter_mut().find(|(listening, _)| *listening == shard) {
            *count -= 1;
        }
        self.listeners.retain(|(_, count)| *count > 0);
    }

    pub(super) fn is_unused(&self) -> bool {
        self.listeners.is_empty() && self.roster.is_empty()
    }
}

/// Returns a channel of the built-in app.
pub(in crate::actors) fn built_in_topic(channel: ChannelName) -> Topic {
    Topic { app: AppId(BUILT_IN_APP.into()), channel }
}
