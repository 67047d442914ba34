//! Sockets keep the Pusher protocol, over both transports where those can differ.

use crate::support::{TestApp, TestSocket, app::TestTransport, socket::Received, wait::until};
use educounsel::{
    domain::{clock::Clock, live::channel::ChannelName},
    wire::signature::{SecretKey, channel_text},
};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};

on_both_transports! {
    pings_are_answered,
    silence_is_pinged_and_then_closed_with_4201,
    malformed_frames_get_an_error_and_nobody_else_notices,
    unknown_keys_paths_and_versions_are_refused_with_their_code,
    too_large_messages_are_closed_with_1009,
    a_header_that_announces_too_much_is_closed_with_1009,
    fragments_that_add_up_to_too_much_are_closed_with_1009,
    a_flood_of_frames_is_answered_in_order,
    stalled_socket_is_ended_and_its_memory_given_back,
    drain_closes_everybody_with_4200,
    a_cut_connection_leaves_its_channels,
    handshakes_above_the_rate_get_4100,
}

async fn start(transport: TestTransport) -> TestApp {
    TestApp::builder().pusher_app().transport(transport).start().await
}

fn proof(socket: &TestSocket, channel: &str, data: Option<&str>) -> String {
    let channel = ChannelName::parse(channel).unwrap();
    format!("uji-key:{}", SecretKey::new(b"uji-secret").sign(&channel_text(&socket.socket_id, &channel, data)))
}

async fn join_private(socket: &mut TestSocket, channel: &str) {
    let auth = proof(socket, channel, None);
    let answer = socket.ask_subscribe(json!({ "channel": channel, "auth": auth })).await;
    assert_eq!(answer.event, "pusher_internal:subscription_succeeded", "{answer:?}");
}

async fn join_presence(socket: &mut TestSocket, channel: &str, user: &str) -> Value {
    let data = json!({ "user_id": user, "user_info": { "name": user } }).to_string();
    let auth = proof(socket, channel, Some(&data));
    let answer = socket.ask_subscribe(json!({ "channel": channel, "auth": auth, "channel_data": data })).await;
    assert_eq!(answer.event, "pusher_internal:subscription_succeeded", "{answer:?}");
    answer.json()["presence"].clone()
}

