//! The production server, started as `main` starts it.

use super::{
    socket::{BUILT_IN_SENTINEL, SENTINEL, SENTINEL_CHANNEL, TestSocket},
    user::{PASSWORD, ServerAddress, TestUser},
    wait::until,
};
use educounsel::{
    app::{self, Running, StartOptions},
    backends::store::{LoginRow, UserRow},
    config::Config,
    domain::{
        clock::Clock,
        ids::{LoginId, UserId},
        live::channel::ChannelName,
        principal::Role,
        topic::Topic,
    },
    services::accounts::{
        manage::{self, Maker, NewUser},
        session_token,
    },
    wire::{envelope::Publication, pusher},
};
use serde_json::json;
use std::{path::PathBuf, sync::Arc};
use tempfile::TempDir;

/// Which of the two socket transports a server uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestTransport {
    /// The raw upgraded TCP stream.
    Raw,
    /// actix-web-actors behind TLS.
    Context,
}

/// A running server with its folder.
pub struct TestApp {
    pub running: Running,
    pub folder: Arc<TempDir>,
    pub certificate: Option<rcgen::Certificate>,
}

/// Builds a [`TestApp`].
pub struct TestAppBuilder {
    config: Config,
    options: StartOptions,
    folder: Arc<TempDir>,
    certificate: Option<rcgen::Certificate>,
}

impl TestApp {
    /// Starts a server with the embedded defaults.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Begins a server whose settings differ.
    pub fn builder() -> TestAppBuilder {
        let folder = Arc::new(TempDir::new().unwrap());
        TestAppBuilder::in_folder(folder)
    }

    /// Returns where the server listens, and what to trust.
    pub fn at(&self) -> ServerAddress {
        let certificate = self.certificate.as_ref().map(rcgen::Certificate::pem);
        ServerAddress { port: self.running.address.port(), certificate }
    }

    /// Returns the server's own URL with `path` behind it.
    pub fn url(&self, path: &str) -> String {
        self.at().url(path)
    }

    /// Makes an HTTP client that follows no redirects and keeps neither cookies nor connections.
    pub fn client(&self) -> reqwest::Client {
        self.at().client()
    }

    /// Creates an account and signs it in.
    pub async fn user(&self, login: &str, role: Role) -> TestUser {
        let name = format!("Uji {login}");
        let new = NewUser { login: login.to_owned(), name, role, password: PASSWORD.to_owned() };
        let context = &self.running.context;
        manage::add_user(&context.store, context.clock.now_ms(), new, Maker::default()).await.unwrap();
        self.sign_in(login, PASSWORD).await
    }

    /// Signs an existing account in.
    pub async fn sign_in(&self, login: &str, password: &str) -> TestUser {
        TestUser::sign_in(&self.at(), login, password).await
    }

    pub async fn student(&self, login: &str) -> TestUser {
        self.user(login, Role::Student).await
    }

    pub async fn counsellor(&self, login: &str) -> TestUser {
        self.user(login, Role::Counsellor).await
    }

    pub async fn admin(&self, login: &str) -> TestUser {
        self.user(login, Role::Admin).await
    }

    /// Makes many accounts `NAME0`, `NAME1`, … that are signed in without the cost of a password each. All share one HTTP client.
    pub async fn crowd(&self, name: &str, role: Role, count: usize) -> Vec<TestUser> {
        let (context, client) = (&self.running.context, self.client());
        let now_ms = context.clock.now_ms();
        let mut users = Vec::with_capacity(count);
        let mut tx = context.store.begin().await.unwrap();
        for number in 0..count {
            let user = UserRow {
                id: UserId::generate(),
                login: format!("{name}{number}"),
                name: format!("Uji {name}{number}"),
                role,
                password_hash: "none".into(),
                disabled_at_ms: None,
                last_login_at_ms: None,
                created_at_ms: now_ms,
            };
            assert!(tx.insert_user(&user).await.unwrap());
            users.push(user.id);
        }
        tx.commit().await.unwrap();
        let mut crowd = Vec::with_capacity(count);
        for user_id in users {
            let token = session_token::new_token().unwrap();
            let login = LoginRow {
                id: LoginId::generate(),
                user_id,
                token_hash: session_token::token_hash(&token).unwrap(),
                created_at_ms: now_ms,
                last_seen_at_ms: now_ms,
                expires_at_ms: now_ms + 1_000_000_000,
                user_agent: None,
                address: None,
            };
            context.cache.put_login(&login).await.unwrap();
            crowd.push(TestUser::with_token(&self.at(), client.clone(), user_id.to_string(), token));
        }
        crowd
    }

    /// Opens a socket without a session to the app of `key`; the greeting is read already.
    pub async fn socket(&self, key: &str) -> TestSocket {
        let mut socket = self.handshake(&format!("/app/{key}?protocol=7&client=test"), &[]).await.unwrap();
        socket.greet().await;
        socket
    }

    /// Opens a socket by path with further headers and reads nothing.
    pub async fn handshake(&self, path: &str, headers: &[(&str, &str)]) -> Result<TestSocket, tokio_tungstenite::tungstenite::Error> {
        TestSocket::open(&self.at(), path, headers).await
    }

