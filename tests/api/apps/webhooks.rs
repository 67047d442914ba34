//! Webhooks of connected apps reach a receiver in this process.

use crate::{
    apps::manage::{change, make_app},
    support::{TestApp, TestUser, socket::TestSocket, wait::until},
    webhook_receiver::{Reaction, Receiver},
};
use educounsel::{config::Config, domain::clock::Clock, wire::signature::SecretKey};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Notify;

const ALL: [&str; 7] =
    ["channel_occupied", "channel_vacated", "member_added", "member_removed", "client_event", "cache_miss", "subscription_count"];

/// A server, an app with a webhook, and its receiver.
struct Scene {
    app: TestApp,
    kepala: TestUser,
    made: Value,
    receiver: Receiver,
}

impl Scene {
    async fn with(events: &[&str], prefix: &str, change: impl FnOnce(&mut Config)) -> Self {
        let builder = TestApp::builder().set(|config| {
            config.webhooks.allow_private_targets = true;
            config.webhooks.debounce_ms = 300;
            config.webhooks.timeout_s = 1;
        });
        let app = builder.set(change).start().await;
        let (kepala, receiver) = (app.admin("kepala").await, Receiver::start().await);
        let webhooks = json!([{ "url": receiver.url(), "events": events, "channel_prefix": prefix }]);
        let made = make_app(&kepala, &json!({ "name": "Kampus", "webhooks": webhooks })).await;
        Self { app, kepala, made, receiver }
    }

    async fn open(events: &[&str]) -> Self {
        Self::with(events, "", |_| {}).await
    }

    fn text(&self, field: &str) -> &str {
        self.made[field].as_str().unwrap()
    }

    async fn socket(&self) -> TestSocket {
        self.app.socket(self.text("key")).await
    }

