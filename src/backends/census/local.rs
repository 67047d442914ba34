//! Owns the census of a single node: the state that this node declares is the state of the cluster.

use super::{
    CACHED_FOR, COUNT_EVERY, COUNTED_AT_ONCE, CachedEvent, Census, ChannelFacts, Counting, Declaration, Declared, Elsewhere, Kept,
    MEMBER_LIMIT, Renewal,
};
use crate::{
    backends::{BackendResult, bus::Bus, expiring_map::ExpiringMap},
    domain::{
        clock::Clock,
        ids::{AppId, NodeId, SocketId},
        live::channel::{ChannelKind, ChannelName},
        topic::Topic,
    },
    wire::{envelope::Publication, frame::Frame, pusher},
};
use async_trait::async_trait;
use dashmap::DashMap;
use serde_json::value::RawValue;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// How many cached events are kept; beyond it, those that expire first are dropped. At 10 KiB each,
/// about 80 MiB.
const CACHED_EVENTS: usize = 8_192;

#[derive(Debug, Default)]
struct CensusTopic {
    subscriptions: u64,
    members: BTreeMap<Arc<str>, Option<Arc<RawValue>>>,
    count_at: Option<Instant>,
}

/// The census of a single node.
pub struct LocalCensus {
    bus: Arc<dyn Bus>,
    clock: Clock,
    topics: DashMap<Topic, CensusTopic>,
    version: AtomicU64,
    cached: ExpiringMap<(CachedEvent, u64)>,
    /// Held while an event is kept and published, so that both happen in one order.
    keeping: Mutex<()>,
}

impl LocalCensus {
    /// Makes an empty census that publishes changes over `bus`.
    #[must_use]
    pub fn new(bus: Arc<dyn Bus>, clock: Clock) -> Self {
        Self {
            bus,
            clock,
            topics: DashMap::new(),
            version: AtomicU64::new(0),
            cached: ExpiringMap::new(CACHED_EVENTS),
            keeping: Mutex::default(),
        }
    }

    fn next_version(&self) -> u64 {
        self.version.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Takes a declaration in. Returns its result and the publications that follow, in order.
    fn take(&self, declaration: &Declaration) -> (Declared, Vec<Publication>) {
        let topic = &declaration.topic;
        let mut held = self.topics.entry(topic.clone()).or_default();
        let mut declared = Declared { before: held.subscriptions, now: declaration.subscriptions, ..Declared::default() };
        held.subscriptions = declaration.subscriptions;
        let mut publications = Vec::new();
        let mut publish = |frame: Frame, except: Option<SocketId>, roster: Option<u64>| {
            publications.push(Publication { except, roster, ..Publication::new(topic.clone(), frame) });
        };
        let is_gone = |user: &Arc<str>| declaration.members.iter().all(|member| member.user_id != *user);
        let gone: Vec<_> = held.members.keys().filter(|user| is_gone(user)).cloned().collect();
        for user in gone {
            held.members.remove(&user);
            publish(pusher::member_removed(&topic.channel, &user), None, Some(self.next_version()));
            declared.removed.push(user.to_string());
        }
        for member in &declaration.members {
            if held.members.contains_key(&member.user_id) {
                continue;
            }
            if held.members.len() >= MEMBER_LIMIT {
                declared.refused.push(member.user_id.to_string());
                continue;
            }
            held.members.insert(member.user_id.clone(), member.user_info.clone());
            let frame = pusher::member_added(&topic.channel, &member.user_id, member.user_info.as_deref());
            publish(frame, Some(member.first), Some(self.next_version()));
            declared.added.push(member.user_id.to_string());
        }
        declared.version = self.version.load(Ordering::Acquire);
        if declaration.wants_roster {
            declared.roster = held.members.iter().map(|(user, info)| (user.to_string(), info.clone())).collect();
        }
        declared.is_count_held_back = !held.is_count_due(declaration.counting, &declared, |count| {
            publish(pusher::subscription_count(&topic.channel, count), None, None);
        });
        let is_over = held.subscriptions == 0 && held.members.is_empty();
        drop(held);
        if is_over {
            self.topics.remove_if(topic, |_, held| held.subscriptions == 0 && held.members.is_empty());
        }
        publications.extend(watch_event(topic, &declared, || self.next_version()));
        (declared, publications)
    }
}

impl CensusTopic {
    /// Publishes the number of subscribers if that is due. `false`: it must be published later.
    fn is_count_due(&mut self, counting: Counting, declared: &Declared, publish: impl FnOnce(u64)) -> bool {
        let has_changed = declared.before != declared.now || counting == Counting::Now;
        if counting == Counting::Off || !has_changed || declared.now == 0 {
            return true;
        }
        let is_due = declared.now <= COUNTED_AT_ONCE || self.count_at.is_none_or(|at| at.elapsed() >= COUNT_EVERY);
        if is_due {
            self.count_at = Some(Instant::now());
            publish(declared.now);
        }
        is_due
    }
}

/// Returns the event for the sockets that watch this user, if the user came online or went offline.
fn watch_event(topic: &Topic, declared: &Declared, next_version: impl FnOnce() -> u64) -> Option<Publication> {
    let user = topic.channel.sign_in_user()?;
    let frame = match (declared.before, declared.now) {
        (0, 1..) => pusher::watchlist_events(&[user], &[]),
        (1.., 0) => pusher::watchlist_events(&[], &[user]),
        _ => return None,
    };
    let watched = Topic { app: topic.app.clone(), channel: ChannelName::watched(user) };
    Some(Publication { roster: Some(next_version()), ..Publication::new(watched, frame) })
}

fn cache_key(topic: &Topic) -> String {
    format!("{}:{}", topic.app.0, topic.channel)
}

#[async_trait]
impl Census for LocalCensus {
    async fn declare(&self, declaration: &Declaration) -> BackendResult<Option<Declared>> {
        let (declared, publications) = self.take(declaration);
        for publication in publications {
            self.bus.publish(Arc::new(publication.into())).await?;
        }
        Ok(Some(declared))
    }

