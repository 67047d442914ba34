//! Owns the [`Hub`], the handle that all threads share: listeners and members of each topic, and
//! counts of each app. Made once by `app`; called by every actor. `publish` sends towards the bus,
//! `deliver` takes from it, `census_side` keeps what the census counts.
//!
//! Must not await, nor use the map of topics again, while an entry of it is held.

mod census_side;
pub(super) mod counts;
mod deliver;
pub mod ports;
mod publish;
pub mod topics;

use self::{
    counts::Counts,
    ports::{StopAnswer, WakePump},
    topics::{ShardIndex, TopicState},
};
use super::{apps::happenings::AppHappenings, cluster::census_queue::CensusQueue, sockets::shard::HubShard};
use crate::{
    backends::bus::Bus,
    domain::{
        ids::{LoginId, SocketId, UserId},
        live::{
            channel::ChannelName,
            presence::{Member, MemberError},
        },
        topic::Topic,
    },
    services::{
        apps::watched::WatchedApps,
        live::port::{LoginEnd, SessionEnded},
    },
    wire::{
        desk_event::DeskEvent,
        envelope::{Envelope, Publication},
        frame::Frame,
        pusher,
    },
};
use actix::prelude::*;
use dashmap::{DashMap, mapref::one::RefMut};
use serde_json::json;
use std::sync::{
    Arc, OnceLock, PoisonError, RwLock,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};
use tokio::sync::{Notify, mpsc};

/// Envelopes without a row that may wait for the bus; more are dropped and counted.
const OUTGOING_CAPACITY: usize = 4096;

/// Publications that wait in a shard's mailbox; counted up by the hub, down by the shard.
pub type Backlog = Arc<AtomicUsize>;

struct ShardLink {
    address: Addr<HubShard>,
    backlog: Backlog,
}

struct HubInner {
    topics: DashMap<Topic, TopicState>,
    shards: RwLock<Vec<ShardLink>>,
    counts: Counts,
    /// Set for good when the drain begins.
    is_draining: AtomicBool,
    /// Grows with every member of the built-in app that comes or goes here.
    roster_version: AtomicU64,
    census: CensusQueue,
    happenings: AppHappenings,
    /// Woken when connected apps changed in the database.
    apps_changed: Notify,
    bus: Arc<dyn Bus>,
    outgoing: mpsc::Sender<Envelope>,
    pump: OnceLock<Recipient<WakePump>>,
    desk: OnceLock<Recipient<StopAnswer>>,
}

/// The handle of the hub; cheap to clone, usable from every thread.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<HubInner>,
}

impl Hub {
    /// Makes the hub of a process over its bus and the table of watched apps, and the queue that
    /// [`super::cluster::bus_link::BusLink`] publishes.
    #[must_use]
    pub fn new(bus: Arc<dyn Bus>, watched: WatchedApps) -> (Self, mpsc::Receiver<Envelope>) {
        let (outgoing, waiting) = mpsc::channel(OUTGOING_CAPACITY);
        let inner = HubInner {
            topics: DashMap::new(),
            shards: RwLock::default(),
            counts: Counts::default(),
            is_draining: AtomicBool::new(false),
            roster_version: AtomicU64::new(0),
            census: CensusQueue::default(),
            happenings: AppHappenings::new(watched),
            apps_changed: Notify::new(),
            bus,
            outgoing,
            pump: OnceLock::new(),
            desk: OnceLock::new(),
        };
        (Self { inner: Arc::new(inner) }, waiting)
    }

    /// Attaches the pump that the hub wakes after a commit of log rows. Once per process; later
    /// calls change nothing.
    pub fn attach_pump(&self, pump: Recipient<WakePump>) {
        let _ = self.inner.pump.set(pump);
    }

    /// Attaches the desk that ends answers of the companion on this node. Once per process; later
    /// calls change nothing.
    pub fn attach_desk(&self, desk: Recipient<StopAnswer>) {
        let _ = self.inner.desk.set(desk);
    }

    /// Adds the shard of a worker thread; `start` starts it under the number it gets.
    #[must_use]
    pub fn attach_shard(&self, start: impl FnOnce(ShardIndex) -> (Addr<HubShard>, Backlog)) -> ShardIndex {
        let mut shards = self.inner.shards.write().unwrap_or_else(PoisonError::into_inner);
        let index = ShardIndex(shards.len());
        let (address, backlog) = start(index);
        shards.push(ShardLink { address, backlog });
        index
    }

