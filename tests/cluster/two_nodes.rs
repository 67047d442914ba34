//! Two nodes with one PostgreSQL and one Redis behave as one server.

use crate::{
    connected_apps::barrier,
    databases::{Database, TestDatabase, server_url},
    device::{Device, Way},
    support::{
        TestSocket,
        process::{ServerPlan, ServerProcess},
        socket::Received,
        user::ServerAddress,
        wait::until,
    },
};
use educounsel::{
    backends::store::Store,
    domain::{ids::NodeId, principal::Role},
};
use futures_util::future::join;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AnyConnection, Connection as _, Executor as _};

/// Prepares nodes at a fresh PostgreSQL database and a separate part of Redis, with accounts
/// `guru`, `kepala`, `ana` and `budi`.
pub async fn plan_nodes(redis_url: &str) -> ServerPlan {
    let plan = plan_bare_nodes(Database::Postgres, redis_url).await;
    for (login, role) in [("guru", Role::Counsellor), ("kepala", Role::Admin), ("ana", Role::Student), ("budi", Role::Student)] {
        plan.add_user(login, role);
    }
    plan
}

async fn plan_bare_nodes(database: Database, redis_url: &str) -> ServerPlan {
    let database = TestDatabase::create(database).await;
    let prefix = format!("test-{}", NodeId::generate());
    let plan = ServerPlan::new().set("database.url", &database.url).set("redis.url", redis_url).set("redis.prefix", prefix).pusher_app();
    plan.keeping(database)
}

async fn start_two() -> (ServerProcess, ServerProcess) {
    let plan = plan_nodes(&server_url("TEST_REDIS_URL")).await;
    (plan.start().await, plan.start().await)
}

/// Reads a socket to its end: the names of the last events, and the code.
async fn ending(socket: &mut TestSocket) -> (Vec<(String, Value)>, u16) {
    let mut events = Vec::new();
    loop {
        match socket.receive().await {
            Received::Event(event) => events.push((event.event.clone(), event.json())),
            Received::Closed { code, .. } => return (events, code),
            Received::Cut => panic!("cut instead of closed, after {events:?}"),
        }
    }
}

