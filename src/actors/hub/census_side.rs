//! The hub's side of the census: this node's part of counted channels, and how much goes on in each app.

use super::{Hub, ShardIndex};
use crate::{
    actors::{apps::happenings::AppHappenings, cluster::census_queue::CensusQueue},
    backends::census::{Elsewhere, NodeMember},
    domain::{
        ids::{AppId, SocketId},
        live::presence::{Member, MemberError},
        topic::Topic,
    },
    services::apps::table::BUILT_IN_APP,
};
use serde_json::value::RawValue;
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
};

/// Says whether the census counts a channel: all of connected apps, and the places of signed-in users. Channels of the built-in app are known per node.
pub(in crate::actors) fn is_counted(topic: &Topic) -> bool {
    (*topic.app.0 != *BUILT_IN_APP || !topic.channel.is_listed()) && !topic.channel.is_watch()
}

impl Hub {
    /// Notes a subscription of a counted channel ([`is_counted`]): what it means to others, and its answer, are the census's. Fails when the channel is full
    /// with members of this node alone.
    pub(in crate::actors) fn join_counted(
        &self,
        topic: &Topic,
        shard: ShardIndex,
        member: Option<&Member>,
        cause: SocketId,
    ) -> Result<(), MemberError> {
        let mut state = self.open_topic(topic);
        match member.map(|member| state.roster.join(member)).transpose() {
            Ok(is_first) => {
                if let Some(member) = member.filter(|_| is_first == Some(true)) {
                    state.first.insert(member.user_id.clone(), cause);
                }
                state.add_listener(shard);
                Ok(())
            }
            Err(error) => {
                drop(state);
                self.forget_if_unused(topic);
                Err(error)
            }
        }
    }

    pub(in crate::actors) fn leave_counted(&self, topic: &Topic, shard: ShardIndex, member: Option<&Member>) {
        if let Some(mut state) = self.inner.topics.get_mut(topic) {
            state.remove_listener(shard);
            if let Some(member) = member
                && state.roster.leave(&member.user_id)
            {
                state.first.remove(&member.user_id);
            }
        }
        self.forget_if_unused(topic);
        self.inner.census.mark(topic);
    }

    /// Returns this node's part of a channel: its subscribers, and its members with the first connection of each.
    pub(in crate::actors) fn part_of(&self, topic: &Topic) -> (u64, Vec<NodeMember>) {
        let Some(state) = self.inner.topics.get(topic) else { return (0, Vec::new()) };
        let subscriptions: usize = state.listeners.iter().map(|(_, count)| count).sum();
        let member = |(user_id, user_info): (&Arc<str>, Option<&Arc<RawValue>>)| {
            let first = state.first.get(user_id).copied().unwrap_or(SocketId::new(0, 0));
            NodeMember { user_id: user_id.clone(), user_info: user_info.cloned(), first }
        };
        (subscriptions as u64, state.roster.members().map(member).collect())
    }

    /// Returns the counted channels this node has a part in.
    pub(in crate::actors) fn counted_topics(&self) -> Vec<Topic> {
        self.inner.topics.iter().map(|entry| entry.key().clone()).filter(is_counted).collect()
    }

    /// Returns what waits to be declared to the census.
    pub(in crate::actors) fn census(&self) -> &CensusQueue {
        &self.inner.census
    }

    /// Returns the way to those who want to know what happens in connected apps.
    #[must_use]
    pub fn app_events(&self) -> &AppHappenings {
        &self.inner.app_events
    }

    /// Says whether anybody on this node listens to a channel.
    pub(in crate::actors) fn has_topic(&self, topic: &Topic) -> bool {
        self.inner.topics.contains_key(topic)
    }

    /// Returns the apps that have sockets here, with their number.
    pub(in crate::actors) fn sockets_by_app(&self) -> Vec<(AppId, u64)> {
        self.inner.apps.iter().map(|entry| (entry.key().clone(), entry.connections)).collect()
    }

    /// Notes what goes on in apps beside this node's part.
    pub(in crate::actors) fn note_elsewhere(&self, elsewhere: HashMap<AppId, Elsewhere>) {
        *self.inner.elsewhere.write().unwrap_or_else(PoisonError::into_inner) = elsewhere;
    }
}
