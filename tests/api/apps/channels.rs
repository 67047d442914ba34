//! Channels of connected apps keep the rules of docs/pusher-protocol.md, sections 2.4 to 2.7 and
//! 2.10.

use crate::{
    apps::backend::{Backend, sent},
    apps::manage::make_app,
    support::{
        TestApp, TestSocket,
        socket::{Received, SENTINEL_CHANNEL},
        wait::until,
    },
};
use educounsel::domain::clock::Clock;
use serde_json::{Value, json};

async fn start() -> (TestApp, Backend) {
    let app = TestApp::builder().pusher_app().start().await;
    let backend = Backend::of_settings(&app);
    (app, backend)
}

async fn start_counting() -> (TestApp, Backend) {
    let app = TestApp::builder().pusher_app().set(|config| config.apps[0].subscription_counts = true).start().await;
    let backend = Backend::of_settings(&app);
    (app, backend)
}

/// Asks for a channel with its signature.
async fn ask(socket: &mut TestSocket, backend: &Backend, channel: &str, data: Option<&str>) -> crate::support::socket::Event {
    let text = data.map_or_else(|| format!("{}:{channel}", socket.socket_id), |data| format!("{}:{channel}:{data}", socket.socket_id));
    socket.ask_subscribe(json!({ "channel": channel, "auth": backend.sign(&text), "channel_data": data })).await
}

async fn join(socket: &mut TestSocket, backend: &Backend, channel: &str, data: Option<&str>) -> Value {
    let answer = ask(socket, backend, channel, data).await;
    assert_eq!(answer.event, "pusher_internal:subscription_succeeded", "{answer:?}");
    answer.json()
}

async fn sign_in(socket: &mut TestSocket, backend: &Backend, data: &Value) {
    let data = data.to_string();
    let auth = backend.sign(&format!("{}::user::{data}", socket.socket_id));
    socket.send(json!({ "event": "pusher:signin", "data": { "auth": auth, "user_data": data } })).await;
    assert_eq!(socket.next_event().await.event, "pusher:signin_success");
}

fn member(id: &str) -> String {
    json!({ "user_id": id, "user_info": { "name": id } }).to_string()
}

// --- 2.4 close codes

#[actix_web::test]
async fn code_4001_answers_an_unknown_key() {
    let (app, _) = start().await;
    refused(&app, "/app/unknown?protocol=7", &[], 4001).await;
    app.stop().await;
}

async fn refused(app: &TestApp, path: &str, headers: &[(&str, &str)], code: u16) {
    let mut socket = app.handshake(path, headers).await.unwrap();
    let told = socket.next_event().await;
    assert_eq!(told.event, "pusher:error", "{path}");
    assert_eq!(told.data["code"].as_u64(), Some(code.into()), "{path}");
    assert!(told.data.is_object(), "Pysher reads an object only");
    let ended = socket.receive().await;
    assert!(matches!(ended, Received::Closed { code: closed, .. } if closed == code), "{path}: {ended:?}");
}

#[actix_web::test]
async fn code_4004_answers_a_socket_above_the_apps_limit_until_one_leaves() {
    let app = TestApp::start().await;
    let kepala = app.admin("kepala").await;
    let made = make_app(&kepala, &json!({ "name": "A", "limits": { "connections": 1 } })).await;
    let path = format!("/app/{}", made["key"].as_str().unwrap());
    let first = app.socket(made["key"].as_str().unwrap()).await;
    refused(&app, &path, &[], 4004).await;
    first.cut();
    until("it left", async || app.running.socket_count() == 0).await;
    app.socket(made["key"].as_str().unwrap()).await.expect_silence().await;
    app.stop().await;
}

#[actix_web::test]
async fn code_4009_answers_pages_of_other_origins() {
    let app = TestApp::start().await;
    let kepala = app.admin("kepala").await;
    let made = make_app(&kepala, &json!({ "name": "A", "allowed_origins": ["https://portal.example"] })).await;
    let path = format!("/app/{}", made["key"].as_str().unwrap());
    refused(&app, &path, &[("origin", "https://evil.example")], 4009).await;
    let mut allowed = app.handshake(&path, &[("origin", "https://portal.example")]).await.unwrap();
    allowed.greet().await;
    let mut program = app.handshake(&path, &[]).await.unwrap();
    program.greet().await;
    app.stop().await;
}