#[actix_web::test]
async fn public_channels_need_no_proof() {
    let app = start(TestTransport::Raw).await;
    let mut socket = app.socket("uji-key").await;
    let answer = socket.ask_subscribe(json!({ "channel": "news", "auth": "", "channel_data": null })).await;
    assert_eq!(answer.raw, r#"{"event":"pusher_internal:subscription_succeeded","channel":"news","data":"{}"}"#);
    let again = socket.ask_subscribe(json!({ "channel": "news" })).await;
    assert_eq!(again.event.as_str(), "pusher:subscription_error");
    assert_eq!(again.json()["type"].as_str(), Some("SubscriptionRefused"));
    let illegal = socket.ask_subscribe(json!({ "channel": "no spaces" })).await;
    assert_eq!(illegal.json()["type"], "InvalidChannel");
    socket.send(json!({ "event": "pusher:unsubscribe", "data": { "channel": "news" } })).await;
    // An unsubscription gets no answer.
    socket.expect_silence().await;
    app.stop().await;
}

#[actix_web::test]
async fn private_channels_need_the_signature_of_the_app() {
    let app = start(TestTransport::Raw).await;
    let mut socket = app.socket("uji-key").await;
    join_private(&mut socket, "private-a").await;
    for auth in [json!(null), json!("uji-key:00"), json!(proof(&socket, "private-other", None)), json!("educounsel:x")] {
        let answer = socket.ask_subscribe(json!({ "channel": "private-b", "auth": auth })).await;
        assert_eq!(answer.event, "pusher:subscription_error", "{auth}");
        assert_eq!(answer.json()["type"].as_str(), Some("AuthError"));
        assert_eq!(answer.json()["status"].as_u64(), Some(401));
    }
    // The signature covers the channel data whenever it is sent, also on private channels.
    let auth = proof(&socket, "private-c", Some("{}"));
    let answer = socket.ask_subscribe(json!({ "channel": "private-c", "auth": auth, "channel_data": "{}" })).await;
    assert_eq!(answer.event, "pusher_internal:subscription_succeeded");
    app.stop().await;
}

#[actix_web::test]
async fn presence_tells_members_of_first_and_last_connection() {
    let app = start(TestTransport::Raw).await;
    let (mut ana, mut ana_tab, mut budi) = (app.socket("uji-key").await, app.socket("uji-key").await, app.socket("uji-key").await);
    assert_eq!(join_presence(&mut ana, "presence-room", "ana").await["ids"], json!(["ana"]));
    let members = join_presence(&mut budi, "presence-room", "budi").await;
    assert_eq!(members, json!({ "count": 2, "ids": ["ana", "budi"], "hash": { "ana": { "name": "ana" }, "budi": { "name": "budi" } } }));
    let added = ana.next_event().await;
    assert_eq!(added.event, "pusher_internal:member_added");
    assert_eq!(added.json(), json!({ "user_id": "budi", "user_info": { "name": "budi" } }));
    join_presence(&mut ana_tab, "presence-room", "ana").await;
    app.barrier(&mut budi).await;
    ana_tab.cut();
    until("the tab is gone", async || app.running.socket_count() == 2).await;
    app.barrier(&mut budi).await;
    ana.send(json!({ "event": "pusher:unsubscribe", "data": { "channel": "presence-room" } })).await;
    let removed = budi.next_event().await;
    assert_eq!(removed.event.as_str(), "pusher_internal:member_removed");
    assert_eq!(removed.json(), json!({ "user_id": "ana" }));
    app.stop().await;
}

#[actix_web::test]
async fn client_events_reach_the_others_only() {
    let app = start(TestTransport::Raw).await;
    let (mut ana, mut budi) = (app.socket("uji-key").await, app.socket("uji-key").await);
    join_presence(&mut ana, "presence-room", "ana").await;
    join_presence(&mut budi, "presence-room", "budi").await;
    ana.next_named("pusher_internal:member_added").await;
    ana.send(json!({ "event": "client-typing", "channel": "presence-room", "data": { "on": true } })).await;
    let heard = budi.next_event().await;
    assert_eq!(heard.event.as_str(), "client-typing");
    assert_eq!(heard.data, json!({ "on": true }));
    assert_eq!(heard.user_id.as_deref(), Some("ana"));
    app.barrier(&mut ana).await;
    app.stop().await;
}

#[actix_web::test]
async fn client_events_are_refused_without_closing() {
    // The clock stands still: all of them come in one second.
    let clock = Clock::manual(Clock::System.now_ms());
    let app = TestApp::builder().pusher_app().clock(clock.clone()).start().await;
    let mut socket = app.socket("uji-key").await;
    socket.subscribe("news").await;
    join_private(&mut socket, "private-a").await;
    let large = "x".repeat(10_241);
    for (channel, data) in
        [("news", json!(1)), ("private-not-joined", json!(1)), ("private-encrypted-a", json!(1)), ("private-a", json!(large))]
    {
        socket.send(json!({ "event": "client-x", "channel": channel, "data": data })).await;
        let answer = socket.next_event().await;
        assert_eq!(answer.event.as_str(), "pusher:error", "{channel}");
        assert_eq!(answer.json()["code"].as_u64(), Some(4301), "{channel}");
    }
    for _ in 0..11 {
        socket.send(json!({ "event": "client-x", "channel": "private-a", "data": 1 })).await;
    }
    assert_eq!(socket.next_event().await.json()["message"], "too many client events");
    // One refusal; the others were accepted.
    socket.expect_silence().await;
    clock.advance(1_000);
    socket.send(json!({ "event": "client-x", "channel": "private-a", "data": 1 })).await;
    // An error would come before the pong.
    socket.expect_silence().await;
    app.stop().await;
}

async fn pings_are_answered(transport: TestTransport) {
    let app = start(transport).await;
    // Pysher pings before it has read anything.
    let mut socket = app.handshake("/app/uji-key?protocol=6", &[]).await.unwrap();
    socket.send_text(r#"{"event":"pusher:ping","data":""}"#).await;
    socket.greet().await;
    assert_eq!(socket.next_event().await.raw, r#"{"event":"pusher:pong","data":"{}"}"#);
    socket.send_message(Message::Ping("abc".into())).await;
    // The WebSocket pong is passed over.
    socket.expect_silence().await;
    app.stop().await;
}

async fn silence_is_pinged_and_then_closed_with_4201(transport: TestTransport) {
    let clock = Clock::manual(Clock::System.now_ms());
    let builder = TestApp::builder().pusher_app().transport(transport).clock(clock.clone());
    // Once a second, a shard judges the silence of its sockets by this clock.
    let builder = builder.set(|config| (config.realtime.activity_timeout_s, config.realtime.pong_timeout_s) = (1, 1));
    let app = builder.start().await;
    let (mut silent, mut lively) = (app.socket("uji-key").await, app.socket("uji-key").await);
    clock.advance(1_000);
    assert_eq!(silent.next_event().await.event, "pusher:ping");
    assert_eq!(lively.next_event().await.event, "pusher:ping");
    lively.send(json!({ "event": "pusher:pong", "data": {} })).await;
    // The server accepts this one.
    lively.expect_silence().await;
    clock.advance(1_000);
    assert!(matches!(silent.receive().await, Received::Closed { code: 4201, .. }));
    assert_eq!(lively.next_event().await.event, "pusher:ping");
    app.stop().await;
}

async fn malformed_frames_get_an_error_and_nobody_else_notices(transport: TestTransport) {
    let app = start(transport).await;
    let (mut broken, mut other) = (app.socket("uji-key").await, app.socket("uji-key").await);
    for text in ["", "nonsense", "[]", "{}", r#"{"event":"pusher:subscribe"}"#, r#"{"event":"pusher:hello"}"#, "\u{0}"] {
        broken.send_text(text).await;
        let answer = broken.next_event().await;
        assert_eq!(answer.event, "pusher:error", "{text}");
        assert!(answer.data.is_object(), "Pysher wants an object");
    }
    broken.send_message(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(broken.next_event().await.event, "pusher:error");
    // Each frame got one answer.
    broken.expect_silence().await;
    app.barrier(&mut other).await;
    app.stop().await;
}

async fn unknown_keys_paths_and_versions_are_refused_with_their_code(transport: TestTransport) {
    let app = start(transport).await;
    for (path, code) in [
        ("/app/unknown?protocol=7", 4001),
        ("/app/", 4005),
        ("/app/uji-key/more", 4005),
        ("/app/uji-key?protocol=seven", 4006),
        ("/app/uji-key?protocol=4", 4007),
    ] {
        let mut socket = app.handshake(path, &[]).await.unwrap();
        let error = socket.next_event().await;
        assert_eq!(error.event.as_str(), "pusher:error", "{path}");
        assert!(error.data.is_object(), "Pysher reads an object only");
        assert_eq!(error.data["code"], code, "{path}");
        let ended = socket.receive().await;
        assert!(matches!(ended, Received::Closed { code: closed, .. } if closed == code), "{path}: {ended:?}");
    }
    assert!(app.handshake("/elsewhere", &[]).await.is_err());
    until("the refused are gone", async || app.running.socket_count() == 0).await;
    app.stop().await;
}

async fn too_large_messages_are_closed_with_1009(transport: TestTransport) {
    let app = start(transport).await;
    let mut socket = app.socket("uji-key").await;
    socket.send_text("x".repeat(65_537)).await;
    match socket.receive().await {
        Received::Closed { code, .. } => assert_eq!(code, 1009),
        // Behind TLS the rest of the message may meet a closed connection, and the reset overtake
        // the close.
        Received::Cut => assert_eq!(transport, TestTransport::Context),
        Received::Event(event) => panic!("{event:?}"),
    }
    until("the socket is gone", async || app.running.socket_count() == 0).await;
    app.stop().await;
}

/// The header alone decides: the server does not wait for the rest of such a frame.
async fn a_header_that_announces_too_much_is_closed_with_1009(transport: TestTransport) {
    let app = start(transport).await;
    let mut socket = app.socket("uji-key").await;
    assert!(socket.send_bytes(&[0x81, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0]).await);
    socket.expect_close(1009).await;
    until("the socket is gone", async || app.running.socket_count() == 0).await;
    // Nor does it read that rest from a refused socket.
    let mut refused = app.handshake("/app/unknown?protocol=7", &[]).await.unwrap();
    assert_eq!(refused.next_event().await.json()["code"], 4001);
    refused.send_bytes(&[0x81, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0]).await;
    refused.expect_close(4001).await;
    app.stop().await;
}

async fn fragments_that_add_up_to_too_much_are_closed_with_1009(transport: TestTransport) {
    let app = start(transport).await;
    let mut socket = app.socket("uji-key").await;
    let fragment = |first_byte: u8| [&[first_byte, 0xFE, 0x80, 0, 0, 0, 0, 0][..], &[b'x'; 32_768]].concat();
    for first_byte in [0x01, 0x00] {
        assert!(socket.send_bytes(&fragment(first_byte)).await);
    }
    // A control frame may stand between fragments; its answer shows that the two before were taken.
    assert!(socket.send_bytes(&[0x89, 0x80, 0, 0, 0, 0]).await);
    assert!(matches!(socket.next_message().await, Message::Pong(_)));
    assert!(socket.send_bytes(&[0x00, 0x81, 0, 0, 0, 0, b'x']).await);
    socket.expect_close(1009).await;
    app.stop().await;
}

/// More frames at once than a transport handles in one turn.
async fn a_flood_of_frames_is_answered_in_order(transport: TestTransport) {
    let app = start(transport).await;
    let mut socket = app.socket("uji-key").await;
    let ping = br#"{"event":"pusher:ping","data":{}}"#;
    let mut flood = Vec::new();
    for _ in 0..2_000 {
        flood.extend_from_slice(&[0x81, 0x80 | u8::try_from(ping.len()).unwrap(), 0, 0, 0, 0]);
        flood.extend_from_slice(ping);
    }
    assert!(socket.send_bytes(&flood).await);
    for _ in 0..2_000 {
        assert_eq!(socket.next_event().await.event, "pusher:pong");
    }
    // One answer to each frame.
    socket.expect_silence().await;
    app.stop().await;
}

/// A client that stops reading altogether must neither hold memory nor block the others.
async fn stalled_socket_is_ended_and_its_memory_given_back(transport: TestTransport) {
    let clock = Clock::manual(Clock::System.now_ms());
    let app = TestApp::builder().pusher_app().transport(transport).clock(clock.clone()).set(|config| {
        config.realtime.outbound_limit_bytes = 65_536;
        config.realtime.client_events_per_s = 1_000_000;
        config.realtime.inbound_per_s = 1_000_000;
    });
    let app = app.start().await;
    let (mut stalled, mut sender, mut healthy) = (app.socket("uji-key").await, app.socket("uji-key").await, app.socket("uji-key").await);
    for socket in [&mut stalled, &mut sender, &mut healthy] {
        join_private(socket, "private-a").await;
    }
    // `stalled` never reads again. After all that the kernel takes, and 64 KiB more, the server
    // closes it.
    let data = "x".repeat(10_000);
    let mut sent = 0;
    while app.running.socket_count() == 3 {
        assert!(sent < 5_000, "50 MB later the stalled socket is still there");
        sender.send(json!({ "event": "client-x", "channel": "private-a", "data": data })).await;
        sent += 1;
        assert_eq!(healthy.next_event().await.event, "client-x");
        // The cut comes 5 s after the close that the client does not read.
        clock.advance(100);
    }
    app.barrier(&mut healthy).await;
    app.barrier(&mut sender).await;
    drop(stalled);
    app.stop().await;
}

async fn drain_closes_everybody_with_4200(transport: TestTransport) {
    let app = TestApp::builder().pusher_app().transport(transport).set(|config| config.realtime.drain_s = 1).start().await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.push(app.socket("uji-key").await);
    }
    let stopping = actix_web::rt::spawn(app.stop());
    let mut codes = Vec::new();
    for socket in &mut sockets {
        match socket.receive().await {
            Received::Closed { code, .. } => codes.push(code),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(codes, [4200; 20]);
    stopping.await.unwrap();
}

async fn a_cut_connection_leaves_its_channels(transport: TestTransport) {
    let app = start(transport).await;
    let (mut ana, mut budi) = (app.socket("uji-key").await, app.socket("uji-key").await);
    join_presence(&mut ana, "presence-room", "ana").await;
    join_presence(&mut budi, "presence-room", "budi").await;
    ana.next_named("pusher_internal:member_added").await;
    budi.cut();
    assert_eq!(ana.next_event().await.event, "pusher_internal:member_removed");
    until("one socket is left", async || app.running.socket_count() == 1).await;
    ana.send_message(Message::Close(Some(tokio_tungstenite::tungstenite::protocol::CloseFrame {
        code: CloseCode::Normal,
        reason: "".into(),
    })))
    .await;
    until("no socket is left", async || app.running.socket_count() == 0).await;
    app.stop().await;
}

async fn handshakes_above_the_rate_get_4100(transport: TestTransport) {
    let builder = TestApp::builder().pusher_app().transport(transport);
    let app = builder.set(|config| config.realtime.handshakes_per_s = 3).start().await;
    // Side by side, so that they come within a second.
    let handshakes = (0..6).map(async |_| app.handshake("/app/uji-key?protocol=7", &[]).await.unwrap());
    let mut codes = Vec::new();
    for mut socket in futures_util::future::join_all(handshakes).await {
        codes.push(socket.next_event().await.json()["code"].as_u64());
    }
    assert!(codes.contains(&None) && codes.contains(&Some(4100)), "{codes:?}");
    app.stop().await;
}

/// A role's channel reaches the whole school: only the server may publish there.
#[actix_web::test]
async fn students_cannot_send_client_events_to_each_other_on_the_built_in_app() {
    let app = TestApp::start().await;
    let (ana, budi) = (app.student("ana").await, app.student("budi").await);
    let (mut ana_socket, mut budi_socket) = (ana.connect().await, budi.connect().await);
    for channel in ["private-role.student".to_owned(), format!("private-user.{}", ana.id)] {
        for event in ["client-typing", "client-notice"] {
            ana_socket.send(json!({ "event": event, "channel": channel, "data": { "title": "palsu" } })).await;
            let answer = ana_socket.next_event().await;
            assert_eq!(answer.event.as_str(), "pusher:error", "{event} on {channel}");
            assert_eq!(answer.json()["code"].as_u64(), Some(4301), "{event} on {channel}");
        }
    }
    app.barrier(&mut budi_socket).await;
    app.stop().await;
}
