//! The HTTP API answers row by row as in docs/pusher-protocol.md, section 2.8, with the exact
//! bodies that the vendors' suites compare, and refuses bad requests.

use crate::{
    apps::backend::{Backend, Mistake, sent},
    apps::manage::{change, make_app},
    support::TestApp,
};
use reqwest::Method;
use serde_json::{Value, json};

async fn start() -> (TestApp, Backend) {
    let app = TestApp::builder().pusher_app().start().await;
    let backend = Backend::of_settings(&app);
    (app, backend)
}

async fn refusal(request: reqwest::RequestBuilder) -> (u16, String) {
    let (status, body) = sent(request).await;
    let problem: Value = serde_json::from_str(&body).unwrap();
    (status, problem["code"].as_str().unwrap().to_owned())
}

#[actix_web::test]
async fn events_are_delivered_byte_for_byte_and_answered_with_an_empty_object() {
    let (app, backend) = start().await;
    let (mut a, mut b) = (app.socket("uji-key").await, app.socket("uji-key").await);
    a.subscribe("news").await;
    b.subscribe("sport").await;
    let event = json!({ "name": "terbit", "channels": ["news", "sport"], "data": "{\"a\": \"é\\n\"}" });
    assert_eq!(sent(backend.post("events", &event)).await, (200, "{}".to_owned()));
    for (socket, channel) in [(&mut a, "news"), (&mut b, "sport")] {
        let heard = socket.next_event().await;
        assert_eq!(heard.raw, format!(r#"{{"event":"terbit","channel":"{channel}","data":"{{\"a\": \"é\\n\"}}"}}"#));
    }
    backend.trigger("news", "kosong", "").await;
    assert_eq!(a.next_event().await.data, json!(""));
    let event = json!({ "name": "obyek", "channel": "news", "data": { "a": 1 } });
    assert_eq!(sent(backend.post("events", &event)).await.1, "{}");
    assert_eq!(a.next_event().await.data, json!("{\"a\":1}"));
    app.stop().await;
}

#[actix_web::test]
async fn events_spare_the_socket_that_caused_them_on_every_listed_channel() {
    let (app, backend) = start().await;
    let (mut cause, mut other) = (app.socket("uji-key").await, app.socket("uji-key").await);
    for socket in [&mut cause, &mut other] {
        socket.subscribe("a").await;
        socket.subscribe("b").await;
    }
    let event = json!({ "name": "e", "channels": ["a", "b"], "data": "", "socket_id": cause.socket_id });
    assert_eq!(sent(backend.post("events", &event)).await.0, 200);
    assert_eq!([other.next_event().await.channel, other.next_event().await.channel], [Some("a".into()), Some("b".into())]);
    app.barrier(&mut cause).await;
    app.stop().await;
}

#[actix_web::test]
async fn events_with_info_tell_about_their_channels() {
    let (app, backend) = start().await;
    let mut socket = app.socket("uji-key").await;
    socket.subscribe("news").await;
    let event = json!({ "name": "e", "channels": ["news", "presence-a", "empty"], "data": "", "info": "user_count,subscription_count" });
    let (status, body) = sent(backend.post("events", &event)).await;
    let expected = json!({ "channels": {
        "news": { "subscription_count": 1 },
        "presence-a": { "user_count": 0, "subscription_count": 0 },
        "empty": { "subscription_count": 0 },
    } });
    assert_eq!(status, 200);
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
    app.stop().await;
}

#[actix_web::test]
async fn events_that_break_a_limit_are_told_so() {
    let (app, backend) = start().await;
    let event = |data: &str, channels: usize| {
        let channels: Vec<String> = (0..channels).map(|n| format!("c{n}")).collect();
        backend.post("events", &json!({ "name": "e", "data": data, "channels": channels }))
    };
    assert_eq!(sent(event(&"x".repeat(10_240), 100)).await, (200, "{}".to_owned()));
    let (status, body) = sent(event(&"x".repeat(10_241), 1)).await;
    assert!(status == 413 && body.contains("content of this event"), "{status} {body}");
    assert_eq!(refusal(event("", 101)).await, (400, "request.malformed".into()));
    assert_eq!(refusal(backend.post("events", &json!({ "name": "e" }))).await, (400, "request.malformed".into()));
    assert_eq!(refusal(backend.post("events", &json!({ "name": "e", "data": "", "channel": "a b" }))).await.0, 400);
    app.stop().await;
}

#[actix_web::test]
async fn batches_are_answered_in_their_order_and_bounded() {
    let (app, backend) = start().await;
    let mut socket = app.socket("uji-key").await;
    socket.subscribe("a").await;
    socket.subscribe("b").await;
    let batch = json!({ "batch": [{ "name": "1", "channel": "a", "data": "" }, { "name": "2", "channel": "b", "data": "" }] });
    assert_eq!(sent(backend.post("batch_events", &batch)).await, (200, "{}".to_owned()));
    assert_eq!([socket.next_event().await.event, socket.next_event().await.event], ["1", "2"]);
    let with_info = json!({ "batch": [{ "name": "1", "channel": "a", "data": "", "info": "subscription_count" }, { "name": "2", "channel": "b", "data": "" }] });
    assert_eq!(sent(backend.post("batch_events", &with_info)).await.1, r#"{"batch":[{"subscription_count":1},{}]}"#);
    let large = json!({ "batch": [{ "name": "1", "channel": "a", "data": "x".repeat(10_241) }] });
    let (status, body) = sent(backend.post("batch_events", &large)).await;
    assert!(status == 413 && body.contains("content of this event"), "{status} {body}");
    let many = json!({ "batch": vec![json!({ "name": "1", "channel": "a", "data": "" }); 11] });
    let (status, body) = sent(backend.post("batch_events", &many)).await;
    assert!(status == 400 && body.contains("Batch too large"), "{status} {body}");
    assert_eq!(sent(backend.post("batch_events", &json!({ "batch": [] }))).await, (200, "{}".to_owned()));
    app.stop().await;
}

#[actix_web::test]
async fn channels_lists_the_occupied_ones_with_what_is_asked() {
    let (app, backend) = start().await;
    assert_eq!(backend.read("channels", &[]).await, json!({ "channels": {} }));
    let (mut a, mut b) = (app.socket("uji-key").await, app.socket("uji-key").await);
    a.subscribe("news").await;
    b.subscribe("news").await;
    let auth = backend.sign(&format!("{}:presence-a:{}", a.socket_id, r#"{"user_id":"1"}"#));
    a.ask_subscribe(json!({ "channel": "presence-a", "auth": auth, "channel_data": r#"{"user_id":"1"}"# })).await;
    assert_eq!(backend.read("channels", &[]).await, json!({ "channels": { "news": {}, "presence-a": {} } }));
    let with_count = backend.read("channels", &[("info", "subscription_count"), ("filter_by_prefix", "ne")]).await;
    assert_eq!(with_count, json!({ "channels": { "news": { "subscription_count": 2 } } }));
    let users = backend.read("channels", &[("filter_by_prefix", "presence-"), ("info", "user_count")]).await;
    assert_eq!(users, json!({ "channels": { "presence-a": { "user_count": 1 } } }));
    for parameters in [vec![("info", "user_count")], vec![("info", "user_count"), ("filter_by_prefix", "private-")], vec![("info", "x")]] {
        assert_eq!(refusal(backend.get("channels", &parameters)).await, (400, "request.malformed".into()), "{parameters:?}");
    }
    a.cut();
    b.send(json!({ "event": "pusher:unsubscribe", "data": { "channel": "news" } })).await;
    // The server accepts this one without an answer.
    b.expect_silence().await;
    crate::support::wait::until("nobody is left", async || backend.read("channels", &[]).await == json!({ "channels": {} })).await;
    app.stop().await;
}

#[actix_web::test]
async fn a_channel_tells_what_it_can_have_and_refuses_the_rest() {
    let (app, backend) = start().await;
    let mut socket = app.socket("uji-key").await;
    socket.subscribe("news").await;
    assert_eq!(backend.read("channels/news", &[]).await, json!({ "occupied": true }));
    assert_eq!(
        backend.read("channels/news", &[("info", "subscription_count")]).await,
        json!({ "occupied": true, "subscription_count": 1 })
    );
    assert_eq!(
        backend.read("channels/presence-x", &[("info", "user_count,subscription_count")]).await,
        json!({ "occupied": false, "user_count": 0, "subscription_count": 0 })
    );
    assert_eq!(backend.read("channels/cache-a", &[("info", "cache")]).await, json!({ "occupied": false, "cache": null }));
    backend.trigger("cache-a", "e", "isi").await;
    let kept = backend.read("channels/cache-a", &[("info", "cache")]).await;
    assert_eq!(kept["cache"]["data"], "isi");
    assert!((1_700..=1_800).contains(&kept["cache"]["ttl"].as_u64().unwrap()), "{kept}");
    for (channel, info) in [("news", "user_count"), ("news", "cache"), ("private-a", "user_count"), ("no%20name", "")] {
        let answer = refusal(backend.get(&format!("channels/{channel}"), &[("info", info)])).await;
        assert_eq!(answer, (400, "request.malformed".into()), "{channel} {info}");
    }
    app.stop().await;
}

#[actix_web::test]
async fn users_are_listed_once_and_none_is_an_empty_list() {
    let (app, backend) = start().await;
    assert_eq!(sent(backend.get("channels/presence-a/users", &[])).await, (200, r#"{"users":[]}"#.to_owned()));
    let data = r#"{"user_id":10}"#;
    let mut sockets = vec![app.socket("uji-key").await, app.socket("uji-key").await];
    for socket in &mut sockets {
        let auth = backend.sign(&format!("{}:presence-a:{data}", socket.socket_id));
        socket.ask_subscribe(json!({ "channel": "presence-a", "auth": auth, "channel_data": data })).await;
    }
    assert_eq!(backend.read("channels/presence-a/users", &[]).await, json!({ "users": [{ "id": "10" }] }));
    assert_eq!(refusal(backend.get("channels/news/users", &[])).await, (400, "request.malformed".into()));
    app.stop().await;
}

#[actix_web::test]
async fn terminating_a_user_closes_the_sockets_signed_in_as_it_with_4009() {
    let (app, backend) = start().await;
    for path in ["/apps/7/users/ana 1/terminate_connections", "/users/ana 1/terminate_connections"] {
        let (mut ana, mut budi) = (app.socket("uji-key").await, app.socket("uji-key").await);
        for (socket, user) in [(&mut ana, "ana 1"), (&mut budi, "budi")] {
            let data = json!({ "id": user }).to_string();
            let auth = backend.sign(&format!("{}::user::{data}", socket.socket_id));
            socket.send(json!({ "event": "pusher:signin", "data": { "auth": auth, "user_data": data } })).await;
            assert_eq!(socket.next_event().await.event, "pusher:signin_success");
        }
        let mistake = Mistake { sign_path: Some(path), ..Mistake::default() };
        let request = backend.request(Method::POST, &path.replace(' ', "%20"), &[], b"{}", &mistake);
        assert_eq!(sent(request).await, (200, "{}".to_owned()), "{path}");
        ana.expect_close(4009).await;
        app.barrier(&mut budi).await;
    }
    app.stop().await;
}

#[actix_web::test]
async fn every_way_to_sign_wrongly_is_401_with_one_and_the_same_answer() {
    let app = TestApp::builder().pusher_app().start().await;
    let kepala = app.admin("kepala").await;
    let (backend, other) = (Backend::of_settings(&app), make_app(&kepala, &json!({ "name": "B" })).await);
    let other = Backend::of(&app, &other);
    let (path, body) = ("/apps/7/events", json!({ "name": "e", "data": "", "channel": "a" }).to_string());
    let send = |backend: &Backend, path: &str, mistake: Mistake<'_>| backend.request(Method::POST, path, &[], body.as_bytes(), &mistake);
    assert_eq!(sent(send(&backend, path, Mistake::default())).await.0, 200);
    let stranger = Backend { id: "99".into(), key: "unknown".into(), secret: "x".into(), ..backend.clone() };
    let built_in = Backend { id: "educounsel".into(), key: "educounsel".into(), ..backend.clone() };
    let requests = [
        ("a clock behind", send(&backend, path, Mistake { timestamp_off_s: -610, ..Mistake::default() })),
        ("a clock ahead", send(&backend, path, Mistake { timestamp_off_s: 610, ..Mistake::default() })),
        ("another md5", send(&backend, path, Mistake { md5: Some("d41d8cd98f00b204e9800998ecf8427e"), ..Mistake::default() })),
        ("a signature of another path", send(&backend, path, Mistake { sign_path: Some("/apps/7/batch_events"), ..Mistake::default() })),
        ("another app's key", send(&backend, path, Mistake { key: Some(&other.key), ..Mistake::default() })),
        ("another app's secret", send(&Backend { secret: other.secret.clone(), ..backend.clone() }, path, Mistake::default())),
        ("another app's path", send(&backend, &format!("/apps/{}/events", other.id), Mistake::default())),
        ("an unknown app", send(&stranger, "/apps/99/events", Mistake::default())),
        ("an unknown key", send(&stranger, "/users/1/terminate_connections", Mistake::default())),
        ("the built-in app", send(&built_in, "/apps/educounsel/events", Mistake::default())),
        ("another version", send(&backend, path, Mistake { version: Some("2.0"), ..Mistake::default() })),
        ("no hex", send(&backend, path, Mistake { signature: Some("zz"), ..Mistake::default() })),
        ("no signature", send(&backend, path, Mistake { signature: Some(""), ..Mistake::default() })),
        ("nothing at all", app.client().post(app.url(path)).body("{}")),
        ("a GET that is not signed", app.client().get(app.url("/apps/7/channels"))),
    ];
    let mut answers = std::collections::BTreeSet::new();
    for (what, request) in requests {
        let (status, body) = sent(request).await;
        let mut problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status, 401, "{what}: {body}");
        assert_eq!(problem["code"].as_str(), Some("apps.not_signed"), "{what}: {body}");
        problem["request_id"] = Value::Null;
        answers.insert(problem.to_string());
    }
    assert_eq!(answers.len(), 1, "the reason tells a stranger something: {answers:#?}");
    app.stop().await;
}

#[actix_web::test]
async fn a_disabled_app_is_403_for_its_backend_and_401_for_strangers() {
    let app = TestApp::start().await;
    let kepala = app.admin("kepala").await;
    let made = make_app(&kepala, &json!({ "name": "A" })).await;
    let backend = Backend::of(&app, &made);
    change(&kepala, &made, &json!({ "enabled": false })).await;
    assert_eq!(refusal(backend.get("channels", &[])).await, (403, "apps.disabled".into()));
    let stranger = Backend { secret: "guess".into(), ..backend };
    assert_eq!(refusal(stranger.get("channels", &[])).await.0, 401);
    app.stop().await;
}

#[actix_web::test]
async fn events_above_the_rate_of_the_app_are_429_and_its_payload_limit_is_its_own() {
    let app = TestApp::start().await;
    let kepala = app.admin("kepala").await;
    let limits = json!({ "events_per_s": 5, "payload_bytes": 20_000 });
    let made = make_app(&kepala, &json!({ "name": "A", "limits": limits })).await;
    let backend = Backend::of(&app, &made);
    let event = |length: usize| backend.post("events", &json!({ "name": "e", "channel": "a", "data": "x".repeat(length) }));
    assert_eq!(sent(event(20_000)).await.0, 200);
    assert_eq!(sent(event(20_001)).await.0, 413);
    let batch = json!({ "batch": vec![json!({ "name": "e", "channel": "a", "data": "" }); 6] });
    let response = backend.post("batch_events", &batch).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 429);
    assert_eq!(response.headers()["retry-after"].to_str().unwrap(), "1");
    app.stop().await;
}
