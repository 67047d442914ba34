//! Owns requests over HTTP/1.1 with one connection each: enough to log in, read and upload.

use crate::target::Target;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use std::time::Instant;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Separates the parts of an upload.
const BOUNDARY: &str = "loadtest-5f0c1d8e";

/// An answer of the server.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `name=value` of the first cookie.
    pub cookie: Option<String>,
    /// JSON body; null when there is none.
    pub body: Value,
    /// When the last byte was read.
    pub received_at: Instant,
}

impl Answer {
    /// Returns the body of an answer with this status; the problem document otherwise.
    pub fn expect(self, status: u16) -> Result<Value> {
        ensure!(self.status == status, "the server answered {} instead of {status}: {}", self.status, self.body);
        Ok(self.body)
    }
}

/// An account that has logged in.
#[derive(Debug, Clone)]
pub struct Login {
    /// Bearer token.
    pub token: String,
    /// `name=value` of the cookie, for the handshake.
    pub cookie: String,
}

/// Sends one request and reads the whole answer.
pub async fn send(target: Target, method: &str, path: &str, token: Option<&str>, content_type: &str, body: &[u8]) -> Result<Answer> {
    let mut stream =
        TcpStream::connect((target.address, target.port)).await.with_context(|| format!("no server at port {}", target.port))?;
    stream.set_nodelay(true)?;
    let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {}:{}\r\nconnection: close\r\n{authorization}content-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
        target.address,
        target.port,
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    parse_answer(&bytes, Instant::now())
}

/// Reads a whole answer.
pub fn parse_answer(bytes: &[u8], received_at: Instant) -> Result<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").context("the answer has no end of its head")?;
    let (head, body) = bytes.split_at(end + 4);
    let head = std::str::from_utf8(head)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("the answer has no status")?;
    let header = |name: &str| {
        head.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let is_chunked = header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    let body = if is_chunked { join_chunks(body)? } else { body.to_vec() };
    let cookie = header("set-cookie").and_then(|cookie| cookie.split(';').next()).map(str::to_owned);
    Ok(Answer { status, cookie, body: serde_json::from_slice(&body).unwrap_or_default(), received_at })
}

fn join_chunks(mut bytes: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|window| window == b"\r\n").context("a chunk has no size")?;
        let size = usize::from_str_radix(std::str::from_utf8(bytes.get(..end).unwrap_or_default())?, 16)?;
        if size == 0 {
            return Ok(body);
        }
        let Some(chunk) = bytes.get(end + 2..end + 2 + size) else { bail!("a chunk is cut off") };
        body.extend_from_slice(chunk);
        bytes = bytes.get(end + 4 + size..).unwrap_or_default();
    }
}

/// Sends JSON.
pub async fn post_json(target: Target, path: &str, token: Option<&str>, body: &Value) -> Result<Answer> {
    send(target, "POST", path, token, "application/json", body.to_string().as_bytes()).await
}

/// GETs JSON and expects 200.
pub async fn get_json(target: Target, path: &str, token: &str) -> Result<Value> {
    send(target, "GET", path, Some(token), "application/json", b"").await?.expect(200)
}

/// Logs in; `None` if the server knows no such account and password.
pub async fn sign_in(target: Target, login: &str, password: &str) -> Result<Option<Login>> {
    let body = json!({ "login": login, "password": password, "token": true });
    let answer = post_json(target, "/api/v1/auth/login", None, &body).await?;
    if answer.status == 401 {
        return Ok(None);
    }
    let cookie = answer.cookie.clone();
    let body = answer.expect(200)?;
    let token = body.get("token").and_then(Value::as_str).context("the login brought no token")?.to_owned();
    Ok(Some(Login { token, cookie: cookie.context("the login brought no cookie")? }))
}

/// Uploads a PDF as an active material.
pub async fn upload_pdf(target: Target, token: &str, title: &str, pdf: &[u8]) -> Result<Answer> {
    let text = |name: &str, value: &str| format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let file = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"beban.pdf\"\r\ncontent-type: application/pdf\r\n\r\n"
    );
    let end = format!("\r\n--{BOUNDARY}--\r\n");
    let body = [text("title", title).as_bytes(), text("category", "Belajar").as_bytes(), file.as_bytes(), pdf, end.as_bytes()].concat();
    send(target, "POST", "/api/v1/materials", Some(token), &format!("multipart/form-data; boundary={BOUNDARY}"), &body).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_and_chunked_answers_read_alike() {
        let plain = b"HTTP/1.1 200 OK\r\nSet-Cookie: s=1; Path=/\r\ncontent-length: 7\r\n\r\n{\"a\":1}";
        let chunked = b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n";
        let plain = parse_answer(plain, Instant::now()).unwrap();
        assert_eq!(plain.status, 200);
        assert_eq!(plain.cookie.as_deref(), Some("s=1"));
        let chunked = parse_answer(chunked, Instant::now()).unwrap();
        assert_eq!(chunked.status, 201);
        assert_eq!(chunked.body, plain.body);
        assert!(chunked.expect(200).is_err());
    }
}