    async fn renew(&self, apps: &[(AppId, u64)]) -> BackendResult<Renewal> {
        Ok(Renewal { was_unknown: false, elsewhere: vec![Elsewhere::default(); apps.len()] })
    }

    async fn lapsed(&self) -> BackendResult<Vec<(NodeId, Vec<Topic>)>> {
        Ok(Vec::new())
    }

    async fn strike_off(&self, _: NodeId) -> BackendResult<()> {
        Ok(())
    }

    async fn leave(&self) -> BackendResult<()> {
        Ok(())
    }

    async fn occupied(&self, app: &AppId, prefix: &str) -> BackendResult<Vec<(ChannelName, ChannelFacts)>> {
        let is_asked_for = |topic: &Topic| topic.app == *app && topic.channel.is_listed() && topic.channel.as_str().starts_with(prefix);
        let topics = self.topics.iter().filter(|entry| is_asked_for(entry.key()) && entry.subscriptions > 0);
        let mut occupied: Vec<_> = topics.map(|entry| (entry.key().channel.clone(), facts_of(&entry))).collect();
        occupied.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(occupied)
    }

    async fn facts(&self, topic: &Topic) -> BackendResult<ChannelFacts> {
        Ok(self.topics.get(topic).map(|held| facts_of(&held)).unwrap_or_default())
    }

    async fn users(&self, topic: &Topic) -> BackendResult<Vec<String>> {
        if topic.channel.kind() != ChannelKind::Presence {
            return Ok(Vec::new());
        }
        Ok(self.topics.get(topic).map(|held| held.members.keys().map(ToString::to_string).collect()).unwrap_or_default())
    }

    async fn are_online(&self, app: &AppId, users: &[String]) -> BackendResult<(Vec<bool>, u64)> {
        // Read first: a change between the two reads is then delivered twice rather than never.
        let version = self.version.load(Ordering::Acquire);
        let is_online = |user: &String| {
            let held = self.topics.get(&Topic { app: app.clone(), channel: ChannelName::sign_in(user) });
            held.is_some_and(|held| held.subscriptions > 0)
        };
        Ok((users.iter().map(is_online).collect(), version))
    }

    async fn publish_kept(&self, publication: Publication, event: &CachedEvent) -> BackendResult<()> {
        let _turn = self.keeping.lock().await;
        let version = self.next_version();
        let now_ms = self.clock.now_ms();
        let until_ms = now_ms.saturating_add(i64::try_from(CACHED_FOR.as_millis()).unwrap_or(i64::MAX));
        self.cached.put(&cache_key(&publication.topic), (event.clone(), version), now_ms, until_ms);
        self.bus.publish(Arc::new(Publication { kept: Some(version), ..publication }.into())).await
    }

    async fn kept_event(&self, topic: &Topic) -> BackendResult<Option<Kept>> {
        let found = self.cached.get_with_expiry(&cache_key(topic), self.clock.now_ms());
        Ok(found.map(|((event, version), left_ms)| Kept { event, version, left: Duration::from_millis(left_ms) }))
    }
}

fn facts_of(held: &CensusTopic) -> ChannelFacts {
    ChannelFacts { subscriptions: held.subscriptions, users: held.members.len() as u64 }
}
