//! Owns one Pusher socket: a TCP stream and the rest of a split frame. All sockets of a thread read
//! into one buffer, so an idle socket costs a task and a descriptor only.

use super::frames::{FrameReader, Opcode, pong_frame, text_frame};
use crate::target::Target;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use std::{
    cell::RefCell,
    collections::VecDeque,
    io,
    net::{Ipv4Addr, SocketAddr},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

/// Number of source addresses (127.0.0.2 and up), because one address does not have enough ports.
const SOURCE_ADDRESSES: usize = 8;
/// Bytes read at once.
const READ_BUFFER: usize = 16 * 1024;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BUFFER]);
}

/// Server and credentials that a socket connects with.
#[derive(Debug, Clone)]
pub struct Door {
    /// The server.
    pub target: Target,
    /// Key of the Pusher app.
    pub app_key: String,
    /// Login cookie; `None` for apps that sign channels.
    pub cookie: Option<String>,
}

/// A connected socket.
#[derive(Debug)]
pub struct PusherSocket {
    stream: TcpStream,
    frames: FrameReader,
    waiting: VecDeque<String>,
    /// Id that the server gave the socket.
    pub socket_id: String,
}

impl PusherSocket {
    /// Connects socket number `index` and reads the greeting.
    pub async fn connect(door: &Door, index: usize) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        let source = Ipv4Addr::new(127, 0, 0, u8::try_from(2 + index % SOURCE_ADDRESSES)?);
        socket.bind(SocketAddr::from((source, 0)))?;
        let mut stream = socket.connect(SocketAddr::from((door.target.address, door.target.port))).await?;
        stream.set_nodelay(true)?;
        let cookie = door.cookie.as_ref().map(|cookie| format!("cookie: {cookie}\r\n")).unwrap_or_default();
        let head = format!(
            "GET /app/{}?protocol=7&client=loadtest HTTP/1.1\r\nhost: {}:{}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: bG9hZHRlc3QtbG9hZHRlcw==\r\n{cookie}\r\n",
            door.app_key, door.target.address, door.target.port
        );
        stream.write_all(head.as_bytes()).await?;
        let rest = read_upgrade(&mut stream).await?;
        let mut socket = Self { stream, frames: FrameReader::default(), waiting: VecDeque::new(), socket_id: String::new() };
        socket.take(&rest)?;
        let greeting: Value = serde_json::from_str(&socket.next_text().await?)?;
        ensure!(greeting.get("event").and_then(Value::as_str) == Some("pusher:connection_established"), "no greeting but {greeting}");
        let data: Value = serde_json::from_str(greeting.get("data").and_then(Value::as_str).unwrap_or_default())?;
        socket.socket_id = data.get("socket_id").and_then(Value::as_str).context("the greeting names no socket id")?.to_owned();
        Ok(socket)
    }

    /// Joins a channel and waits for the answer.
    pub async fn subscribe(&mut self, channel: &str, auth: Option<&str>) -> Result<()> {
        let mut data = json!({ "channel": channel });
        if let (Some(auth), Some(fields)) = (auth, data.as_object_mut()) {
            fields.insert("auth".to_owned(), auth.into());
        }
        self.send(&json!({ "event": "pusher:subscribe", "data": data }).to_string()).await?;
        loop {
            let text = self.next_text().await?;
            if text.contains("pusher_internal:subscription_succeeded") && text.contains(channel) {
                return Ok(());
            }
            ensure!(!text.contains("pusher:subscription_error"), "subscription refused: {text}");
        }
    }

    /// Sends a text message.
    pub async fn send(&mut self, text: &str) -> Result<()> {
        Ok(self.stream.write_all(&text_frame(text)).await?)
    }

    /// Reads until the connection ends, calls `on_text` with every message, and answers pings.
    pub async fn listen(mut self, mut on_text: impl FnMut(&[u8])) -> Result<()> {
        loop {
            self.stream.readable().await?;
            let reply = self.read_some(&mut on_text)?;
            if !reply.is_empty() {
                self.stream.write_all(&reply).await?;
            }
        }
    }

    async fn next_text(&mut self) -> Result<String> {
        loop {
            if let Some(text) = self.waiting.pop_front() {
                return Ok(text);
            }
            self.stream.readable().await?;
            let mut texts = Vec::new();
            self.read_some(&mut |text| texts.push(String::from_utf8_lossy(text).into_owned()))?;
            self.waiting.extend(texts);
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        let waiting = &mut self.waiting;
        self.frames.read(bytes, |_, payload| waiting.push_back(String::from_utf8_lossy(payload).into_owned()))
    }

    /// Reads the bytes that have arrived, and returns the bytes to answer.
    fn read_some(&mut self, on_text: &mut impl FnMut(&[u8])) -> Result<Vec<u8>> {
        SCRATCH.with_borrow_mut(|buffer| {
            let read = match self.stream.try_read(buffer) {
                Ok(0) => bail!("the server cut the connection"),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Vec::new()),
                Err(error) => return Err(error.into()),
            };
            let (mut reply, mut is_closed) = (Vec::new(), false);
            self.frames.read(buffer.get(..read).unwrap_or_default(), |opcode, payload| match opcode {
                Opcode::Text if payload.starts_with(br#"{"event":"pusher:ping""#) => {
                    reply.extend(text_frame(r#"{"event":"pusher:pong","data":{}}"#));
                }
                Opcode::Text => on_text(payload),
                Opcode::Ping => reply.extend(pong_frame(payload)),
                Opcode::Pong => {}
                Opcode::Close => is_closed = true,
            })?;
            ensure!(!is_closed, "the server closed the connection");
            Ok(reply)
        })
    }
}

/// Reads the answer to the handshake, and returns the bytes behind it.
async fn read_upgrade(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut head = Vec::with_capacity(1024);
    loop {
        ensure!(stream.read_buf(&mut head).await? > 0, "the server cut the handshake");
        if let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") {
            ensure!(head.starts_with(b"HTTP/1.1 101"), "no upgrade: {}", String::from_utf8_lossy(&head).lines().next().unwrap_or_default());
            return Ok(head.split_off(end + 4));
        }
    }
}