    async fn join(&self, socket: &mut TestSocket, channel: &str, user: Option<&str>) {
        let data = user.map(|user| json!({ "user_id": user }).to_string());
        let signed = [Some(socket.socket_id.as_str()), Some(channel), data.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(":");
        let auth = format!("{}:{}", self.text("key"), SecretKey::new(self.text("secret").as_bytes()).sign(&signed));
        let mut request = json!({ "channel": channel, "auth": auth });
        if let Some(data) = data {
            request["channel_data"] = json!(data);
        }
        let answer = socket.ask_subscribe(request).await;
        assert_eq!(answer.event, "pusher_internal:subscription_succeeded");
    }

    async fn hear(&self, count: usize) -> Vec<Value> {
        until(&format!("{count} events received"), async || self.receiver.events().len() >= count).await;
        let events = self.receiver.events();
        assert_eq!(events.len(), count, "{events:?}");
        events
    }

    fn path(&self, rest: &str) -> String {
        format!("/admin/apps/{}/{rest}", self.text("id"))
    }

    async fn dead_letters(&self) -> Vec<Value> {
        self.kepala.get(&self.path("dead-letters?limit=100")).await["items"].as_array().unwrap().clone()
    }
}

#[actix_web::test]
async fn every_kind_of_event_is_told_signed_and_stamped() {
    let began_ms = Clock::System.now_ms();
    let scene = Scene::open(&ALL).await;
    change(&scene.kepala, &scene.made, &json!({ "subscription_counts": true })).await;
    let mut ana = scene.socket().await;
    scene.join(&mut ana, "presence-a", Some("ana")).await;
    scene.hear(2).await;
    let sent = json!({ "event": "client-x", "channel": "presence-a", "data": { "a": 1 } });
    ana.send(sent).await;
    scene.hear(3).await;
    scene.join(&mut ana, "private-cache-b", None).await;
    scene.hear(6).await;
    let socket_id = ana.socket_id.clone();
    drop(ana);
    let events = scene.hear(10).await;
    let mut sorted: Vec<String> = events.iter().map(Value::to_string).collect();
    sorted.sort();
    let mut expected: Vec<String> = [
        json!({ "name": "channel_occupied", "channel": "presence-a" }),
        json!({ "name": "member_added", "channel": "presence-a", "user_id": "ana" }),
        json!({ "name": "client_event", "channel": "presence-a", "event": "client-x", "data": "{\"a\":1}", "socket_id": socket_id, "user_id": "ana" }),
        json!({ "name": "channel_occupied", "channel": "private-cache-b" }),
        json!({ "name": "subscription_count", "channel": "private-cache-b", "subscription_count": 1 }),
        json!({ "name": "cache_miss", "channel": "private-cache-b" }),
        json!({ "name": "subscription_count", "channel": "private-cache-b", "subscription_count": 0 }),
        json!({ "name": "member_removed", "channel": "presence-a", "user_id": "ana" }),
        json!({ "name": "channel_vacated", "channel": "presence-a" }),
        json!({ "name": "channel_vacated", "channel": "private-cache-b" }),
    ]
    .iter()
    .map(Value::to_string)
    .collect();
    expected.sort();
    assert_eq!(sorted, expected);
    let ended_ms = Clock::System.now_ms();
    for hook in scene.receiver.hooks() {
        assert_eq!(hook.target, "/hook?token=rahasia");
        let body = hook.verified(scene.text("key"), scene.text("secret"));
        assert!((began_ms..=ended_ms).contains(&body["time_ms"].as_i64().unwrap()), "{body}");
    }
    scene.app.stop().await;
}

#[actix_web::test]
async fn filters_choose_events_and_channels_and_apps_without_webhooks_tell_nobody() {
    let scene = Scene::with(&["channel_occupied"], "ruang-", |_| {}).await;
    let other = make_app(&scene.kepala, &json!({ "name": "Lain" })).await;
    let mut foreign = scene.app.socket(other["key"].as_str().unwrap()).await;
    foreign.subscribe("ruang-9").await;
    let mut socket = scene.socket().await;
    for channel in ["umum", "ruang-1", "uang-ruang-1", "ruang-2"] {
        socket.subscribe(channel).await;
    }
    let events = scene.hear(2).await;
    assert_eq!(events.iter().map(|event| &event["channel"]).collect::<Vec<_>>(), ["ruang-1", "ruang-2"]);
    // A change of the filter takes effect from now on.
    let webhooks = json!([{ "url": scene.receiver.url(), "events": ["channel_occupied"], "channel_prefix": "umum" }]);
    change(&scene.kepala, &scene.made, &json!({ "webhooks": webhooks })).await;
    socket.subscribe("ruang-3").await;
    socket.subscribe("umum-2").await;
    assert_eq!(scene.hear(3).await[2]["channel"], "umum-2");
    scene.app.stop().await;
}

#[actix_web::test]
async fn who_returns_at_once_never_left() {
    let scene = Scene::with(&["channel_occupied", "channel_vacated", "member_added", "member_removed"], "", |config| {
        config.webhooks.debounce_ms = 4_000;
    })
    .await;
    let mut ana = scene.socket().await;
    scene.join(&mut ana, "presence-a", Some("ana")).await;
    scene.hear(2).await;
    for _ in 0..3 {
        drop(ana);
        until("the socket is gone", async || scene.app.running.socket_count() == 0).await;
        ana = scene.socket().await;
        scene.join(&mut ana, "presence-a", Some("ana")).await;
    }
    // Proof that enough time has passed: another client has left for good, later.
    let mut budi = scene.socket().await;
    scene.join(&mut budi, "presence-a", Some("budi")).await;
    drop(budi);
    let events = scene.hear(4).await;
    assert_eq!(events[2], json!({ "name": "member_added", "channel": "presence-a", "user_id": "budi" }));
    assert_eq!(events[3], json!({ "name": "member_removed", "channel": "presence-a", "user_id": "budi" }));
    scene.app.stop().await;
}

#[actix_web::test]
async fn a_failure_is_tried_again_signed_anew_and_in_order() {
    let scene = Scene::open(&["channel_occupied"]).await;
    scene.receiver.next([Reaction::Answer(500, ""), Reaction::Hang]);
    let mut socket = scene.socket().await;
    socket.subscribe("a").await;
    until("the first attempt", async || !scene.receiver.hooks().is_empty()).await;
    socket.subscribe("b").await;
    let events = scene.hear(2).await;
    assert_eq!(events.iter().map(|event| &event["channel"]).collect::<Vec<_>>(), ["a", "b"]);
    let hooks = scene.receiver.hooks();
    assert_eq!(hooks.len(), 3, "{hooks:?}");
    let stamps: Vec<_> =
        hooks.iter().map(|hook| hook.verified(scene.text("key"), scene.text("secret"))["time_ms"].as_i64().unwrap()).collect();
    assert!(stamps[1] >= stamps[0] + 800 && stamps[2] >= stamps[1] + 1_600, "{stamps:?}");
    assert!(hooks[0].header("x-pusher-signature") != hooks[1].header("x-pusher-signature"));
    // The receiver has answered; the courier still has to record it.
    until("nothing waits or fails", async || {
        let standing = &scene.kepala.get(&scene.path("webhooks")).await["items"][0];
        (&standing["failures"], &standing["waiting"]) == (&json!(0), &json!(0))
    })
    .await;
    scene.app.stop().await;
}

#[actix_web::test]
async fn many_events_travel_in_few_bodies() {
    let scene = Scene::with(&["channel_occupied"], "", |config| config.webhooks.timeout_s = 30).await;
    let gate = Arc::new(Notify::new());
    scene.receiver.next([Reaction::AnswerWhen(gate.clone())]);
    let mut socket = scene.socket().await;
    for number in 0..150 {
        socket.subscribe(&format!("k{number}")).await;
    }
    gate.notify_one();
    let events = scene.hear(150).await;
    let names: Vec<_> = events.iter().map(|event| event["channel"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, (0..150).map(|number| format!("k{number}")).collect::<Vec<_>>());
    let sizes: Vec<usize> = scene
        .receiver
        .hooks()
        .iter()
        .map(|hook| serde_json::from_str::<Value>(&hook.body).unwrap()["events"].as_array().unwrap().len())
        .collect();
    assert!(sizes.len() < 60 && sizes.iter().all(|size| *size <= 100), "{sizes:?}");
    scene.app.stop().await;
}

#[actix_web::test]
async fn what_cannot_be_delivered_becomes_a_dead_letter_that_an_admin_sends_again() {
    let scene = Scene::with(&["channel_occupied"], "", |config| config.webhooks.retry_for_s = 1).await;
    scene.receiver.always(Some(Reaction::Answer(302, "location: /elsewhere\r\n")));
    let mut socket = scene.socket().await;
    socket.subscribe("a").await;
    until("a dead letter", async || !scene.dead_letters().await.is_empty()).await;
    let letter = &scene.dead_letters().await[0];
    assert_eq!(letter["event"], json!({ "name": "channel_occupied", "channel": "a" }));
    assert_eq!(letter["reason"], "answered with status 302");
    assert!(letter["attempts"].as_i64().unwrap() >= 2 && letter["url"] == json!(scene.receiver.url()), "{letter}");
    assert!(scene.receiver.hooks().iter().all(|hook| hook.target.starts_with("/hook")), "a redirect was followed");
    let standing = &scene.kepala.get(&scene.path("webhooks")).await["items"][0];
    assert_eq!(standing["dead"], 1);
    assert_eq!(standing["waiting"], 0);
    assert_eq!(standing["last_error"], "answered with status 302");

    let ana = scene.app.student("ana").await;
    assert_eq!(ana.post(&scene.path("dead-letters/replay"), &json!({})).await.0, 403);
    assert_eq!(ana.try_get(&scene.path("dead-letters")).await.0, 403);
    scene.receiver.always(None);
    let unknown = json!({ "ids": [educounsel::domain::ids::WebhookEventId::generate()] });
    assert_eq!(scene.kepala.post(&scene.path("dead-letters/replay"), &unknown).await, (200, json!({ "replayed": 0 })));
    let this = json!({ "ids": [letter["id"]] });
    assert_eq!(scene.kepala.post(&scene.path("dead-letters/replay"), &this).await, (200, json!({ "replayed": 1 })));
    assert_eq!(scene.hear(1).await[0]["channel"], "a");
    assert!(scene.dead_letters().await.is_empty());
    let audit = scene.kepala.get("/admin/audit").await.to_string();
    assert!(audit.contains("app.webhooks_replayed"));
    scene.app.stop().await;
}

#[actix_web::test]
async fn private_targets_are_never_knocked_at_unless_the_settings_say_so() {
    let scene = Scene::with(&["channel_occupied"], "", |config| {
        config.webhooks.allow_private_targets = false;
        config.webhooks.retry_for_s = 1;
    })
    .await;
    let by_name = scene.receiver.url().replace("127.0.0.1", "localhost");
    let webhooks: Vec<Value> =
        [scene.receiver.url(), by_name].iter().map(|url| json!({ "url": url, "events": ["channel_occupied"] })).collect();
    change(&scene.kepala, &scene.made, &json!({ "webhooks": webhooks })).await;
    let mut socket = scene.socket().await;
    socket.subscribe("a").await;
    until("both are given up", async || scene.dead_letters().await.len() == 2).await;
    for letter in scene.dead_letters().await {
        assert_eq!(letter["reason"], "the address is not on the public internet");
    }
    assert!(scene.receiver.hooks().is_empty());
    scene.app.stop().await;
}

#[actix_web::test]
async fn one_slow_address_holds_up_no_other() {
    let scene = Scene::with(&["channel_occupied"], "", |config| config.webhooks.timeout_s = 30).await;
    let quick = Receiver::start().await;
    scene.receiver.always(Some(Reaction::Hang));
    let webhooks: Vec<Value> =
        [scene.receiver.url(), quick.url()].iter().map(|url| json!({ "url": url, "events": ["channel_occupied"] })).collect();
    change(&scene.kepala, &scene.made, &json!({ "webhooks": webhooks })).await;
    let mut socket = scene.socket().await;
    for number in 0..3 {
        socket.subscribe(&format!("k{number}")).await;
        until("told at once", async || quick.events().len() == number + 1).await;
    }
    assert_eq!(scene.receiver.hooks().len(), 1, "one attempt at a time");
    scene.app.stop().await;
}

#[actix_web::test]
async fn a_stopped_server_tells_the_rest_after_its_next_start() {
    let scene = Scene::with(&["channel_occupied", "channel_vacated"], "", |config| config.webhooks.debounce_ms = 3_000).await;
    let mut socket = scene.socket().await;
    socket.subscribe("a").await;
    scene.hear(1).await;
    let folder = scene.app.folder.clone();
    // A client answers the close, as every client does.
    futures_util::future::join(scene.app.stop(), async move { socket.expect_close(4200).await }).await;
    assert_eq!(scene.receiver.events().len(), 1, "the channel is vacated in a moment");
    let next =
        crate::support::app::TestAppBuilder::in_folder(folder).set(|config| config.webhooks.allow_private_targets = true).start().await;
    until("told by the next server", async || scene.receiver.events().len() == 2).await;
    assert_eq!(scene.receiver.events()[1], json!({ "name": "channel_vacated", "channel": "a" }));
    next.stop().await;
}