async fn me(user: &crate::support::TestUser) -> u16 {
    user.request(Method::GET, "/auth/me").send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn uploads_on_either_node_reach_the_sockets_of_both_once_and_in_one_order() {
    const UPLOADS: usize = 8;
    let (a, b) = start_two().await;
    let ana = a.sign_in("ana").await;
    let budi = b.sign_in("budi").await;
    let mut devices = [
        Device::connect(ana.clone()).await,
        Device::connect(ana.on(b.at())).await,
        Device::connect(budi.clone()).await,
        Device::connect(budi.on(a.at())).await,
    ];
    let guru = a.sign_in("guru").await;
    guru.upload_pdf("dari A").await;
    guru.on(b.at()).upload_pdf("dari B").await;
    for device in &mut devices {
        device.listen_until(2).await;
        device.assert_once(&["dari A", "dari B"]);
    }
    // Both at once: the order may be either, but it is one.
    let upload = async |at: &ServerAddress, name: &str| {
        let guru = guru.on(at);
        for number in 0..UPLOADS {
            guru.upload_pdf(&format!("{name} {number}")).await;
        }
    };
    join(upload(a.at(), "A"), upload(b.at(), "B")).await;
    for device in &mut devices {
        device.listen_until(2 + 2 * UPLOADS).await;
        device.drain().await;
    }
    let order: Vec<&str> = devices[0].titles_by(Way::Socket);
    for device in &devices {
        device.assert_once(&order);
        assert_eq!(device.titles_by(Way::Socket), order);
    }
    for name in ["A", "B"] {
        let own: Vec<String> = (0..UPLOADS).map(|number| format!("{name} {number}")).collect();
        let seen: Vec<&&str> = order.iter().filter(|title| own.iter().any(|own| own == *title)).collect();
        assert!(seen.iter().zip(&own).all(|(seen, own)| **seen == own), "what one counsellor does one after the other stays so: {order:?}");
    }
}

#[tokio::test]
async fn a_session_of_one_node_holds_on_the_other_and_ends_on_both() {
    let (a, b) = start_two().await;
    let ana = a.sign_in("ana").await;
    let ana_at_b = ana.on(b.at());
    assert_eq!(me(&ana_at_b).await, 200);
    let mut sockets = [ana.connect().await, ana_at_b.connect().await];
    let other_device = b.sign_in("ana").await;
    let mut other_socket = other_device.connect().await;
    let sessions = ana_at_b.get("/auth/sessions").await;
    assert_eq!(sessions["items"].as_array().map(Vec::len), Some(2), "{sessions}");

    assert_eq!(ana.post("/auth/logout", &json!({})).await.0, 204);
    for socket in &mut sockets {
        let (events, code) = ending(socket).await;
        assert_eq!(code, 4009);
        assert_eq!(events.last().map(|(name, data)| (name.as_str(), &data["reason"])), Some(("session.ended", &json!("logout"))));
    }
    assert_eq!(me(&ana).await, 401);
    assert_eq!(me(&ana_at_b).await, 401);
    assert_eq!(me(&other_device.on(a.at())).await, 200, "her other session goes on");
    other_device.on(a.at()).barrier([&mut other_socket]).await;
}

#[tokio::test]
async fn disabling_an_account_on_one_node_ends_its_sockets_on_both() {
    let (a, b) = start_two().await;
    let (kepala, ana, budi) = (a.sign_in("kepala").await, a.sign_in("ana").await, b.sign_in("budi").await);
    let mut sockets = [ana.connect().await, ana.on(b.at()).connect().await];
    let mut of_budi = budi.connect().await;
    let disabled = kepala.request(Method::PATCH, &format!("/admin/users/{}", ana.id)).json(&json!({ "disabled": true })).send().await;
    assert_eq!(disabled.unwrap().status(), 200);
    for socket in &mut sockets {
        let (events, code) = ending(socket).await;
        assert_eq!(code, 4009);
        assert_eq!(events.last().map(|(name, data)| (name.as_str(), &data["reason"])), Some(("session.ended", &json!("disabled"))));
    }
    assert_eq!(me(&ana).await, 401);
    assert_eq!(me(&ana.on(b.at())).await, 401);
    assert_eq!(me(&budi).await, 200);
    budi.on(a.at()).barrier([&mut of_budi]).await;
}

#[tokio::test]
async fn reading_on_one_node_changes_the_badge_on_the_other() {
    let (a, b) = start_two().await;
    let (guru, ana) = (a.sign_in("guru").await, a.sign_in("ana").await);
    let mut at_b = ana.on(b.at()).connect().await;
    guru.upload_pdf("Baru").await;
    let notice = at_b.next_named("notice.created").await.json();
    let (status, body) = ana.post(&format!("/notices/{}/read", notice["id"].as_str().unwrap()), &json!({})).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["unread_count"], 0);
    assert_eq!(at_b.next_named("notice.state").await.json()["unread_count"], 0);
    assert_eq!(ana.on(b.at()).get("/notices").await["unread_count"], 0);
}

#[tokio::test]
async fn what_clients_publish_on_a_channel_crosses_nodes_in_order_and_spares_the_sender() {
    const EVENTS: u64 = 10;
    let (a, b) = start_two().await;
    for (channel, member) in [("private-kelas", None), ("presence-kelas", Some("ana"))] {
        let mut sender = TestSocket::open_on(a.at(), channel, member).await;
        let mut here = TestSocket::open_on(a.at(), channel, member).await;
        let mut there = TestSocket::open_on(b.at(), channel, member.map(|_| "budi")).await;
        if member.is_some() {
            for at_a in [&mut sender, &mut here] {
                assert_eq!(at_a.next_event().await.json()["user_id"], "budi");
            }
        }
        let mut elsewhere = TestSocket::open_on(b.at(), "private-lain", None).await;
        for number in 0..EVENTS {
            sender.send(json!({ "event": "client-pesan", "channel": channel, "data": { "nomor": number } })).await;
        }
        for listener in [&mut here, &mut there] {
            for number in 0..EVENTS {
                let heard = listener.next_event().await;
                assert_eq!(heard.event.as_str(), "client-pesan");
                assert_eq!(heard.channel.as_deref(), Some(channel));
                assert_eq!(heard.json()["nomor"], json!(number));
                assert_eq!(heard.user_id.as_deref(), member);
            }
        }
        for socket in [&mut sender, &mut here, &mut there, &mut elsewhere] {
            barrier(a.at(), socket).await;
        }
    }
}

