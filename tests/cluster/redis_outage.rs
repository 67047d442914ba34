//! Two nodes survive a Redis that is killed and comes back empty: it only carries and wakes, and
//! the database remembers.

use crate::{
    device::Device,
    redis_server::TestRedis,
    support::{
        process::ServerProcess,
        wait::{PATIENCE, until, until_within},
    },
    two_nodes::plan_nodes,
};
use reqwest::Method;
use serde_json::json;

async fn is_ready(server: &ServerProcess) -> bool {
    server.at().client().get(server.at().url("/health/ready")).send().await.is_ok_and(|answer| answer.status() == 200)
}

async fn notice_without_redis(uploads_before: &[&str]) {
    let mut redis = TestRedis::start();
    let plan = plan_nodes(&redis.url()).await;
    let (a, b) = (plan.start().await, plan.start().await);
    let guru = a.sign_in("guru").await;
    let mut ana = Device::connect(a.sign_in("ana").await).await;
    let mut budi = Device::connect(b.sign_in("budi").await).await;
    let mut expected = Vec::new();
    for title in uploads_before {
        guru.upload_pdf(title).await;
        expected.push(*title);
        for device in [&mut ana, &mut budi] {
            device.listen_until(expected.len()).await;
        }
    }

    redis.kill();
    until("both nodes say that they are cut off", async || !is_ready(&a).await && !is_ready(&b).await).await;
    redis.start_again();
    // The logins in Redis are lost; the pump and the nodes' subscriptions may still be
    // disconnected.
    let guru = a.sign_in("guru").await;
    guru.upload_pdf("Saat putus").await;
    guru.on(b.at()).upload_pdf("Saat putus juga").await;
    expected.extend(["Saat putus", "Saat putus juga"]);
    // A client that could not subscribe tries again at growing intervals, up to twelve seconds.
    until_within(3 * PATIENCE, "both nodes are back", async || is_ready(&a).await && is_ready(&b).await).await;
    guru.upload_pdf("Sesudahnya").await;
    expected.push("Sesudahnya");

    for device in [&mut ana, &mut budi] {
        device.listen_until(expected.len()).await;
        device.drain().await;
        device.assert_once(&expected);
    }
    // The sockets never broke, and they received exactly the log's content.
    for (device, login, server) in [(&mut ana, "ana", &a), (&mut budi, "budi", &b)] {
        device.user = server.sign_in(login).await;
        device.sync().await;
        assert_eq!(device.titles(), expected);
    }
}

#[tokio::test]
async fn sockets_get_what_was_uploaded_while_redis_came_back_once() {
    notice_without_redis(&["Sebelumnya"]).await;
}

#[tokio::test]
async fn even_the_first_upload_of_all_survives_the_outage() {
    notice_without_redis(&[]).await;
}

/// The event that ends sockets has no row, and a node that has not subscribed again yet misses it.
#[tokio::test]
async fn an_account_disabled_before_the_other_node_listens_again_is_out_there_too() {
    let mut redis = TestRedis::start();
    let plan = plan_nodes(&redis.url()).await;
    let (a, b) = (plan.start().await, plan.start().await);
    let (ana, budi) = (a.sign_in("ana").await, a.sign_in("budi").await);
    let (mut ana_at_a, mut ana_at_b) = (ana.connect().await, ana.on(b.at()).connect().await);
    let mut others = [budi.connect().await, budi.on(b.at()).connect().await];
    redis.kill();
    until("both nodes say that they are cut off", async || !is_ready(&a).await && !is_ready(&b).await).await;
    redis.start_again();
    let kepala = a.sign_in("kepala").await;
    let path = format!("/admin/users/{}", ana.id);
    let disabled = kepala.request(Method::PATCH, &path).json(&json!({ "disabled": true })).send().await.unwrap();
    assert_eq!(disabled.status(), 200);
    ana_at_a.expect_close(4009).await;
    ana_at_b.expect_close(4009).await;
    until("both nodes are back", async || is_ready(&a).await && is_ready(&b).await).await;
    // Redis has forgotten his login, and his sockets stay open.
    a.sign_in("budi").await.barrier(&mut others).await;
}

/// A login that ended while a node was cut off from the bus, with a Redis that kept its data.
#[tokio::test]
async fn a_login_ended_during_a_cut_of_the_bus_has_no_sockets_after_it() {
    let redis = TestRedis::start();
    let plan = plan_nodes(&redis.url()).await.set("realtime.login_check_s", 3600);
    let server = plan.start().await;
    let (ana, budi) = (server.sign_in("ana").await, server.sign_in("budi").await);
    let (mut ana_socket, mut budi_socket) = (ana.connect().await, budi.connect().await);
    let mut connection = ::redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let index = format!("{}:logins:{}", plan.setting("redis.prefix"), ana.id);
    let members: Vec<String> = ::redis::cmd("ZRANGE").arg(&index).arg(0).arg(-1).query_async(&mut connection).await.unwrap();
    for member in members {
        let key = format!("{}:login:{}", plan.setting("redis.prefix"), member.split_once(' ').unwrap().1);
        ::redis::cmd("DEL").arg(key).query_async::<()>(&mut connection).await.unwrap();
    }
    ::redis::cmd("DEL").arg(&index).query_async::<()>(&mut connection).await.unwrap();
    ana_socket.expect_silence().await;
    ::redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("pubsub").query_async::<()>(&mut connection).await.unwrap();
    ana_socket.expect_close(4009).await;
    budi.barrier([&mut budi_socket]).await;
}
