//! Owns the counts of a node: its sockets, the sockets and channels of each app, and the census's
//! latest counts of the other nodes. Called by the shards, the hub and
//! [`crate::actors::cluster::census_link::CensusLink`]. Must not know the hub.

use crate::{
    backends::census::Elsewhere,
    domain::{ids::AppId, topic::Topic},
    services::live::port::AppCounts,
    telemetry,
};
use dashmap::DashMap;
use std::{
    collections::HashMap,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The counts of a node.
#[derive(Debug, Default)]
pub(in crate::actors) struct Counts {
    sockets: AtomicUsize,
    /// Counts of each app on this node; an app without sockets and channels is not listed.
    apps: DashMap<AppId, AppCounts>,
    /// Latest counts of the census: sockets of the other nodes, channels of all nodes.
    elsewhere: RwLock<HashMap<AppId, Elsewhere>>,
}

impl Counts {
    /// Returns the number of open sockets of this node.
    pub(in crate::actors) fn sockets(&self) -> usize {
        self.sockets.load(Ordering::Acquire)
    }

    /// Counts a socket in; called by the shard that owns it.
    pub(in crate::actors) fn add_socket(&self, app: &AppId) {
        self.change(app, |counts| counts.connections += 1);
        self.sockets.fetch_add(1, Ordering::AcqRel);
        metrics::gauge!(telemetry::SOCKETS).increment(1.0);
    }

    /// Counts a socket out; called by the shard that owned it.
    pub(in crate::actors) fn remove_socket(&self, app: &AppId) {
        self.change(app, |counts| counts.connections = counts.connections.saturating_sub(1));
        self.sockets.fetch_sub(1, Ordering::AcqRel);
        metrics::gauge!(telemetry::SOCKETS).decrement(1.0);
    }

    /// Counts a topic in that got its first listener here.
    pub(super) fn add_topic(&self, topic: &Topic) {
        if topic.channel.is_listed() {
            self.change(&topic.app, |counts| counts.channels += 1);
        }
    }

    /// Counts a topic out that lost its last listener here.
    pub(super) fn remove_topic(&self, topic: &Topic) {
        if topic.channel.is_listed() {
            self.change(&topic.app, |counts| counts.channels = counts.channels.saturating_sub(1));
        }
    }

    fn change(&self, app: &AppId, change: impl FnOnce(&mut AppCounts)) {
        let mut counts = self.apps.entry(app.clone()).or_default();
        change(&mut counts);
        let is_over = *counts == AppCounts::default();
        drop(counts);
        if is_over {
            self.apps.remove_if(app, |_, counts| *counts == AppCounts::default());
        }
    }

    /// Returns the apps with sockets or channels here, and the number of their sockets.
    pub(in crate::actors) fn sockets_by_app(&self) -> Vec<(AppId, u64)> {
        self.apps.iter().map(|entry| (entry.key().clone(), entry.connections)).collect()
    }

    /// Records the counts of the other nodes that a renewal brought.
    pub(in crate::actors) fn record_elsewhere(&self, elsewhere: HashMap<AppId, Elsewhere>) {
        *self.elsewhere.write().unwrap_or_else(PoisonError::into_inner) = elsewhere;
    }

    /// Returns the sockets and channels of an app on all nodes.
    pub(super) fn of_app(&self, app: &AppId) -> AppCounts {
        let here = self.apps.get(app).map(|counts| *counts).unwrap_or_default();
        let elsewhere = self.elsewhere.read().unwrap_or_else(PoisonError::into_inner).get(app).copied().unwrap_or_default();
        AppCounts { connections: here.connections + elsewhere.connections, channels: here.channels.max(elsewhere.channels) }
    }
}
