//! A Pusher client that returns every frame it receives.

use super::{user::ServerAddress, wait::PATIENCE};
use educounsel::{
    domain::live::channel::ChannelName,
    wire::{
        desk_event::DeskEvent,
        signature::{SecretKey, channel_text},
    },
};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::{collections::VecDeque, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _, http::HeaderName},
};

/// Any byte stream under a WebSocket.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// The name of the sentinel event in connected apps (see [`super::TestApp::barrier`]).
pub const SENTINEL: &str = "uji.sentinel";
/// The sentinel event in the built-in app, which has only its own events. Real ones lack the key
/// `sentinel`.
pub const BUILT_IN_SENTINEL: DeskEvent = DeskEvent::NoticeState;
/// A public channel for the sentinels of sockets that have joined no channel.
pub const SENTINEL_CHANNEL: &str = "sentinel";

/// A frame of the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub event: String,
    pub channel: Option<String>,
    /// As sent: a string for most events.
    pub data: Value,
    pub user_id: Option<String>,
    pub raw: String,
}

impl Event {
    /// Returns `data` as an object, whether it was sent as one or as text.
    pub fn json(&self) -> Value {
        match &self.data {
            Value::String(text) => serde_json::from_str(text).unwrap(),
            other => other.clone(),
        }
    }

    fn is_sentinel(&self) -> bool {
        self.event == SENTINEL || (self.event == BUILT_IN_SENTINEL.name() && self.json()["sentinel"] == true)
    }
}

/// The next thing that a socket received.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    Event(Event),
    Closed {
        code: u16,
        reason: String,
    },
    /// The connection ended without a close frame.
    Cut,
}

/// A client socket.
pub struct TestSocket {
    stream: WebSocketStream<Box<dyn Stream>>,
    pub socket_id: String,
    /// Key of the app, from the path.
    pub key: String,
    /// Channels that the socket has joined and not left by itself, in order.
    pub joined: Vec<String>,
    /// Events received while it joined a channel, still to be returned.
    early: VecDeque<Event>,
}

impl TestSocket {
    /// Opens a socket by path with further headers; reads nothing.
    pub async fn open(at: &ServerAddress, path: &str, headers: &[(&str, &str)]) -> Result<Self, Error> {
        let scheme = if at.certificate.is_some() { "wss" } else { "ws" };
        let mut request = format!("{scheme}://localhost:{}{path}", at.port).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        let (stream, _) = client_async(request, at.open().await?).await?;
        let key = path.trim_start_matches("/app/").split('?').next().unwrap_or_default().to_owned();
        Ok(Self { stream, socket_id: String::new(), key, joined: Vec::new(), early: VecDeque::new() })
    }

    /// Opens a socket of the app `uji-key` and joins a channel with a signature; on presence
    /// channels as `member`.
    pub async fn open_on(at: &ServerAddress, channel: &str, member: Option<&str>) -> Self {
        let mut socket = Self::open(at, "/app/uji-key?protocol=7&client=test", &[]).await.unwrap();
        socket.greet().await;
        let data = member.map(|member| json!({ "user_id": member, "user_info": { "name": member } }).to_string());
        let text = channel_text(&socket.socket_id, &ChannelName::parse(channel).unwrap(), data.as_deref());
        let auth = format!("uji-key:{}", SecretKey::new(b"uji-secret").sign(&text));
        let answer = socket.ask_subscribe(json!({ "channel": channel, "auth": auth, "channel_data": data })).await;
        assert_eq!(answer.event, "pusher_internal:subscription_succeeded", "{answer:?}");
        socket
    }

    /// Reads the greeting and stores the socket id.
    pub async fn greet(&mut self) {
        let greeting = self.next_event().await;
        assert_eq!(greeting.event, "pusher:connection_established");
        assert!(greeting.data.is_string(), "Pysher decodes the data as JSON text");
        self.socket_id = greeting.json()["socket_id"].as_str().unwrap().to_owned();
    }

    pub async fn send_text(&mut self, text: impl Into<String>) {
        self.stream.send(Message::text(text.into())).await.unwrap();
    }

