//! Connected apps over two nodes with one Redis: every node gives the same channels, members and
//! answers, also after a node dies.

use crate::{
    databases::server_url,
    redis_server::TestRedis,
    support::{
        TestSocket,
        process::{ServerPlan, ServerProcess},
        socket::{Received, SENTINEL},
        user::ServerAddress,
        wait::{PATIENCE, until, until_within},
    },
    two_nodes::plan_nodes,
};
use educounsel::{
    backends::{
        bus::{
            Bus as _, BusMessage,
            redis::{ProbeTimes, RedisBus},
        },
        redis_link::RedisLink,
    },
    domain::clock::Clock,
    wire::signature::{SecretKey, to_hex},
};
use md5::{Digest as _, Md5};
use reqwest::Method;
use serde_json::{Value, json};

async fn start_two() -> (ServerPlan, ServerProcess, ServerProcess) {
    let plan = plan_nodes(&server_url("TEST_REDIS_URL")).await;
    let plan = plan.set("apps", r#"[{"id":"7","key":"uji-key","secret":"uji-secret","client_events":true,"subscription_counts":true}]"#);
    let (a, b) = (plan.start().await, plan.start().await);
    (plan, a, b)
}

/// Sends a signed request of the app's backend to a node and expects 200.
async fn ask(at: &ServerAddress, method: Method, path: &str, parameters: &str, body: &str) -> Value {
    let now_s = Clock::System.now_ms() / 1000;
    let md5 = to_hex(&Md5::digest(body));
    let query = format!("auth_key=uji-key&auth_timestamp={now_s}&auth_version=1.0&body_md5={md5}{parameters}");
    let signature = SecretKey::new(b"uji-secret").sign(&format!("{method}\n/apps/7/{path}\n{query}"));
    let request = at.client().request(method, at.url(&format!("/apps/7/{path}?{query}&auth_signature={signature}"))).body(body.to_owned());
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(status, 200, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

async fn read(at: &ServerAddress, path: &str, parameters: &str) -> Value {
    ask(at, Method::GET, path, parameters, "").await
}

/// Proves that no event is on its way from the node at `from` to a socket of the app: the next
/// event is a sentinel, published there on the channel that the socket joined last, after
/// everything else that this node published.
pub async fn barrier(from: &ServerAddress, socket: &mut TestSocket) {
    let channel = socket.joined.last().expect("a socket that has joined a channel");
    let data = json!({ "socket": socket.socket_id }).to_string();
    ask(from, Method::POST, "events", "", &json!({ "name": SENTINEL, "channels": [channel], "data": data }).to_string()).await;
    socket.expect_sentinel().await;
}

async fn open(at: &ServerAddress) -> TestSocket {
    let mut socket = TestSocket::open(at, "/app/uji-key?protocol=7", &[]).await.unwrap();
    socket.greet().await;
    socket
}

/// Joins a presence channel; returns the ids of its members.
async fn join(socket: &mut TestSocket, channel: &str, user: &str) -> Vec<String> {
    let data = json!({ "user_id": user, "user_info": { "name": user } }).to_string();
    let auth = SecretKey::new(b"uji-secret").sign(&format!("{}:{channel}:{data}", socket.socket_id));
    let answer = socket.ask_subscribe(json!({ "channel": channel, "auth": format!("uji-key:{auth}"), "channel_data": data })).await;
    assert_eq!(answer.event, "pusher_internal:subscription_succeeded", "{answer:?}");
    let mut ids: Vec<String> = serde_json::from_value(answer.json()["presence"]["ids"].clone()).unwrap();
    ids.sort();
    ids
}

async fn sign_in(socket: &mut TestSocket, data: Value) {
    let data = data.to_string();
    let auth = SecretKey::new(b"uji-secret").sign(&format!("{}::user::{data}", socket.socket_id));
    socket.send(json!({ "event": "pusher:signin", "data": { "auth": format!("uji-key:{auth}"), "user_data": data } })).await;
    assert_eq!(socket.next_event().await.event, "pusher:signin_success");
}

#[tokio::test]
async fn members_of_both_nodes_are_one_list_and_come_and_go_once() {
    let (_plan, a, b) = start_two().await;
    let (mut ana, mut ana_at_b, mut budi) = (open(a.at()).await, open(b.at()).await, open(b.at()).await);
    assert_eq!(join(&mut ana, "presence-ruang", "ana").await, ["ana"]);
    assert_eq!(join(&mut budi, "presence-ruang", "budi").await, ["ana", "budi"]);
    assert_eq!(ana.next_named("pusher_internal:member_added").await.json()["user_id"], "budi");
    assert_eq!(join(&mut ana_at_b, "presence-ruang", "ana").await, ["ana", "budi"]);
    barrier(b.at(), &mut budi).await;
    for node in [&a, &b] {
        assert_eq!(read(node.at(), "channels/presence-ruang/users", "").await, json!({ "users": [{ "id": "ana" }, { "id": "budi" }] }));
        let facts = read(node.at(), "channels/presence-ruang", "&info=user_count,subscription_count").await;
        assert_eq!(facts, json!({ "occupied": true, "user_count": 2, "subscription_count": 3 }));
    }
    ana.cut();
    until("the first tab is gone", async || {
        read(b.at(), "channels/presence-ruang", "&info=subscription_count").await["subscription_count"] == 2
    })
    .await;
    barrier(a.at(), &mut budi).await;
    ana_at_b.cut();
    assert_eq!(budi.next_named("pusher_internal:member_removed").await.json()["user_id"], "ana");
}

#[tokio::test]
async fn events_spare_their_cause_counts_add_up_and_the_last_event_is_known_on_every_node() {
    let (_plan, a, b) = start_two().await;
    let (mut here, mut there) = (open(a.at()).await, open(b.at()).await);
    here.subscribe("news").await;
    assert_eq!(here.next_named("pusher_internal:subscription_count").await.json()["subscription_count"], 1);
    there.subscribe("news").await;
    for socket in [&mut here, &mut there] {
        // The earlier count may have been on its way while the second socket joined.
        while socket.next_named("pusher_internal:subscription_count").await.json()["subscription_count"] != 2 {}
    }
    let event =
        json!({ "name": "e", "channels": ["news", "cache-a"], "data": "1", "socket_id": there.socket_id, "info": "subscription_count" });
    let answer = ask(a.at(), Method::POST, "events", "", &event.to_string()).await;
    assert_eq!(answer, json!({ "channels": { "cache-a": { "subscription_count": 0 }, "news": { "subscription_count": 2 } } }));
    assert_eq!(here.next_event().await.event, "e");
    barrier(a.at(), &mut there).await;
    for node in [&a, &b] {
        let mut late = open(node.at()).await;
        late.subscribe("cache-a").await;
        assert_eq!(late.next_named("e").await.data, json!("1"));
    }
    assert_eq!(read(b.at(), "channels/cache-a", "&info=cache").await["cache"]["data"], "1");
}

/// A channel that is occupied on one node is no new channel on the other, though the app has
/// reached its limit of channels.
#[tokio::test]
async fn the_channels_of_an_app_are_counted_once_for_all_nodes() {
    let (_plan, a, b) = start_two().await;
    let kepala = a.sign_in("kepala").await;
    let (status, made) = kepala.post("/admin/apps", &json!({ "name": "Kampus", "limits": { "channels": 1 } })).await;
    assert_eq!(status, 201, "{made}");
    let path = format!("/app/{}?protocol=7", made["key"].as_str().unwrap());
    let mut first = TestSocket::open(a.at(), &path, &[]).await.unwrap();
    first.greet().await;
    first.subscribe("satu").await;
    let id = made["id"].as_str().unwrap();
    let kepala_at_b = kepala.on(b.at());
    let knows = async || kepala_at_b.try_get(&format!("/admin/apps/{id}")).await.1["live"]["channels"] == 1;
    until("the other node knows of the channel", knows).await;
    let mut second = TestSocket::open(b.at(), &path, &[]).await.unwrap();
    second.greet().await;
    assert_eq!(second.ask_subscribe(json!({ "channel": "dua" })).await.event, "pusher:subscription_error");
    second.subscribe("satu").await;
}

/// The cached event is read past the bus, which may be behind it; the following events arrive once
/// and in order.
#[tokio::test]
async fn joining_a_busy_cache_channel_on_another_node_loses_and_swaps_nothing() {
    let (_plan, a, b) = start_two().await;
    let (last, at) = (299, a.at().clone());
    let publishing = tokio::spawn(async move {
        for number in 0..=last {
            let body = json!({ "name": "n", "channel": "cache-a", "data": number.to_string() }).to_string();
            ask(&at, Method::POST, "events", "", &body).await;
        }
    });
    let mut joined = 0;
    while !publishing.is_finished() {
        let mut sockets = Vec::new();
        for _ in 0..4 {
            sockets.push(open(b.at()).await);
        }
        for socket in &mut sockets {
            socket.send(json!({ "event": "pusher:subscribe", "data": { "channel": "cache-a" } })).await;
        }
        for socket in &mut sockets {
            socket.next_named("pusher_internal:subscription_succeeded").await;
            let mut heard = Vec::new();
            while heard.len() < 10 && heard.last() != Some(&last) {
                let event = socket.next_event().await;
                heard.extend((event.event == "n").then(|| event.data.as_str().unwrap().parse::<u64>().unwrap()));
            }
            assert!(heard.windows(2).all(|pair| pair[1] == pair[0] + 1), "{heard:?}");
            joined += 1;
        }
    }
    publishing.await.unwrap();
    assert!(joined > 4, "{joined} joined");
}

#[tokio::test]
async fn users_are_watched_reached_and_sent_away_across_nodes() {
    let (_plan, a, b) = start_two().await;
    let (mut ana, mut budi) = (open(a.at()).await, open(b.at()).await);
    sign_in(&mut ana, json!({ "id": "ana", "watchlist": ["budi"] })).await;
    assert_eq!(ana.next_event().await.json()["events"][0]["name"], "offline");
    sign_in(&mut budi, json!({ "id": "budi" })).await;
    assert_eq!(ana.next_event().await.json()["events"][0]["name"], "online");
    budi.subscribe("#server-to-user-budi").await;
    ask(a.at(), Method::POST, "events", "", &json!({ "name": "halo", "channel": "#server-to-user-budi", "data": "1" }).to_string()).await;
    assert_eq!(budi.next_named("halo").await.data, json!("1"));
    ask(a.at(), Method::POST, "users/budi/terminate_connections", "", "{}").await;
    budi.expect_close(4009).await;
    drop(budi);
    assert_eq!(ana.next_event().await.json()["events"][0]["name"], "offline");
}

#[tokio::test]
async fn a_node_that_is_killed_leaves_no_ghosts() {
    let (_plan, mut a, b) = start_two().await;
    let (mut ana, mut budi, mut watcher) = (open(a.at()).await, open(b.at()).await, open(b.at()).await);
    sign_in(&mut ana, json!({ "id": "ana" })).await;
    sign_in(&mut watcher, json!({ "id": "w", "watchlist": ["ana"] })).await;
    // The watcher's node may learn of her a moment after his request: then she appears offline
    // first.
    while watcher.next_event().await.json()["events"][0]["name"] != "online" {}
    join(&mut budi, "presence-ruang", "budi").await;
    join(&mut ana, "presence-ruang", "ana").await;
    assert_eq!(budi.next_named("pusher_internal:member_added").await.json()["user_id"], "ana");
    ana.subscribe("news").await;
    until("the other node knows", async || read(b.at(), "channels/news", "").await["occupied"] == true).await;
    a.kill();
    // 8 s of lease, and 2 s until a node checks it.
    let removed = tokio::time::timeout(std::time::Duration::from_secs(30), async {
        loop {
            if let Ok(Received::Event(event)) = tokio::time::timeout(std::time::Duration::from_secs(9), budi.receive()).await
                && event.event == "pusher_internal:member_removed"
            {
                return event;
            }
            budi.send(json!({ "event": "pusher:ping", "data": {} })).await;
        }
    });
    assert_eq!(removed.await.expect("the ghost goes").json()["user_id"], "ana");
    assert_eq!(watcher.next_event().await.json()["events"][0]["name"], "offline");
    until("nothing is left", async || read(b.at(), "channels", "").await == json!({ "channels": { "presence-ruang": {} } })).await;
}

#[tokio::test]
async fn an_app_that_one_node_makes_and_shuts_is_known_and_shut_on_the_other() {
    let (plan, a, b) = start_two().await;
    let link = RedisLink::connect(plan.setting("redis.url")).await.unwrap();
    let bus = RedisBus::join(link, plan.setting("redis.prefix"), ProbeTimes::default()).await.unwrap();
    let mut carried = bus.subscribe();
    let kepala = a.sign_in("kepala").await;
    let (status, made) = kepala.post("/admin/apps", &json!({ "name": "Kampus", "limits": { "connections": 1 } })).await;
    assert_eq!(status, 201, "{made}");
    let path = format!("/app/{}?protocol=7", made["key"].as_str().unwrap());
    let found = tokio::time::timeout(std::time::Duration::from_secs(10), async {
        loop {
            let mut socket = TestSocket::open(b.at(), &path, &[]).await.unwrap();
            if socket.next_event().await.event == "pusher:connection_established" {
                return socket;
            }
        }
    });
    let mut socket = found.await.expect("the other node hears of the app");
    let id = made["id"].as_str().unwrap();
    until("the first node counts the socket of the other", async || {
        kepala.get(&format!("/admin/apps/{id}")).await["live"]["connections"] == 1
    })
    .await;
    let mut refused = TestSocket::open(a.at(), &path, &[]).await.unwrap();
    refused.expect_close(4004).await;
    let shut = kepala.request(Method::PATCH, &format!("/admin/apps/{id}")).json(&json!({ "enabled": false })).send().await.unwrap();
    assert_eq!(shut.status(), 200);
    socket.expect_close(4003).await;
    let log = format!("{}{}", a.log(), b.log());
    let secret = made["secret"].as_str().unwrap();
    assert!(!log.contains(secret) && !log.contains("uji-secret"), "a secret is in the log");
    let rotated = kepala.post(&format!("/admin/apps/{id}/rotate"), &json!({})).await.1["secret"].as_str().unwrap().to_owned();
    let mut messages = 0;
    while let Ok(BusMessage::Envelope(envelope)) = carried.try_recv() {
        let bytes = envelope.to_bytes();
        let text = String::from_utf8_lossy(&bytes);
        assert!(![secret, &rotated, "uji-secret"].iter().any(|secret| text.contains(*secret)), "a secret is on the bus: {text}");
        messages += 1;
    }
    assert!(messages >= 2, "the bus was not heard");
    for node in [&a, &b] {
        let metrics = node.at().client().get(node.at().url("/metrics")).send().await.unwrap().text().await.unwrap();
        assert!(!metrics.contains(secret) && !metrics.contains("uji-secret") && !metrics.contains("auth_signature"));
    }
}

/// Lists the users of a channel; `None` while the node cannot say.
async fn users(at: &ServerAddress, channel: &str) -> Option<Vec<String>> {
    let now_s = Clock::System.now_ms() / 1000;
    let (path, query) = (format!("/apps/7/channels/{channel}/users"), format!("auth_key=uji-key&auth_timestamp={now_s}&auth_version=1.0"));
    let signature = SecretKey::new(b"uji-secret").sign(&format!("GET\n{path}\n{query}"));
    let response = at.client().get(at.url(&format!("{path}?{query}&auth_signature={signature}"))).send().await.unwrap();
    if response.status() != 200 {
        return None;
    }
    let body: Value = response.json().await.unwrap();
    Some(body["users"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect())
}

#[tokio::test]
async fn while_redis_is_away_members_of_the_own_node_are_known_and_all_when_it_is_back() {
    let mut redis = TestRedis::start();
    let plan = plan_nodes(&redis.url()).await;
    let (a, b) = (plan.start().await, plan.start().await);
    let (mut ana, mut budi, mut cici) = (open(a.at()).await, open(a.at()).await, open(b.at()).await);
    join(&mut ana, "presence-ruang", "ana").await;
    let kepala = a.sign_in("kepala").await;
    let mut console = kepala.connect().await;
    assert_eq!(kepala.post("/admin/apps/7/console", &json!({})).await.0, 200);
    console.subscribe("private-app-console.7").await;
    redis.kill();
    assert_eq!(join(&mut budi, "presence-ruang", "budi").await, ["ana", "budi"]);
    let shown = console.next_named("app.console").await.json();
    assert_eq!(shown["lines"][0]["socket_id"], json!(budi.socket_id), "an admin sees the own node: {shown}");
    redis.start_again();
    until_within(4 * PATIENCE, "the census of an empty Redis is filled again", async || {
        users(b.at(), "presence-ruang").await.as_deref() == Some(&["ana".to_owned(), "budi".to_owned()])
    })
    .await;
    assert_eq!(join(&mut cici, "presence-ruang", "cici").await, ["ana", "budi", "cici"]);
}

#[tokio::test]
async fn what_happens_on_one_node_is_shown_to_an_admin_on_the_other() {
    let (_plan, a, b) = start_two().await;
    let kepala = a.sign_in("kepala").await;
    let mut console = kepala.connect().await;
    let (status, opened) = kepala.post("/admin/apps/7/console", &json!({})).await;
    assert_eq!(status, 200, "{opened}");
    assert_eq!(opened["channel"], "private-app-console.7");
    console.subscribe("private-app-console.7").await;
    // The other node learns of the watch over the bus and shows no earlier events, so the test
    // publishes until one is shown.
    let publishing = async {
        let mut pace = tokio::time::interval(std::time::Duration::from_millis(100));
        loop {
            pace.tick().await;
            ask(b.at(), Method::POST, "events", "", &json!({ "name": "di-b", "channel": "a", "data": "1" }).to_string()).await;
        }
    };
    let there = tokio::select! {
        lines = next_lines(&mut console) => lines,
        () = publishing => unreachable!("it goes on"),
    };
    assert!(there.iter().all(|line| line["kind"] == "api_event" && line["event"] == "di-b"), "{there:?}");
    ask(a.at(), Method::POST, "events", "", &json!({ "name": "di-a", "channel": "a", "data": "1" }).to_string()).await;
    let here = loop {
        let lines = next_lines(&mut console).await;
        if let Some(line) = lines.into_iter().find(|line| line["event"] == "di-a") {
            break line;
        }
    };
    assert_ne!(here["node"], there[0]["node"]);
    // Sockets of the other node appear as well.
    let mut socket = open(b.at()).await;
    socket.subscribe("news").await;
    let mut missing = vec!["connected", "subscribed", "occupied"];
    while !missing.is_empty() {
        for line in next_lines(&mut console).await {
            missing.retain(|kind| line["kind"] != *kind);
        }
    }
}

/// Returns the lines of the next frame of a console, which comes within [`PATIENCE`].
async fn next_lines(console: &mut TestSocket) -> Vec<Value> {
    console.next_named("app.console").await.json()["lines"].as_array().unwrap().clone()
}
