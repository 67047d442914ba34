//! Owns one HTTP/1.1 connection that stays open between requests, as in a browser.

use super::http::{Answer, parse_answer};
use crate::target::Target;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::time::Instant;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A connection that sends one request at a time.
#[derive(Debug)]
pub struct KeptConnection {
    target: Target,
    stream: TcpStream,
}

impl KeptConnection {
    /// Connects.
    pub async fn open(target: Target) -> Result<Self> {
        let stream = TcpStream::connect((target.address, target.port)).await.context("no server to send to")?;
        stream.set_nodelay(true)?;
        Ok(Self { target, stream })
    }

    /// Sends JSON and reads the whole answer.
    pub async fn post_json(&mut self, path: &str, token: &str, body: &Value) -> Result<Answer> {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {}:{}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.target.address,
            self.target.port,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::with_capacity(2048);
        while !is_whole(&bytes)? {
            ensure!(self.stream.read_buf(&mut bytes).await? > 0, "the server cut the connection");
        }
        parse_answer(&bytes, Instant::now())
    }
}

/// Says whether an answer is complete, by its length or by its last chunk.
fn is_whole(bytes: &[u8]) -> Result<bool> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(false) };
    let (head, body) = bytes.split_at(end + 4);
    let head = std::str::from_utf8(head)?.to_ascii_lowercase();
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim));
    if header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        return Ok(body.ends_with(b"0\r\n\r\n"));
    }
    let length: usize = header("content-length").context("the answer names no length")?.parse()?;
    Ok(body.len() >= length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_end_with_their_length_or_last_chunk() {
        let plain = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
        assert!(is_whole(plain).unwrap() && !is_whole(&plain[..plain.len() - 1]).unwrap() && !is_whole(&plain[..20]).unwrap());
        let chunked = b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
        assert!(is_whole(chunked).unwrap() && !is_whole(&chunked[..chunked.len() - 5]).unwrap());
        assert!(is_whole(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
