//! Owns the effects of an envelope on this node. Called by
//! [`crate::actors::cluster::bus_link::BusLink`], and by the hub for effects on this node alone.
//! Must not publish.
//!
//! - The hub fills the shards' mailboxes while it holds the topic's entry. So all subscribers of a
//!   topic see one order.
//! - All shards share one [`Publication`]; nothing of it is copied per shard.

use super::{
    Hub, ShardLink,
    ports::StopAnswer,
    topics::{ShardIndex, TopicState},
};
use crate::{
    actors::sockets::shard::{CheckLogins, DeliverPublication, DrainSockets, EndAppSockets, EndListeners, EndSockets, LeaveChannel},
    domain::{
        ids::{AppId, UserId},
        topic::Topic,
    },
    services::apps::table::Apps,
    wire::envelope::{Envelope, Publication},
};
use std::{
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

/// Publications a shard may be behind before publishers wait for it.
const MAX_BACKLOG: usize = 1024;

impl Hub {
    /// Does what an envelope asks of this node; waits while a shard is far behind.
    pub(in crate::actors) async fn deliver(&self, envelope: &Envelope) {
        while self.is_behind() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        match envelope {
            Envelope::Publish(publication) => {
                // Exclusive: two publishers with shared locks could reach two shards in different
                // orders.
                if let Some(state) = self.inner.topics.get_mut(&publication.topic) {
                    self.hand_over(&state, publication);
                }
            }
            Envelope::LeaveChannel { user, topic } => self.leave_here(*user, topic),
            Envelope::StopAnswer { answer } => {
                if let Some(desk) = self.inner.desk.get() {
                    // One per stop of a student, each an HTTP request: they cannot fill a mailbox.
                    desk.do_send(StopAnswer { answer: *answer });
                }
            }
            Envelope::EndUser { topic } => {
                if let Some(state) = self.inner.topics.get_mut(topic) {
                    // One per signed request of a backend, and those are limited: they cannot fill
                    // a mailbox.
                    self.for_shards_of(&state, |shard| shard.address.do_send(EndListeners { topic: topic.clone() }));
                }
            }
            Envelope::AppsChanged => self.notify_apps_changed(),
            Envelope::WatchApp { app } => {
                self.inner.happenings.watched().watch(app);
            }
            Envelope::EndSockets { user, login, farewell } => {
                let (user, login) = (*user, *login);
                // One per login or account that ended, each an HTTP request: they cannot fill a
                // mailbox.
                self.for_all_shards(|shard| shard.address.do_send(EndSockets { user, login, farewell: farewell.frame.clone() }));
            }
        }
    }

    /// Takes a user's sockets on this node off a topic, behind the publications that are in the
    /// mailboxes already.
    pub(super) fn leave_here(&self, user: UserId, topic: &Topic) {
        if let Some(state) = self.inner.topics.get_mut(topic) {
            // One per conversation that a user left, each a row of the log: they cannot fill a
            // mailbox.
            self.for_shards_of(&state, |shard| shard.address.do_send(LeaveChannel { user, topic: topic.clone() }));
        }
    }

    /// Puts a publication into the mailboxes of the shards that listen. The caller holds the
    /// topic's entry exclusively.
    pub(super) fn hand_over(&self, state: &TopicState, publication: &Arc<Publication>) {
        let shards = self.inner.shards.read().unwrap_or_else(PoisonError::into_inner);
        for shard in state.listeners.iter().filter_map(|(ShardIndex(index), _)| shards.get(*index)) {
            shard.backlog.fetch_add(1, Ordering::AcqRel);
            // `do_send` ignores the mailbox's capacity: safe, because `deliver` waits above
            // MAX_BACKLOG, and member events are bounded by the frames that clients send, each of
            // which is awaited.
            shard.address.do_send(DeliverPublication(publication.clone()));
        }
    }

    /// Makes all shards check the logins of their sockets, because this node may have missed an
    /// envelope that ends sockets.
    pub(in crate::actors) fn check_logins(&self) {
        // One message per cut of the bus and shard: a mailbox cannot be filled with them.
        self.for_all_shards(|shard| shard.address.do_send(CheckLogins));
    }

    /// Ends the sockets of apps that are gone or disabled.
    pub(in crate::actors) fn end_sockets_of_disabled(&self, apps: &Apps) {
        let open = self.inner.counts.sockets_by_app().into_iter().filter(|(_, sockets)| *sockets > 0);
        let disabled: Vec<AppId> = open.map(|(app, _)| app).filter(|app| apps.current(app).is_none()).collect();
        for app in disabled {
            tracing::info!(app = &*app.0, "app disabled: its sockets are ended");
            // One message per app and reload: a mailbox cannot be filled with them.
            self.for_all_shards(|shard| shard.address.do_send(EndAppSockets { app: app.clone() }));
        }
    }

    /// Closes all sockets of this node with 4200, in slices over `over`, and returns when they are
    /// gone or a second more has passed. From now on the node takes no new sockets, not even on
    /// connections that are open already.
    pub async fn drain(&self, over: Duration) {
        self.inner.is_draining.store(true, Ordering::Release);
        // Once, when the server stops: a mailbox cannot be filled with it.
        self.for_all_shards(|shard| shard.address.do_send(DrainSockets { over }));
        let deadline = tokio::time::Instant::now() + over + Duration::from_secs(1);
        while self.socket_count() > 0 && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn is_behind(&self) -> bool {
        let shards = self.inner.shards.read().unwrap_or_else(PoisonError::into_inner);
        shards.iter().any(|shard| shard.backlog.load(Ordering::Acquire) > MAX_BACKLOG)
    }

    fn for_shards_of(&self, state: &TopicState, mut action: impl FnMut(&ShardLink)) {
        let shards = self.inner.shards.read().unwrap_or_else(PoisonError::into_inner);
        state.listeners.iter().filter_map(|(ShardIndex(index), _)| shards.get(*index)).for_each(&mut action);
    }

    fn for_all_shards(&self, mut action: impl FnMut(&ShardLink)) {
        let shards = self.inner.shards.read().unwrap_or_else(PoisonError::into_inner);
        shards.iter().for_each(&mut action);
    }
}
