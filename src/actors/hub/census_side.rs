//! The hub's side of the census: owns this node's state of counted topics. Called by the shards and by [`crate::actors::cluster::census_link::CensusLink`].
//! Must not talk to the census itself: it marks what is to be declared in [`CensusQueue`].

use super::{
    Hub,
    topics::{ShardIndex, is_counted},
};
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
use std::{sync::Arc, time::Duration};

/// How long a question to the census waits for this node's own changes to be declared.
const SETTLE_LIMIT: Duration = Duration::from_secs(1);

impl Hub {
    /// Records a subscription of a counted topic ([`is_counted`]): what it means to others, and its answer, are the census's. Fails when the channel is full
    /// with members of this node alone.
    pub(in crate::actors) fn join_by_census(
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

    /// Records the end of a subscription of a counted topic; marks it for the census.
    pub(in crate::actors) fn leave_by_census(&self, topic: &Topic, shard: ShardIndex, member: Option<&Member>) {
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

    /// Returns this node's state of a topic: the number of its subscribers, and its members with the first connection of each.
    pub(in crate::actors) fn state_of(&self, topic: &Topic) -> (u64, Vec<NodeMember>) {
        let Some(state) = self.inner.topics.get(topic) else { return (0, Vec::new()) };
        let subscriptions: usize = state.listeners.iter().map(|(_, count)| count).sum();
        let member = |(user_id, user_info): (&Arc<str>, Option<&Arc<RawValue>>)| {
            let first = state.first.get(user_id).copied().unwrap_or(SocketId::new(0, 0));
            NodeMember { user_id: user_id.clone(), user_info: user_info.cloned(), first }
        };
        (subscriptions as u64, state.roster.members().map(member).collect())
    }

    /// Returns the counted topics somebody on this node listens to.
    pub(in crate::actors) fn counted_topics(&self) -> Vec<Topic> {
        self.inner.topics.iter().map(|entry| entry.key().clone()).filter(is_counted).collect()
    }

    /// Returns what waits to be declared to the census.
    pub(in crate::actors) fn census(&self) -> &CensusQueue {
        &self.inner.census
    }

    /// Waits until this node's own changes so far are known to the census, or a moment.
    pub(in crate::actors) async fn settle_census(&self) {
        // When this takes too long, the question that follows fails or is answered as of now.
        let _ = tokio::time::timeout(SETTLE_LIMIT, self.census().settled()).await;
    }
}
