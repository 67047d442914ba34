//! Owns the port to the census: the cluster's subscribers and members of channels, its signed-in
//! users, and the last event of each cache channel. Called by `actors` and `services`. Implemented
//! in this process ([`local`]) and in Redis ([`redis`]).
//!
//! - Each node declares its own state, not a change, so that a declaration can be repeated.
//! - The census compares the declaration with the states of the other nodes and publishes the
//!   resulting events to clients, in the order in which they became true.
//! - In Redis, a node that stops renewing its lease is struck off by the others.

pub mod local;
pub mod redis;
mod scripts;

use super::BackendResult;
use crate::{
    domain::{
        ids::{AppId, NodeId, SocketId},
        live::{channel::ChannelName, presence::MAX_MEMBERS},
        topic::Topic,
    },
    wire::envelope::Publication,
};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{sync::Arc, time::Duration};

/// Up to this many subscribers, every change of their number is published
/// (docs/pusher-protocol.md, section 2.3).
pub const COUNTED_AT_ONCE: u64 = 100;
/// Above that, their number is published at most this often.
pub const COUNT_EVERY: Duration = Duration::from_secs(5);
/// How long the last event of a cache channel is kept.
pub const CACHED_FOR: Duration = Duration::from_secs(30 * 60);

/// A member of a presence channel on one node.
#[derive(Debug, Clone)]
pub struct NodeMember {
    /// The user.
    pub user_id: Arc<str>,
    /// The data that other members see.
    pub user_info: Option<Arc<RawValue>>,
    /// The first of its connections on this node; it does not get the event about itself.
    pub first: SocketId,
}

/// Whether the number of subscribers is published to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Counting {
    /// No.
    #[default]
    Off,
    /// When the number has changed.
    OnChange,
    /// Even if the number has not changed: an earlier change was held back.
    Now,
}

/// One node's state of a channel.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// The channel.
    pub topic: Topic,
    /// Sockets of the node that are subscribed.
    pub subscriptions: u64,
    /// Its members, on presence channels.
    pub members: Vec<NodeMember>,
    /// Whether the number of subscribers is published to them.
    pub counting: Counting,
    /// Whether the answer must contain the members.
    pub wants_roster: bool,
    /// A node whose lease has run out, for which this is declared; `None`: this node itself.
    pub in_place_of: Option<NodeId>,
}

/// The result of a declaration.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// Subscribers of all nodes before.
    pub before: u64,
    /// Subscribers of all nodes now.
    pub now: u64,
    /// Users whose first connection this added; `member_added` was published.
    pub added: Vec<String>,
    /// Users whose last connection this removed; `member_removed` was published.
    pub removed: Vec<String>,
    /// Users for whom the channel has no room: it holds at most [`MAX_MEMBERS`].
    pub refused: Vec<String>,
    /// Version of the roster. Member events that are published later have a higher one.
    pub version: u64,
    /// All members with the data that others see, if requested.
    pub roster: Vec<(String, Option<Arc<RawValue>>)>,
    /// Whether the number of subscribers must still be published later.
    pub is_count_held_back: bool,
}

/// The counts of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChannelFacts {
    /// Sockets that are subscribed.
    pub subscriptions: u64,
    /// Users, on presence channels.
    pub users: u64,
}

/// The counts of an app, without the sockets of this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Elsewhere {
    /// Open sockets of the other nodes.
    pub connections: u64,
    /// Occupied channels of all nodes.
    pub channels: u64,
}

/// Answer to a renewal.
#[derive(Debug, Clone, Default)]
pub struct Renewal {
    /// Whether the census had struck this node off, or never knew it: the node must declare all its
    /// topics again.
    pub was_unknown: bool,
    /// The counts of the requested apps, in the order of the request.
    pub elsewhere: Vec<Elsewhere>,
}

/// The last event of a cache channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedEvent {
    /// Its name.
    pub event: String,
    /// Its data, as the publisher sent it.
    pub data: String,
}

/// The last event of a cache channel, as the census keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The event.
    pub event: CachedEvent,
    /// The version of its publication. Later events have higher ones.
    pub version: u64,
    /// How long it will still be kept.
    pub left: Duration,
}

/// The port to the census.
#[async_trait]
pub trait Census: Send + Sync {
    /// Declares one node's state of a channel. The caller must send the declarations of one channel
    /// by one node one after the other. When this returns, the events about members, watched users
    /// and the number of subscribers are on the bus.
    ///
    /// `None`: the census does not know this node ([`Self::renew`] first), or the node of
    /// `in_place_of` has renewed its lease.
    async fn declare(&self, declaration: &Declaration) -> BackendResult<Option<Declared>>;

    /// Renews this node's lease, declares its number of sockets in some apps, and returns the
    /// counts of these apps without them.
    async fn renew(&self, apps: &[(AppId, u64)]) -> BackendResult<Renewal>;

    /// Returns the nodes whose lease has run out, each with the channels in which it had
    /// subscribers or members.
    async fn lapsed(&self) -> BackendResult<Vec<(NodeId, Vec<Topic>)>>;

    /// Strikes off a node that has no topics left. Does nothing if the node has come back.
    async fn strike_off(&self, node: NodeId) -> BackendResult<()>;

    /// Strikes off this node. Declare its channels as empty before.
    async fn leave(&self) -> BackendResult<()>;

    /// Lists the occupied channels of an app whose names begin with `prefix`, by name.
    async fn occupied(&self, app: &AppId, prefix: &str) -> BackendResult<Vec<(ChannelName, ChannelFacts)>>;

    /// Returns the counts of one channel.
    async fn facts(&self, topic: &Topic) -> BackendResult<ChannelFacts>;

    /// Lists the users of a presence channel.
    async fn users(&self, topic: &Topic) -> BackendResult<Vec<String>>;

    /// Says of each user whether a socket is signed in as that user, and returns the version of
    /// this answer. Events to watchers about later changes have a higher version.
    async fn are_online(&self, app: &AppId, users: &[String]) -> BackendResult<(Vec<bool>, u64)>;

    /// Keeps an event of a cache channel for [`CACHED_FOR`] and publishes it, in one step: the
    /// event published last is the event kept. Returns when the bus has it.
    async fn publish_kept(&self, publication: Publication, event: &CachedEvent) -> BackendResult<()>;

    /// Returns the last event of a cache channel.
    async fn kept_event(&self, topic: &Topic) -> BackendResult<Option<Kept>>;
}

/// How many members a presence channel can have, as the census counts them.
const MEMBER_LIMIT: usize = MAX_MEMBERS;
