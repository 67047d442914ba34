//! The `Hub`: which shard listens to which channel, who is in a presence channel, and the way of a publication to all of them.
//!
//! Order: a publication is handed to the shards' mailboxes while the channel's entry is locked, so every subscriber of a channel sees the same order.
//! Nothing is awaited and the map is never called again while an entry is held.

use super::{
    app_events::AppEvents,
    census_queue::CensusQueue,
    hub_shard::{CheckLogins, DeliverPublication, DrainSockets, EndAppSockets, EndListeners, EndSockets, HubShard, LeaveChannel},
    log_pump::WakePump,
    signed_in::settle,
};
use crate::{
    backends::{
        BackendResult,
        bus::Bus,
        census::{Elsewhere, Seat},
    },
    domain::{
        channel::ChannelName,
        ids::{LoginId, UserId},
        presence::{Member, MemberError, Roster},
        registry::{AppId, SocketId, Topic},
    },
    services::{
        announce::{Announce, AppCounts, SessionEnd},
        apps::{Apps, BUILT_IN_APP},
    },
    telemetry,
    wire::{
        envelope::{Envelope, Publication},
        frame::Frame,
        pusher,
    },
};
use actix::prelude::*;
use async_trait::async_trait;
use dashmap::{DashMap, mapref::one::RefMut};
use futures_util::future::join_all;
use serde_json::{Value, json, value::RawValue};
use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{
    Notify,
    mpsc::{self, error::TrySendError},
};

/// Publications a shard may be behind before publishers wait for it.
const MAX_BACKLOG: usize = 1024;
/// Publications without a row that may wait for the bus; beyond it they are dropped and counted (at most once, as documented).
const OUTGOING_CAPACITY: usize = 4096;

/// Number of a shard in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardIndex(usize);

/// How far a shard is behind; counted up by the hub, down by the shard.
pub type Backlog = Arc<AtomicUsize>;

struct ShardLink {
    address: Addr<HubShard>,
    backlog: Backlog,
}

#[derive(Default)]
struct TopicState {
    /// Subscriptions per shard; shards without any are not listed.
    listeners: Vec<(ShardIndex, usize)>,
    roster: Roster,
    /// First socket here of each member of a counted channel.
    first: HashMap<Arc<str>, SocketId>,
}

impl TopicState {
    fn add_listener(&mut self, shard: ShardIndex) {
        match self.listeners.iter_mut().find(|(listening, _)| *listening == shard) {
            Some((_, count)) => *count += 1,
            None => self.listeners.push((shard, 1)),
        }
    }

    fn remove_listener(&mut self, shard: ShardIndex) {
        if let Some((_, count)) = self.listeners.iter_mut().find(|(listening, _)| *listening == shard) {
            *count -= 1;
        }
        self.listeners.retain(|(_, count)| *count > 0);
    }
}

struct HubInner {
    topics: DashMap<Topic, TopicState>,
    shards: RwLock<Vec<ShardLink>>,
    sockets: AtomicUsize,
    /// What goes on in each app on this node; apps where nothing does are not listed.
    apps: DashMap<AppId, AppCounts>,
    /// What goes on in them beside this node's part, as of the last renewal.
    elsewhere: RwLock<HashMap<AppId, Elsewhere>>,
    census: CensusQueue,
    app_events: AppEvents,
    /// Woken when connected apps changed in the database.
    apps_changed: Notify,
    bus: Arc<dyn Bus>,
    outgoing: mpsc::Sender<Envelope>,
    pump: OnceLock<Recipient<WakePump>>,
}

/// The handle of the hub; cheap to clone, usable from every thread.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<HubInner>,
}

