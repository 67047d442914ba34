//! The `Hub`: which shard listens to which channel, who is in a presence channel, and the way of a publication to all of them.
//!
//! Order: a publication is handed to the shards' mailboxes while the channel's entry is locked, so every subscriber of a channel sees the same order.
//! Nothing is awaited and the map is never called again while an entry is held.

mod census_side;
mod publish;

pub(super) use census_side::is_counted;

use super::{
    apps::happenings::AppHappenings,
    cluster::{census_queue::CensusQueue, log_pump::WakePump},
    companion::desk::StopAnswer,
    sockets::shard::{CheckLogins, DeliverPublication, DrainSockets, EndAppSockets, EndListeners, EndSockets, HubShard, LeaveChannel},
};
use crate::{
    backends::{BackendResult, bus::Bus, census::Elsewhere},
    domain::{
        ids::{AppId, LoginId, SocketId, UserId},
        live::{
            channel::ChannelName,
            presence::{Member, MemberError, Roster},
        },
        topic::Topic,
    },
    services::{
        apps::{
            table::{Apps, BUILT_IN_APP},
            watched::WatchedApps,
        },
        live::port::{AppCounts, SessionEnd},
    },
    telemetry,
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
use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock, RwLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
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
    /// Set for good when the drain begins.
    is_draining: AtomicBool,
    /// Grows with every member of the built-in app that comes or goes here.
    roster_version: AtomicU64,
    /// What goes on in each app on this node; apps where nothing does are not listed.
    apps: DashMap<AppId, AppCounts>,
    /// What goes on in them beside this node's part, as of the last renewal.
    elsewhere: RwLock<HashMap<AppId, Elsewhere>>,
    census: CensusQueue,
    app_events: AppHappenings,
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
    /// Makes the hub of a process over its bus and the table of watched apps, and the queue of publications that [`super::cluster::bus_link::BusLink`] sends out.
    #[must_use]
    pub fn new(bus: Arc<dyn Bus>, watched: WatchedApps) -> (Self, mpsc::Receiver<Envelope>) {
        let (outgoing, waiting) = mpsc::channel(OUTGOING_CAPACITY);
        let inner = HubInner {
            topics: DashMap::new(),
            shards: RwLock::default(),
            sockets: AtomicUsize::new(0),
            is_draining: AtomicBool::new(false),
            roster_version: AtomicU64::new(0),
            apps: DashMap::new(),
            elsewhere: RwLock::default(),
            census: CensusQueue::default(),
            app_events: AppHappenings::new(watched),
            apps_changed: Notify::new(),
            bus,
            outgoing,
            pump: OnceLock::new(),
            desk: OnceLock::new(),
        };
        (Self { inner: Arc::new(inner) }, waiting)
    }

    /// Tells the hub whom to wake when log rows were committed. Once per process; later calls change nothing.
    pub fn attach_pump(&self, pump: Recipient<WakePump>) {
        let _ = self.inner.pump.set(pump);
    }

    /// Tells the hub who ends answers of the companion on this node. Once per process; later calls change nothing.
    pub fn attach_desk(&self, desk: Recipient<StopAnswer>) {
        let _ = self.inner.desk.set(desk);
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

    /// Notes a subscription and returns the frame that answers it, with the version of who is there in it. On presence channels the others hear of a
    /// new member. Fails when the channel is full.
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
                self.tell_of_member(&state, topic, frame, cause);
            }
        }
        state.add_listener(shard);
        let answer = match member {
            Some(_) => pusher::presence_succeeded(&topic.channel, &state.roster),
            None => pusher::subscription_succeeded(&topic.channel),
        };
        // Under the entry: what was told of this channel before has no higher version.
        Ok((answer, self.inner.roster_version.load(Ordering::Acquire)))
    }

    /// Tells the members here of one that came or went. Its word may still wait in a mailbox when the next one joins, who knows it already: so it has a
    /// version.
    fn tell_of_member(&self, state: &TopicState, topic: &Topic, frame: Frame, cause: SocketId) {
        let version = self.inner.roster_version.fetch_add(1, Ordering::AcqRel) + 1;
        self.hand_over(state, Publication { except: Some(cause), roster: Some(version), ..Publication::new(topic.clone(), frame) });
    }

    /// Takes a user's sockets on this node off a channel: behind the publications that were handed over before, because they go the same mailboxes, in order.
    fn leave_here(&self, user: UserId, topic: &Topic) {
        if let Some(state) = self.inner.topics.get_mut(topic) {
            // One per conversation that somebody left, each a row of the log: a mailbox cannot be filled with them.
            self.for_shards_of(&state, |shard| shard.address.do_send(LeaveChannel { user, topic: topic.clone() }));
        }
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
            self.tell_of_member(&state, topic, frame, cause);
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

    fn forget_if_unused(&self, topic: &Topic) {
        let is_gone = self.inner.topics.remove_if(topic, |_, state| state.listeners.is_empty() && state.roster.is_empty()).is_some();
        if is_gone && topic.channel.is_listed() {
            self.count(&topic.app, |counts| counts.channels = counts.channels.saturating_sub(1));
        }
    }

    /// Publishes a frame on every node. Returns when the bus has it; fails when the bus does not take it.
    pub async fn publish(&self, publication: Publication) -> BackendResult<()> {
        self.send_out(&Envelope::Publish(publication)).await
    }

    /// Publishes a frame on every node; when the bus does not take it, at least on this one. Fails after that.
    pub(super) async fn publish_or_deliver(&self, publication: Publication) -> BackendResult<()> {
        let envelope = Envelope::Publish(publication);
        let sent = self.send_out(&envelope).await;
        if sent.is_err() {
            self.deliver(envelope).await;
        }
        sent
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
            Envelope::LeaveChannel { user, topic } => self.leave_here(user, &topic),
            Envelope::StopAnswer { answer } => {
                if let Some(desk) = self.inner.desk.get() {
                    // One per wish of a student, each an HTTP request: a mailbox cannot be filled with them.
                    desk.do_send(StopAnswer { answer });
                }
            }
            Envelope::EndUser { topic } => {
                if let Some(state) = self.inner.topics.get_mut(&topic) {
                    // One per signed request of a backend, and those are limited: a mailbox cannot be filled with them.
                    self.for_shards_of(&state, |shard| shard.address.do_send(EndListeners { topic: topic.clone() }));
                }
            }
            Envelope::AppsChanged => self.note_apps_changed(),
            Envelope::WatchApp { app } => {
                self.inner.app_events.watched().watch(&app);
            }
            Envelope::EndSockets { user, login, farewell } => {
                let frame = farewell.frame;
                // One per login or account that ended, each an HTTP request: a mailbox cannot be filled with them.
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

    /// Sends all sockets of this node away with 4200, in slices over `over`, and returns when they are gone or a second more has passed. From now on no new
    /// ones are taken: connections that are open already would bring them.
    pub async fn drain(&self, over: Duration) {
        self.inner.is_draining.store(true, Ordering::Release);
        // Once, when the server stops: a mailbox cannot be filled with it.
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

/// Returns a channel of the built-in app.
pub(super) fn built_in_topic(channel: ChannelName) -> Topic {
    Topic { app: AppId(BUILT_IN_APP.into()), channel }
}

/// Returns what sockets hear before they are ended.
pub(super) fn end_of_sockets_frame(user: UserId, login: Option<LoginId>, reason: SessionEnd) -> Frame {
    let data = json!({ "session_id": login, "reason": reason }).to_string();
    pusher::channel_event(&ChannelName::user(user), DeskEvent::SessionEnded.name(), &data)
}
