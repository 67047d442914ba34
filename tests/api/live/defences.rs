//! Strangers, hostile clients and clients that were sent away cannot harm the Pusher server.

use crate::{
    apps::backend::{Backend, Mistake, sent},
    support::{
        TestApp, TestSocket,
        app::TestTransport,
        socket::Received,
        wait::{PATIENCE, until},
    },
};
use educounsel::domain::ids::ConversationId;
use futures_util::future::select_all;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

on_both_transports! {
    a_socket_that_was_told_to_go_is_heard_no_more,
}

async fn start() -> (TestApp, Backend) {
    let app = TestApp::builder().pusher_app().start().await;
    let backend = Backend::of_settings(&app);
    (app, backend)
}

async fn join(socket: &mut TestSocket, backend: &Backend, channel: &str, data: Option<&str>) -> Value {
    let text = data.map_or_else(|| format!("{}:{channel}", socket.socket_id), |data| format!("{}:{channel}:{data}", socket.socket_id));
    let answer = socket.ask_subscribe(json!({ "channel": channel, "auth": backend.sign(&text), "channel_data": data })).await;
    assert_eq!(answer.event, "pusher_internal:subscription_succeeded", "{answer:?}");
    answer.json()
}

async fn sign_in(socket: &mut TestSocket, backend: &Backend, data: &Value) {
    let data = data.to_string();
    let auth = backend.sign(&format!("{}::user::{data}", socket.socket_id));
    socket.send(json!({ "event": "pusher:signin", "data": { "auth": auth, "user_data": data } })).await;
    assert_eq!(socket.next_event().await.event, "pusher:signin_success");
}

