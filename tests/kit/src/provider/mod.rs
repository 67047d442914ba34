//! Owns the fake OpenAI-compatible provider: it answers as a test tells it, well or badly, and
//! records every request and whether the client closed it. It writes HTTP/1.1 by hand, so that it
//! can misbehave at every byte. The load generator uses it for many answers at once, without
//! keeping requests.

mod calls;
mod connection;
mod moderation;
mod reply;
mod state;

pub use calls::Call;
pub use reply::{Reply, TokenMaker, Verdict, words};

use state::SharedProviderState;
use std::{io, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// The provider; it and its connections end when it is dropped.
pub struct FakeProvider {
    /// The value for `openai.base_url`.
    pub url: String,
    shared: Arc<SharedProviderState>,
    server: JoinHandle<()>,
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl FakeProvider {
    /// Starts a provider that answers `Halo dari model. Semoga harimu baik.` at once.
    pub async fn start() -> Self {
        Self::start_at(0).await.unwrap()
    }

    /// Starts the same on this port of loopback; 0 picks a free one. Fails when the port is taken.
    pub async fn start_at(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let url = format!("http://{}/v1", listener.local_addr()?);
        let shared = Arc::new(SharedProviderState::default());
        let server = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self { url, shared, server })
    }

    /// Sets the reply to the next chat request that has none yet. The replies set this way are the
    /// script.
    pub fn then(&self, reply: Reply) -> &Self {
        self.shared.lock().script.push_back(reply);
        self
    }

    /// Sets the reply to every chat request after the script.
    pub fn always(&self, reply: Reply) -> &Self {
        self.by_question(move |_| reply.clone())
    }

    /// Sets the rule for every chat request after the script: `decide` gets its last message.
    pub fn by_question(&self, decide: impl Fn(&str) -> Reply + Send + Sync + 'static) -> &Self {
        self.shared.lock().usual = Some(Arc::new(decide));
        self
    }

    /// Sets the answer to every moderation request.
    pub fn moderates(&self, verdict: Verdict) -> &Self {
        self.shared.lock().verdict = Some(verdict);
        self
    }

    /// Keeps the newest `most` requests only, for callers that send very many.
    pub fn keeps_last(&self, most: usize) -> &Self {
        self.shared.lock().calls.keep_last(most);
        self
    }

    /// Returns all requests so far.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().calls.list()
    }

    /// Returns the chat requests so far.
    pub fn chats(&self) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.path.ends_with("/chat/completions")).collect()
    }

    /// Returns a receiver that is notified when a request changes, including changes while it was
    /// not waiting.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.shared.changed.subscribe()
    }

    /// Waits until the last chat request fulfils `wanted`.
    pub async fn until_last(&self, what: &str, wanted: impl Fn(&Call) -> bool) -> Call {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        let mut changes = self.changes();
        loop {
            if let Some(call) = self.chats().last().filter(|call| wanted(call)) {
                return call.clone();
            }
            let changed = tokio::time::timeout_at(deadline, changes.changed()).await;
            changed.unwrap_or_else(|_| panic!("waited in vain: {what}; {:?}", self.chats())).expect("the sender is here");
        }
    }
}

/// Serves every connection until aborted; then the connections end too.
async fn accept(listener: TcpListener, shared: Arc<SharedProviderState>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        connections.spawn(async move { connection::serve(stream, &shared).await });
        while connections.try_join_next().is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::sync::Mutex;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
    };

    /// Sends a question and returns the whole answer.
    async fn ask(address: &str, question: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let body = json!({ "stream": true, "messages": [{ "role": "user", "content": question }] }).to_string();
        let head = format!("POST /v1/chat/completions HTTP/1.1\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n0\r\n\r\n") {
            assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "{}", String::from_utf8_lossy(&answer));
        }
        String::from_utf8(answer).unwrap()
    }

    /// Returns the text of an answer.
    fn said(answer: &str) -> String {
        let events = answer.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
        let chunks = events.map(|data| serde_json::from_str::<Value>(data).unwrap());
        chunks.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect()
    }

    #[tokio::test]
    async fn many_answers_are_made_at_once_each_token_in_its_turn_and_no_request_is_remembered() {
        let provider = FakeProvider::start().await;
        let made = Arc::new(Mutex::new(Vec::new()));
        let record = made.clone();
        provider.keeps_last(0).by_question(move |question| {
            let (question, record) = (question.to_owned(), record.clone());
            let make = TokenMaker::new(move |number| {
                record.lock().unwrap().push((question.clone(), number));
                format!("{question}n{number} ")
            });
            Reply::Tokens { count: 5, every: Duration::from_millis(1), make }
        });
        let address = provider.url.trim_start_matches("http://").trim_end_matches("/v1").to_owned();
        let mut asking = JoinSet::new();
        for student in 0..50 {
            let address = address.clone();
            asking.spawn(async move { (student, ask(&address, &format!("u{student}")).await) });
        }
        while let Some(answered) = asking.join_next().await {
            let (student, answer) = answered.unwrap();
            assert_eq!(said(&answer), (0..5).map(|number| format!("u{student}n{number} ")).collect::<String>());
            assert!(answer.contains(r#""completion_tokens":5"#), "{answer}");
        }
        let made = made.lock().unwrap();
        for student in 0..50 {
            let numbers: Vec<_> =
                made.iter().filter(|(question, _)| *question == format!("u{student}")).map(|(_, number)| *number).collect();
            assert_eq!(numbers, [0, 1, 2, 3, 4]);
        }
        assert!(provider.calls().is_empty());
    }
}
