//! Runs `@copilotkit/aimock`, an OpenAI-compatible server of another vendor, behind a relay that
//! sees when our client closes.

use crate::{
    redis_server::lasting_port,
    wait::{PATIENCE, until_within},
};
use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// The server; ends when dropped.
pub struct Aimock {
    /// The value for `openai.base_url`.
    pub url: String,
    /// Connections our client has closed.
    pub closed: Arc<AtomicUsize>,
    child: Child,
    relay: JoinHandle<()>,
}

impl Drop for Aimock {
    fn drop(&mut self) {
        self.relay.abort();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Aimock {
    /// Starts it on a free port with the answers of `tests/aimock/fixtures.json`.
    pub async fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aimock");
        let program = folder.join("node_modules/@copilotkit/aimock/dist/cli.js");
        assert!(program.exists(), "aimock is not installed: npm ci --prefix tests/aimock (make test does it)");
        let port = lasting_port();
        let mut command = Command::new("node");
        command.arg(program).args(["--port", &port.to_string(), "--log-level", "silent", "--strict", "--fixtures"]);
        let child = command.arg(folder.join("fixtures.json")).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        until_within(2 * PATIENCE, "aimock listens", async || TcpStream::connect(("127.0.0.1", port)).await.is_ok()).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let closed = Arc::new(AtomicUsize::new(0));
        let relay = tokio::spawn(relay(listener, port, closed.clone()));
        Self { url, closed, child, relay }
    }
}

async fn relay(listener: TcpListener, port: u16, closed: Arc<AtomicUsize>) {
    while let Ok((client, _)) = listener.accept().await {
        let closed = closed.clone();
        tokio::spawn(async move {
            let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let ((mut from_client, mut to_client), (mut from_server, mut to_server)) = (client.into_split(), server.into_split());
            let asking = async {
                let mut piece = [0; 4096];
                while let Ok(count @ 1..) = from_client.read(&mut piece).await {
                    to_server.write_all(&piece[..count]).await.unwrap_or_default();
                }
                closed.fetch_add(1, Ordering::SeqCst);
            };
            let answering = async {
                let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
            };
            tokio::select! { () = asking => {}, () = answering => {} }
        });
    }
}
