//! Owns the census of several nodes. Keys under the configured prefix, followed by `census:`:
//!
//! - `leases`, a sorted set: nodes by the ms at which their lease runs out.
//! - `version`, a number: rises with every member that comes or goes and every event that is kept;
//!   at least the time in µs.
//! - `channel:{app}:{channel}`, a hash: `n:{node}` is the node's number of subscribers, `told` the
//!   time at which their number was published last.
//! - `occupied:{app}` and `hidden:{app}`, hashes: subscribers by channel. Channels whose name
//!   begins with `#` are in `hidden`.
//! - `users:{app}`, a hash: number of users by presence channel.
//! - `members:{app}:{channel}` and `info:{app}:{channel}`, hashes by user: on how many nodes, and
//!   the data that other members see.
//! - `seats:{node}:{app}:{channel}`, a set: the node's members of a presence channel.
//! - `parts:{node}`, a set: the node's topics, which the others empty when its lease runs out.
//! - `sockets:{node}`, a hash: the node's sockets by app. Expires with its lease.
//! - `event:{app}:{channel}`, a string: the last event of a cache channel with its version, as
//!   JSON. Expires.
//!
//! Times are those of Redis, so nodes need not have the same clock.
//!
//! The keys `seats` and `parts` keep old names. With new names, a node of this version would not
//! find the topics of a dead node of the earlier version: it would strike that node off and count
//! its members for ever.

use super::{
    CACHED_FOR, COUNT_EVERY, COUNTED_AT_ONCE, CachedEvent, Census, ChannelFacts, Counting, Declaration, Declared, Elsewhere, Kept,
    MEMBER_LIMIT, Renewal,
    scripts::{DECLARE, LAPSED, PUBLISH_KEPT, RENEW, STRIKE_OFF},
};
use crate::{
    backends::{BackendError, BackendResult, redis_link::RedisLink},
    domain::{
        ids::{AppId, NodeId},
        live::channel::{ChannelKind, ChannelName},
        topic::Topic,
    },
    wire::{
        envelope::{Envelope, Publication},
        pusher,
    },
};
use async_trait::async_trait;
use bytes::Bytes;
use redis::pipe;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// The last event of a cache channel as Redis holds it. Nodes of the earlier version store it
/// without a version, and ignore the version that this one stores.
#[derive(Deserialize)]
struct StoredEvent {
    #[serde(default)]
    version: u64,
    #[serde(flatten)]
    event: CachedEvent,
}

/// The answer of the declaration script: whether it was taken, before, now, version, held back,
/// added, removed, refused, roster.
type ScriptAnswer = (u8, u64, u64, u64, u8, Vec<String>, Vec<String>, Vec<String>, Vec<String>);

/// The census of several nodes.
#[derive(Debug)]
pub struct RedisCensus {
    link: RedisLink,
    prefix: String,
    node: NodeId,
    lease: Duration,
}

impl RedisCensus {
    /// Makes the census as `node` uses it. A node that does not renew within `lease` is struck off.
    #[must_use]
    pub fn new(link: RedisLink, prefix: &str, node: NodeId, lease: Duration) -> Self {
        Self { link, prefix: prefix.to_owned(), node, lease }
    }

    fn key(&self, kind: &str, name: impl std::fmt::Display) -> String {
        format!("{}:census:{kind}:{name}", self.prefix)
    }

    /// Returns the key of the topics in which a node has subscribers or members.
    fn topics_key(&self, node: NodeId) -> String {
        self.key("parts", node)
    }

    /// Returns the key of a node's members of a topic.
    fn members_key(&self, node: NodeId, topic_key: &str) -> String {
        self.key("seats", format_args!("{node}:{topic_key}"))
    }

    fn leases(&self) -> String {
        format!("{}:census:leases", self.prefix)
    }

    fn topic_key(topic: &Topic) -> String {
        format!("{}:{}", topic.app.0, topic.channel)
    }

    fn subscribers_key(&self, topic: &Topic) -> String {
        self.key(if topic.channel.is_listed() { "occupied" } else { "hidden" }, &topic.app.0)
    }

    /// Returns the head of the envelope to the watchers of a user, and the frames for coming online
    /// and going offline.
    fn watch_frames(topic: &Topic, user: &str) -> (String, Bytes, Bytes) {
        let watched = Topic { app: topic.app.clone(), channel: ChannelName::watched(user) };
        let (came, went) = (pusher::watchlist_events(&[user], &[]), pusher::watchlist_events(&[], &[user]));
        (Envelope::publish_head(&watched), came.payload(), went.payload())
    }

    /// Reads a hash of numbers whose fields begin with `prefix`, a thousand at a time, so that
    /// Redis stays free for others meanwhile.
    async fn scan_counts(&self, key: &str, prefix: &str) -> BackendResult<HashMap<String, u64>> {
        let pattern: String = prefix.chars().flat_map(|c| if "*?[]\\^".contains(c) { vec!['\\', c] } else { vec![c] }).collect();
        let (mut found, mut cursor) = (HashMap::new(), 0_u64);
        loop {
            let mut scan = pipe();
            scan.cmd("HSCAN").arg(key).arg(cursor).arg("MATCH").arg(format!("{pattern}*")).arg("COUNT").arg(1000);
            let ((next, page),): ((u64, Vec<(String, u64)>),) = self.link.run(&scan).await?;
            found.extend(page);
            cursor = next;
            if cursor == 0 {
                return Ok(found);
            }
        }
    }
}