#[actix_web::test]
async fn code_4100_answers_a_node_that_is_full() {
    let app = TestApp::builder().pusher_app().set(|config| config.realtime.max_sockets = 2).start().await;
    let _open = [app.socket("uji-key").await, app.socket("uji-key").await];
    refused(&app, "/app/uji-key", &[], 4100).await;
    app.stop().await;
}

#[actix_web::test]
async fn failures_of_a_channel_are_subscription_errors_and_never_close() {
    let (app, backend) = start().await;
    let mut socket = app.socket("uji-key").await;
    for (channel, data) in
        [("private-a", Some("x:y")), ("presence-a", None), ("no name", None), ("#server-to-user-1", None), ("#user-1", None)]
    {
        let answer = socket.ask_subscribe(json!({ "channel": channel, "auth": data.unwrap_or("") })).await;
        assert_eq!(answer.event.as_str(), "pusher:subscription_error");
        assert_eq!(answer.channel.as_deref(), Some(channel));
        assert!(answer.data["status"].is_u64() && answer.data["error"].is_string() && answer.data["type"].is_string(), "{answer:?}");
    }
    join(&mut socket, &backend, "private-a", None).await;
    app.stop().await;
}

// --- 2.6 names and limits

#[actix_web::test]
async fn the_hundred_and_first_member_is_refused_and_others_never_see_it() {
    let (app, backend) = start().await;
    let mut watcher = app.socket("uji-key").await;
    join(&mut watcher, &backend, "presence-a", Some(&member("0"))).await;
    let mut sockets = Vec::new();
    for number in 1..100 {
        let mut socket = app.socket("uji-key").await;
        join(&mut socket, &backend, "presence-a", Some(&member(&number.to_string()))).await;
        sockets.push(socket);
    }
    for _ in 1..100 {
        assert_eq!(watcher.next_event().await.event, "pusher_internal:member_added");
    }
    let mut late = app.socket("uji-key").await;
    let answer = ask(&mut late, &backend, "presence-a", Some(&member("100"))).await;
    assert_eq!(answer.event.as_str(), "pusher:subscription_error");
    assert_eq!(answer.data["type"], "SubscriptionRefused");
    app.barrier(&mut watcher).await;
    let count = backend.read("channels/presence-a", &[("info", "user_count")]).await;
    assert_eq!(count["user_count"], 100);
    app.stop().await;
}

