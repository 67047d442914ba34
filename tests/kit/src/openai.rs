//! Owns the wire format of an OpenAI-compatible provider, written by hand on HTTP/1.1: reads
//! requests, and writes streamed answers piece by piece.

use serde::Serialize;
use serde_json::Value;
use std::sync::LazyLock;
use tokio::{io::AsyncReadExt as _, net::TcpStream};

/// The head of a streamed answer.
pub const STREAM_HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
/// The end of the body of a streamed answer.
pub const STREAM_END: &[u8] = b"0\r\n\r\n";
/// The last event of a stream.
pub const DONE: &str = "data: [DONE]\n\n";

/// A request of a client.
#[derive(Debug, Clone)]
pub struct Request {
    /// Path with its query.
    pub path: String,
    /// The header `authorization`.
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

/// Returns the text of the user's last message in the body of a chat request; empty when there is
/// none.
pub fn question_of(body: &Value) -> &str {
    let asked = body["messages"].as_array().and_then(|messages| messages.iter().rev().find(|message| message["role"] == "user"));
    asked.and_then(|message| message["content"].as_str()).unwrap_or_default()
}

/// Reads one request; bytes after it stay in `buffer`. `None` at the end of the connection.
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

/// A piece of a streamed chat answer.
#[derive(Serialize)]
struct ChatChunk<'a> {
    id: &'static str,
    object: &'static str,
    created: u32,
    model: &'static str,
    choices: &'a [ChunkChoice<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<ChunkUsage>,
}

#[derive(Serialize)]
struct ChunkChoice<'a> {
    index: u32,
    delta: ChunkDelta<'a>,
    finish_reason: Option<&'a str>,
}

#[derive(Default, Serialize)]
struct ChunkDelta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
}

#[derive(Serialize)]
struct ChunkUsage {
    prompt_tokens: usize,
    completion_tokens: usize,
    total_tokens: usize,
}

fn event(choices: &[ChunkChoice<'_>], usage: Option<ChunkUsage>) -> String {
    let chunk = ChatChunk { id: "x", object: "chat.completion.chunk", created: 1, model: "uji", choices, usage };
    format!("data: {}\n\n", serde_json::to_string(&chunk).unwrap())
}

/// Writes the first event of a streamed chat answer, which names the role.
#[must_use]
pub fn begin_event() -> String {
    let delta = ChunkDelta { role: Some("assistant"), content: Some("") };
    event(&[ChunkChoice { index: 0, delta, finish_reason: None }], None)
}

/// The text before and after a token in its event. Built once, because a load generator writes
/// thousands of tokens per second.
static AROUND_TOKEN: LazyLock<(String, String)> = LazyLock::new(|| {
    let delta = ChunkDelta { role: None, content: Some("") };
    let empty = event(&[ChunkChoice { index: 0, delta, finish_reason: None }], None);
    let (before, behind) = empty.split_once(r#""""#).unwrap();
    (before.to_owned(), behind.to_owned())
});

/// Writes the event with the next token.
#[must_use]
pub fn token_event(text: &str) -> String {
    let (before, behind) = &*AROUND_TOKEN;
    format!("{before}{}{behind}", serde_json::to_string(text).unwrap())
}

/// Writes the event with the reason why the answer ends.
#[must_use]
pub fn end_event(reason: &str) -> String {
    event(&[ChunkChoice { index: 0, delta: ChunkDelta::default(), finish_reason: Some(reason) }], None)
}

/// Writes the event with the count of tokens.
#[must_use]
pub fn usage_event(tokens: usize) -> String {
    event(&[], Some(ChunkUsage { prompt_tokens: 100, completion_tokens: tokens, total_tokens: 100 + tokens }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_as_the_api_writes_them() {
        let head = r#"data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"uji","choices":["#;
        let choice = |delta: &str, reason: &str| format!("{head}{{\"index\":0,\"delta\":{delta},\"finish_reason\":{reason}}}]}}\n\n");
        assert_eq!(begin_event(), choice(r#"{"role":"assistant","content":""}"#, "null"));
        assert_eq!(token_event("\"ya\"\n"), choice(r#"{"content":"\"ya\"\n"}"#, "null"));
        assert_eq!(end_event("stop"), choice("{}", "\"stop\""));
        let usage = r#"],"usage":{"prompt_tokens":100,"completion_tokens":7,"total_tokens":107}}"#;
        assert_eq!(usage_event(7), format!("{head}{usage}\n\n"));
        assert_eq!(chunk("ab"), "2\r\nab\r\n");
    }
}
