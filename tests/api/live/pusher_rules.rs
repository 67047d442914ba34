//! The server keeps the rules of docs/pusher-protocol.md, sections 2.1, 2.2, 2.4, 2.6 and 2.7, at
//! the edges that other tests of channels do not cover.

use crate::{
    apps::backend::{Backend, Mistake, sent},
    support::{
        TestApp, TestSocket,
        app::TestTransport,
        socket::{Event, Received},
        wait::PATIENCE,
    },
};
use educounsel::wire::codes::PusherCode;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;

/// Default of `realtime.max_frame_bytes`.
const LARGEST: usize = 65_536;

on_both_transports! {
    a_prefix_of_the_path_is_taken_off_for_clients_and_backends,
    a_missing_version_counts_as_ours,
    broken_frames_are_closed_with_1002,
    text_that_is_not_utf_8_is_closed_with_1007,
    messages_of_the_largest_size_are_taken_and_a_byte_more_is_1009,
}

async fn start() -> (TestApp, Backend) {
    start_over(TestTransport::Raw).await
}

async fn start_over(transport: TestTransport) -> (TestApp, Backend) {
    let app = TestApp::builder().pusher_app().transport(transport).start().await;
    let backend = Backend::of_settings(&app);
    (app, backend)
}

async fn ask(socket: &mut TestSocket, channel: &str, auth: &str, data: Option<&str>) -> Event {
    socket.ask_subscribe(json!({ "channel": channel, "auth": auth, "channel_data": data })).await
}

fn is_joined(answer: &Event) -> bool {
    answer.event == "pusher_internal:subscription_succeeded"
}

