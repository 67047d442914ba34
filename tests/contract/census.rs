//! The census keeps its contract on both backends; cases that need several nodes run on Redis.

use crate::{databases::server_url, wait::until};
use educounsel::{
    backends::{
        bus::{
            Bus, BusMessage,
            local::LocalBus,
            redis::{ProbeTimes, RedisBus},
        },
        census::{CachedEvent, Census, Counting, Declaration, Declared, Kept, NodeMember, local::LocalCensus, redis::RedisCensus},
        redis_link::RedisLink,
    },
    domain::{
        clock::Clock,
        ids::{AppId, NodeId, SocketId},
        live::channel::ChannelName,
        topic::Topic,
    },
    wire::{
        envelope::{Envelope, Publication},
        pusher,
    },
};
use serde_json::value::RawValue;
use std::{cell::RefCell, sync::Arc, time::Duration};
use tokio::{sync::mpsc::Receiver, time::timeout};

const PATIENCE: Duration = Duration::from_secs(20);
const LEASE: Duration = Duration::from_secs(4);

struct Node {
    census: Arc<dyn Census>,
    heard: Receiver<BusMessage>,
}

impl Node {
    fn local() -> Self {
        let bus: Arc<dyn Bus> = Arc::new(LocalBus::new());
        let heard = bus.subscribe();
        Self { census: Arc::new(LocalCensus::new(bus, Clock::System)), heard }
    }

    async fn redis(prefix: &str, lease: Duration) -> Self {
        let link = RedisLink::connect(&server_url("TEST_REDIS_URL")).await.expect("redis answers");
        let bus = Arc::new(RedisBus::join(link.clone(), prefix, ProbeTimes::default()).await.unwrap());
        let heard = bus.subscribe();
        // The bus lives as long as it has a listener.
        std::mem::forget(bus);
        let census = Arc::new(RedisCensus::new(link, prefix, NodeId::generate(), lease));
        census.renew(&[]).await.unwrap();
        Self { census, heard }
    }

    /// Returns the next publication: channel, text of the frame, and the socket that it excludes.
    async fn next(&mut self) -> Publication {
        loop {
            let message = timeout(PATIENCE, self.heard.recv()).await.expect("a message in time").expect("the bus lives");
            if let BusMessage::Envelope(envelope) = message
                && let Envelope::Publish(publication) = &*envelope
            {
                return Publication::clone(publication);
            }
        }
    }

    async fn next_text(&mut self) -> String {
        String::from_utf8(self.next().await.frame.payload().to_vec()).unwrap()
    }

    /// Checks that no publication was made but those read so far: the next one is a sentinel, which
    /// the census publishes after all of them.
    async fn expect_silence(&mut self) {
        self.declare(declaration("presence-sentinel", 1, &["sentinel"])).await;
        let next = self.next().await;
        assert_eq!(next.topic, topic("presence-sentinel"), "came before the sentinel: {next:?}");
    }

    async fn keep(&self, data: &str) {
        let event = CachedEvent { event: "e".into(), data: data.into() };
        let topic = topic("cache-a");
        let frame = pusher::channel_event(&topic.channel, "e", data);
        let publication = Publication { except: Some(SocketId::new(1, 2)), ..Publication::new(topic, frame) };
        self.census.publish_kept(publication, &event).await.unwrap();
    }

    async fn declare(&self, declaration: Declaration) -> Declared {
        self.census.declare(&declaration).await.unwrap().expect("the node is on the list")
    }
}

fn prefix() -> String {
    format!("test-{}", NodeId::generate())
}

fn topic(name: &str) -> Topic {
    Topic { app: AppId("7".into()), channel: ChannelName::parse_any(name).unwrap() }
}

