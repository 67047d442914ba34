//! Owns the topics whose state on this node changed and is not yet declared to the census. Filled
//! by the hub and the shards, emptied by [`super::census_link`]. Must not keep the state itself.
//!
//! - A topic waits once, however often it changed; the declaration reads its state when it is made.
//! - Sockets that wait for an answer wait with their topic.

use crate::domain::topic::Topic;
use indexmap::IndexMap;
use serde_json::value::RawValue;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, oneshot};

/// What a declaration brought for those who joined.
#[derive(Debug, Clone, Default)]
pub(in crate::actors) struct Joined {
    /// Members of the whole cluster with what the others see of them.
    pub(in crate::actors) roster: Vec<(String, Option<Arc<RawValue>>)>,
    /// Version of it.
    pub(in crate::actors) version: u64,
    /// Users that the full channel did not take.
    pub(in crate::actors) refused: Vec<String>,
}

/// What waits with a topic.
#[derive(Debug, Default)]
pub(in crate::actors) struct Waiting {
    /// Who wants the answer; `None` as the answer: the census is out of reach.
    pub(in crate::actors) joiners: Vec<oneshot::Sender<Option<Joined>>>,
    /// Whether the number of subscribers is to be published though it did not change.
    pub(in crate::actors) forces_count: bool,
}

#[derive(Debug, Default)]
struct WaitingTopics {
    waiting: IndexMap<Topic, Waiting>,
    in_hand: usize,
    /// Who waits until so many more declarations are done.
    barriers: VecDeque<(usize, oneshot::Sender<()>)>,
}

/// The queue of a node; filled from every thread, emptied by [`super::census_link::CensusLink`].
#[derive(Debug, Default)]
pub(in crate::actors) struct CensusQueue {
    queue: Mutex<WaitingTopics>,
    filled: Notify,
}

impl CensusQueue {
    fn lock(&self) -> MutexGuard<'_, WaitingTopics> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks a topic: its state here changed.
    pub(in crate::actors) fn mark(&self, topic: &Topic) {
        self.lock().waiting.entry(topic.clone()).or_default();
        self.filled.notify_one();
    }

    /// Marks a topic: the number of its subscribers is to be published.
    pub(in crate::actors) fn mark_count(&self, topic: &Topic) {
        self.lock().waiting.entry(topic.clone()).or_default().forces_count = true;
        self.filled.notify_one();
    }

    /// Marks a topic: its state here changed. Returns where the answer will come.
    pub(in crate::actors) fn join(&self, topic: &Topic) -> oneshot::Receiver<Option<Joined>> {
        let (sender, receiver) = oneshot::channel();
        self.lock().waiting.entry(topic.clone()).or_default().joiners.push(sender);
        self.filled.notify_one();
        receiver
    }

    /// Puts a topic back whose declaration did not count.
    pub(in crate::actors) fn put_back(&self, topic: Topic, waiting: Waiting) {
        let mut queue = self.lock();
        let entry = queue.waiting.entry(topic).or_default();
        entry.joiners.extend(waiting.joiners);
        entry.forces_count |= waiting.forces_count;
        drop(queue);
        self.filled.notify_one();
    }

    /// Returns when everything that waits now has been tried.
    pub(in crate::actors) fn declared(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut queue = self.lock();
        let ahead = queue.waiting.len() + queue.in_hand;
        if ahead == 0 {
            // The receiver is right here.
            let _ = sender.send(());
        } else {
            queue.barriers.push_back((ahead, sender));
        }
        receiver
    }

    /// Waits until something waits, and takes up to `most` of it, the longest waiting first.
    pub(in crate::actors) async fn take(&self, most: usize) -> Vec<(Topic, Waiting)> {
        loop {
            {
                let mut queue = self.lock();
                let count = queue.waiting.len().min(most);
                if count > 0 {
                    queue.in_hand = count;
                    return queue.waiting.drain(..count).collect();
                }
            }
            self.filled.notified().await;
        }
    }

    /// Records that what was taken has been tried.
    pub(in crate::actors) fn tried(&self) {
        let mut queue = self.lock();
        let done = std::mem::take(&mut queue.in_hand);
        queue.barriers.iter_mut().for_each(|(ahead, _)| *ahead = ahead.saturating_sub(done));
        while queue.barriers.front().is_some_and(|(ahead, _)| *ahead == 0) {
            if let Some((_, waiter)) = queue.barriers.pop_front() {
                // Who went away does not wait.
                let _ = waiter.send(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ids::AppId, live::channel::ChannelName};

    fn topic(name: &str) -> Topic {
        Topic { app: AppId("1".into()), channel: ChannelName::parse(name).unwrap() }
    }

    #[actix::test]
    async fn a_topic_waits_once_and_keeps_its_turn() {
        let queue = CensusQueue::default();
        queue.mark(&topic("a"));
        queue.mark(&topic("b"));
        let answer = queue.join(&topic("a"));
        queue.mark_count(&topic("a"));
        let mut taken = queue.take(10).await;
        assert_eq!(taken.iter().map(|(topic, _)| topic.channel.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let (_, mut first) = taken.swap_remove(0);
        assert!(first.forces_count);
        first.joiners.remove(0).send(None).unwrap();
        assert!(answer.await.unwrap().is_none());
    }

    #[actix::test]
    async fn declared_waits_for_what_is_in_hand_and_what_waits_but_not_for_what_comes_later() {
        let queue = CensusQueue::default();
        queue.declared().await.unwrap();
        queue.mark(&topic("a"));
        queue.take(1).await;
        queue.mark(&topic("b"));
        let mut declared = queue.declared();
        queue.mark(&topic("c"));
        queue.tried();
        assert!(declared.try_recv().is_err());
        queue.take(1).await;
        queue.tried();
        assert!(declared.try_recv().is_ok());
    }
}
