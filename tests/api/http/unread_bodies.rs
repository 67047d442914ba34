//! A client that sends an unwanted body gets its answer, and the server stops reading, on a bare
//! connection.

use crate::support::{TestApp, app::TestTransport, user::ServerAddress};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

/// Longer than every wait of the server here (1 s), shorter than the time limit of a wanted body
/// (15 s).
const SOON: Duration = Duration::from_secs(8);

on_both_transports! {
    a_refused_body_that_drips_for_ever_ends_with_its_connection,
    a_refused_body_that_pours_for_ever_ends_with_its_connection,
    a_small_body_that_nobody_read_does_not_cost_the_connection,
}

/// Requests that are answered before their body is read: head and status.
fn refused() -> [(String, u16); 5] {
    let post = |path: &str, kind: &str| {
        format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n")
    };
    [
        (post("/api/v1/nothing", "application/json"), 404),
        (post("/nothing", "application/json"), 404),
        (post("/api/v1/auth/login", "text/plain"), 415),
        (post("/api/v1/admin/users", "application/json"), 401),
        (post("/broadcasting/auth", "application/json"), 401),
    ]
}

/// Sends `head`, then `piece` again and again, until the server closes. Returns the first line of
/// the answer and the number of bytes taken.
async fn send_for_ever(at: &ServerAddress, head: &str, piece: &[u8], pause: Duration) -> (String, usize) {
    let (mut read, mut write) = tokio::io::split(at.open().await.unwrap());
    write.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let reading = async {
        let mut buffer = [0; 4096];
        // A reset counts as an end.
        while let Ok(count @ 1..) = read.read(&mut buffer).await {
            answer.extend_from_slice(&buffer[..count]);
        }
    };
    let mut taken = 0;
    let writing = async {
        while write.write_all(piece).await.is_ok() && write.flush().await.is_ok() {
            taken += piece.len();
            tokio::time::sleep(pause).await;
        }
    };
    let both = async {
        tokio::select! {
            () = reading => {}
            () = async { writing.await; std::future::pending().await } => {}
        }
    };
    timeout(SOON, both).await.unwrap_or_else(|_| panic!("still open after {SOON:?}: {head}"));
    (String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned(), taken)
}

async fn a_refused_body_that_drips_for_ever_ends_with_its_connection(transport: TestTransport) {
    let app = TestApp::builder().transport(transport).start().await;
    for (head, status) in refused() {
        let (answer, _) = send_for_ever(&app.at(), &head, b"1\r\nx\r\n", Duration::from_millis(50)).await;
        assert!(answer.contains(&status.to_string()), "{head}{answer}");
    }
    app.stop().await;
}

async fn a_refused_body_that_pours_for_ever_ends_with_its_connection(transport: TestTransport) {
    let app = TestApp::builder().transport(transport).start().await;
    let piece = [&b"10000\r\n"[..], &[b' '; 65_536], b"\r\n"].concat();
    let too_large =
        "POST /api/v1/auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    for (head, status) in refused().into_iter().chain([(too_large.to_owned(), 413)]) {
        let (answer, taken) = send_for_ever(&app.at(), &head, &piece, Duration::ZERO).await;
        // The buffers of both kernels take an unknown amount, and a reset may overtake the answer.
        assert!(answer.is_empty() || answer.contains(&status.to_string()), "{head}{answer}");
        assert!(taken < 64 << 20, "{taken} bytes taken of {head}");
    }
    app.stop().await;
}

async fn a_small_body_that_nobody_read_does_not_cost_the_connection(transport: TestTransport) {
    let app = TestApp::builder().transport(transport).start().await;
    let mut stream = app.at().open().await.unwrap();
    for _ in 0..3 {
        let request = "POST /api/v1/nothing HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.contains("\"code\":\"not_found\"") || !answer.ends_with('}') {
            let mut buffer = [0; 4096];
            let count = timeout(SOON, stream.read(&mut buffer)).await.unwrap().unwrap();
            assert!(count > 0, "closed: {answer}");
            answer.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
        assert!(!answer.to_lowercase().contains("connection: close"), "{answer}");
    }
    drop(stream);
    app.stop().await;
}