/// A frame masked with zeros, of at most 125 bytes.
fn short_frame(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    [&[first_byte, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat()
}

// --- 2.1 connecting

/// `wsPath` and `httpPath` of pusher-js, `path` of the SDK for PHP, which signs the path without
/// it.
async fn a_prefix_of_the_path_is_taken_off_for_clients_and_backends(transport: TestTransport) {
    let app = TestApp::builder().pusher_app().transport(transport).set(|config| config.realtime.path_prefix = "/ws".into());
    let app = app.start().await;
    let backend = Backend::of_settings(&app);
    let mut sockets = Vec::new();
    for path in ["/app/uji-key?protocol=7", "/ws/app/uji-key?protocol=7"] {
        let mut socket = app.handshake(path, &[]).await.unwrap();
        socket.greet().await;
        socket.subscribe("umum").await;
        sockets.push(socket);
    }
    for (path, code) in [("/ws/app/unknown", 4001), ("/ws/app/", 4005), ("/ws/app/uji-key?protocol=4", 4007)] {
        let mut refused = app.handshake(path, &[]).await.unwrap();
        assert_eq!(refused.next_event().await.data["code"], code, "{path}");
    }
    for path in ["/lain/app/uji-key", "/ws/lain", "/ws/ws/app/uji-key"] {
        assert!(app.handshake(path, &[]).await.is_err(), "{path}");
    }
    let body = json!({ "name": "e", "channel": "umum", "data": "" }).to_string();
    let signed = Mistake { sign_path: Some("/apps/7/events"), ..Mistake::default() };
    assert_eq!(sent(backend.request(Method::POST, "/ws/apps/7/events", &[], body.as_bytes(), &signed)).await.0, 200);
    for socket in &mut sockets {
        assert_eq!(socket.next_event().await.event, "e");
    }
    let begin = app.client().post(app.url("/ws/pusher/app/uji-key/1/abcdefgh/xhr?protocol=7"));
    assert_eq!(sent(begin).await, (200, "o{}\n".to_owned()));
    drop(sockets);
    app.stop().await;
}

#[actix_web::test]
async fn the_id_of_a_socket_is_two_numbers_that_nobody_guesses_and_scripts_can_hold() {
    let (app, _) = start().await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let id = app.socket("uji-key").await.socket_id;
        let numbers: Vec<u64> = id.split('.').map(|number| number.parse().unwrap()).collect();
        assert!(numbers.len() == 2 && numbers.iter().all(|number| *number <= 9_007_199_254_740_991), "{id}");
        assert!(numbers.iter().all(|number| seen.insert(*number)), "{id} repeats a number");
    }
    // A small number would probably appear among forty.
    assert!(seen.iter().filter(|number| **number > 1 << 40).count() > 30, "{seen:?}");
    app.stop().await;
}

/// Pysher writes before it reads: frames that arrive with the handshake wait for its end and are
/// handled in order.
#[actix_web::test]
async fn frames_that_come_with_the_handshake_are_answered_behind_the_greeting() {
    let (app, _) = start().await;
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", app.at().port)).await.unwrap();
    let head = "GET /app/uji-key?protocol=6 HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
                sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let frames = [
        short_frame(0x81, br#"{"event":"pusher:ping","data":""}"#),
        short_frame(0x81, br#"{"event":"pusher:subscribe","data":{"channel":"umum"}}"#),
    ];
    stream.write_all(&[head.as_bytes(), &frames.concat()].concat()).await.unwrap();
    let mut answer = Vec::new();
    let names = ["pusher:connection_established", "pusher:pong", "pusher_internal:subscription_succeeded"];
    let read = async {
        while !String::from_utf8_lossy(&answer).contains(names[2]) {
            assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "the connection ended");
        }
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap();
    let text = String::from_utf8_lossy(&answer);
    assert!(names.map(|name| text.find(name).unwrap()).is_sorted(), "{text}");
    drop(stream);
    app.stop().await;
}

// --- 2.2 frames of the client

#[actix_web::test]
async fn frames_are_taken_with_their_data_encoded_once_or_twice() {
    let (app, backend) = start().await;
    for is_twice in [false, true] {
        let encode = |data: Value| if is_twice { json!(data.to_string()) } else { data };
        let mut socket = app.socket("uji-key").await;
        let proof = backend.sign(&format!("{}:private-a", socket.socket_id));
        for data in [json!({ "channel": "umum", "auth": "", "channel_data": null }), json!({ "channel": "private-a", "auth": proof })] {
            assert!(is_joined(&socket.ask_subscribe(encode(data)).await), "{is_twice}");
        }
        let user = r#"{"id":"7"}"#;
        let auth = backend.sign(&format!("{}::user::{user}", socket.socket_id));
        socket.send(json!({ "event": "pusher:signin", "data": encode(json!({ "auth": auth, "user_data": user })) })).await;
        assert_eq!(socket.next_event().await.event, "pusher:signin_success");
        // An unsubscription gets no answer.
        socket.send(json!({ "event": "pusher:unsubscribe", "data": encode(json!({ "channel": "umum" })) })).await;
        socket.expect_silence().await;
        assert!(is_joined(&ask(&mut socket, "umum", "", None).await), "left, so it can be joined again");
        for frame in [json!({ "event": "pusher:ping" }), json!({ "event": "pusher:ping", "data": encode(json!({})) })] {
            socket.send(frame).await;
            assert_eq!(socket.next_event().await.event, "pusher:pong");
        }
    }
    app.stop().await;
}

// --- 2.4 close codes

#[test]
fn codes_4000_4008_and_4202_are_never_said() {
    // 4000 sends pusher-js to TLS for ever, 4008 would shut out clients that name no version, and a
    // silent client gets 4201.
    assert!(PusherCode::ALL.iter().all(|code| ![4000, 4008, 4202].contains(&code.number())));
}

async fn a_missing_version_counts_as_ours(transport: TestTransport) {
    let (app, _) = start_over(transport).await;
    for path in ["/app/uji-key", "/app/uji-key?client=x", "/app/uji-key?protocol=5", "/app/uji-key?protocol=6", "/app/uji-key?protocol=7"] {
        app.handshake(path, &[]).await.unwrap().greet().await;
    }
    app.stop().await;
}

async fn broken_frames_are_closed_with_1002(transport: TestTransport) {
    let (app, _) = start_over(transport).await;
    let cases: [(&str, Vec<u8>); 8] = [
        ("reserved bits", short_frame(0xC1, b"{}")),
        ("a reserved opcode", short_frame(0x83, b"")),
        ("a frame without a mask", vec![0x81, 0x02, b'{', b'}']),
        ("a ping in fragments", short_frame(0x09, b"")),
        ("a ping that is too long", [&[0x89, 0xFE, 0, 126, 0, 0, 0, 0][..], &[b'x'; 126]].concat()),
        ("a continuation of nothing", short_frame(0x80, b"x")),
        ("a text within a text", [short_frame(0x01, b"x"), short_frame(0x81, b"y")].concat()),
        ("a close with half a code", short_frame(0x88, &[0x03])),
    ];
    for (what, bytes) in cases {
        let mut socket = app.socket("uji-key").await;
        assert!(socket.send_bytes(&bytes).await, "{what}");
        let ended = socket.receive().await;
        assert!(matches!(ended, Received::Closed { code: 1002, .. }), "{what}: {ended:?}");
    }
    app.stop().await;
}

async fn text_that_is_not_utf_8_is_closed_with_1007(transport: TestTransport) {
    let (app, _) = start_over(transport).await;
    let cases = [
        ("a whole message", short_frame(0x81, &[b'a', 0xFF])),
        ("a surrogate", short_frame(0x81, &[0xED, 0xA0, 0x80])),
        ("the first fragment", short_frame(0x01, &[0xC0, 0xAF])),
        ("the last fragment", [short_frame(0x01, &[0xC3]), short_frame(0x80, b"a")].concat()),
        ("a character without its end", short_frame(0x81, &[0xE2, 0x82])),
    ];
    for (what, bytes) in cases {
        let mut socket = app.socket("uji-key").await;
        assert!(socket.send_bytes(&bytes).await, "{what}");
        let ended = socket.receive().await;
        assert!(matches!(ended, Received::Closed { code: 1007, .. }), "{what}: {ended:?}");
    }
    app.stop().await;
}

async fn messages_of_the_largest_size_are_taken_and_a_byte_more_is_1009(transport: TestTransport) {
    let (app, _) = start_over(transport).await;
    let ping = |size: usize| {
        let frame = json!({ "event": "pusher:ping", "data": "" }).to_string();
        format!("{frame}{}", " ".repeat(size - frame.len()))
    };
    let mut socket = app.socket("uji-key").await;
    socket.send_text(ping(LARGEST)).await;
    assert_eq!(socket.next_event().await.event, "pusher:pong");
    socket.send_message(Message::binary(vec![0; LARGEST])).await;
    assert_eq!(socket.next_event().await.event, "pusher:error");
    // Only the header, so that no unread bytes can turn the close into a reset.
    for first_byte in [0x81, 0x82, 0x01, 0x02] {
        let mut socket = app.socket("uji-key").await;
        let length = (LARGEST as u64 + 1).to_be_bytes();
        assert!(socket.send_bytes(&[&[first_byte, 0xFF][..], &length].concat()).await);
        socket.expect_close(1009).await;
    }
    app.stop().await;
}

// --- 2.6 names and limits

#[actix_web::test]
async fn prefixes_without_their_dash_or_not_at_the_beginning_are_public() {
    let (app, _) = start().await;
    let mut socket = app.socket("uji-key").await;
    for name in ["private", "presence", "cache", "privateer", "my-private-a", "my-presence-a", "my-cache-a", "Private-a", "presence_a"] {
        socket.subscribe(name).await;
    }
    // These channels have no other members.
    socket.expect_silence().await;
    for name in ["private-", "presence-", "private-encrypted-", "private-cache-a", "presence-cache-a", "private-encrypted-cache-a"] {
        assert_eq!(ask(&mut socket, name, "", None).await.json()["type"], "AuthError", "{name}");
    }
    app.stop().await;
}

#[actix_web::test]
async fn names_have_up_to_200_characters_of_the_alphabet() {
    let (app, backend) = start().await;
    let mut socket = app.socket("uji-key").await;
    let longest = "a".repeat(200);
    for name in [longest.as_str(), "AZaz09_-=@,.;"] {
        socket.subscribe(name).await;
        backend.trigger(name, "e", "1").await;
        assert_eq!(socket.next_event().await.channel.as_deref(), Some(name));
    }
    for name in [&"a".repeat(201), "", "a b", "a/b", "a:b", "a#b", "#a", "é", "a\u{0}"] {
        let published = backend.post("events", &json!({ "name": "e", "channel": name, "data": "" }));
        assert_eq!(sent(published).await.0, 400, "{name:?}");
        if !name.is_empty() {
            assert_eq!(ask(&mut socket, name, "", None).await.json()["type"], "InvalidChannel", "{name:?}");
        }
    }
    app.stop().await;
}

#[actix_web::test]
async fn event_names_have_up_to_200_characters() {
    let (app, backend) = start().await;
    let mut socket = app.socket("uji-key").await;
    let auth = backend.sign(&format!("{}:private-a", socket.socket_id));
    assert!(is_joined(&ask(&mut socket, "private-a", &auth, None).await));
    let longest = "é".repeat(200);
    backend.trigger("private-a", &longest, "1").await;
    assert_eq!(socket.next_event().await.event, longest);
    assert_eq!(sent(backend.post("events", &json!({ "name": "é".repeat(201), "channel": "private-a", "data": "" }))).await.0, 400);
    let client_event = |length: usize| json!({ "event": format!("client-{}", "x".repeat(length - 7)), "channel": "private-a", "data": 1 });
    socket.send(client_event(200)).await;
    // An error would come before the pong.
    socket.expect_silence().await;
    socket.send(client_event(201)).await;
    assert_eq!(socket.next_event().await.data["code"], 4301);
    app.stop().await;
}

#[actix_web::test]
async fn client_events_carry_up_to_10240_bytes() {
    let (app, backend) = start().await;
    let mut sockets = [app.socket("uji-key").await, app.socket("uji-key").await];
    for socket in &mut sockets {
        let auth = backend.sign(&format!("{}:private-a", socket.socket_id));
        assert!(is_joined(&ask(socket, "private-a", &auth, None).await));
    }
    let [ana, budi] = &mut sockets;
    // The quotes count: the limit applies to the data as it travels.
    for (length, is_taken) in [(10_238, true), (10_239, false)] {
        ana.send(json!({ "event": "client-x", "channel": "private-a", "data": "x".repeat(length) })).await;
        if is_taken {
            assert_eq!(budi.next_event().await.data.as_str().map(str::len), Some(length));
        } else {
            assert_eq!(ana.next_event().await.data["code"], 4301);
        }
    }
    app.barrier(budi).await;
    app.stop().await;
}

#[actix_web::test]
async fn members_have_ids_of_128_characters_and_a_kilobyte_about_them() {
    let (app, backend) = start().await;
    let info = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let cases = [
        (format!(r#"{{"user_id":"{}","user_info":{}}}"#, "é".repeat(128), info(1024)), true),
        (format!(r#"{{"user_id":"{}"}}"#, "é".repeat(129)), false),
        (format!(r#"{{"user_id":"1","user_info":{}}}"#, info(1025)), false),
        (r#"{"user_id":""}"#.to_owned(), false),
        (r#"{"user_id":null}"#.to_owned(), false),
        (r#"{"user_info":{}}"#.to_owned(), false),
        ("[]".to_owned(), false),
    ];
    for (data, is_taken) in cases {
        let mut socket = app.socket("uji-key").await;
        let auth = backend.sign(&format!("{}:presence-a:{data}", socket.socket_id));
        let answer = ask(&mut socket, "presence-a", &auth, Some(&data)).await;
        assert_eq!(is_joined(&answer), is_taken, "{data}: {answer:?}");
    }
    app.stop().await;
}

#[actix_web::test]
async fn backends_reach_users_by_the_reserved_name_and_no_other_with_a_hash() {
    let (app, backend) = start().await;
    backend.trigger("#server-to-user-7", "e", "1").await;
    for name in ["#server-to-user-", "#server-to-users-7", "#user-7", "#watch-7", "x#server-to-user-7"] {
        let (status, body) = sent(backend.post("events", &json!({ "name": "e", "channel": name, "data": "" }))).await;
        assert_eq!(status, 400, "{name}: {body}");
    }
    app.stop().await;
}

// --- 2.7 signatures

/// Python separates with blanks, PHP escapes slashes: the signature covers the text, not its
/// meaning.
#[actix_web::test]
async fn proofs_are_over_the_text_as_it_was_sent() {
    let (app, backend) = start().await;
    for (number, info) in [r#"{"a": 1, "b": [1, 2]}"#, r#"{"b":[1,2],"a":1}"#, r#""\/\u0041""#].into_iter().enumerate() {
        let mut socket = app.socket("uji-key").await;
        let data = format!(r#"{{"user_info": {info}, "user_id": "{number}"}}"#);
        let auth = backend.sign(&format!("{}:presence-a:{data}", socket.socket_id));
        let same = serde_json::from_str::<Value>(&data).unwrap().to_string();
        assert_ne!(same, data);
        assert!(!is_joined(&ask(&mut socket, "presence-a", &auth, Some(&same)).await), "{same}");
        assert!(is_joined(&ask(&mut socket, "presence-a", &auth, Some(&data)).await), "{data}");
    }
    app.stop().await;
}

#[actix_web::test]
async fn a_proof_is_good_for_one_app_socket_channel_and_spelling_only() {
    let (app, backend) = start().await;
    let (mut socket, other) = (app.socket("uji-key").await, app.socket("uji-key").await);
    let text = format!("{}:private-a", socket.socket_id);
    let proof = backend.sign(&text);
    let (_, signature) = proof.split_once(':').unwrap();
    let wrong = [
        backend.sign(&format!("{}:private-a", other.socket_id)),
        backend.sign(&format!("{}:private-b", socket.socket_id)),
        backend.sign(&format!("{}:private-a:", socket.socket_id)),
        backend.sign(&format!("{}::user::private-a", socket.socket_id)),
        format!("educounsel:{signature}"),
        format!("uji-key:{}", signature.to_uppercase()),
        format!("uji-key:{signature}0"),
        format!("uji-key:{}", &signature[..62]),
        signature.to_owned(),
        format!(":{signature}"),
        "uji-key:".to_owned(),
        "uji-key".to_owned(),
    ];
    for auth in wrong {
        let answer = ask(&mut socket, "private-a", &auth, None).await;
        assert_eq!(answer.event.as_str(), "pusher:subscription_error", "{auth}");
        assert_eq!(answer.data["status"], 401, "{auth}");
    }
    // An empty text is channel data too; only absent data and null are none.
    assert!(!is_joined(&ask(&mut socket, "private-a", &proof, Some("")).await));
    assert!(is_joined(&ask(&mut socket, "private-a", &proof, None).await));
    app.stop().await;
}

#[actix_web::test]
async fn a_sign_in_is_good_for_its_socket_and_data_only() {
    let (app, backend) = start().await;
    let (mut socket, other) = (app.socket("uji-key").await, app.socket("uji-key").await);
    let data = r#"{"id": "7", "user_info": {"name": "Ana"}}"#;
    let good = backend.sign(&format!("{}::user::{data}", socket.socket_id));
    let wrong = [
        (backend.sign(&format!("{}::user::{data}", other.socket_id)), data),
        (backend.sign(&format!("{}:private-a:{data}", socket.socket_id)), data),
        (good.clone(), r#"{"id":"7","user_info":{"name":"Ana"}}"#),
        (good.clone(), r#"{"id": "8", "user_info": {"name": "Ana"}}"#),
    ];
    let sign_in = |auth: &str, data: &str| json!({ "event": "pusher:signin", "data": { "auth": auth, "user_data": data } });
    for (auth, data) in wrong {
        socket.send(sign_in(&auth, data)).await;
        assert_eq!(socket.next_event().await.event, "pusher:error", "{data}");
        assert!(!is_joined(&ask(&mut socket, "#server-to-user-7", "", None).await));
    }
    socket.send(sign_in(&good, data)).await;
    assert_eq!(socket.next_event().await.event, "pusher:signin_success");
    assert!(is_joined(&ask(&mut socket, "#server-to-user-7", "", None).await));
    app.stop().await;
}

/// pusher-js posts forms and JSON, and gets 200 with a proof, or a refusal.
#[actix_web::test]
async fn the_auth_endpoint_takes_forms_and_answers_200_or_403() {
    let app = TestApp::start().await;
    let ana = app.student("ana").await;
    let mut socket = app.socket("educounsel").await;
    let socket_id = socket.socket_id.clone();
    for path in ["/broadcasting/auth", "/pusher/auth"] {
        let post = |channel: &str| {
            let form = format!("socket_id={socket_id}&channel_name={channel}&extra=1");
            let request = app.client().post(app.url(path)).bearer_auth(&ana.token);
            request.header("content-type", "application/x-www-form-urlencoded").body(form)
        };
        let own = format!("private-user.{}", ana.id);
        let (status, body) = sent(post(&own)).await;
        let proof: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status, 200, "{body}");
        assert!(proof["auth"].is_string(), "{body}");
        assert!(is_joined(&ask(&mut socket, &own, proof["auth"].as_str().unwrap(), None).await));
        socket.send(json!({ "event": "pusher:unsubscribe", "data": { "channel": own } })).await;
        let (status, body) = sent(post("private-role.admin")).await;
        assert!(status == 403 && !body.contains("educounsel:"), "{status} {body}");
    }
    app.stop().await;
}
