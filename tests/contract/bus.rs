//! The bus keeps its contract on both backends with two nodes (in process: the same bus twice), and
//! on Redis through its failures.

use crate::{databases::server_url, redis_server::TestRedis, wait::until};
use educounsel::{
    backends::{
        bus::{
            Bus, BusMessage,
            local::LocalBus,
            redis::{ProbeTimes, RedisBus},
        },
        redis_link::RedisLink,
    },
    domain::{
        ids::{AppId, LoginId, MessageId, NodeId, SocketId, UserId},
        live::channel::ChannelName,
        topic::Topic,
    },
    wire::{
        envelope::{Envelope, Publication},
        frame::Frame,
    },
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc::Receiver,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(20);
/// For the test of the probe: a process that is suspended for longer than `deaf_after` takes itself
/// for deaf.
const QUICK: ProbeTimes = ProbeTimes { every: Duration::from_millis(100), deaf_after: Duration::from_secs(2) };

struct Fixture {
    nodes: [Arc<dyn Bus>; 2],
}

impl Fixture {
    async fn local() -> Self {
        let bus: Arc<dyn Bus> = Arc::new(LocalBus::new());
        Self { nodes: [bus.clone(), bus] }
    }

    async fn redis() -> Self {
        let prefix = format!("test-{}", NodeId::generate());
        let url = server_url("TEST_REDIS_URL");
        Self { nodes: [node(&url, &prefix).await, node(&url, &prefix).await] }
    }
}

async fn node(url: &str, prefix: &str) -> Arc<dyn Bus> {
    probing_node(url, prefix, ProbeTimes::default()).await
}

async fn probing_node(url: &str, prefix: &str, times: ProbeTimes) -> Arc<dyn Bus> {
    let link = RedisLink::connect(url).await.expect("redis answers");
    Arc::new(RedisBus::join(link, prefix, times).await.unwrap())
}

async fn next(receiver: &mut Receiver<BusMessage>) -> BusMessage {
    timeout(PATIENCE, receiver.recv()).await.expect("a message in time").expect("the bus lives")
}

async fn next_envelope(receiver: &mut Receiver<BusMessage>) -> Arc<Envelope> {
    match next(receiver).await {
        BusMessage::Envelope(envelope) => envelope,
        BusMessage::Resubscribed => panic!("the link was lost"),
    }
}

fn publication(text: &str) -> Publication {
    let topic = Topic { app: AppId("1001".into()), channel: ChannelName::parse("news").unwrap() };
    Publication::new(topic, Frame::text(text))
}

fn envelope(text: &str) -> Arc<Envelope> {
    Arc::new(publication(text).into())
}

/// Returns the text of the next publication.
async fn next_text(receiver: &mut Receiver<BusMessage>) -> String {
    match &*next_envelope(receiver).await {
        Envelope::Publish(publication) => String::from_utf8(publication.frame.payload().to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

macro_rules! on_both_backends {
    ($($name:ident),+ $(,)?) => {
        mod local { $(#[tokio::test] async fn $name() { super::$name(super::Fixture::local().await).await; })+ }
        mod redis { $(#[tokio::test] async fn $name() { super::$name(super::Fixture::redis().await).await; })+ }
    };
}

on_both_backends![
    every_node_hears_an_envelope_the_sender_included,
    every_kind_of_envelope_arrives_as_it_was,
    all_listeners_hear_one_order,
    a_listener_that_left_holds_nobody_up,
    it_is_alive_and_answers_a_ping,
];

async fn every_node_hears_an_envelope_the_sender_included(fixture: Fixture) {
    let [first, second] = &fixture.nodes;
    let (mut at_first, mut at_second) = (first.subscribe(), second.subscribe());
    first.publish(envelope("hello")).await.unwrap();
    assert_eq!(next_text(&mut at_first).await, "hello");
    assert_eq!(next_text(&mut at_second).await, "hello");
}

async fn every_kind_of_envelope_arrives_as_it_was(fixture: Fixture) {
    let mut receiver = fixture.nodes[1].subscribe();
    let whole = Publication { except: Some(SocketId::new(1, 2)), position: Some(7), roster: Some(3), kept: Some(4), ..publication("{}") };
    let (user, login, topic) = (UserId::generate(), LoginId::generate(), whole.topic.clone());
    let all_characters: String = (0..0x3000).filter_map(char::from_u32).collect();
    let envelopes = [
        publication("").into(),
        publication(&all_characters).into(),
        publication(&"7".repeat(1_000_000)).into(),
        Envelope::EndSockets { user, login: Some(login), farewell: Box::new(whole.clone()) },
        whole.into(),
        Envelope::LeaveChannel { user, topic: topic.clone() },
        Envelope::StopAnswer { answer: MessageId::generate() },
        Envelope::EndUser { topic: Topic { channel: ChannelName::sign_in("7"), ..topic.clone() } },
        Envelope::AppsChanged,
        Envelope::WatchApp { app: topic.app },
    ];
    for envelope in envelopes.map(Arc::new) {
        fixture.nodes[0].publish(envelope.clone()).await.unwrap();
        assert!(
            next_envelope(&mut receiver).await == envelope,
            "changed: {}",
            format!("{envelope:?}").chars().take(200).collect::<String>()
        );
    }
}

/// Every node and listener of this process reads the one that was published; nothing is packed.
#[tokio::test]
async fn in_one_process_an_envelope_is_shared_not_copied() {
    let bus = LocalBus::new();
    let mut receivers = [bus.subscribe(), bus.subscribe()];
    let sent = envelope("once");
    bus.publish(sent.clone()).await.unwrap();
    for receiver in &mut receivers {
        assert!(Arc::ptr_eq(&next_envelope(receiver).await, &sent));
    }
}

#[tokio::test]
async fn redis_ignores_what_is_no_envelope() {
    let (url, prefix) = (server_url("TEST_REDIS_URL"), format!("test-{}", NodeId::generate()));
    let bus = node(&url, &prefix).await;
    let mut receiver = bus.subscribe();
    let mut connection = ::redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
    for noise in [&b""[..], b"x", b"e", b"eno envelope", b"e{\"v\":9,\"kind\":\"apps_changed\"}\n", b"e\xff\n"] {
        let _: usize = ::redis::cmd("PUBLISH").arg(format!("{prefix}:bus")).arg(noise).query_async(&mut connection).await.unwrap();
    }
    bus.publish(envelope("ours")).await.unwrap();
    assert_eq!(next_text(&mut receiver).await, "ours");
}

async fn all_listeners_hear_one_order(fixture: Fixture) {
    const EACH: usize = 300;
    let mut receivers = [fixture.nodes[0].subscribe(), fixture.nodes[1].subscribe(), fixture.nodes[1].subscribe()];
    let publish = |who: usize| {
        let bus = fixture.nodes[who].clone();
        tokio::spawn(async move {
            for number in 0..EACH {
                bus.publish(envelope(&format!("{who} {number:03}"))).await.unwrap();
            }
        })
    };
    let publishers = [publish(0), publish(1)];
    let mut heard: [Vec<String>; 3] = Default::default();
    for (receiver, heard) in receivers.iter_mut().zip(&mut heard) {
        while heard.len() < 2 * EACH {
            heard.push(next_text(receiver).await);
        }
    }
    for publisher in publishers {
        publisher.await.unwrap();
    }
    assert_eq!(heard[0], heard[1]);
    assert_eq!(heard[1], heard[2]);
    for who in ['0', '1'] {
        let of_one: Vec<&String> = heard[0].iter().filter(|text| text.starts_with(who)).collect();
        assert_eq!(of_one.len(), EACH);
        assert!(of_one.is_sorted(), "each publisher's own order is kept");
    }
}

async fn a_listener_that_left_holds_nobody_up(fixture: Fixture) {
    let gone = fixture.nodes[0].subscribe();
    let mut stays = fixture.nodes[0].subscribe();
    drop(gone);
    for number in 0..2_000_u32 {
        fixture.nodes[1].publish(envelope(&number.to_string())).await.unwrap();
        assert_eq!(next_text(&mut stays).await, number.to_string());
    }
}

async fn it_is_alive_and_answers_a_ping(fixture: Fixture) {
    for node in &fixture.nodes {
        assert!(node.is_alive());
        node.ping().await.unwrap();
    }
}

#[test]
fn only_the_bus_in_process_is_local() {
    assert!(LocalBus::new().is_local());
}

#[tokio::test]
async fn redis_nodes_of_another_prefix_hear_nothing() {
    let url = server_url("TEST_REDIS_URL");
    let (ours, theirs) = (node(&url, &format!("a-{}", NodeId::generate())).await, node(&url, &format!("b-{}", NodeId::generate())).await);
    assert!(!ours.is_local());
    let (mut at_ours, mut at_theirs) = (ours.subscribe(), theirs.subscribe());
    ours.publish(envelope("ours")).await.unwrap();
    theirs.publish(envelope("theirs")).await.unwrap();
    assert_eq!(next_text(&mut at_ours).await, "ours");
    assert_eq!(next_text(&mut at_theirs).await, "theirs");
}

#[tokio::test]
async fn a_redis_restart_heals_by_itself_and_is_told() {
    let mut server = TestRedis::start();
    let nodes = [node(&server.url(), "test").await, node(&server.url(), "test").await];
    let mut receivers = [nodes[0].subscribe(), nodes[1].subscribe()];
    for round in 0..2 {
        server.kill();
        until("both nodes know that the link is gone", async || nodes.iter().all(|node| !node.is_alive())).await;
        assert!(nodes[0].publish(envelope("lost")).await.is_err(), "a publication that cannot leave is told");
        server.start_again();
        for receiver in &mut receivers {
            assert_eq!(next(receiver).await, BusMessage::Resubscribed, "round {round}");
        }
        until("both nodes hear again", async || nodes.iter().all(|node| node.is_alive())).await;
        publish_when_possible(&nodes[1], "back").await;
        for receiver in &mut receivers {
            assert_eq!(next_text(receiver).await, "back");
        }
    }
}

/// Publishes; tries again only while the command connection is being renewed.
async fn publish_when_possible(bus: &Arc<dyn Bus>, text: &str) {
    until("publishing works again", async || bus.publish(envelope(text)).await.is_ok()).await;
}

#[tokio::test]
async fn a_subscription_cut_off_by_redis_is_made_again() {
    let server = TestRedis::start();
    let bus = node(&server.url(), "test").await;
    let mut receiver = bus.subscribe();
    let mut connection = ::redis::Client::open(server.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let killed: usize = ::redis::cmd("CLIENT").arg(&["KILL", "TYPE", "pubsub"]).query_async(&mut connection).await.unwrap();
    assert_eq!(killed, 1);
    assert_eq!(next(&mut receiver).await, BusMessage::Resubscribed);
    bus.publish(envelope("back")).await.unwrap();
    assert_eq!(next_text(&mut receiver).await, "back");
}

#[tokio::test]
async fn a_deaf_subscription_is_found_by_the_probe_and_made_again() {
    let server = TestRedis::start();
    let proxy = DeafProxy::start(server.port()).await;
    let bus = probing_node(&proxy.url(), "test", QUICK).await;
    let mut receiver = bus.subscribe();
    bus.publish(envelope("before")).await.unwrap();
    assert_eq!(next_text(&mut receiver).await, "before");
    proxy.deafen();
    bus.publish(envelope("unheard")).await.expect("publishing works on: nothing else tells that we are deaf");
    assert_eq!(next(&mut receiver).await, BusMessage::Resubscribed);
    until("the new subscription hears", async || bus.is_alive()).await;
    bus.publish(envelope("after")).await.unwrap();
    assert_eq!(next_text(&mut receiver).await, "after");
}

/// A proxy for Redis that can hold back, without closing, the bytes of the second connection, the
/// subscription's.
struct DeafProxy {
    port: u16,
    is_deaf: Arc<AtomicBool>,
}

impl DeafProxy {
    async fn start(redis_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_deaf = Arc::new(AtomicBool::new(false));
        let flag = is_deaf.clone();
        tokio::spawn(async move {
            let count = AtomicUsize::new(0);
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", redis_port)).await.unwrap();
                let is_subscription = count.fetch_add(1, Ordering::SeqCst) == 1;
                tokio::spawn(Self::carry(client, server, is_subscription.then(|| flag.clone())));
            }
        });
        Self { port, is_deaf }
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn deafen(&self) {
        self.is_deaf.store(true, Ordering::SeqCst);
    }

    async fn carry(client: TcpStream, server: TcpStream, deaf: Option<Arc<AtomicBool>>) {
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let up = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
        let mut buffer = [0; 4096];
        while let Ok(bytes @ 1..) = from_server.read(&mut buffer).await {
            let is_deaf = deaf.as_ref().is_some_and(|flag| flag.load(Ordering::SeqCst));
            if !is_deaf && to_client.write_all(&buffer[..bytes]).await.is_err() {
                break;
            }
        }
        let _ = up.await;
    }
}
