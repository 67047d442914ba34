//! Starts the production server inside the test, in the way `main` does.

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

/// The socket transport of a server.
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

    /// Begins a server with other settings.
    pub fn builder() -> TestAppBuilder {
        let folder = Arc::new(TempDir::new().unwrap());
        TestAppBuilder::in_folder(folder)
    }

    /// Returns the address of the server, and the certificate to trust.
    pub fn at(&self) -> ServerAddress {
        let certificate = self.certificate.as_ref().map(rcgen::Certificate::pem);
        ServerAddress { port: self.running.address.port(), certificate }
    }

    /// Returns the URL of `path` on the server.
    pub fn url(&self, path: &str) -> String {
        self.at().url(path)
    }

    /// Makes an HTTP client that follows no redirects and keeps neither cookies nor connections.
    pub fn client(&self) -> reqwest::Client {
        self.at().client()
    }

    /// Makes an account and signs it in.
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

    /// Makes many accounts `NAME0`, `NAME1`, … and signs them in, without the cost of hashing
    /// passwords. All share one HTTP client.
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

    /// Opens a socket without a login to the app of `key`, and reads its greeting.
    pub async fn socket(&self, key: &str) -> TestSocket {
        let mut socket = self.handshake(&format!("/app/{key}?protocol=7&client=test"), &[]).await.unwrap();
        socket.greet().await;
        socket
    }

    /// Opens a socket by path with further headers; reads nothing.
    pub async fn handshake(&self, path: &str, headers: &[(&str, &str)]) -> Result<TestSocket, tokio_tungstenite::tungstenite::Error> {
        TestSocket::open(&self.at(), path, headers).await
    }

    /// Proves that no event is on its way to `socket`: publishes a sentinel after all earlier
    /// publications of this node, and expects it as the next event. The sentinel goes to the
    /// channel that the socket joined last, or to a public one if it joined none.
    ///
    /// The server must have handled earlier actions of other sockets before: call
    /// [`TestSocket::expect_silence`] on those first, or wait for their effect.
    pub async fn barrier(&self, socket: &mut TestSocket) {
        match socket.joined.last().cloned() {
            Some(channel) => self.barrier_on(socket, &channel).await,
            None => self.barrier_beside(socket).await,
        }
    }

    /// As [`TestApp::barrier`], for a socket that the server may have taken off its channels: the
    /// socket joins a public channel for the sentinel and leaves it again.
    pub async fn barrier_beside(&self, socket: &mut TestSocket) {
        socket.subscribe(SENTINEL_CHANNEL).await;
        self.barrier_on(socket, SENTINEL_CHANNEL).await;
        socket.send(json!({ "event": "pusher:unsubscribe", "data": { "channel": SENTINEL_CHANNEL } })).await;
        // Unsubscribing has no answer. After this the server has handled it.
        socket.expect_silence().await;
    }

    async fn barrier_on(&self, socket: &mut TestSocket, channel: &str) {
        self.settle().await;
        let context = &self.running.context;
        let app = context.apps.by_key(&socket.key).unwrap();
        let (channel, data) = (ChannelName::parse(channel).unwrap(), json!({ "sentinel": true, "socket": socket.socket_id }));
        if app.is_built_in {
            // Through the queue in which passing events of the built-in app wait.
            context.announce.queue_event(&channel, BUILT_IN_SENTINEL, data);
        } else {
            let frame = pusher::channel_event(&channel, SENTINEL, &data.to_string());
            let publication = Publication::new(Topic { app: app.id.clone(), channel }, frame);
            context.announce.publish(Arc::new(publication.into())).await.unwrap();
        }
        socket.expect_sentinel().await;
    }

    /// Waits until the server has checked the logins of all open sockets. A check that is still
    /// running may find a login ended before the envelope of its end arrives, and would then close
    /// with `expired`. Only for a server with one worker, whose shard checks in the order of
    /// requests.
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

    /// Waits until all rows of the log are published and the census has all changes of this node.
    pub async fn settle(&self) {
        until("the log is published", async || self.running.context.store.log_backlog().await.unwrap().rows == 0).await;
        self.running.context.announce.await_census().await;
    }

    /// Waits until the log is published, then stops the server. Ends every test about delivery.
    pub async fn stop(self) {
        until("the log is published", async || self.running.context.store.log_backlog().await.unwrap().rows == 0).await;
        self.running.stop().await;
    }
}

impl TestAppBuilder {
    /// Begins a server in a folder that may have been used before.
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

    /// Uses a clock that the test sets.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.options.clock = clock;
        self
    }

    /// Starts with demo data and the demo app.
    #[must_use]
    pub fn demo(mut self) -> Self {
        self.options.demo = true;
        self
    }

    /// Adds an app with the key `echo` that sends every message back.
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

    /// Starts the server, or returns the error line that an operator would read.
    pub async fn try_start(self) -> Result<TestApp, String> {
        let running = app::start(self.config, self.options).await.map_err(|error| error.to_string())?;
        Ok(TestApp { running, folder: self.folder, certificate: self.certificate })
    }
}
