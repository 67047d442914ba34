//! Plays a backend of a connected app as the vendors' SDKs behave: it signs its requests.

use crate::support::TestApp;
use educounsel::{
    domain::clock::Clock,
    wire::signature::{SecretKey, to_hex},
};
use md5::{Digest as _, Md5};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// A backend that has an app's secret.
#[derive(Clone)]
pub struct Backend {
    pub client: reqwest::Client,
    pub clock: Clock,
    pub url: String,
    pub id: String,
    pub key: String,
    pub secret: String,
}

/// Mistakes that a backend may make.
#[derive(Default)]
pub struct Mistake<'a> {
    pub timestamp_off_s: i64,
    pub md5: Option<&'a str>,
    pub sign_path: Option<&'a str>,
    pub key: Option<&'a str>,
    pub signature: Option<&'a str>,
    pub version: Option<&'a str>,
}

impl Backend {
    /// Makes the backend of an app from the answer of `POST /admin/apps`.
    pub fn of(app: &TestApp, made: &Value) -> Self {
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        Self {
            clock: app.running.context.clock.clone(),
            client: app.client(),
            url: app.url(""),
            id: text("id"),
            key: text("key"),
            secret: text("secret"),
        }
    }

    /// Makes the backend of the app of the settings.
    pub fn of_settings(app: &TestApp) -> Self {
        Self::of(app, &json!({ "id": "7", "key": "uji-key", "secret": "uji-secret" }))
    }

    /// Begins a request at any path, with the mistakes of a test.
    pub fn request(&self, method: Method, path: &str, parameters: &[(&str, &str)], body: &[u8], mistake: &Mistake<'_>) -> RequestBuilder {
        let now_s = self.clock.now_ms() / 1000 + mistake.timestamp_off_s;
        let now = now_s.to_string();
        let md5 = mistake.md5.map_or_else(|| to_hex(&Md5::digest(body)), str::to_owned);
        let mut pairs: Vec<(&str, &str)> = parameters.to_vec();
        pairs.push(("auth_key", mistake.key.unwrap_or(&self.key)));
        pairs.push(("auth_timestamp", &now));
        pairs.push(("auth_version", mistake.version.unwrap_or("1.0")));
        pairs.push(("body_md5", &md5));
        pairs.sort_unstable();
        let query = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
        let text = format!("{method}\n{}\n{query}", mistake.sign_path.unwrap_or(path));
        let signature = mistake.signature.map_or_else(|| SecretKey::new(self.secret.as_bytes()).sign(&text), str::to_owned);
        let request = self.client.request(method, format!("{}{path}?{query}&auth_signature={signature}", self.url));
        request.header("content-type", "application/json").body(body.to_vec())
    }

    pub fn post_at(&self, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path, &[], body.to_string().as_bytes(), &Mistake::default())
    }

    pub fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.post_at(&format!("/apps/{}/{path}", self.id), body)
    }

    pub fn get(&self, path: &str, parameters: &[(&str, &str)]) -> RequestBuilder {
        self.request(Method::GET, &format!("/apps/{}/{path}", self.id), parameters, b"", &Mistake::default())
    }

    /// Publishes and expects the exact answer of a success.
    pub async fn trigger(&self, channel: &str, event: &str, data: &str) {
        let (status, body) = sent(self.post("events", &json!({ "name": event, "channel": channel, "data": data }))).await;
        assert_eq!(status, 200);
        assert_eq!(body.as_str(), "{}");
    }

    /// GETs JSON and expects 200.
    pub async fn read(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let (status, body) = sent(self.get(path, parameters)).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    pub fn sign(&self, text: &str) -> String {
        format!("{}:{}", self.key, SecretKey::new(self.secret.as_bytes()).sign(text))
    }
}

/// Sends a request; returns status and body text.
pub async fn sent(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}
