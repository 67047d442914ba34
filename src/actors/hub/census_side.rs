//! Owns this node's state of the topics that the census counts. Called by the shards and by
//! [`crate::actors::cluster::census_link::CensusLink`]. Must not talk to the census: it marks the
//! topics that are to be declared in [`CensusQueue`].

use super::{Hub, topics::ShardIndex};
use crate::{
    actors::cluster::census_queue::CensusQueue,
    backends::census::NodeMember,
    domain::{
        ids::SocketId,
        live::presence::{Member, MemberError},
        topic::Topic,
    },
};
use serde_json::value::RawValue;
use std::sync::Arc;

impl Hub {
    /// Records a subscription of a counted topic; the census publishes and answers it. Fails when
    /// the topic is full with members of this node alone.
    pub(in crate::actors) fn join_by_census(
        &self,
        topic: &Topic,
        shard: ShardIndex,
        member: Option<&Member>,
        cause: SocketId,
    ) -> Result<(), MemberError> {
        let mut state = self.open_topic(topic);
        state.is_counted = true;
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

    /// Returns this node's state of a topic: the number of its subscribers, and its members with
    /// the first connection of each.
    pub(in crate::actors) fn state_of(&self, topic: &Topic) -> (u64, Vec<NodeMember>) {
        let Some(state) = self.inner.topics.get(topic) else { return (0, Vec::new()) };
        let subscriptions: usize = state.listeners.iter().map(|(_, count)| count).sum();
        let member = |(user_id, user_info): (&Arc<str>, Option<&Arc<RawValue>>)| {
            let first = state.first.get(user_id).copied().unwrap_or(SocketId::new(0, 0));
            NodeMember { user_id: user_id.clone(), user_info: user_info.cloned(), first }
        };
        (subscriptions as u64, state.roster.members().map(member).collect())
    }

    /// Returns the counted topics that a socket of this node listens to.
    pub(in crate::actors) fn counted_topics(&self) -> Vec<Topic> {
        self.inner.topics.iter().filter(|entry| entry.is_counted).map(|entry| entry.key().clone()).collect()
    }

    /// Returns the queue of topics that are to be declared to the census.
    pub(in crate::actors) fn census(&self) -> &CensusQueue {
        &self.inner.census
    }
}
