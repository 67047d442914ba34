//! A user with an HTTP client.

use super::{pdf::one_page_pdf, socket::TestSocket};
use serde_json::{Value, json};
use std::{sync::OnceLock, time::Duration};

/// Password of all test users.
pub const PASSWORD: &str = "kata-sandi-uji";

/// The address of a server on loopback.
#[derive(Debug, Clone)]
pub struct ServerAddress {
    pub port: u16,
    /// The only certificate to trust (PEM), when the server uses TLS.
    pub certificate: Option<String>,
}

impl ServerAddress {
    /// Returns the URL of `path` on this server.
    pub fn url(&self, path: &str) -> String {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://localhost:{}{path}", self.port)
    }

    /// Makes an HTTP client that follows no redirects, and keeps no cookies and no connections. A
    /// stopping server gives kept connections 5 s, which would be most of the time of most tests.
    pub fn client(&self) -> reqwest::Client {
        // Shared by all tests, because it keeps no state and making one reads the system's
        // certificates.
        static PLAIN: OnceLock<reqwest::Client> = OnceLock::new();
        match self.certificate {
            None => PLAIN.get_or_init(|| self.client_keeping(0)).clone(),
            Some(_) => self.client_keeping(0),
        }
    }

    /// As [`ServerAddress::client`], but keeps up to this many connections for further requests, as
    /// browsers do.
    pub fn client_keeping(&self, connections: usize) -> reqwest::Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder().timeout(Duration::from_secs(60)).redirect(reqwest::redirect::Policy::none());
        let mut builder = builder.pool_max_idle_per_host(connections);
        if let Some(certificate) = &self.certificate {
            builder = builder.tls_certs_only([reqwest::Certificate::from_pem(certificate.as_bytes()).unwrap()]);
        }
        builder.build().unwrap()
    }
}

/// A signed-in user.
#[derive(Clone)]
pub struct TestUser {
    pub client: reqwest::Client,
    pub id: String,
    pub token: String,
    /// `name=value`.
    pub cookie: String,
    at: ServerAddress,
}

impl TestUser {
    /// Signs an existing account in.
    pub async fn sign_in(at: &ServerAddress, login: &str, password: &str) -> Self {
        let client = at.client();
        let body = json!({ "login": login, "password": password, "token": true });
        let response = client.post(at.url("/api/v1/auth/login")).json(&body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
        let cookie = response.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let answer: Value = response.json().await.unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self { client, id: text(&answer["user"]["id"]), token: text(&answer["token"]), cookie, at: at.clone() }
    }

    /// Returns the same user with a client that keeps its connections, as browsers do.
    #[must_use]
    pub fn keeping_connections(self) -> Self {
        Self { client: self.at.client_keeping(6), ..self }
    }

    /// Returns the same user, with the same login, as a client of another server.
    #[must_use]
    pub fn on(&self, at: &ServerAddress) -> Self {
        Self { at: at.clone(), client: at.client(), ..self.clone() }
    }

    /// Begins a request under `/api/v1`, with the bearer token.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, self.at.url(&format!("/api/v1{path}"))).bearer_auth(&self.token)
    }

    /// GETs JSON and expects 200.
    pub async fn get(&self, path: &str) -> Value {
        let response = self.request(reqwest::Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), 200, "GET {path}");
        response.json().await.unwrap()
    }

    /// Makes the client of a login that the test wrote into the cache itself.
    #[must_use]
    pub fn with_token(at: &ServerAddress, client: reqwest::Client, id: String, token: String) -> Self {
        Self { client, id, cookie: format!("educounsel_session={token}"), token, at: at.clone() }
    }

    /// GETs and returns status and body (null when it is not JSON).
    pub async fn try_get(&self, path: &str) -> (u16, Value) {
        let response = self.request(reqwest::Method::GET, path).send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    /// PUTs JSON and returns status and body (null when empty).
    pub async fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        let response = self.request(reqwest::Method::PUT, path).json(body).send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    /// POSTs JSON and returns status and body (null when empty).
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let response = self.request(reqwest::Method::POST, path).json(body).send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    /// Requests `/broadcasting/auth` as Pusher clients do, and returns status and body.
    pub async fn authorise(&self, socket: &TestSocket, channel: &str) -> (u16, Value) {
        let body = json!({ "socket_id": socket.socket_id, "channel_name": channel });
        let response = self.client.post(self.at.url("/broadcasting/auth")).bearer_auth(&self.token).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Has the server sign a channel for a socket, and returns the signature.
    pub async fn proof(&self, socket: &TestSocket, channel: &str) -> String {
        let (status, signed) = self.authorise(socket, channel).await;
        assert_eq!(status, 200, "{signed}");
        signed["auth"].as_str().unwrap().to_owned()
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

    /// Proves that no event is on its way from this client's server to sockets of the same user:
    /// marks all notices as read, and expects the event about it, published after all earlier ones,
    /// as the next event.
    pub async fn barrier(&self, sockets: impl IntoIterator<Item = &mut TestSocket>) {
        let (status, body) = self.post("/notices/read-all", &json!({})).await;
        assert_eq!(status, 200, "{body}");
        for socket in sockets {
            let next = socket.next_event().await;
            assert_eq!(next.event, "notice.state", "came before the sentinel: {next:?}");
            assert_eq!(next.json()["all"], true, "came before the sentinel: {next:?}");
        }
    }

    /// Opens a socket of the built-in app with the session cookie and joins the channels of
    /// `GET /realtime`, as the web UI does.
    pub async fn connect(&self) -> TestSocket {
        let info = self.get("/realtime").await;
        let path = format!("/app/{}?protocol=7&client=test", info["key"].as_str().unwrap());
        let headers = [("cookie", self.cookie.as_str())];
        let mut socket = TestSocket::open(&self.at, &path, &headers).await.unwrap();
        socket.greet().await;
        for channel in info["channels"].as_array().unwrap() {
            socket.join_meanwhile(channel.as_str().unwrap()).await;
        }
        socket
    }
}