#[async_trait]
impl Census for RedisCensus {
    async fn declare(&self, declaration: &Declaration) -> BackendResult<Option<Declared>> {
        let topic = &declaration.topic;
        let (topic_key, node) = (Self::topic_key(topic), declaration.in_place_of.unwrap_or(self.node));
        let user = topic.channel.sign_in_user();
        let mode = match topic.channel.kind() {
            ChannelKind::Presence => "presence",
            _ if user.is_some() => "user",
            _ => "plain",
        };
        let counting = match declaration.counting {
            Counting::Off => 0,
            Counting::OnChange => 1,
            Counting::Now => 2,
        };
        let (watch_head, came, went) = user.map(|user| Self::watch_frames(topic, user)).unwrap_or_default();
        let mut script = DECLARE.prepare_invoke();
        script
            .key(self.key("channel", &topic_key))
            .key(self.subscribers_key(topic))
            .key(self.key("users", &topic.app.0))
            .key(self.topics_key(node))
            .key(self.members_key(node, &topic_key))
            .key(self.key("members", &topic_key))
            .key(self.key("info", &topic_key))
            .key(self.leases())
            .key(format!("{}:census:version", self.prefix))
            .arg(node.to_string())
            .arg(&topic_key)
            .arg(topic.channel.as_str())
            .arg(declaration.subscriptions)
            .arg(mode)
            .arg(MEMBER_LIMIT)
            .arg(u8::from(declaration.wants_roster))
            .arg(counting)
            .arg(format!("{}:bus", self.prefix))
            .arg(Envelope::publish_head(topic))
            .arg(serde_json::to_string(topic.channel.as_str()).unwrap_or_default())
            .arg(watch_head)
            .arg(&came[..])
            .arg(u8::from(declaration.in_place_of.is_some()))
            .arg(COUNTED_AT_ONCE)
            .arg(u64::try_from(COUNT_EVERY.as_millis()).unwrap_or(u64::MAX))
            .arg(&went[..]);
        for member in &declaration.members {
            let info = member.user_info.as_deref().map_or("", RawValue::get);
            script.arg(&*member.user_id).arg(info).arg(member.first.to_string());
        }
        let answer: ScriptAnswer = self.link.invoke(&script).await?;
        let (is_taken, before, now, version, held_back, added, removed, refused, roster) = answer;
        if is_taken == 0 {
            return Ok(None);
        }
        let roster = read_roster(roster)?;
        Ok(Some(Declared { before, now, added, removed, refused, version, roster, is_count_held_back: held_back == 1 }))
    }