    /// Proves that nothing is on its way to `socket`: what comes next is a sentinel, published on the channel that it joined last (on a public one if it
    /// has joined none) behind all that this node has published until now. What a socket did must have been taken before: let that one
    /// [`TestSocket::expect_silence`] first, or wait for what comes of it.
    pub async fn barrier(&self, socket: &mut TestSocket) {
        match socket.joined.last().cloned() {
            Some(channel) => self.barrier_on(socket, &channel).await,
            None => self.barrier_beside(socket).await,
        }
    }

    /// As [`TestApp::barrier`], for a socket that the server may have taken off its channels: on a public channel that it joins for this and leaves again.
    pub async fn barrier_beside(&self, socket: &mut TestSocket) {
        socket.subscribe(SENTINEL_CHANNEL).await;
        self.barrier_on(socket, SENTINEL_CHANNEL).await;
        socket.send(json!({ "event": "pusher:unsubscribe", "data": { "channel": SENTINEL_CHANNEL } })).await;
        // Nothing answers it; the channel is empty again.
        socket.expect_silence().await;
    }

    async fn barrier_on(&self, socket: &mut TestSocket, channel: &str) {
        self.settle().await;
        let context = &self.running.context;
        let app = context.apps.by_key(&socket.key).unwrap();
        let (channel, data) = (ChannelName::parse(channel).unwrap(), json!({ "sentinel": true, "socket": socket.socket_id }));
        if app.is_built_in {
            // By the queue that passing events of the built-in app wait in.
            context.announce.queue_event(&channel, BUILT_IN_SENTINEL, data);
        } else {
            let frame = pusher::channel_event(&channel, SENTINEL, &data.to_string());
            let publication = Publication::new(Topic { app: app.id.clone(), channel }, frame);
            context.announce.publish(Arc::new(publication.into())).await.unwrap();
        }
        socket.expect_sentinel().await;
    }

    /// Waits until the server has looked up the logins of all sockets that are open. A look that is still on its way may find that a login is over before
    /// the word of its end arrives, and then calls it expired. For a server with one worker: its shard looks up in the order of asking.
    pub async fn logins_looked_up(&self) {
        assert_eq!(self.running.context.config.http.workers, 1, "shards look up beside each other");
        let mut socket = self.socket("educounsel").await;
        let former = &self.crowd(&format!("former{}", socket.socket_id), Role::Student, 1).await[0];
        let channel = format!("private-user.{}", former.id);
        let auth = former.proof(&socket, &channel).await;
        assert_eq!(former.post("/auth/logout", &json!({})).await.0, 204);
        socket.send(json!({ "event": "pusher:subscribe", "data": { "channel": channel, "auth": auth } })).await;
        socket.expect_close(4009).await;
    }

    /// Waits until all rows of the log are published and the census knows all that happened on this node.
    pub async fn settle(&self) {
        until("the log is published", async || self.running.context.store.log_backlog().await.unwrap().rows == 0).await;
        self.running.context.announce.await_census().await;
    }

    /// Waits until nothing is left to publish, then stops the server. The end of every test that is about delivery.
    pub async fn stop(self) {
        until("the log is published", async || self.running.context.store.log_backlog().await.unwrap().rows == 0).await;
        self.running.stop().await;
    }
}

impl TestAppBuilder {
    /// Begins a server that works in a folder which may have been used before.
    pub fn in_folder(folder: Arc<TempDir>) -> Self {
        let mut config = Config { data_dir: folder.path().join("data"), ..Config::default() };
        config.http.bind = "127.0.0.1:0".into();
        config.http.workers = 2;
        config.realtime.drain_s = 0;
        Self { config, options: StartOptions::default(), folder, certificate: None }
    }

    /// Changes settings.
    #[must_use]
    pub fn set(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Uses a clock that the test turns.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.options.clock = clock;
        self
    }

    /// Serves demo data and the demo app.
    #[must_use]
    pub fn demo(mut self) -> Self {
        self.options.demo = true;
        self
    }

    /// Adds an app with the key `echo` that gives every message back.
    #[cfg(debug_assertions)]
    #[must_use]
    pub fn echo(mut self) -> Self {
        self.options.echo = true;
        self
    }

    /// Adds a Pusher app: id `7`, key `uji-key`, secret `uji-secret`.
    #[must_use]
    pub fn pusher_app(self) -> Self {
        self.set(|config| {
            config.apps.push(educounsel::config::PusherAppSettings {
                id: "7".into(),
                key: "uji-key".into(),
                secret: "uji-secret".into(),
                client_events: true,
                subscription_counts: false,
            });
        })
    }

    /// Chooses the socket transport; `Context` brings TLS with a certificate made for the test.
    #[must_use]
    pub fn transport(mut self, transport: TestTransport) -> Self {
        if transport == TestTransport::Context {
            let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
            let write = |name: &str, pem: String| -> PathBuf {
                let path = self.folder.path().join(name);
                std::fs::write(&path, pem).unwrap();
                path
            };
            self.config.http.tls_certificate = write("cert.pem", made.cert.pem()).display().to_string();
            self.config.http.tls_key = write("key.pem", made.signing_key.serialize_pem()).display().to_string();
            self.certificate = Some(made.cert);
        }
        self
    }

    pub async fn start(self) -> TestApp {
        self.try_start().await.unwrap_or_else(|line| panic!("{line}"))
    }

    /// Starts, or returns the line an operator would read.
    pub async fn try_start(self) -> Result<TestApp, String> {
        let running = app::start(self.config, self.options).await.map_err(|error| error.to_string())?;
        Ok(TestApp { running, folder: self.folder, certificate: self.certificate })
    }
}