    pub async fn send_message(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// Writes bytes that need not be frames. Says whether the connection still accepted them.
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> bool {
        let stream = self.stream.get_mut();
        stream.write_all(bytes).await.is_ok() && stream.flush().await.is_ok()
    }

    pub async fn send(&mut self, frame: Value) {
        if frame["event"] == "pusher:unsubscribe" {
            self.joined.retain(|channel| frame["data"]["channel"] != **channel);
        }
        self.send_text(frame.to_string()).await;
    }

    /// Joins a channel without a proof and expects success.
    pub async fn subscribe(&mut self, channel: &str) {
        let answer = self.ask_subscribe(json!({ "channel": channel })).await;
        assert_eq!(answer.event, "pusher_internal:subscription_succeeded", "{answer:?}");
        assert_eq!(answer.channel.as_deref(), Some(channel));
    }

    /// Joins a channel without a proof and returns the answer. Events of other channels that come
    /// first are returned later.
    pub async fn join_meanwhile(&mut self, channel: &str) -> Event {
        let answer = self.ask_to_join(channel).await;
        assert_eq!(answer.event, "pusher_internal:subscription_succeeded", "{answer:?}");
        answer
    }

    /// Like [`Self::join_meanwhile`]; the answer may be a refusal.
    pub async fn ask_to_join(&mut self, channel: &str) -> Event {
        self.send(json!({ "event": "pusher:subscribe", "data": { "channel": channel } })).await;
        let mut early = VecDeque::new();
        loop {
            let event = self.next_event().await;
            let is_answer = matches!(event.event.as_str(), "pusher_internal:subscription_succeeded" | "pusher:subscription_error");
            if is_answer && event.channel.as_deref() == Some(channel) {
                self.early.append(&mut early);
                return event;
            }
            early.push_back(event);
        }
    }

    /// Asks for a subscription and returns the next event.
    pub async fn ask_subscribe(&mut self, data: Value) -> Event {
        self.send(json!({ "event": "pusher:subscribe", "data": data })).await;
        self.next_event().await
    }

    /// Returns the next event or close. Skips WebSocket pings and pongs.
    pub async fn receive(&mut self) -> Received {
        self.receive_or_silence().await.expect("nothing came")
    }

    /// Returns the next event or close; `None` if there is none within [`PATIENCE`].
    pub async fn receive_or_silence(&mut self) -> Option<Received> {
        timeout(PATIENCE, self.receive_at_last()).await.ok()
    }

    async fn receive_at_last(&mut self) -> Received {
        if let Some(event) = self.early.pop_front() {
            return Received::Event(event);
        }
        loop {
            let message = self.stream.next().await;
            match message {
                Some(Ok(Message::Text(text))) => {
                    let event = read_event(&text);
                    if event.event == "pusher_internal:subscription_succeeded" {
                        self.joined.extend(event.channel.clone());
                    }
                    // All sockets on the channel get the sentinel of one of them.
                    if !event.is_sentinel() || event.json()["socket"] == self.socket_id {
                        return Received::Event(event);
                    }
                }
                Some(Ok(Message::Close(Some(frame)))) => {
                    return Received::Closed { code: frame.code.into(), reason: frame.reason.to_string() };
                }
                Some(Ok(Message::Close(None)) | Err(_)) | None => return Received::Cut,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Returns the next WebSocket message, pings and pongs included.
    pub async fn next_message(&mut self) -> Message {
        timeout(PATIENCE, self.stream.next()).await.expect("nothing came").expect("the stream ended").unwrap()
    }

    pub async fn next_event(&mut self) -> Event {
        match self.receive().await {
            Received::Event(event) => event,
            other => panic!("expected an event, got {other:?}"),
        }
    }

    /// Returns the next event of this name. Skips others, pings included.
    pub async fn next_named(&mut self, name: &str) -> Event {
        loop {
            let event = self.next_event().await;
            if event.event == name {
                return event;
            }
        }
    }

    /// Expects a close with this code. Skips events before it.
    pub async fn expect_close(&mut self, expected: u16) {
        loop {
            match self.receive().await {
                Received::Closed { code, .. } => return assert_eq!(code, expected),
                Received::Event(_) => {}
                Received::Cut => panic!("cut instead of a close with {expected}"),
            }
        }
    }

    /// Sends a ping and expects its answer as the next event. Then the server has handled all that
    /// this socket sent, without another answer to it. Proves nothing about publications, which
    /// arrive on another way: see [`super::TestApp::barrier`].
    pub async fn expect_silence(&mut self) {
        self.send(json!({ "event": "pusher:ping", "data": {} })).await;
        let next = self.next_event().await;
        assert_eq!(next.event, "pusher:pong", "{next:?}");
    }

    /// Expects the sentinel of a barrier as the next event.
    pub async fn expect_sentinel(&mut self) {
        let next = self.next_event().await;
        assert!(next.is_sentinel(), "came before the sentinel: {next:?}");
    }

    /// Drops the connection without a close frame.
    pub fn cut(self) {
        drop(self);
    }
}

fn read_event(text: &str) -> Event {
    let value: Value = serde_json::from_str(text).unwrap();
    let text_of = |key: &str| value[key].as_str().map(str::to_owned);
    Event {
        event: text_of("event").unwrap(),
        channel: text_of("channel"),
        data: value["data"].clone(),
        user_id: text_of("user_id"),
        raw: text.to_owned(),
    }
}

impl ServerAddress {
    /// Opens a plain connection, inside TLS when the server uses it.
    pub async fn open(&self) -> std::io::Result<Box<dyn Stream>> {
        let tcp = TcpStream::connect(("127.0.0.1", self.port)).await?;
        Ok(match self.certificate.as_deref() {
            None => Box::new(tcp),
            Some(pem) => Box::new(trusting(pem).connect("localhost".try_into().unwrap(), tcp).await?),
        })
    }
}

fn trusting(pem: &str) -> tokio_rustls::TlsConnector {
    use rustls_pki_types::{CertificateDer, pem::PemObject as _};
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_root_certificates(roots).with_no_client_auth()).into()
}
