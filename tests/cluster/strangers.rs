//! Strangers cannot fill the memory, the log or the table of open files of the process.

use crate::support::{TestSocket, process::ServerPlan};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Bytes sent after a header that announces more.
const FLOOD_BYTES: usize = 64 << 20;

#[tokio::test]
async fn a_frame_without_end_costs_no_memory() {
    let server = ServerPlan::new().pusher_app().start().await;
    let mut socket = TestSocket::open(server.at(), "/app/uji-key?protocol=7", &[]).await.unwrap();
    socket.greet().await;
    let before = server.memory().anonymous;
    let mut is_taken = socket.send_bytes(&[0x81, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0]).await;
    let mut sent = 0;
    while is_taken && sent < FLOOD_BYTES {
        is_taken = socket.send_bytes(&[0; 65_536]).await;
        sent += 65_536;
    }
    assert!(sent < FLOOD_BYTES, "nobody stopped the flood");
    let grown = server.memory().anonymous.saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} bytes more after {sent}");
}

#[tokio::test]
async fn broken_requests_of_strangers_are_no_errors_of_the_server() {
    let server = ServerPlan::new().start().await;
    for request in ["\u{16}\u{3}\u{1}", "GET / HTTP/9.9\r\n\r\n", "GET /%zz HTTP/1.1\r\nbroken header\r\n\r\n"] {
        let mut stream = TcpStream::connect(("127.0.0.1", server.at().port)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    assert!(!server.log().contains("ERROR"), "{}", server.log());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_server_takes_all_open_files_the_system_allows() {
    let server = ServerPlan::new().start().await;
    let limits = server.limits();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words[3], words[4], "{line}");
    assert!(server.log().contains("open files"));
}