impl Hub {
    /// Makes the hub of a process over its bus, and the queue of publications that [`super::bus_link::BusLink`] sends out.
    #[must_use]
    pub fn new(bus: Arc<dyn Bus>) -> (Self, mpsc::Receiver<Envelope>) {
        let (outgoing, waiting) = mpsc::channel(OUTGOING_CAPACITY);
        let inner = HubInner {
            topics: DashMap::new(),
            shards: RwLock::default(),
            sockets: AtomicUsize::new(0),
            apps: DashMap::new(),
            elsewhere: RwLock::default(),
            census: CensusQueue::default(),
            app_events: AppEvents::default(),
            apps_changed: Notify::new(),
            bus,
            outgoing,
            pump: OnceLock::new(),
        };
        (Self { inner: Arc::new(inner) }, waiting)
    }

    /// Tells the hub whom to wake when log rows were committed. Once per process; later calls change nothing.
    pub fn attach_pump(&self, pump: Recipient<WakePump>) {
        let _ = self.inner.pump.set(pump);
    }

    /// Adds the shard of a worker thread; `start` starts it under the number it gets.
    #[must_use]
    pub fn attach_shard(&self, start: impl FnOnce(ShardIndex) -> (Addr<HubShard>, Backlog)) -> ShardIndex {
        let mut shards = self.inner.shards.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let index = ShardIndex(shards.len());
        let (address, backlog) = start(index);
        shards.push(ShardLink { address, backlog });
        index
    }