    async fn renew(&self, apps: &[(AppId, u64)]) -> BackendResult<Renewal> {
        let mut script = RENEW.prepare_invoke();
        let lease_ms = u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX);
        script.key(self.leases()).key(self.key("sockets", self.node));
        script.arg(self.node.to_string()).arg(lease_ms).arg(self.key("sockets", ""));
        for (app, sockets) in apps.iter().filter(|(_, sockets)| *sockets > 0) {
            script.arg(&*app.0).arg(*sockets);
        }
        let (was_unknown, others): (u8, Vec<(String, u64)>) = self.link.invoke(&script).await?;
        let mut elsewhere = vec![Elsewhere::default(); apps.len()];
        if !apps.is_empty() {
            let mut lengths = pipe();
            apps.iter().for_each(|(app, _)| {
                lengths.hlen(self.key("occupied", &app.0));
            });
            let channels: Vec<u64> = self.link.run(&lengths).await?;
            for ((app, _), (found, channels)) in apps.iter().zip(elsewhere.iter_mut().zip(channels)) {
                let connections = others.iter().filter(|(other, _)| **other == *app.0).map(|(_, sockets)| sockets).sum();
                *found = Elsewhere { connections, channels };
            }
        }
        Ok(Renewal { was_unknown: was_unknown == 1, elsewhere })
    }

    async fn lapsed(&self) -> BackendResult<Vec<(NodeId, Vec<Topic>)>> {
        let mut script = LAPSED.prepare_invoke();
        script.key(self.leases());
        let nodes: Vec<String> = self.link.invoke(&script).await?;
        let mut lapsed = Vec::new();
        for node in nodes.iter().filter_map(|node| NodeId::parse(node).ok()).filter(|node| *node != self.node) {
            let (topics,): (Vec<String>,) = self.link.run(pipe().smembers(self.topics_key(node))).await?;
            lapsed.push((node, topics.iter().filter_map(|text| read_topic(text)).collect()));
        }
        Ok(lapsed)
    }

    async fn strike_off(&self, node: NodeId) -> BackendResult<()> {
        let mut script = STRIKE_OFF.prepare_invoke();
        script.key(self.leases()).key(self.topics_key(node)).arg(node.to_string());
        self.link.invoke(&script).await
    }

    async fn leave(&self) -> BackendResult<()> {
        let mut commands = pipe();
        commands.scard(self.topics_key(self.node)).del(self.key("sockets", self.node)).ignore();
        let (left,): (u64,) = self.link.run(&commands).await?;
        // While topics are left, the lease must run out by itself: then the others empty them.
        if left > 0 {
            return Ok(());
        }
        self.link.run::<()>(pipe().zrem(self.leases(), self.node.to_string()).ignore()).await
    }

    async fn occupied(&self, app: &AppId, prefix: &str) -> BackendResult<Vec<(ChannelName, ChannelFacts)>> {
        let subscriptions = self.scan_counts(&self.key("occupied", &app.0), prefix).await?;
        let users = self.scan_counts(&self.key("users", &app.0), prefix).await?;
        let facts = |(name, subscriptions): (String, u64)| {
            let users = users.get(&name).copied().unwrap_or_default();
            Some((ChannelName::parse(&name).ok()?, ChannelFacts { subscriptions, users }))
        };
        let mut occupied: Vec<_> = subscriptions.into_iter().filter_map(facts).collect();
        occupied.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(occupied)
    }

    async fn facts(&self, topic: &Topic) -> BackendResult<ChannelFacts> {
        let mut commands = pipe();
        commands.hget(self.subscribers_key(topic), topic.channel.as_str()).hget(self.key("users", &topic.app.0), topic.channel.as_str());
        let (subscriptions, users): (Option<u64>, Option<u64>) = self.link.run(&commands).await?;
        Ok(ChannelFacts { subscriptions: subscriptions.unwrap_or_default(), users: users.unwrap_or_default() })
    }

    async fn users(&self, topic: &Topic) -> BackendResult<Vec<String>> {
        let (mut users,): (Vec<String>,) = self.link.run(pipe().hkeys(self.key("members", Self::topic_key(topic)))).await?;
        users.sort();
        Ok(users)
    }

    async fn are_online(&self, app: &AppId, users: &[String]) -> BackendResult<(Vec<bool>, u64)> {
        if users.is_empty() {
            return Ok((Vec::new(), 0));
        }
        let channels: Vec<String> = users.iter().map(|user| ChannelName::sign_in(user).to_string()).collect();
        let mut commands = pipe();
        commands.atomic().cmd("HMGET").arg(self.key("hidden", &app.0)).arg(channels).get(format!("{}:census:version", self.prefix));
        let (counts, version): (Vec<Option<u64>>, Option<u64>) = self.link.run(&commands).await?;
        Ok((counts.into_iter().map(|count| count.unwrap_or_default() > 0).collect(), version.unwrap_or_default()))
    }

    async fn publish_kept(&self, publication: Publication, event: &CachedEvent) -> BackendResult<()> {
        let text = serde_json::to_string(event).map_err(|_| BackendError::Internal("event does not serialize"))?;
        let ttl_ms = u64::try_from(CACHED_FOR.as_millis()).unwrap_or(u64::MAX);
        let except = publication.except.map(|socket| format!(r#","except":"{socket}""#)).unwrap_or_default();
        let mut script = PUBLISH_KEPT.prepare_invoke();
        script
            .key(self.key("event", Self::topic_key(&publication.topic)))
            .key(format!("{}:census:version", self.prefix))
            .arg(text.strip_prefix('{').unwrap_or_default())
            .arg(ttl_ms)
            .arg(format!("{}:bus", self.prefix))
            .arg(Envelope::publish_head(&publication.topic) + &except)
            .arg(&publication.frame.payload()[..]);
        self.link.invoke(&script).await
    }

    async fn kept_event(&self, topic: &Topic) -> BackendResult<Option<Kept>> {
        let key = self.key("event", Self::topic_key(topic));
        let (text, left_ms): (Option<String>, i64) = self.link.run(pipe().get(&key).pttl(&key)).await?;
        let Some(text) = text else { return Ok(None) };
        let StoredEvent { version, event } =
            serde_json::from_str(&text).map_err(|_| BackendError::Corrupt { what: "cached event in redis" })?;
        Ok(Some(Kept { event, version, left: Duration::from_millis(u64::try_from(left_ms).unwrap_or_default()) }))
    }
}

/// Parses `user, info, user, info, …`.
fn read_roster(texts: Vec<String>) -> BackendResult<Vec<(String, Option<Arc<RawValue>>)>> {
    let mut roster = Vec::with_capacity(texts.len() / 2);
    let mut texts = texts.into_iter();
    while let (Some(user), Some(info)) = (texts.next(), texts.next()) {
        let info = match info.as_str() {
            "" => None,
            _ => Some(Arc::from(RawValue::from_string(info).map_err(|_| BackendError::Corrupt { what: "member info in redis" })?)),
        };
        roster.push((user, info));
    }
    Ok(roster)
}

/// Parses `{app}:{channel}`.
fn read_topic(text: &str) -> Option<Topic> {
    let (app, channel) = text.split_once(':')?;
    Some(Topic { app: AppId(app.into()), channel: ChannelName::parse_any(channel).ok()? })
}