    /// Records a subscription of a topic that the census does not count, and returns the frame that
    /// answers it with the version of the roster in it. Publishes a new member to the other
    /// members. Fails when the topic is full.
    pub fn join(&self, topic: &Topic, shard: ShardIndex, member: Option<&Member>, cause: SocketId) -> Result<(Frame, u64), MemberError> {
        let mut state = self.open_topic(topic);
        if let Some(member) = member {
            let is_first = match state.roster.join(member) {
                Ok(is_first) => is_first,
                Err(error) => {
                    drop(state);
                    self.forget_if_unused(topic);
                    return Err(error);
                }
            };
            if is_first {
                let frame = pusher::member_added(&topic.channel, &member.user_id, member.user_info.as_deref());
                self.publish_member_event(&state, topic, frame, cause);
            }
        }
        state.add_listener(shard);
        let answer = match member {
            Some(_) => pusher::presence_succeeded(&topic.channel, &state.roster),
            None => pusher::subscription_succeeded(&topic.channel),
        };
        // Under the entry: member events published before have no higher version.
        Ok((answer, self.inner.roster_version.load(Ordering::Acquire)))
    }

    /// Publishes `member_added` or `member_removed` to the members here. The event is versioned: a
    /// socket that joins later already has this member in its roster and skips it.
    fn publish_member_event(&self, state: &TopicState, topic: &Topic, frame: Frame, cause: SocketId) {
        let version = self.inner.roster_version.fetch_add(1, Ordering::AcqRel) + 1;
        let event = Publication { except: Some(cause), roster: Some(version), ..Publication::new(topic.clone(), frame) };
        self.hand_over(state, &Arc::new(event));
    }

    /// Adds a shard to the listeners of a watch topic: it has no members, the census does not count
    /// it, and its sockets get no answer.
    pub(in crate::actors) fn listen(&self, topic: &Topic, shard: ShardIndex) {
        self.open_topic(topic).add_listener(shard);
    }

    /// Records the end of a subscription. Marks a counted topic for the census. On every other
    /// topic, publishes `member_removed` when a member's last connection left.
    pub(in crate::actors) fn leave(&self, topic: &Topic, shard: ShardIndex, member: Option<&Member>, cause: SocketId) {
        let Some(mut state) = self.inner.topics.get_mut(topic) else { return };
        state.remove_listener(shard);
        let is_counted = state.is_counted;
        if let Some(member) = member
            && state.roster.leave(&member.user_id)
        {
            if is_counted {
                state.first.remove(&member.user_id);
            } else {
                let frame = pusher::member_removed(&topic.channel, &member.user_id);
                self.publish_member_event(&state, topic, frame, cause);
            }
        }
        drop(state);
        self.forget_if_unused(topic);
        if is_counted {
            self.inner.census.mark(topic);
        }
    }

    fn open_topic(&self, topic: &Topic) -> RefMut<'_, Topic, TopicState> {
        self.inner.topics.entry(topic.clone()).or_insert_with(|| {
            self.inner.counts.add_topic(topic);
            TopicState::default()
        })
    }

    fn forget_if_unused(&self, topic: &Topic) {
        if self.inner.topics.remove_if(topic, |_, state| state.is_unused()).is_some() {
            self.inner.counts.remove_topic(topic);
        }
    }

    /// Says whether a socket of this node listens to a topic.
    pub(super) fn has_topic(&self, topic: &Topic) -> bool {
        self.inner.topics.contains_key(topic)
    }

    /// Returns the number of open sockets of this node.
    #[must_use]
    pub fn socket_count(&self) -> usize {
        self.inner.counts.sockets()
    }

    /// Returns the counts of this node.
    pub(super) fn counts(&self) -> &Counts {
        &self.inner.counts
    }

    /// Returns the notifier of owners and admins of connected apps.
    #[must_use]
    pub fn happenings(&self) -> &AppHappenings {
        &self.inner.happenings
    }

    /// Waits until connected apps may have changed.
    pub(super) async fn wait_for_apps_change(&self) {
        self.inner.apps_changed.notified().await;
    }

    /// Notifies [`super::apps::keeper::AppsKeeper`] that connected apps may have changed.
    pub(super) fn notify_apps_changed(&self) {
        self.inner.apps_changed.notify_one();
    }
}

/// Returns the frame that sockets get before they are ended.
pub(super) fn end_of_sockets_frame(user: UserId, login: Option<LoginId>, reason: LoginEnd) -> Frame {
    let data = json!(SessionEnded { session_id: login, reason }).to_string();
    pusher::channel_event(&ChannelName::user(user), DeskEvent::SessionEnded.name(), &data)
}