    /// Notes a subscription and returns the frame that answers it. On presence channels the others hear of a new member.
    /// Fails when the channel is full.
    pub fn join(&self, topic: &Topic, shard: ShardIndex, member: Option<&Member>, cause: SocketId) -> Result<Frame, MemberError> {
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
                self.hand_over(&state, Publication { except: Some(cause), ..Publication::new(topic.clone(), frame) });
            }
        }
        state.add_listener(shard);
        Ok(match member {
            Some(_) => pusher::presence_succeeded(&topic.channel, &state.roster),
            None => pusher::subscription_succeeded(&topic.channel),
        })
    }

    /// Notes the end of a subscription. On presence channels the others hear when a member's last connection left.
    pub fn leave(&self, topic: &Topic, shard: ShardIndex, member: Option<&Member>, cause: SocketId) {
        if is_counted(topic) {
            return self.leave_counted(topic, shard, member);
        }
        let Some(mut state) = self.inner.topics.get_mut(topic) else { return };
        state.remove_listener(shard);
        if let Some(member) = member
            && state.roster.leave(&member.user_id)
        {
            let frame = pusher::member_removed(&topic.channel, &member.user_id);
            self.hand_over(&state, Publication { except: Some(cause), ..Publication::new(topic.clone(), frame) });
        }
        drop(state);
        self.forget_if_unused(topic);
    }

    fn open_topic(&self, topic: &Topic) -> RefMut<'_, Topic, TopicState> {
        self.inner.topics.entry(topic.clone()).or_insert_with(|| {
            if topic.channel.is_listed() {
                self.count(&topic.app, |counts| counts.channels += 1);
            }
            TopicState::default()
        })
    }

    /// Notes a subscription of a counted channel ([`is_counted`]): what it means to others, and its answer, are the census's. Fails when the channel is full
    /// with members of this node alone.
    pub(super) fn join_counted(
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

    fn leave_counted(&self, topic: &Topic, shard: ShardIndex, member: Option<&Member>) {
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
    pub(super) fn part_of(&self, topic: &Topic) -> (u64, Vec<Seat>) {
        let Some(state) = self.inner.topics.get(topic) else { return (0, Vec::new()) };
        let subscriptions: usize = state.listeners.iter().map(|(_, count)| count).sum();
        let seat = |(user_id, user_info): (&Arc<str>, Option<&Arc<RawValue>>)| {
            let first = state.first.get(user_id).copied().unwrap_or(SocketId::new(0, 0));
            Seat { user_id: user_id.clone(), user_info: user_info.cloned(), first }
        };
        (subscriptions as u64, state.roster.members().map(seat).collect())
    }

    /// Returns the counted channels this node has a part in.
    pub(super) fn counted_topics(&self) -> Vec<Topic> {
        self.inner.topics.iter().map(|entry| entry.key().clone()).filter(is_counted).collect()
    }

    /// Returns what waits to be declared to the census.
    pub(super) fn census(&self) -> &CensusQueue {
        &self.inner.census
    }

    /// Returns the way to those who want to know what happens in connected apps.
    #[must_use]
    pub fn app_events(&self) -> &AppEvents {
        &self.inner.app_events
    }

    /// Says whether anybody on this node listens to a channel.
    pub(super) fn has_topic(&self, topic: &Topic) -> bool {
        self.inner.topics.contains_key(topic)
    }

    /// Returns the apps that have sockets here, with their number.
    pub(super) fn sockets_by_app(&self) -> Vec<(AppId, u64)> {
        self.inner.apps.iter().map(|entry| (entry.key().clone(), entry.connections)).collect()
    }

    /// Notes what goes on in apps beside this node's part.
    pub(super) fn note_elsewhere(&self, elsewhere: HashMap<AppId, Elsewhere>) {
        *self.inner.elsewhere.write().unwrap_or_else(PoisonError::into_inner) = elsewhere;
    }

    fn forget_if_unused(&self, topic: &Topic) {
        if self.inner.topics.remove_if(topic, |_, state| state.listeners.is_empty() && state.roster.is_empty()).is_some() {
            if topic.channel.is_listed() {
                self.count(&topic.app, |counts| counts.channels = counts.channels.saturating_sub(1));
            }
        }
    }

    /// Publishes a frame on every node. Returns when the bus has it; fails when the bus does not take it.
    pub async fn publish(&self, publication: Publication) -> BackendResult<()> {
        self.send_out(&Envelope::Publish(publication)).await
    }

    /// Sends an envelope to every node, this one included.
    pub(super) async fn send_out(&self, envelope: &Envelope) -> BackendResult<()> {
        self.inner.bus.publish(envelope.to_bytes()).await?;
        if matches!(envelope, Envelope::Publish(_)) {
            metrics::counter!(telemetry::PUBLICATIONS).increment(1);
        }
        Ok(())
    }

    /// Hands an envelope from the bus to this node's shards; waits while one of them is far behind.
    pub(super) async fn deliver(&self, envelope: Envelope) {
        while self.is_behind() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        match envelope {
            Envelope::Publish(publication) => {
                // Exclusive, because two publishers with shared locks could reach two shards in different orders.
                let topic = publication.topic.clone();
                if let Some(state) = self.inner.topics.get_mut(&topic) {
                    self.hand_over(&state, publication);
                }
            }
            Envelope::LeaveChannel { user, topic } => {
                // Behind the publications that were handed over before: the same mailboxes, in order.
                if let Some(state) = self.inner.topics.get_mut(&topic) {
                    self.for_shards_of(&state, |shard| shard.address.do_send(LeaveChannel { user, topic: topic.clone() }));
                }
            }
            Envelope::EndUser { topic } => {
                if let Some(state) = self.inner.topics.get_mut(&topic) {
                    self.for_shards_of(&state, |shard| shard.address.do_send(EndListeners { topic: topic.clone() }));
                }
            }
            Envelope::AppsChanged => self.note_apps_changed(),
            Envelope::EndSockets { user, login, farewell } => {
                let frame = farewell.frame;
                self.for_all_shards(|shard| shard.address.do_send(EndSockets { user, login, farewell: frame.clone() }));
            }
        }
    }

    /// Holds all sockets of this node to their logins, because word of an end may have been missed.
    pub(super) fn check_logins(&self) {
        // One message per cut of the bus and shard: a mailbox cannot be filled with them.
        self.for_all_shards(|shard| shard.address.do_send(CheckLogins));
    }

    /// Puts a publication into the mailboxes of the shards that listen. Call with the topic's entry held exclusively.
    fn hand_over(&self, state: &TopicState, publication: Publication) {
        let publication = Arc::new(publication);
        self.for_shards_of(state, |shard| {
            shard.backlog.fetch_add(1, Ordering::AcqRel);
            // `do_send` ignores the mailbox's capacity: safe, because `deliver` waits above MAX_BACKLOG, and presence changes are bounded by the
            // frames clients send, each of which is awaited.
            shard.address.do_send(DeliverPublication(publication.clone()));
        });
    }

    fn for_shards_of(&self, state: &TopicState, mut action: impl FnMut(&ShardLink)) {
        let shards = self.inner.shards.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.listeners.iter().filter_map(|(ShardIndex(index), _)| shards.get(*index)).for_each(&mut action);
    }

    fn is_behind(&self) -> bool {
        let shards = self.inner.shards.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        shards.iter().any(|shard| shard.backlog.load(Ordering::Acquire) > MAX_BACKLOG)
    }

    fn for_all_shards(&self, mut action: impl FnMut(&ShardLink)) {
        let shards = self.inner.shards.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        shards.iter().for_each(&mut action);
    }

    /// Sends all sockets of this node away with 4200, in slices over `over`, and returns when they are gone or a second more has passed.
    pub async fn drain(&self, over: Duration) {
        self.for_all_shards(|shard| shard.address.do_send(DrainSockets { over }));
        let deadline = tokio::time::Instant::now() + over + Duration::from_secs(1);
        while self.socket_count() > 0 && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Returns the number of open sockets of this node.
    #[must_use]
    pub fn socket_count(&self) -> usize {
        self.inner.sockets.load(Ordering::Acquire)
    }

    /// Counts a socket in; called by the shard that owns it.
    pub(super) fn count_socket_in(&self, app: &AppId) {
        self.count(app, |counts| counts.connections += 1);
        self.inner.sockets.fetch_add(1, Ordering::AcqRel);
        metrics::gauge!(telemetry::SOCKETS).increment(1.0);
    }

    /// Counts a socket out; called by the shard that owned it.
    pub(super) fn count_socket_out(&self, app: &AppId) {
        self.count(app, |counts| counts.connections = counts.connections.saturating_sub(1));
        self.inner.sockets.fetch_sub(1, Ordering::AcqRel);
        metrics::gauge!(telemetry::SOCKETS).decrement(1.0);
    }

    fn count(&self, app: &AppId, change: impl FnOnce(&mut AppCounts)) {
        let mut counts = self.inner.apps.entry(app.clone()).or_default();
        change(&mut counts);
        let is_over = *counts == AppCounts::default();
        drop(counts);
        if is_over {
            self.inner.apps.remove_if(app, |_, counts| *counts == AppCounts::default());
        }
    }

    /// Waits until connected apps may have changed.
    pub(super) async fn apps_changed(&self) {
        self.inner.apps_changed.notified().await;
    }

    /// Says that connected apps may have changed.
    pub(super) fn note_apps_changed(&self) {
        self.inner.apps_changed.notify_one();
    }

    /// Ends the sockets of apps that are gone or disabled.
    pub(super) fn end_sockets_of_disabled(&self, apps: &Apps) {
        let open: Vec<AppId> = self.inner.apps.iter().filter(|entry| entry.connections > 0).map(|entry| entry.key().clone()).collect();
        for app in open.into_iter().filter(|app| apps.current(app).is_none()) {
            tracing::info!(app = &*app.0, "app disabled: its sockets are ended");
            // One message per app and reload: a mailbox cannot be filled with them.
            self.for_all_shards(|shard| shard.address.do_send(EndAppSockets { app: app.clone() }));
        }
    }

    /// Queues an envelope that is not worth a row. A publication is dropped when the bus is too far behind; the word that ends sockets waits.
    fn send_later(&self, envelope: Envelope) {
        match self.inner.outgoing.try_send(envelope) {
            Ok(()) => {}
            Err(TrySendError::Full(envelope @ Envelope::EndSockets { .. })) => {
                let outgoing = self.inner.outgoing.clone();
                // An error means that the server has stopped, and its sockets with it.
                tokio::spawn(async move { outgoing.send(envelope).await.is_ok() });
            }
            Err(_) => {
                metrics::counter!(telemetry::PUBLICATIONS_DROPPED).increment(1);
                tracing::warn!("publication dropped: the bus is behind by {OUTGOING_CAPACITY}");
            }
        }
    }
}

/// Says whether the census counts a channel: all of connected apps, and the places of signed-in users. Channels of the built-in app are known per node.
pub(super) fn is_counted(topic: &Topic) -> bool {
    (*topic.app.0 != *BUILT_IN_APP || !topic.channel.is_listed()) && !topic.channel.is_watch()
}

/// Returns a channel of the built-in app.
pub(super) fn built_in_topic(channel: ChannelName) -> Topic {
    Topic { app: AppId(BUILT_IN_APP.into()), channel }
}

/// Returns what sockets hear before they are ended.
pub(super) fn end_of_sockets_frame(user: UserId, login: Option<LoginId>, reason: SessionEnd) -> Frame {
    pusher::channel_event(&ChannelName::user(user), "session.ended", &json!({ "session_id": login, "reason": reason }).to_string())
}

/// Returns what ends the sockets of an account, or of one of its login sessions.
fn end_of_sockets(user: UserId, login: Option<LoginId>, reason: SessionEnd) -> Envelope {
    let (channel, frame) = (ChannelName::user(user), end_of_sockets_frame(user, login, reason));
    let farewell = Box::new(Publication::new(built_in_topic(channel), frame));
    Envelope::EndSockets { user, login, farewell }
}

#[async_trait]
impl Announce for Hub {
    fn wake_pump(&self) {
        if let Some(pump) = self.inner.pump.get() {
            // Wake-ups carry nothing and the pump folds them: more than one in the mailbox means the same as one.
            pump.do_send(WakePump);
        }
    }

    fn publish(&self, channel: &ChannelName, event: &'static str, data: Value) {
        let frame = pusher::channel_event(channel, event, &data.to_string());
        self.send_later(Envelope::Publish(Publication::new(built_in_topic(channel.clone()), frame)));
    }

    fn end_sockets(&self, user: UserId, login: Option<LoginId>, reason: SessionEnd) {
        self.send_later(end_of_sockets(user, login, reason));
    }

    fn leave_channel(&self, user: UserId, channel: &ChannelName) {
        self.send_later(Envelope::LeaveChannel { user, topic: built_in_topic(channel.clone()) });
    }

    async fn trigger(&self, publications: Vec<Publication>) -> BackendResult<()> {
        // At once, in order: what one backend sends in one request reaches the bus in one go.
        join_all(publications.into_iter().map(|publication| self.publish(publication))).await.into_iter().collect()
    }

    async fn end_user(&self, app: &AppId, user_id: &str) -> BackendResult<()> {
        let topic = Topic { app: app.clone(), channel: ChannelName::signed_in(user_id) };
        self.send_out(&Envelope::EndUser { topic }).await
    }

    async fn settle(&self) {
        settle(self).await;
    }

    fn apps_changed(&self) {
        self.send_later(Envelope::AppsChanged);
    }

    fn open_sockets(&self) -> usize {
        self.socket_count()
    }

    fn app_counts(&self, app: &AppId) -> AppCounts {
        let here = self.inner.apps.get(app).map(|counts| *counts).unwrap_or_default();
        let elsewhere = self.inner.elsewhere.read().unwrap_or_else(PoisonError::into_inner).get(app).copied().unwrap_or_default();
        AppCounts { connections: here.connections + elsewhere.connections, channels: here.channels.max(elsewhere.channels) }
    }

    fn is_connected(&self) -> bool {
        self.inner.bus.is_alive()
    }
}