/// Deeper than a parser that builds values would go: the server passes it on as text, and no code
/// fails on it.
#[actix_web::test]
async fn a_member_with_deeply_nested_info_harms_nobody() {
    let (app, backend) = start().await;
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let data = format!(r#"{{"user_id":"dalam","user_info":{deep}}}"#);
    let (mut ana, mut deep_one) = (app.socket("uji-key").await, app.socket("uji-key").await);
    join(&mut ana, &backend, "presence-a", Some(r#"{"user_id":"ana"}"#)).await;
    let text = backend.sign(&format!("{}:presence-a:{data}", deep_one.socket_id));
    deep_one.send(json!({ "event": "pusher:subscribe", "data": { "channel": "presence-a", "auth": text, "channel_data": data } })).await;
    let answer = deep_one.receive().await;
    let Received::Event(answer) = answer else { panic!("{answer:?}") };
    assert!(answer.data.as_str().unwrap().contains(&deep), "{answer:?}");
    let added = ana.next_event().await;
    assert_eq!(added.event, "pusher_internal:member_added");
    assert!(added.data.as_str().unwrap().contains(&deep));
    let mut budi = app.socket("uji-key").await;
    join(&mut budi, &backend, "presence-b", Some(r#"{"user_id":"budi"}"#)).await;
    app.stop().await;
}

/// A client has seconds to answer a close; the server ignores everything else that it sends.
async fn a_socket_that_was_told_to_go_is_heard_no_more(transport: TestTransport) {
    let app = TestApp::builder().pusher_app().transport(transport).set(|config| config.http.workers = 1).start().await;
    let backend = Backend::of_settings(&app);
    let (mut ana, mut ana_tab, mut budi) = (app.socket("uji-key").await, app.socket("uji-key").await, app.socket("uji-key").await);
    for socket in [&mut ana, &mut ana_tab] {
        sign_in(socket, &backend, &json!({ "id": "ana" })).await;
    }
    for socket in [&mut ana, &mut budi] {
        join(socket, &backend, "private-a", None).await;
    }
    assert_eq!(sent(backend.post("users/ana/terminate_connections", &json!({}))).await.0, 200);
    // One worker, so that both are closed in one turn.
    ana_tab.expect_close(4009).await;
    ana.send(json!({ "event": "client-x", "channel": "private-a", "data": 1 })).await;
    ana.send(json!({ "event": "pusher:subscribe", "data": { "channel": "umum" } })).await;
    ana.cut();
    until("both are gone", async || app.running.socket_count() == 1).await;
    app.barrier(&mut budi).await;
    app.stop().await;
}

/// The signature covers the body's MD5, so the server checks it before it reads the body: a
/// stranger cannot make it hold megabytes.
#[actix_web::test]
async fn a_stranger_is_refused_before_its_body_is_read() {
    let (app, backend) = start().await;
    let stranger = Backend { secret: "tebakan".into(), ..backend };
    let request = stranger.post("events", &json!({ "name": "e", "channel": "a", "data": "" })).build().unwrap();
    let target = format!("{}?{}", request.url().path(), request.url().query().unwrap());
    let mut stream = TcpStream::connect(("127.0.0.1", app.at().port)).await.unwrap();
    let head = format!("POST {target} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 8000000\r\n\r\n{{");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    // A server that waits for the body does so for 15 s, then answers 408.
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut answer)).await.expect("the body is waited for").unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    drop(stream);
    app.stop().await;
}

#[actix_web::test]
async fn a_query_that_does_not_read_is_400_to_the_backend_and_401_to_strangers() {
    let (app, backend) = start().await;
    let twice = [("info", "user_count"), ("info", "subscription_count")];
    let stranger = Backend { secret: "tebakan".into(), ..backend.clone() };
    for (who, status, code) in [(&stranger, 401, "apps.not_signed"), (&backend, 400, "request.malformed")] {
        for path in ["channels", "channels/a"] {
            let (answered, body) = sent(who.get(path, &twice)).await;
            let problem: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(answered, status, "{path}");
            assert_eq!(problem["code"].as_str(), Some(code), "{path}");
        }
    }
    app.stop().await;
}

/// Only the watchlist of the last sign-in counts: lists do not add up without end.
#[actix_web::test]
async fn a_second_sign_in_replaces_the_watchlist() {
    let (app, backend) = start().await;
    let mut ana = app.socket("uji-key").await;
    for list in [["budi", "cici"], ["cici", "dedi"]] {
        sign_in(&mut ana, &backend, &json!({ "id": "ana", "watchlist": list })).await;
        assert_eq!(ana.next_event().await.json()["events"][0]["user_ids"], json!(list));
    }
    let mut others = Vec::new();
    for user in ["budi", "cici", "dedi"] {
        let mut socket = app.socket("uji-key").await;
        sign_in(&mut socket, &backend, &json!({ "id": user })).await;
        others.push(socket);
    }
    for user in ["cici", "dedi"] {
        assert_eq!(ana.next_event().await.json(), json!({ "events": [{ "name": "online", "user_ids": [user] }] }));
    }
    app.barrier(&mut ana).await;
    app.stop().await;
}

/// An open connection is no way into a server that sends its clients away.
#[actix_web::test]
async fn nobody_comes_in_while_the_server_sends_its_clients_away() {
    let app = TestApp::builder().pusher_app().set(|config| config.realtime.drain_s = 10).start().await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.push(app.socket("uji-key").await);
    }
    let port = app.at().port;
    let address = format!("http://127.0.0.1:{port}");
    let connections = app.at().client_keeping(1);
    assert_eq!(sent(connections.get(format!("{address}/health/live"))).await.0, 200);
    let stopping = actix_web::rt::spawn(app.stop());
    // The first socket was closed: the server is draining, and the connection is still open.
    let (farewell, ..) = select_all(sockets.iter_mut().map(|socket| Box::pin(socket.receive()))).await;
    assert!(matches!(farewell, Received::Closed { code: 4200, .. }), "{farewell:?}");
    // A new socket is refused at once, so that a load balancer takes it elsewhere.
    let new = async || TcpStream::connect(("127.0.0.1", port)).await.is_err();
    until("connections are refused", new).await;
    let begin = connections.post(format!("{address}/pusher/app/uji-key/1/abcdefgh/xhr?protocol=7&client=js&version=8.6.0"));
    let answer = begin.send().await.unwrap();
    assert_eq!(answer.headers().get("connection").map(|value| value.to_str().unwrap()), Some("close"));
    let text = answer.text().await.unwrap();
    assert!(text.contains("c[4100,"), "{text}");
    drop(sockets);
    stopping.await.unwrap();
}

/// The echo app exists only for a test that asks for it; no setting can add it.
#[actix_web::test]
async fn nothing_is_echoed_whatever_the_settings_say() {
    let (app, _) = start().await;
    assert_eq!(app.client().get(app.url("/echo")).header("accept", "application/json").send().await.unwrap().status(), 404);
    let mut unknown = app.handshake("/app/echo?protocol=7", &[]).await.unwrap();
    assert_eq!(unknown.next_event().await.data["code"], 4001);
    unknown.expect_close(4001).await;
    app.stop().await;
    // An app with that key is an app like any other.
    let app = TestApp::builder()
        .set(|config| {
            let (id, key, secret) = ("8".into(), "echo".into(), "uji".into());
            let app = educounsel::config::PusherAppSettings { id, key, secret, client_events: true, subscription_counts: false };
            config.apps.push(app);
        })
        .start()
        .await;
    let mut socket = app.socket("echo").await;
    socket.send_text("halo").await;
    assert_eq!(socket.next_event().await.event, "pusher:error");
    app.stop().await;
}

/// A signature is valid for one method, path, app, body and time; every parameter is covered too.
#[actix_web::test]
async fn a_signature_is_good_for_its_own_method_and_parameters_only() {
    let (app, backend) = start().await;
    let path = "/apps/7/channels";
    let good = backend.get("channels", &[("filter_by_prefix", "a")]).build().unwrap();
    assert_eq!(sent(app.client().get(good.url().clone())).await.0, 200);
    for (from, to) in [("filter_by_prefix=a", "filter_by_prefix=b"), ("filter_by_prefix=a&", ""), ("auth_version=1.0", "auth_version=1.00")]
    {
        let changed = good.url().as_str().replace(from, to);
        assert_ne!(changed, good.url().as_str());
        assert_eq!(sent(app.client().get(changed)).await.0, 401, "{from} -> {to}");
    }
    assert_eq!(sent(app.client().get(format!("{}&info=subscription_count", good.url()))).await.0, 401);
    let as_post = backend.request(Method::GET, "/apps/7/batch_events", &[], b"", &Mistake::default()).build().unwrap();
    assert_eq!(sent(app.client().post(as_post.url().clone())).await.0, 401, "signed for another method");
    let replayed = good.url().as_str().replace(path, "/apps/7/channels/a");
    assert_eq!(sent(app.client().get(replayed)).await.0, 401, "signed for another path");
    app.stop().await;
}

/// When the rights to a channel cannot be looked up, the client is told to try again; a refusal
/// would make it stay away.
#[actix_web::test]
async fn a_batch_that_cannot_be_judged_is_an_error_and_no_refusal() {
    let app = TestApp::start().await;
    let ana = app.student("ana").await;
    let channels = [format!("private-user.{}", ana.id), format!("presence-conversation.{}", ConversationId::generate())];
    let ask = || {
        app.client()
            .post(app.url("/broadcasting/auth"))
            .bearer_auth(&ana.token)
            .json(&json!({ "socket_id": "1.2", "channel_name": channels }))
    };
    let (status, body) = sent(ask()).await;
    let proofs: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200, "{proofs}");
    assert!(proofs[&channels[0]]["auth"].is_string());
    assert_eq!(proofs[&channels[1]], Value::Null);
    sqlx::any::install_default_drivers();
    let file = app.folder.path().join("data/educounsel.db");
    let mut database = sqlx::AnyConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    database.execute("ALTER TABLE conversations RENAME TO conversations_away").await.unwrap();
    assert!(sent(ask()).await.0 >= 500);
    database.execute("ALTER TABLE conversations_away RENAME TO conversations").await.unwrap();
    database.close().await.unwrap();
    app.stop().await;
}

/// A request that a proxy or client repeats is not refused: two equal events within a second are
/// legitimate.
#[actix_web::test]
async fn an_identical_request_is_taken_again() {
    let (app, backend) = start().await;
    let mut socket = app.socket("uji-key").await;
    socket.subscribe("umum").await;
    let request = backend.post("events", &json!({ "name": "e", "channel": "umum", "data": "" }));
    let again = request.try_clone().unwrap();
    assert_eq!([sent(request).await.0, sent(again).await.0], [200, 200]);
    assert_eq!([socket.next_event().await.event, socket.next_event().await.event], ["e", "e"]);
    app.stop().await;
}
