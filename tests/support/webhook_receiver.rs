//! The backend of a connected app that receives webhooks: an HTTP server inside the test that
//! answers as the test says and keeps the requests it received. Included with `#[path]` by the test
//! binaries that need it.

#![allow(dead_code, reason = "no test binary uses all of it")]

use educounsel::wire::signature::SecretKey;
use serde_json::Value;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// The reaction to a request.
#[derive(Debug, Clone)]
pub enum Reaction {
    /// Answer with this status and further header lines.
    Answer(u16, &'static str),
    /// Answer 200 once this is notified.
    AnswerWhen(Arc<Notify>),
    /// Never answer.
    Hang,
}

/// A received request.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Path and query.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// Whether it was answered with 200.
    pub was_taken: bool,
}

impl Hook {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// Returns the body after checking type, key and the signature over the raw bytes.
    pub fn verified(&self, key: &str, secret: &str) -> Value {
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.header("x-pusher-key"), key);
        assert_eq!(self.header("x-pusher-signature"), SecretKey::new(secret.as_bytes()).sign(&self.body));
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Default)]
struct State {
    hooks: Mutex<Vec<Hook>>,
    reactions: Mutex<VecDeque<Reaction>>,
    standing: Mutex<Option<Reaction>>,
}

/// The receiver; stops with its runtime.
#[derive(Clone)]
pub struct Receiver {
    pub port: u16,
    state: Arc<State>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let serving = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = serving.clone();
                tokio::spawn(async move { serve(stream, &state).await });
            }
        });
        Self { port, state }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook?token=rahasia", self.port)
    }

    /// Sets the reactions to the next requests; after them it answers 200.
    pub fn next(&self, reactions: impl IntoIterator<Item = Reaction>) {
        self.state.reactions.lock().unwrap().extend(reactions);
    }

    /// Sets the reaction to every request from now on; `None`: answer 200.
    pub fn always(&self, reaction: Option<Reaction>) {
        *self.state.standing.lock().unwrap() = reaction;
    }

    /// Returns the requests received so far.
    pub fn hooks(&self) -> Vec<Hook> {
        self.state.hooks.lock().unwrap().clone()
    }

    /// Returns the events of all bodies that were answered with 200, in order.
    pub fn events(&self) -> Vec<Value> {
        let taken = self.hooks().into_iter().filter(|hook| hook.was_taken);
        taken.flat_map(|hook| serde_json::from_str::<Value>(&hook.body).unwrap()["events"].as_array().unwrap().clone()).collect()
    }
}

async fn serve(stream: TcpStream, state: &State) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|bytes| *bytes > 0)?;
        let target = line.split(' ').nth(1)?.to_owned();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.push((name.to_lowercase(), value.to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let reaction = state.reactions.lock().unwrap().pop_front();
        let reaction = reaction.or_else(|| state.standing.lock().unwrap().clone()).unwrap_or(Reaction::Answer(200, ""));
        let was_taken = matches!(reaction, Reaction::Answer(200, _) | Reaction::AnswerWhen(_));
        let body = String::from_utf8(body).unwrap();
        state.hooks.lock().unwrap().push(Hook { target, headers, body, was_taken });
        let (status, further) = match reaction {
            Reaction::Answer(status, further) => (status, further),
            Reaction::AnswerWhen(gate) => {
                gate.notified().await;
                (200, "")
            }
            Reaction::Hang => std::future::pending().await,
        };
        stream.write_all(format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\n{further}\r\nok").as_bytes()).await.ok()?;
    }
}