async fn start_at_once_on_an_empty_database(database: Database) {
    let plan = plan_bare_nodes(database, &server_url("TEST_REDIS_URL")).await;
    let starting = [plan.spawn(), plan.spawn(), plan.spawn()];
    let mut nodes = Vec::new();
    for node in starting {
        nodes.push(node.ready().await);
    }
    plan.add_user("guru", Role::Counsellor);
    plan.add_user("ana", Role::Student);
    let guru = nodes[0].sign_in("guru").await;
    let material = guru.upload_pdf("Pertama").await;
    // All nodes share one secret: a link signed by one works at the others.
    let path = format!("/materials/{}/link?disposition=inline", material["id"].as_str().unwrap());
    for node in &nodes {
        let url = guru.on(node.at()).get(&path).await["url"].as_str().unwrap().to_owned();
        let path = &url[url.find("/files/").unwrap()..];
        for other in &nodes {
            let file = other.at().client().get(other.at().url(path)).send().await.unwrap();
            assert_eq!(file.status(), 200, "{path}");
        }
    }
    for node in &nodes {
        let mut ana = Device::with_cursor_of_now(node.sign_in("ana").await).await;
        ana.come_back(node.at()).await;
        assert_eq!(node.sign_in("ana").await.get("/materials").await["items"].as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn nodes_that_start_at_once_on_an_empty_postgres_agree() {
    start_at_once_on_an_empty_database(Database::Postgres).await;
}

#[tokio::test]
async fn nodes_that_start_at_once_on_an_empty_mariadb_agree() {
    start_at_once_on_an_empty_database(Database::MariaDb).await;
}

/// The other node finds rows that no event announced to it, and publishes them.
#[tokio::test]
async fn a_node_that_dies_after_the_201_leaves_the_delivery_to_the_other() {
    let plan = plan_nodes(&server_url("TEST_REDIS_URL")).await;
    let b = plan.start().await;
    let mut a = plan.clone().set("log.coalesce_ms", 600_000).start().await;
    let guru = a.sign_in("guru").await;
    let (mut ana, mut budi) = (Device::connect(a.sign_in("ana").await).await, Device::connect(b.sign_in("budi").await).await);
    guru.upload_pdf("Warisan").await;
    a.kill();
    budi.listen_until(1).await;
    assert_eq!(budi.titles_by(Way::Socket), ["Warisan"]);
    ana.read_to_end().await;
    ana.come_back(b.at()).await;
    ana.listen_until(1).await;
    guru.on(b.at()).upload_pdf("Lagi").await;
    for device in [&mut ana, &mut budi] {
        device.listen_until(2).await;
        device.drain().await;
        device.assert_once(&["Warisan", "Lagi"]);
    }
}

/// A pump that dies between publishing and marking leaves rows that are published again.
#[tokio::test]
async fn rows_that_are_published_again_are_not_heard_twice() {
    let plan = plan_nodes(&server_url("TEST_REDIS_URL")).await;
    let (a, b) = (plan.start().await, plan.start().await);
    let guru = a.sign_in("guru").await;
    let mut devices = [Device::connect(a.sign_in("ana").await).await, Device::connect(b.sign_in("budi").await).await];
    for title in ["Satu", "Dua", "Tiga"] {
        guru.upload_pdf(title).await;
    }
    for device in &mut devices {
        device.listen_until(3).await;
    }
    let store = Store::connect(plan.setting("database.url"), 1).await.unwrap();
    let is_published = async || store.log_head().await.unwrap().published_to == 3;
    until("all three are marked", is_published).await;
    let mut database = AnyConnection::connect(plan.setting("database.url")).await.unwrap();
    database.execute("UPDATE log_head SET published_to = 1").await.unwrap();
    until("two were published again", is_published).await;
    guru.upload_pdf("Empat").await;
    for device in &mut devices {
        device.listen_until(4).await;
        device.drain().await;
        device.assert_once(&["Satu", "Dua", "Tiga", "Empat"]);
    }
}
