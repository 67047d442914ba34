//! Who is where in the whole cluster: subscribers and members of channels, users that are signed in, and the last event of cache channels. Each node
//! declares its own state, not a change, so that a declaration can be repeated; the census compares it with the states of the
//! others and publishes what that means to clients, in the order in which it became true. In this process ([`local`]), or in Redis
//! ([`redis`]), where a node that stops renewing its lease is struck off by the others.

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

/// Up to so many subscribers every change of their number is published (section 2.3 of the wire contract).
pub const COUNTED_AT_ONCE: u64 = 100;
/// Above it, at most once in so long.
pub const COUNT_EVERY: Duration = Duration::from_secs(5);
/// How long the last event of a cache channel is kept.
pub const CACHED_FOR: Duration = Duration::from_secs(30 * 60);

/// A member of a presence channel on one node.
#[derive(Debug, Clone)]
pub struct NodeMember {
    /// The user.
    pub user_id: Arc<str>,
    /// What the others see of it.
    pub user_info: Option<Arc<RawValue>>,
    /// The first of its connections here: it does not hear of itself.
    pub first: SocketId,
}

/// Whether subscribers hear how many they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Counting {
    /// No.
    #[default]
    Off,
    /// When the number changed.
    OnChange,
    /// Also when it did not change since: it was held back before.
    Now,
}

/// One node's state of a channel.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// The channel.
    pub topic: Topic,
    /// Sockets of the node that listen.
    pub subscriptions: u64,
    /// Its members, on presence channels.
    pub members: Vec<NodeMember>,
    /// Whether subscribers hear how many they are.
    pub counting: Counting,
    /// Whether the answer is to carry the members.
    pub wants_roster: bool,
    /// A node whose lease ran out, in whose place this is declared; `None`: our own.
    pub in_place_of: Option<NodeId>,
}

/// What became of a declaration.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// Subscribers of all nodes before.
    pub before: u64,
    /// Subscribers of all nodes now.
    pub now: u64,
    /// Users whose first connection this brought; published.
    pub added: Vec<String>,
    /// Users whose last connection this took; published.
    pub removed: Vec<String>,
    /// Users that the full channel did not take: it holds at most [`MAX_MEMBERS`].
    pub refused: Vec<String>,
    /// Version of the roster: member events published later have a higher one.
    pub version: u64,
    /// All members with what the others see of them, if asked for.
    pub roster: Vec<(String, Option<Arc<RawValue>>)>,
    /// Whether the number of subscribers is still to be published, later.
    pub is_count_held_back: bool,
}

/// What is known of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChannelFacts {
    /// Sockets that listen.
    pub subscriptions: u64,
    /// Users, on presence channels.
    pub users: u64,
}

/// How much goes on in an app, sockets of this node not counted.
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
    /// Whether the census had struck this node off, or never knew it: everything must be declared again.
    pub was_unknown: bool,
    /// What goes on in the apps that were asked about, in their order.
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

/// The last event of a cache channel as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The event.
    pub event: CachedEvent,
    /// Its version: that of its publication; later events have higher ones.
    pub version: u64,
    /// For how long it is still kept.
    pub left: Duration,
}

/// Who is where.
#[async_trait]
pub trait Census: Send + Sync {
    /// Declares one node's state of a channel. Declarations of one channel by one node come one after the other. Changes of members, of watched users and of
    /// the number of subscribers are on the bus when this returns. `None`: this node is not on the list, [`Self::renew`] first; or a lease that had run
    /// out was renewed.
    async fn declare(&self, declaration: &Declaration) -> BackendResult<Option<Declared>>;

    /// Keeps this node on the list, tells its number of sockets in some apps, and asks what goes on in them elsewhere.
    async fn renew(&self, apps: &[(AppId, u64)]) -> BackendResult<Renewal>;

    /// Returns nodes whose lease ran out, with the channels they had subscribers or members in.
    async fn lapsed(&self) -> BackendResult<Vec<(NodeId, Vec<Topic>)>>;

    /// Strikes a node off that has nobody in any channel any more. Does nothing when it came back.
    async fn strike_off(&self, node: NodeId) -> BackendResult<()>;

    /// Takes this node off the list. Its channels should be declared empty before.
    async fn leave(&self) -> BackendResult<()>;

    /// Lists the occupied channels of an app whose names begin so, by name.
    async fn occupied(&self, app: &AppId, prefix: &str) -> BackendResult<Vec<(ChannelName, ChannelFacts)>>;

    /// Returns what is known of one channel.
    async fn facts(&self, topic: &Topic) -> BackendResult<ChannelFacts>;

    /// Lists the users of a presence channel.
    async fn users(&self, topic: &Topic) -> BackendResult<Vec<String>>;

    /// Says of each user whether a socket is signed in as it, and as of which version: what watchers hear of later changes has a higher one.
    async fn are_online(&self, app: &AppId, users: &[String]) -> BackendResult<(Vec<bool>, u64)>;

    /// Keeps an event of a cache channel for [`CACHED_FOR`] and publishes it, in one step: the last one heard is the last one kept. Returns when the bus
    /// has it.
    async fn publish_kept(&self, publication: Publication, event: &CachedEvent) -> BackendResult<()>;

    /// Returns the last event of a cache channel.
    async fn kept_event(&self, topic: &Topic) -> BackendResult<Option<Kept>>;
}

/// Most members, as the census counts them.
const MEMBER_LIMIT: usize = MAX_MEMBERS;
