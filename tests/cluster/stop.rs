//! SIGTERM and SIGINT: sockets leave in slices with 4200, requests in flight finish, the process
//! ends with 0 within its time.

use crate::{
    device::Device,
    support::{
        TestSocket,
        pdf::one_page_pdf,
        process::{ServerPlan, ServerProcess},
        socket::Received,
        wait::until,
    },
};
use educounsel::domain::principal::Role;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const SOCKETS: usize = 80;
const DRAIN: Duration = Duration::from_secs(4);
/// Time that stopping may take beyond the drain: a second for the last sockets, five for requests
/// in flight. These tests have none of those, so the five allow for a busy machine.
const GRACE: Duration = Duration::from_secs(6);

async fn open_sockets(server: &ServerProcess, count: usize) -> Vec<TestSocket> {
    let mut sockets = Vec::new();
    for _ in 0..count {
        let mut socket = TestSocket::open(server.at(), "/app/uji-key?protocol=7&client=test", &[]).await.unwrap();
        socket.greet().await;
        sockets.push(socket);
    }
    sockets
}

async fn stops_with(signal: &str) {
    let plan = ServerPlan::new().pusher_app().set("realtime.drain_s", DRAIN.as_secs());
    let mut server = plan.start().await;
    let mut sockets = open_sockets(&server, SOCKETS).await;
    let began = Instant::now();
    server.signal(signal);
    let farewells = sockets.iter_mut().map(async |socket| match socket.receive().await {
        Received::Closed { code: 4200, .. } => began.elapsed(),
        other => panic!("{other:?}"),
    });
    let mut left = futures_util::future::join_all(farewells).await;
    left.sort();
    let status = server.ended().await;
    assert_eq!(status.code(), Some(0), "{status}");
    // The thread that accepts connections may meet the closed listener before it learns of the
    // pause: that is no error.
    let log = server.log();
    assert!(!log.contains("\"ERROR\""), "{log}");
    assert!(began.elapsed() < DRAIN + GRACE, "took {:?}", began.elapsed());
    assert_left_in_slices(&left);
}

/// Checks that the closes of the clients were spread over the drain. `left`: the time of each close
/// since the signal, sorted.
fn assert_left_in_slices(left: &[Duration]) {
    // Two shards, forty clients each, forty steps: no client is closed before its step. When this
    // process is suspended, it only sees the close later. Half of the time allows for shards of
    // unequal size.
    for quarter in 1..4_u32 {
        let at = left[SOCKETS * quarter as usize / 4];
        assert!(at >= DRAIN * quarter / 8, "{quarter} quarters of {SOCKETS} clients had left after {at:?}: {left:?}");
    }
    // The last step is 3.9 s after the first; all at once would be milliseconds. The limit between
    // allows for a process that is suspended for seconds.
    assert!(left.last().unwrap().saturating_sub(left[0]) > DRAIN / 4, "all left at once: {left:?}");
}

#[tokio::test]
async fn sigterm_sends_sockets_away_in_slices_and_ends_with_0() {
    stops_with("TERM").await;
}

/// Opens a session over HTTP and reads until it is established.
async fn open_stream(server: &ServerProcess, number: usize) -> reqwest::Response {
    let path = format!("/pusher/app/uji-key/{number}/uji{number:05}/xhr_streaming?protocol=7&client=js&version=8.6.0&t=1&n=1");
    let mut stream = server.at().client().post(server.at().url(&path)).send().await.unwrap();
    let mut text = String::new();
    while !text.contains("connection_established") {
        text += &String::from_utf8_lossy(&stream.chunk().await.unwrap().expect("the stream goes on"));
    }
    stream
}

#[tokio::test]
async fn sigterm_sends_clients_over_plain_http_away_in_slices_too() {
    let plan = ServerPlan::new().pusher_app().set("realtime.drain_s", DRAIN.as_secs());
    let mut server = plan.start().await;
    let mut streams = Vec::new();
    for number in 0..SOCKETS {
        streams.push(open_stream(&server, number).await);
    }
    let began = Instant::now();
    server.signal("TERM");
    let farewells = streams.iter_mut().map(async |stream| {
        let told = stream.chunk().await.unwrap().expect("a farewell");
        assert_eq!(told, "c[4200,\"Server is shutting down\"]\n");
        let at = began.elapsed();
        assert_eq!(stream.chunk().await.unwrap(), None, "the answer ends behind it");
        at
    });
    let mut left = futures_util::future::join_all(farewells).await;
    left.sort();
    assert_eq!(server.ended().await.code(), Some(0));
    assert!(began.elapsed() < DRAIN + GRACE, "took {:?}", began.elapsed());
    assert_left_in_slices(&left);
}

#[tokio::test]
async fn sigint_does_the_same() {
    stops_with("INT").await;
}

#[tokio::test]
async fn an_upload_in_flight_at_the_stop_gets_its_201_and_is_delivered_after_the_restart() {
    let plan = ServerPlan::new();
    plan.add_user("guru", Role::Counsellor);
    plan.add_user("ana", Role::Student);
    let mut server = plan.start().await;
    let guru = server.sign_in("guru").await;
    let mut ana = Device::connect(server.sign_in("ana").await).await;

    let (head, tail) = (
        "--x\r\ncontent-disposition: form-data; name=\"title\"\r\n\r\nTerakhir\r\n--x\r\ncontent-disposition: form-data; name=\"category\"\r\n\r\nBelajar\r\n--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\ncontent-type: application/pdf\r\n\r\n",
        "\r\n--x--\r\n",
    );
    let body = [head.as_bytes(), &one_page_pdf("Terakhir"), tail.as_bytes()].concat();
    let (first, rest) = body.split_at(body.len() / 2);
    let mut stream = TcpStream::connect(("127.0.0.1", server.at().port)).await.unwrap();
    let request = format!(
        "POST /api/v1/materials HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: {}\r\n\r\n",
        guru.token,
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.write_all(first).await.unwrap();
    until("the file is on its way", async || std::fs::read_dir(plan.data_dir().join("tmp")).is_ok_and(|files| files.count() == 1)).await;
    server.signal("TERM");
    assert_eq!(ana.read_to_end().await, Some(4200));
    stream.write_all(rest).await.unwrap();
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    drop(stream);
    assert_eq!(server.ended().await.code(), Some(0));

    let again = plan.start().await;
    ana.come_back(again.at()).await;
    ana.listen_until(1).await;
    ana.drain().await;
    ana.assert_once(&["Terakhir"]);
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_the_drain() {
    let plan = ServerPlan::new().pusher_app().set("realtime.drain_s", 600);
    let mut server = plan.start().await;
    // Enough sockets that the drain lasts seconds: one slice every 100 ms.
    let _sockets = open_sockets(&server, 2 * SOCKETS).await;
    server.signal("TERM");
    until("the stop has begun", async || server.log().contains("SIGTERM: stopping")).await;
    server.signal("TERM");
    assert_eq!(server.ended().await.code(), Some(1));
}
