//! The wire of an OpenAI-compatible provider, hand-written on HTTP/1.1: requests are read, and answers streamed, byte by byte.

use serde_json::{Value, json};
use tokio::{io::AsyncReadExt as _, net::TcpStream};

/// The head of a streamed answer.
pub const STREAM_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
/// The end of its body.
pub const STREAM_END: &[u8] = b"0\r\n\r\n";
/// The last event of a stream.
pub const DONE: &str = "data: [DONE]\n\n";

/// A request of a client.
#[derive(Debug, Clone)]
pub struct Request {
    /// Path with its query.
    pub path: String,
    /// The header of that name.
    pub authorization: Option<String>,
    /// JSON, or null.
    pub body: Value,
}

impl Request {
    /// Returns the text of the user's last message of a chat request.
    pub fn question(&self) -> &str {
        question_of(&self.body)
    }
}

/// Returns the text of the user's last message in the body of a chat request; empty when there is none.
pub fn question_of(body: &Value) -> &str {
    let asked = body["messages"].as_array().and_then(|messages| messages.iter().rev().find(|message| message["role"] == "user"));
    asked.and_then(|message| message["content"].as_str()).unwrap_or_default()
}

/// Reads one request; what comes behind it stays in `buffer`. `None` at the end of the connection.
pub async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Request> {
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let field = |name: &str| {
                head.lines().find_map(|line| line.to_lowercase().starts_with(name).then(|| line[name.len()..].trim().to_owned()))
            };
            let length: usize = field("content-length:").map_or(0, |text| text.parse().unwrap());
            if buffer.len() >= end + 4 + length {
                let rest = buffer.split_off(end + 4 + length);
                let body = serde_json::from_slice(&buffer[end + 4..]).unwrap_or(Value::Null);
                *buffer = rest;
                let path = head.split(' ').nth(1)?.to_owned();
                return Some(Request { path, authorization: field("authorization:"), body });
            }
        }
        let mut piece = [0; 8192];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => buffer.extend_from_slice(&piece[..count]),
        }
    }
}

/// Writes a text as one chunk of a streamed body.
#[must_use]
pub fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// Writes an event of a streamed chat answer.
#[must_use]
pub fn event(delta: &Value, finish_reason: Option<&str>) -> String {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish_reason });
    let chunk = json!({ "id": "x", "object": "chat.completion.chunk", "created": 1, "model": "uji", "choices": [choice] });
    format!("data: {chunk}\n\n")
}
