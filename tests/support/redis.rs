//! Runs a redis-server for one test, which may kill it and start it again on the same port.
//! Included with `#[path]`.

#![allow(dead_code, reason = "no test binary uses all of it")]

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Returns a free port below those that the kernel gives to clients and listeners, so that no other
/// process gets it while the server is down.
pub fn lasting_port() -> u16 {
    loop {
        let number = uuid::Uuid::now_v7().as_u128() % 12_000;
        let port = 20_000 + u16::try_from(number).expect("small");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A redis-server without persistence; ends when dropped.
pub struct TestRedis {
    port: u16,
    child: Option<Child>,
}

impl TestRedis {
    /// Starts a server on a free port. Fails, never skips, when there is no redis-server.
    pub fn start() -> Self {
        let mut server = Self { port: lasting_port(), child: None };
        server.start_again();
        server
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Ends the server at once, as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("kill redis-server");
            child.wait().expect("redis-server ends");
        }
    }

    /// Starts the server again on its port, empty.
    pub fn start_again(&mut self) {
        let port = self.port.to_string();
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-server cannot be started: install it with scripts/install-test-tools");
        let child = self.child.insert(child);
        // Blocks the thread: `start` is also called without a runtime, so it cannot wait with
        // `until`.
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(child.try_wait().expect("its state").is_none(), "redis-server ended instead of listening on port {port}");
            assert!(Instant::now() < deadline, "redis-server did not accept connections on port {port}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
