//! Runs the production binary as its own process: starts, signals, kills and measures it as an
//! operator would.

use super::{
    user::{PASSWORD, ServerAddress, TestUser},
    wait::until,
};
use educounsel::domain::principal::Role;
use std::{
    any::Any,
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};
use tempfile::TempDir;

/// The binary under test.
const BINARY: &str = env!("CARGO_BIN_EXE_educounsel");
/// How much of a server's log is shown when its test fails, in bytes.
const LOG_TAIL: usize = 8_000;

/// The plan for one or several servers: settings and a folder. Servers of one plan share folder and
/// database; each takes a free port.
#[derive(Clone)]
pub struct ServerPlan {
    folder: Arc<TempDir>,
    settings: Vec<(String, String)>,
    logs: Arc<AtomicUsize>,
    kept: Vec<Arc<dyn Any + Send + Sync>>,
}

/// A running server; killed when dropped.
pub struct ServerProcess {
    child: Child,
    at: ServerAddress,
    log: PathBuf,
    /// Kept as long as the server runs.
    _folder: Arc<TempDir>,
    _kept: Vec<Arc<dyn Any + Send + Sync>>,
}

/// The memory of a process, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Heap and stacks.
    pub anonymous: u64,
    /// The most memory ever resident at once, mapped files included.
    pub peak: u64,
}

impl ServerPlan {
    /// Plans a server with the defaults (SQLite, files on disk, no Redis) in its own folder. It
    /// closes its sockets at once when it stops.
    pub fn new() -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        let data = folder.path().join("data");
        let plan = Self { folder, settings: Vec::new(), logs: Arc::default(), kept: Vec::new() };
        plan.set("data_dir", data.display()).set("http.bind", "127.0.0.1:0").set("http.workers", 2).set("realtime.drain_s", 0)
    }

    /// Changes a setting for servers started from now on.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl ToString) -> Self {
        self.settings.retain(|(other, _)| other != key);
        self.settings.push((key.to_owned(), value.to_string()));
        self
    }

    /// Keeps an object that these servers need, such as a database, for as long as the plan or one
    /// of its servers exists.
    #[must_use]
    pub fn keeping(mut self, foundation: impl Any + Send + Sync) -> Self {
        self.kept.push(Arc::new(foundation));
        self
    }

    /// Adds a Pusher app: id `7`, key `uji-key`, secret `uji-secret`.
    #[must_use]
    pub fn pusher_app(self) -> Self {
        self.set("apps", r#"[{"id":"7","key":"uji-key","secret":"uji-secret","client_events":true}]"#)
    }

    /// Returns a setting that was changed.
    pub fn setting(&self, key: &str) -> &str {
        &self.settings.iter().find(|(other, _)| other == key).expect("a setting of this plan").1
    }

    /// Returns the folder of the embedded database and files.
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        // Keeps the developer's environment away from the server.
        command.env_clear().current_dir(self.folder.path()).args(words);
        for (key, value) in &self.settings {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        command
    }

    /// Makes an account on the command line, as an operator does. The server need not run.
    pub fn add_user(&self, login: &str, role: Role) {
        let mut command = self.command(&["user", "add", "--login", login, "--name", &format!("Uji {login}"), "--role", role.as_str()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "user add {login}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Begins a server without waiting for it.
    pub fn spawn(&self) -> StartingServer {
        let number = self.logs.fetch_add(1, Ordering::Relaxed);
        let log = self.folder.path().join(format!("server-{number}.log"));
        let mut command = self.command(&["serve"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let port = announced_port(child.stdout.take().unwrap());
        StartingServer {
            server: ServerProcess {
                child,
                at: ServerAddress { port: 0, certificate: None },
                log,
                _folder: self.folder.clone(),
                _kept: self.kept.clone(),
            },
            port,
        }
    }

    /// Starts a server and waits until it listens.
    pub async fn start(&self) -> ServerProcess {
        self.spawn().ready().await
    }
}

/// A server that may not listen yet.
pub struct StartingServer {
    server: ServerProcess,
    port: Arc<OnceLock<u16>>,
}

impl StartingServer {
    /// Waits until the server listens.
    pub async fn ready(mut self) -> ServerProcess {
        let (child, port) = (std::cell::RefCell::new(&mut self.server.child), &self.port);
        until("the server listens", async || {
            if let Some(status) = child.borrow_mut().try_wait().unwrap() {
                panic!("the server ended while starting: {status}");
            }
            port.get().is_some()
        })
        .await;
        self.server.at.port = *self.port.get().unwrap();
        self.server
    }
}

/// Reads the server's output to its end, and finds the port in `listening on http://ADDRESS:PORT`.
fn announced_port(stdout: ChildStdout) -> Arc<OnceLock<u16>> {
    let port = Arc::new(OnceLock::new());
    let found = port.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(address) = line.strip_prefix("listening on http://") {
                let _ = found.set(address.rsplit(':').next().unwrap().parse().unwrap());
            }
        }
    });
    port
}

impl ServerProcess {
    pub const fn at(&self) -> &ServerAddress {
        &self.at
    }

    /// Signs an account in on this server.
    pub async fn sign_in(&self, login: &str) -> TestUser {
        TestUser::sign_in(&self.at, login, PASSWORD).await
    }

    /// Ends the server at once: `kill -9`.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal by name, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success(), "signal {name} not sent");
    }

    /// Waits until the process has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let child = std::cell::RefCell::new(&mut self.child);
        until("the server ends", async || child.borrow_mut().try_wait().unwrap().is_some()).await;
        self.child.wait().unwrap()
    }

    /// Returns the sum of a metric over its labels; 0 when it was never measured.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = self.at.client().get(self.at.url("/metrics")).send().await.unwrap().text().await.unwrap();
        let of_name = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{']));
        text.lines().filter(of_name).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// Returns the memory that the process occupies now.
    pub fn memory(&self) -> Memory {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
        };
        Memory { anonymous: bytes("RssAnon:"), peak: bytes("VmHWM:") }
    }

    /// Returns the kernel's table of the process's limits.
    pub fn limits(&self) -> String {
        std::fs::read_to_string(format!("/proc/{}/limits", self.child.id())).unwrap()
    }

    /// Returns the server's log so far.
    pub fn log(&self) -> String {
        read_text(&self.log)
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = read_text(&self.log);
            let from = log.ceil_char_boundary(log.len().saturating_sub(LOG_TAIL));
            eprintln!("--- log of the server on port {}\n{}", self.at.port, &log[from..]);
        }
    }
}

fn read_text(path: &Path) -> String {
    let mut bytes = Vec::new();
    let _ = File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}
