//! After `kill -9` of a node with undelivered webhooks, another node or the next process delivers
//! them.

use crate::{
    databases::server_url,
    support::{
        TestSocket, TestUser,
        process::{ServerPlan, ServerProcess},
        wait::{PATIENCE, until, until_within},
    },
    two_nodes::plan_nodes,
    webhook_receiver::{Reaction, Receiver},
};
use educounsel::domain::principal::Role;
use serde_json::{Value, json};

async fn make_app(kepala: &TestUser, receiver: &Receiver) -> String {
    let webhooks = json!([{ "url": receiver.url(), "events": ["channel_occupied", "channel_vacated"] }]);
    let (status, made) = kepala.post("/admin/apps", &json!({ "name": "Kampus", "webhooks": webhooks })).await;
    assert_eq!(status, 201, "{made}");
    made["key"].as_str().unwrap().to_owned()
}

async fn connect(server: &ServerProcess, key: &str) -> TestSocket {
    let mut socket = TestSocket::open(server.at(), &format!("/app/{key}"), &[]).await.unwrap();
    socket.greet().await;
    socket
}

/// Says whether a node serves an app: then it accepts sockets. Otherwise it upgrades them and
/// refuses them after that.
pub async fn knows_app(server: &ServerProcess, key: &str) -> bool {
    let mut socket = TestSocket::open(server.at(), &format!("/app/{key}?protocol=7"), &[]).await.unwrap();
    socket.next_event().await.event == "pusher:connection_established"
}

async fn hear(receiver: &Receiver, expected: Value) {
    // A lease has to run out first: twice the usual patience.
    until_within(2 * PATIENCE, &expected.to_string(), async || receiver.events().contains(&expected)).await;
}

#[tokio::test]
async fn a_killed_server_tells_what_waited_after_its_next_start() {
    let plan = ServerPlan::new().set("webhooks.allow_private_targets", true);
    plan.add_user("kepala", Role::Admin);
    let mut first = plan.start().await;
    let receiver = Receiver::start().await;
    receiver.always(Some(Reaction::Answer(503, "")));
    let key = make_app(&first.sign_in("kepala").await, &receiver).await;
    let mut socket = connect(&first, &key).await;
    for channel in ["a", "b", "c"] {
        socket.subscribe(channel).await;
    }
    // The attempted events are rows by now, and so are all earlier ones.
    until("an attempt with all three", async || receiver.hooks().iter().any(|hook| hook.body.contains(r#""c""#))).await;
    first.kill();
    assert!(receiver.events().is_empty());
    receiver.always(None);
    let _second = plan.start().await;
    hear(&receiver, json!({ "name": "channel_occupied", "channel": "c" })).await;
    let names: Vec<Value> = receiver.events().iter().map(|event| event["channel"].clone()).collect();
    assert_eq!(names, ["a", "b", "c"], "each once, in order");
    assert!(!first.log().contains("rahasia"), "the address, which holds a secret, is in the log");
}

#[tokio::test]
async fn a_node_killed_while_it_delivers_is_stood_in_for_and_its_channels_are_told_vacated() {
    let redis = server_url("TEST_REDIS_URL");
    let plan = plan_nodes(&redis).await.set("webhooks.allow_private_targets", true).set("webhooks.timeout_s", 1);
    let (mut first, second) = (plan.start().await, plan.start().await);
    let receiver = Receiver::start().await;
    let key = make_app(&first.sign_in("kepala").await, &receiver).await;
    until("the other node knows the app", async || knows_app(&second, &key).await).await;
    receiver.next([Reaction::Hang]);
    let mut socket = connect(&first, &key).await;
    socket.subscribe("kamar").await;
    until("the first attempt", async || !receiver.hooks().is_empty()).await;
    first.kill();
    hear(&receiver, json!({ "name": "channel_occupied", "channel": "kamar" })).await;
    hear(&receiver, json!({ "name": "channel_vacated", "channel": "kamar" })).await;
    drop(second);
}

#[tokio::test]
async fn who_returns_through_the_other_node_never_left() {
    let redis = server_url("TEST_REDIS_URL");
    let plan = plan_nodes(&redis).await.set("webhooks.allow_private_targets", true).set("webhooks.debounce_ms", 6_000);
    let (first, second) = (plan.start().await, plan.start().await);
    let receiver = Receiver::start().await;
    let key = make_app(&first.sign_in("kepala").await, &receiver).await;
    until("the other node knows the app", async || knows_app(&second, &key).await).await;
    let mut socket = connect(&first, &key).await;
    socket.subscribe("kamar").await;
    until("told", async || receiver.events().len() == 1).await;
    drop(socket);
    until("the socket is gone", async || first.metric("sockets_open").await == 0.0).await;
    let mut back = connect(&second, &key).await;
    back.subscribe("kamar").await;
    // Later another channel comes and goes for good: when that is delivered, more than the pause
    // has passed.
    back.subscribe("lain").await;
    hear(&receiver, json!({ "name": "channel_occupied", "channel": "lain" })).await;
    back.send(json!({ "event": "pusher:unsubscribe", "data": { "channel": "lain" } })).await;
    hear(&receiver, json!({ "name": "channel_vacated", "channel": "lain" })).await;
    let of_room: Vec<Value> = receiver.events().into_iter().filter(|event| event["channel"] == "kamar").collect();
    assert_eq!(of_room, [json!({ "name": "channel_occupied", "channel": "kamar" })]);
}