#[actix_web::test]
async fn ids_that_are_numbers_are_text_everywhere() {
    let (app, backend) = start().await;
    let mut ana = app.socket("uji-key").await;
    let members = join(&mut ana, &backend, "presence-a", Some(r#"{"user_id":10}"#)).await;
    assert_eq!(members["presence"], json!({ "count": 1, "ids": ["10"], "hash": { "10": null } }));
    let mut budi = app.socket("uji-key").await;
    join(&mut budi, &backend, "presence-a", Some(r#"{"user_id":"10"}"#)).await;
    app.barrier(&mut ana).await;
    app.stop().await;
}

#[actix_web::test]
async fn an_app_has_as_many_channels_as_it_may() {
    let app = TestApp::start().await;
    let kepala = app.admin("kepala").await;
    let made = make_app(&kepala, &json!({ "name": "A", "limits": { "channels": 1 } })).await;
    let mut socket = app.socket(made["key"].as_str().unwrap()).await;
    socket.subscribe("a").await;
    assert_eq!(socket.ask_subscribe(json!({ "channel": "b" })).await.event, "pusher:subscription_error");
    let mut other = app.socket(made["key"].as_str().unwrap()).await;
    other.subscribe("a").await;
    app.stop().await;
}

// --- cache channels

#[actix_web::test]
async fn cache_channels_of_every_kind_give_the_last_event_or_a_miss_behind_the_answer() {
    let (app, backend) = start().await;
    for channel in ["cache-a", "private-cache-a", "private-encrypted-cache-a", "presence-cache-a"] {
        let data = channel.starts_with("presence").then(|| member("1"));
        let mut early = app.socket("uji-key").await;
        join(&mut early, &backend, channel, data.as_deref()).await;
        assert_eq!(early.next_event().await.raw, format!(r#"{{"event":"pusher:cache_miss","channel":"{channel}","data":"{{}}"}}"#));
        backend.trigger(channel, "lama", "1").await;
        backend.trigger(channel, "baru", "{\"n\": 2}").await;
        let heard = [early.next_event().await, early.next_event().await];
        let mut late = app.socket("uji-key").await;
        join(&mut late, &backend, channel, data.as_deref()).await;
        assert_eq!(late.next_event().await.raw, heard[1].raw, "{channel}");
        app.barrier(&mut late).await;
    }
    app.stop().await;
}

#[actix_web::test]
async fn client_events_are_never_cached() {
    let (app, backend) = start().await;
    let (mut ana, mut budi) = (app.socket("uji-key").await, app.socket("uji-key").await);
    join(&mut ana, &backend, "private-cache-a", None).await;
    assert_eq!(ana.next_event().await.event, "pusher:cache_miss");
    ana.send(json!({ "event": "client-x", "channel": "private-cache-a", "data": 1 })).await;
    // An error would come before the pong.
    ana.expect_silence().await;
    join(&mut budi, &backend, "private-cache-a", None).await;
    assert_eq!(budi.next_event().await.event, "pusher:cache_miss");
    app.stop().await;
}

/// A client that joins while events are published gets the answer first, then every event from the
/// last stored one on, in order.
#[actix_web::test]
async fn joining_a_busy_cache_channel_loses_and_swaps_nothing() {
    let (app, backend) = start().await;
    let publishing = {
        let backend = backend.clone();
        actix_web::rt::spawn(async move {
            for number in 0..150 {
                backend.trigger("cache-a", "n", &number.to_string()).await;
            }
        })
    };
    for _ in 0..10 {
        let mut socket = app.socket("uji-key").await;
        assert_eq!(socket.ask_subscribe(json!({ "channel": "cache-a" })).await.event, "pusher_internal:subscription_succeeded");
        let first = socket.next_event().await;
        if first.event == "pusher:cache_miss" {
            continue;
        }
        let mut last: u64 = first.data.as_str().unwrap().parse().unwrap();
        while last < 149 {
            let next: u64 = socket.next_event().await.data.as_str().unwrap().parse().unwrap();
            assert_eq!(next, last + 1);
            last = next;
        }
    }
    publishing.await.unwrap();
    app.stop().await;
}

// --- 2.7 signatures

#[actix_web::test]
async fn channel_data_is_signed_on_private_channels_too() {
    let (app, backend) = start().await;
    let mut socket = app.socket("uji-key").await;
    join(&mut socket, &backend, "private-a", Some("{}")).await;
    let unsigned = backend.sign(&format!("{}:private-b", socket.socket_id));
    let answer = socket.ask_subscribe(json!({ "channel": "private-b", "auth": unsigned, "channel_data": "{}" })).await;
    assert_eq!(answer.event, "pusher:subscription_error");
    app.stop().await;
}

#[actix_web::test]
async fn encrypted_channels_need_the_private_signature_and_pass_data_untouched() {
    let (app, backend) = start().await;
    let mut socket = app.socket("uji-key").await;
    assert_eq!(socket.ask_subscribe(json!({ "channel": "private-encrypted-a" })).await.event, "pusher:subscription_error");
    join(&mut socket, &backend, "private-encrypted-a", None).await;
    let sealed = r#"{"nonce":"AAAA","ciphertext":"BBBB=="}"#;
    backend.trigger("private-encrypted-a", "rahasia", sealed).await;
    assert_eq!(socket.next_event().await.data, json!(sealed));
    app.stop().await;
}

#[actix_web::test]
async fn a_signed_in_socket_joins_presence_without_channel_data() {
    let (app, backend) = start().await;
    let mut socket = app.socket("uji-key").await;
    let refused = ask(&mut socket, &backend, "presence-a", None).await;
    assert_eq!(refused.event.as_str(), "pusher:subscription_error");
    assert_eq!(refused.data["status"], 400);
    sign_in(&mut socket, &backend, &json!({ "id": "7", "user_info": { "name": "Ana" } })).await;
    let members = join(&mut socket, &backend, "presence-a", None).await;
    assert_eq!(members["presence"]["hash"], json!({ "7": { "name": "Ana" } }));
    app.stop().await;
}

#[actix_web::test]
async fn signing_in_needs_the_signature_and_answers_the_data_with_a_text_as_id() {
    let (app, backend) = start().await;
    let mut socket = app.socket("uji-key").await;
    for (auth, data) in [("uji-key:00".to_owned(), r#"{"id":"7"}"#), (backend.sign(&format!("{}::user::{{}}", socket.socket_id)), "{}")] {
        socket.send(json!({ "event": "pusher:signin", "data": { "auth": auth, "user_data": data } })).await;
        let answer = socket.next_event().await;
        assert_eq!(answer.event.as_str(), "pusher:error", "{data}");
        assert_eq!(answer.data["code"], Value::Null, "{data}");
    }
    let data = r#"{"id":7}"#;
    let auth = backend.sign(&format!("{}::user::{data}", socket.socket_id));
    socket.send(json!({ "event": "pusher:signin", "data": { "auth": auth, "user_data": data } })).await;
    let answer = socket.next_event().await;
    assert!(answer.data.is_string());
    assert_eq!(serde_json::from_str::<Value>(answer.json()["user_data"].as_str().unwrap()).unwrap()["id"], "7");
    app.stop().await;
}

#[actix_web::test]
async fn server_to_user_channels_are_for_that_user_only() {
    let (app, backend) = start().await;
    let (mut ana, mut budi) = (app.socket("uji-key").await, app.socket("uji-key").await);
    sign_in(&mut ana, &backend, &json!({ "id": "ana" })).await;
    sign_in(&mut budi, &backend, &json!({ "id": "budi" })).await;
    for channel in ["#server-to-user-budi", "#user-ana", "#watch-budi"] {
        assert_eq!(ana.ask_subscribe(json!({ "channel": channel, "auth": "" })).await.event, "pusher:subscription_error", "{channel}");
    }
    assert_eq!(
        ana.ask_subscribe(json!({ "channel": "#server-to-user-ana", "auth": "" })).await.event,
        "pusher_internal:subscription_succeeded"
    );
    backend.trigger("#server-to-user-ana", "halo", "1").await;
    assert_eq!(ana.next_event().await.raw, r##"{"event":"halo","channel":"#server-to-user-ana","data":"1"}"##);
    app.barrier(&mut budi).await;
    assert_eq!(backend.read("channels", &[]).await, json!({ "channels": {} }), "users are not channels");
    app.stop().await;
}

// --- watchlists

#[actix_web::test]
async fn a_watchlist_tells_who_is_there_who_comes_and_who_goes() {
    let (app, backend) = start().await;
    let (mut ana, mut budi, mut budi_tab) = (app.socket("uji-key").await, app.socket("uji-key").await, app.socket("uji-key").await);
    sign_in(&mut budi, &backend, &json!({ "id": "budi" })).await;
    sign_in(&mut ana, &backend, &json!({ "id": "ana", "watchlist": ["budi", "cici"] })).await;
    let first = ana.next_event().await;
    assert_eq!(first.event.as_str(), "pusher_internal:watchlist_events");
    assert_eq!(first.channel.as_deref(), None);
    let events = json!([{ "name": "online", "user_ids": ["budi"] }, { "name": "offline", "user_ids": ["cici"] }]);
    assert_eq!(first.json(), json!({ "events": events }));
    sign_in(&mut budi_tab, &backend, &json!({ "id": "budi" })).await;
    budi.cut();
    until("the first tab is gone", async || app.running.socket_count() == 2).await;
    app.barrier(&mut ana).await;
    budi_tab.cut();
    assert_eq!(ana.next_event().await.json(), json!({ "events": [{ "name": "offline", "user_ids": ["budi"] }] }));
    let mut cici = app.socket("uji-key").await;
    sign_in(&mut cici, &backend, &json!({ "id": "cici" })).await;
    assert_eq!(ana.next_event().await.json(), json!({ "events": [{ "name": "online", "user_ids": ["cici"] }] }));
    app.stop().await;
}

#[actix_web::test]
async fn a_watchlist_that_is_too_long_is_cut_and_told_with_4302() {
    let (app, backend) = start().await;
    let mut ana = app.socket("uji-key").await;
    let list: Vec<String> = (0..101).map(|number| format!("u{number}")).collect();
    sign_in(&mut ana, &backend, &json!({ "id": "ana", "watchlist": list })).await;
    assert_eq!(ana.next_event().await.data["code"], 4302);
    let offline = ana.next_event().await.json();
    assert_eq!(offline["events"][0]["user_ids"].as_array().map(Vec::len), Some(100));
    ana.subscribe("news").await;
    app.stop().await;
}

// --- subscription counts

#[actix_web::test]
async fn subscribers_hear_how_many_they_are_at_every_change() {
    let (app, _) = start_counting().await;
    let (mut a, mut b) = (app.socket("uji-key").await, app.socket("uji-key").await);
    a.subscribe("news").await;
    assert_eq!(a.next_named("pusher_internal:subscription_count").await.data, json!(r#"{"subscription_count":1}"#));
    b.subscribe("news").await;
    for socket in [&mut a, &mut b] {
        assert_eq!(socket.next_named("pusher_internal:subscription_count").await.json()["subscription_count"], 2);
    }
    b.cut();
    assert_eq!(a.next_named("pusher_internal:subscription_count").await.json()["subscription_count"], 1);
    app.stop().await;
}

#[actix_web::test]
async fn above_a_hundred_subscribers_the_count_is_told_every_five_seconds() {
    let (app, _) = start_counting().await;
    let mut first = app.socket("uji-key").await;
    first.subscribe("news").await;
    let mut others = Vec::new();
    for _ in 1..130 {
        let mut socket = app.socket("uji-key").await;
        socket.subscribe("news").await;
        others.push(socket);
    }
    let began = std::time::Instant::now();
    let mut counts = Vec::new();
    while counts.last() != Some(&130) {
        counts.push(first.next_named("pusher_internal:subscription_count").await.json()["subscription_count"].as_u64().unwrap());
    }
    assert!(counts.is_sorted(), "{counts:?}");
    let above: Vec<_> = counts.iter().filter(|count| **count > 100).collect();
    assert!(above.len() <= 1 + usize::try_from(began.elapsed().as_secs() / 5 + 2).unwrap(), "{above:?} in {:?}", began.elapsed());
    app.stop().await;
}

// --- 2.10 client events

#[actix_web::test]
async fn clients_cannot_speak_as_the_server() {
    let (app, backend) = start().await;
    let (mut ana, mut budi) = (app.socket("uji-key").await, app.socket("uji-key").await);
    for socket in [&mut ana, &mut budi] {
        join(socket, &backend, "private-a", None).await;
    }
    for event in ["pusher:x", "pusher_internal:member_added", "x", "client_x"] {
        ana.send(json!({ "event": event, "channel": "private-a", "data": {} })).await;
        assert_eq!(ana.next_event().await.event, "pusher:error", "{event}");
    }
    app.barrier(&mut budi).await;
    app.stop().await;
}

// --- members

/// After any number of people came and went at once, a subscriber's list equals the server's.
#[actix_web::test]
async fn whoever_joins_in_a_crowd_knows_everybody_in_the_end() {
    let (app, backend) = start().await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.push(app.socket("uji-key").await);
    }
    for (number, socket) in sockets.iter_mut().enumerate() {
        let data = member(&number.to_string());
        let auth = backend.sign(&format!("{}:presence-a:{data}", socket.socket_id));
        let subscribe = json!({ "channel": "presence-a", "auth": auth, "channel_data": data });
        socket.send(json!({ "event": "pusher:subscribe", "data": subscribe })).await;
    }
    for (number, socket) in sockets.iter_mut().enumerate() {
        let answer = socket.next_event().await;
        assert_eq!(answer.event, "pusher_internal:subscription_succeeded");
        let mut known: std::collections::BTreeSet<String> = serde_json::from_value(answer.json()["presence"]["ids"].clone()).unwrap();
        assert!(known.contains(&number.to_string()));
        while known.len() < 20 {
            let added = socket.next_named("pusher_internal:member_added").await.json();
            assert!(known.insert(added["user_id"].as_str().unwrap().to_owned()), "{added} twice");
        }
        app.barrier(socket).await;
    }
    app.stop().await;
}

#[actix_web::test]
async fn a_socket_that_sends_too_fast_is_read_more_slowly_and_loses_nothing() {
    const PER_S: u32 = 20;
    let clock = Clock::manual(Clock::System.now_ms());
    let app = TestApp::builder().pusher_app().clock(clock.clone()).set(|config| config.realtime.inbound_per_s = PER_S).start().await;
    let (mut socket, mut other) = (app.socket("uji-key").await, app.socket("uji-key").await);
    // Its own subscription is the first of the events that two seconds allow at once.
    socket.subscribe(SENTINEL_CHANNEL).await;
    for _ in 0..60 {
        socket.send(json!({ "event": "pusher:ping", "data": {} })).await;
    }
    for _ in 1..2 * PER_S {
        assert_eq!(socket.next_event().await.event, "pusher:pong");
    }
    // The clock stands still: no more is read here, but a socket that has read all along is not
    // delayed.
    other.subscribe(SENTINEL_CHANNEL).await;
    app.barrier(&mut socket).await;
    for _ in 2 * PER_S..=60 {
        clock.advance(1_000 / i64::from(PER_S));
        assert_eq!(socket.next_event().await.event, "pusher:pong");
        app.barrier(&mut socket).await;
    }
    app.stop().await;
}

#[actix_web::test]
async fn a_user_of_one_app_is_nobody_in_another() {
    let app = TestApp::builder().pusher_app().start().await;
    let kepala = app.admin("kepala").await;
    let (one, other) = (Backend::of_settings(&app), Backend::of(&app, &make_app(&kepala, &json!({ "name": "B" })).await));
    let mut socket = app.socket(&other.key).await;
    socket.subscribe("news").await;
    sign_in(&mut socket, &other, &json!({ "id": "7" })).await;
    one.trigger("news", "e", "1").await;
    assert_eq!(sent(one.post("users/7/terminate_connections", &json!({}))).await.0, 200);
    assert_eq!(one.read("channels", &[]).await, json!({ "channels": {} }));
    app.barrier(&mut socket).await;
    app.stop().await;
}

// --- authorisation by the built-in app

#[actix_web::test]
async fn many_channels_are_signed_in_one_request_and_refused_ones_are_null() {
    let app = TestApp::start().await;
    let ana = app.student("ana").await;
    let mut socket = app.socket("educounsel").await;
    let own = format!("private-user.{}", ana.id);
    for path in ["/broadcasting/auth", "/pusher/auth"] {
        let post = |body: String| {
            let request = app.client().post(app.url(path)).bearer_auth(&ana.token);
            request.header("content-type", "application/x-www-form-urlencoded").body(body)
        };
        let names = [own.as_str(), "private-role.admin", "private-role.student", "no name"];
        let list = names.map(|name| format!("&channel_name[]={name}")).concat();
        let (status, body) = sent(post(format!("socket_id={}{list}", socket.socket_id))).await;
        let proofs: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status, 200, "{body}");
        assert_eq!(proofs.as_object().unwrap().len(), 4, "{body}");
        assert!(proofs["private-role.admin"].is_null() && proofs["no name"].is_null());
        for name in [own.as_str(), "private-role.student"] {
            let answer = socket.ask_subscribe(json!({ "channel": name, "auth": proofs[name]["auth"] })).await;
            assert_eq!(answer.event, "pusher_internal:subscription_succeeded", "{answer:?}");
            socket.send(json!({ "event": "pusher:unsubscribe", "data": { "channel": name } })).await;
        }
        let many: String = (0..101).map(|number| format!("&channel_name[]=private-{number}")).collect();
        assert_eq!(sent(post(format!("socket_id=1.2{many}"))).await.0, 422);
    }
    app.stop().await;
}

#[actix_web::test]
async fn a_user_of_the_built_in_app_signs_in_with_the_proof_of_its_session() {
    let app = TestApp::start().await;
    let ana = app.student("ana").await;
    let mut socket = app.socket("educounsel").await;
    for path in ["/broadcasting/user-auth", "/pusher/user-auth"] {
        let request = app.client().post(app.url(path)).bearer_auth(&ana.token);
        let (status, body) = sent(request.json(&json!({ "socket_id": socket.socket_id }))).await;
        assert_eq!(status, 200);
        let proof: Value = serde_json::from_str(&body).unwrap();
        socket.send(json!({ "event": "pusher:signin", "data": proof })).await;
        assert_eq!(socket.next_event().await.event, "pusher:signin_success");
    }
    let channel = format!("#server-to-user-{}", ana.id);
    assert_eq!(socket.ask_subscribe(json!({ "channel": channel })).await.event, "pusher_internal:subscription_succeeded");
    app.stop().await;
}