fn declaration(name: &str, subscriptions: u64, users: &[&str]) -> Declaration {
    let member = |user: &&str| NodeMember {
        user_id: (*user).into(),
        user_info: Some(RawValue::from_string(format!(r#"{{"nama": "é/{user}"}}"#)).unwrap().into()),
        first: SocketId::new(1, 2),
    };
    let members = users.iter().map(member).collect();
    Declaration { topic: topic(name), subscriptions, members, counting: Counting::Off, wants_roster: true, in_place_of: None }
}

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod local { $(#[tokio::test] async fn $name() { super::$name(super::Node::local()).await; })+ }
        mod redis { $(#[tokio::test] async fn $name() { super::$name(super::Node::redis(&super::prefix(), super::PATIENCE).await).await; })+ }
    };
}

on_both! {
    subscribers_are_counted_and_occupied_channels_listed,
    members_come_and_go_once_and_everybody_is_told_in_order,
    a_channel_has_at_most_a_hundred_members,
    who_watches_a_user_hears_of_the_first_and_the_last_socket,
    counts_are_told_at_every_change_up_to_a_hundred_and_then_held_back,
    the_last_event_is_kept,
    the_last_event_kept_is_the_last_one_heard,
}

async fn subscribers_are_counted_and_occupied_channels_listed(node: Node) {
    let first = node.declare(declaration("news", 1, &[])).await;
    assert_eq!(first.before, 0);
    assert_eq!(first.now, 1);
    let again = node.declare(declaration("news", 1, &[])).await;
    assert_eq!(again.before, 1, "a declaration is a state, not a change");
    assert_eq!(again.now, 1, "a declaration is a state, not a change");
    node.declare(declaration("news", 3, &[])).await;
    node.declare(declaration("presence-a", 2, &["1"])).await;
    node.declare(declaration("#server-to-user-1", 1, &[])).await;
    let listed = async |prefix: &str| {
        let occupied = node.census.occupied(&AppId("7".into()), prefix).await.unwrap();
        occupied.into_iter().map(|(name, facts)| (name.to_string(), facts.subscriptions, facts.users)).collect::<Vec<_>>()
    };
    assert_eq!(listed("").await, [("news".to_owned(), 3, 0), ("presence-a".to_owned(), 2, 1)]);
    assert_eq!(listed("pres").await, [("presence-a".to_owned(), 2, 1)]);
    assert!(listed("*").await.is_empty(), "a prefix is no pattern");
    assert!(node.census.occupied(&AppId("8".into()), "").await.unwrap().is_empty());
    let last = node.declare(declaration("news", 0, &[])).await;
    assert_eq!(last.before, 3);
    assert_eq!(last.now, 0);
    assert_eq!(node.census.facts(&topic("news")).await.unwrap().subscriptions, 0);
    assert_eq!(listed("").await.len(), 1);
}

async fn members_come_and_go_once_and_everybody_is_told_in_order(mut node: Node) {
    let joined = node.declare(declaration("presence-a", 1, &["ana/x"])).await;
    assert_eq!(joined.added.as_slice(), ["ana/x".to_owned()].as_slice());
    assert_eq!(joined.removed.len(), 0);
    let (user, info) = joined.roster.first().unwrap();
    assert_eq!(user.as_str(), "ana/x");
    assert_eq!(info.as_ref().unwrap().get(), r#"{"nama": "é/ana/x"}"#);
    let added = node.next().await;
    assert_eq!(added.topic, topic("presence-a"));
    assert_eq!(added.except, Some(SocketId::new(1, 2)));
    assert_eq!(added.roster, Some(joined.version));
    let frame: serde_json::Value = serde_json::from_slice(&added.frame.payload()).unwrap();
    assert_eq!(frame["event"], "pusher_internal:member_added");
    assert_eq!(frame["channel"], "presence-a");
    let data: serde_json::Value = serde_json::from_str(frame["data"].as_str().unwrap()).unwrap();
    assert_eq!(data, serde_json::json!({ "user_id": "ana/x", "user_info": { "nama": "é/ana/x" } }));
    assert!(node.declare(declaration("presence-a", 2, &["ana/x"])).await.added.is_empty());
    let left = node.declare(declaration("presence-a", 1, &["budi"])).await;
    assert_eq!(left.removed.as_slice(), ["ana/x".to_owned()].as_slice());
    assert_eq!(left.added.as_slice(), ["budi".to_owned()].as_slice());
    let (removed, added) = (node.next().await, node.next().await);
    assert!(removed.roster < added.roster && removed.roster > Some(joined.version) && added.roster == Some(left.version));
    assert!(String::from_utf8_lossy(&removed.frame.payload()).contains("member_removed"));
    assert_eq!(node.census.users(&topic("presence-a")).await.unwrap(), ["budi"]);
}

async fn a_channel_has_at_most_a_hundred_members(node: Node) {
    let users: Vec<String> = (0..101).map(|number| number.to_string()).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    let declared = node.declare(declaration("presence-a", 101, &users)).await;
    assert_eq!(declared.added.len(), 100);
    assert_eq!(declared.refused.as_slice(), ["100".to_owned()].as_slice());
    assert_eq!(declared.roster.len(), 100);
    assert_eq!(node.declare(declaration("presence-a", 100, &users[1..])).await.added, ["100"], "room was made");
}

async fn who_watches_a_user_hears_of_the_first_and_the_last_socket(mut node: Node) {
    let mut versions = Vec::new();
    for sockets in [1, 2, 1, 0] {
        node.declare(declaration("#user-ana", sockets, &[])).await;
        let online = node.census.are_online(&AppId("7".into()), &["ana".into(), "budi".into()]).await.unwrap();
        assert_eq!(online.0, [sockets > 0, false]);
        versions.push(online.1);
    }
    for (name, version) in [("online", versions[0]), ("offline", versions[3])] {
        let heard = node.next().await;
        assert_eq!(heard.roster, Some(version));
        assert_eq!(heard.topic, topic("#watch-ana"));
        assert!(String::from_utf8_lossy(&heard.frame.payload()).contains(&format!(r#"\"name\":\"{name}\""#)));
    }
    node.expect_silence().await;
}

async fn counts_are_told_at_every_change_up_to_a_hundred_and_then_held_back(mut node: Node) {
    let count = |subscriptions, counting| Declaration { counting, ..declaration("news", subscriptions, &[]) };
    for subscriptions in [1, 2, 2, 100] {
        assert!(!node.declare(count(subscriptions, Counting::OnChange)).await.is_count_held_back, "{subscriptions}");
    }
    for told in [1, 2, 100] {
        let expected =
            format!(r#"{{"event":"pusher_internal:subscription_count","channel":"news","data":"{{\"subscription_count\":{told}}}"}}"#);
        assert_eq!(node.next_text().await, expected);
    }
    assert!(node.declare(count(101, Counting::OnChange)).await.is_count_held_back);
    assert!(node.declare(count(101, Counting::Now)).await.is_count_held_back);
    node.expect_silence().await;
}

async fn the_last_event_is_kept(node: Node) {
    assert_eq!(node.census.kept_event(&topic("cache-a")).await.unwrap(), None);
    for data in ["1", "{\"a\": \"é\"}"] {
        node.keep(data).await;
    }
    let Kept { event, left, .. } = node.census.kept_event(&topic("cache-a")).await.unwrap().unwrap();
    assert_eq!(event, CachedEvent { event: "e".into(), data: "{\"a\": \"é\"}".into() });
    assert!(left > Duration::from_secs(1_700) && left <= Duration::from_secs(1_800));
}

/// After publishers raced, the cached event is the one that the others received last, and its
/// version tells it from all earlier ones.
async fn the_last_event_kept_is_the_last_one_heard(mut node: Node) {
    let numbers: Vec<String> = (0..50).map(|number| number.to_string()).collect();
    futures_util::future::join_all(numbers.iter().map(|data| node.keep(data))).await;
    let kept = node.census.kept_event(&topic("cache-a")).await.unwrap().unwrap();
    let mut heard = Vec::new();
    for _ in &numbers {
        heard.push(node.next().await);
    }
    let versions: Vec<u64> = heard.iter().map(|publication| publication.kept.unwrap()).collect();
    assert!(versions.is_sorted_by(|one, other| one < other), "{versions:?}");
    let last = heard.last().unwrap();
    assert_eq!(last.kept, Some(kept.version));
    assert_eq!(last.except, Some(SocketId::new(1, 2)));
    assert_eq!(last.frame, pusher::channel_event(&last.topic.channel, "e", &kept.event.data));
}

/// Sockets know earlier versions, and ignore events with a lower one.
#[tokio::test]
async fn versions_go_on_growing_after_redis_lost_its_memory() {
    let prefix = prefix();
    let mut node = Node::redis(&prefix, PATIENCE).await;
    let client = ::redis::Client::open(server_url("TEST_REDIS_URL")).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut versions = vec![0];
    // Repeated often, because a loss takes less than a millisecond here.
    for round in 0..20 {
        let declared = node.declare(declaration("presence-a", 1, &["ana"])).await.version;
        node.keep("1").await;
        assert_eq!(node.next().await.roster, Some(declared), "round {round}");
        versions.extend([declared, node.next().await.kept.unwrap()]);
        let keys: Vec<String> = ::redis::cmd("KEYS").arg(format!("{prefix}:*")).query_async(&mut connection).await.unwrap();
        assert!(keys.contains(&format!("{prefix}:census:version")), "{keys:?}");
        ::redis::cmd("DEL").arg(keys).exec_async(&mut connection).await.unwrap();
        assert!(node.census.renew(&[]).await.unwrap().was_unknown);
    }
    assert!(versions.is_sorted_by(|one, other| one < other), "{versions:?}");
}

/// During an upgrade, nodes of both versions serve the same sockets: an event is stored as before,
/// with its version beside it.
#[tokio::test]
async fn events_that_redis_keeps_of_the_version_before_are_read_and_theirs_read_ours() {
    let prefix = prefix();
    let node = Node::redis(&prefix, PATIENCE).await;
    let key = format!("{prefix}:census:event:7:cache-a");
    let client = ::redis::Client::open(server_url("TEST_REDIS_URL")).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let theirs = r#"{"event":"e","data":"theirs"}"#;
    ::redis::cmd("SET").arg(&key).arg(theirs).arg("PX").arg(60_000).exec_async(&mut connection).await.unwrap();
    let kept = node.census.kept_event(&topic("cache-a")).await.unwrap().unwrap();
    assert_eq!(kept.event.data.as_str(), "theirs");
    assert_eq!(kept.version, 0);
    node.keep("ours").await;
    let text: String = ::redis::cmd("GET").arg(&key).query_async(&mut connection).await.unwrap();
    assert_eq!(serde_json::from_str::<CachedEvent>(&text).unwrap(), CachedEvent { event: "e".into(), data: "ours".into() });
    assert!(node.census.kept_event(&topic("cache-a")).await.unwrap().unwrap().version > 0);
}

#[tokio::test]
async fn redis_nodes_count_together_and_a_user_is_one_member_on_both() {
    let prefix = prefix();
    let (mut a, b) = (Node::redis(&prefix, PATIENCE).await, Node::redis(&prefix, PATIENCE).await);
    assert_eq!(a.declare(declaration("presence-a", 1, &["ana"])).await.added, ["ana"]);
    let on_b = b.declare(declaration("presence-a", 2, &["ana", "budi"])).await;
    assert_eq!(on_b.before, 1);
    assert_eq!(on_b.now, 3);
    assert_eq!(on_b.added.as_slice(), ["budi".to_owned()].as_slice());
    assert_eq!(on_b.roster.len(), 2);
    assert!(a.declare(declaration("presence-a", 0, &[])).await.removed.is_empty(), "ana is still on the other node");
    assert_eq!(b.declare(declaration("presence-a", 1, &["budi"])).await.removed, ["ana"]);
    assert_eq!(b.census.users(&topic("presence-a")).await.unwrap(), ["budi"]);
    let mut versions = Vec::new();
    for event in ["member_added", "member_added", "member_removed"] {
        let heard = a.next().await;
        assert!(String::from_utf8_lossy(&heard.frame.payload()).contains(event));
        assert_eq!(heard.except.is_some(), event == "member_added");
        versions.push(heard.roster.unwrap());
    }
    assert!(versions.is_sorted_by(|one, other| one < other), "{versions:?}");
    let app = AppId("7".into());
    b.census.renew(&[(app.clone(), 5)]).await.unwrap();
    let seen = a.census.renew(&[(app, 1)]).await.unwrap();
    assert!(!seen.was_unknown);
    assert_eq!(seen.elsewhere[0].connections, 5);
    assert_eq!(seen.elsewhere[0].channels, 1);
}

#[tokio::test]
async fn a_redis_node_that_goes_away_without_a_word_leaves_nobody_behind() {
    let prefix = prefix();
    let mut alive = Node::redis(&prefix, PATIENCE).await;
    let dead = Node::redis(&prefix, LEASE).await;
    alive.declare(declaration("presence-a", 1, &["ana"])).await;
    dead.declare(declaration("presence-a", 2, &["ana", "budi"])).await;
    dead.declare(declaration("news", 4, &[])).await;
    assert!(alive.census.lapsed().await.unwrap().is_empty());
    let lapsed = RefCell::default();
    until("the lease runs out", async || {
        *lapsed.borrow_mut() = alive.census.lapsed().await.unwrap();
        !lapsed.borrow().is_empty()
    })
    .await;
    let (node, mut topics) = lapsed.into_inner().remove(0);
    topics.sort_by(|one, other| one.channel.cmp(&other.channel));
    assert_eq!(topics, [topic("news"), topic("presence-a")]);
    for gone in &topics {
        alive.declare(Declaration { in_place_of: Some(node), ..declaration(gone.channel.as_str(), 0, &[]) }).await;
    }
    alive.census.strike_off(node).await.unwrap();
    assert!(alive.census.lapsed().await.unwrap().is_empty());
    assert_eq!(alive.census.users(&topic("presence-a")).await.unwrap(), ["ana"]);
    assert_eq!(alive.census.facts(&topic("news")).await.unwrap().subscriptions, 0);
    let mut events = Vec::new();
    for _ in 0..3 {
        events.push(alive.next_text().await);
    }
    assert!(events[2].contains("member_removed") && events[2].contains("budi"), "{events:?}");
    // A node that was taken for dead: its declarations do not count before it is on the list again,
    // and then it declares everything again.
    assert!(dead.census.declare(&declaration("news", 4, &[])).await.unwrap().is_none());
    assert!(dead.census.renew(&[]).await.unwrap().was_unknown);
    assert_eq!(dead.declare(declaration("news", 4, &[])).await.now, 4);
    assert!(!dead.census.renew(&[]).await.unwrap().was_unknown);
    assert!(
        alive.census.declare(&Declaration { in_place_of: Some(node), ..declaration("news", 0, &[]) }).await.unwrap().is_none(),
        "it is alive"
    );
}
