//! The production server, started as `main` starts it.

use super::socket::TestSocket;
use educounsel::{
    app::{self, Running, StartOptions},
    backends::store::{LoginRow, UserRow},
    config::Config,
    domain::{
        clock::Clock,
        ids::{LoginId, UserId},
        principal::Role,
    },
    services::{
        session_token,
        users::{self, Maker, NewUser},
    },
};
use serde_json::{Value, json};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tempfile::TempDir;

/// Password of all test users.
pub const PASSWORD: &str = "kata-sandi-uji";
/// How long a test waits for a condition.
pub const PATIENCE: Duration = Duration::from_secs(10);

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

    /// Returns `http://127.0.0.1:PORT` with `path` behind it.
    pub fn url(&self, path: &str) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://localhost:{}{path}", self.running.address.port())
    }

    /// Makes an HTTP client that follows no redirects and keeps no cookies.
    pub fn client(&self) -> reqwest::Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder().timeout(Duration::from_secs(60)).redirect(reqwest::redirect::Policy::none());
        if let Some(certificate) = &self.certificate {
            builder = builder.tls_certs_only([reqwest::Certificate::from_pem(certificate.pem().as_bytes()).unwrap()]);
        }
        builder.build().unwrap()
    }

    /// Creates an account and signs it in.
    pub async fn user(&self, login: &str, role: Role) -> TestUser {
        let name = format!("Uji {login}");
        let new = NewUser { login: login.to_owned(), name, role, password: PASSWORD.to_owned() };
        let context = &self.running.context;
        users::add_user(&context.store, context.clock.now_ms(), new, Maker::default()).await.unwrap();
        self.sign_in(login, PASSWORD).await
    }

    /// Signs an existing account in.
    pub async fn sign_in(&self, login: &str, password: &str) -> TestUser {
        let client = self.client();
        let body = json!({ "login": login, "password": password, "token": true });
        let response = client.post(self.url("/api/v1/auth/login")).json(&body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
        let cookie = response.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let answer: Value = response.json().await.unwrap();
        TestUser {
            client,
            base: self.url(""),
            id: answer["user"]["id"].as_str().unwrap().to_owned(),
            token: answer["token"].as_str().unwrap().to_owned(),
            cookie,
            port: self.running.address.port(),
            certificate: self.certificate.as_ref().map(rcgen::Certificate::pem),
        }
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
            crowd.push(TestUser {
                client: client.clone(),
                base: self.url(""),
                id: user_id.to_string(),
                cookie: format!("educounsel_session={token}"),
                token,
                port: self.running.address.port(),
                certificate: None,
            });
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
        let certificate = self.certificate.as_ref().map(rcgen::Certificate::pem);
        TestSocket::open(self.running.address.port(), certificate.as_deref(), path, headers).await
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

    /// Adds a Pusher app: id `7`, key `uji-key`, secret `uji-secret`.
    #[must_use]
    pub fn pusher_app(self) -> Self {
        self.set(|config| {
            config.apps.push(educounsel::config::PusherAppSettings {
                id: "7".into(),
                key: "uji-key".into(),
                secret: "uji-secret".into(),
                client_events: true,
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
        let running = app::start(self.config, self.options).await.unwrap();
        TestApp { running, folder: self.folder, certificate: self.certificate }
    }
}

/// A signed-in user.
pub struct TestUser {
    pub client: reqwest::Client,
    pub id: String,
    pub token: String,
    /// `name=value`.
    pub cookie: String,
    base: String,
    port: u16,
    certificate: Option<String>,
}

impl TestUser {
    /// Returns the same user as a client of another node, which shares the database.
    pub fn at(&self, app: &TestApp) -> Self {
        Self {
            client: self.client.clone(),
            id: self.id.clone(),
            token: self.token.clone(),
            cookie: self.cookie.clone(),
            base: app.url(""),
            port: app.running.address.port(),
            certificate: None,
        }
    }

    /// Begins a request under `/api/v1`, by bearer token.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}/api/v1{path}", self.base)).bearer_auth(&self.token)
    }

    /// GETs JSON and expects 200.
    pub async fn get(&self, path: &str) -> Value {
        let response = self.request(reqwest::Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), 200, "GET {path}");
        response.json().await.unwrap()
    }

    /// POSTs JSON and returns status and body (null when empty).
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let response = self.request(reqwest::Method::POST, path).json(body).send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    /// PUTs JSON and returns status and body.
    pub async fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        let response = self.request(reqwest::Method::PUT, path).json(body).send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    /// GETs and returns status and body (null when it is not JSON).
    pub async fn try_get(&self, path: &str) -> (u16, Value) {
        let response = self.request(reqwest::Method::GET, path).send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    /// Uploads a small PDF as an active material and returns it.
    pub async fn upload_pdf(&self, title: &str) -> Value {
        let (status, body) = self.upload(title, one_page_pdf(title)).await;
        assert_eq!(status, 201, "{body}");
        body
    }

    /// Uploads any bytes as `materi.pdf`.
    pub async fn upload(&self, title: &str, bytes: Vec<u8>) -> (u16, Value) {
        let file = reqwest::multipart::Part::bytes(bytes).file_name("materi.pdf").mime_str("application/pdf").unwrap();
        let form = reqwest::multipart::Form::new().text("title", title.to_owned()).text("category", "Belajar").part("file", file);
        let response = self.request(reqwest::Method::POST, "/materials").multipart(form).send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    /// Opens a socket of the built-in app with the session cookie and joins the channels of `GET /realtime`, as the web UI does.
    pub async fn connect(&self) -> TestSocket {
        let info = self.get("/realtime").await;
        let path = format!("/app/{}?protocol=7&client=test", info["key"].as_str().unwrap());
        let headers = [("cookie", self.cookie.as_str())];
        let mut socket = TestSocket::open(self.port, self.certificate.as_deref(), &path, &headers).await.unwrap();
        socket.greet().await;
        for channel in info["channels"].as_array().unwrap() {
            socket.subscribe(channel.as_str().unwrap()).await;
        }
        socket
    }
}

/// Waits for a condition, at most [`PATIENCE`].
pub async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !condition().await {
        assert!(tokio::time::Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Makes a valid PDF of one page that says `text`.
pub fn one_page_pdf(text: &str) -> Vec<u8> {
    let stream = format!("BT /F1 24 Tf 72 720 Td ({}) Tj ET", text.replace(['(', ')', '\\'], " "));
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{stream}\nendstream", stream.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut pdf = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        offsets.push(pdf.len());
        pdf.extend_from_slice(format!("{number} 0 obj\n{object}\nendobj\n").as_bytes());
    }
    let table = pdf.len();
    pdf.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).as_bytes());
    for offset in offsets {
        pdf.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    pdf.extend_from_slice(format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1).as_bytes());
    pdf
}
