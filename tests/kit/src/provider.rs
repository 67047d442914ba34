//! An OpenAI-compatible provider that does what a test tells it to, good and bad, and remembers every request and whether the client closed it.
//! Hand-written HTTP/1.1, so that it can misbehave at every byte.

use crate::openai::{DONE, Request, STREAM_END, STREAM_HEAD, chunk, event, question_of, read_request};
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
    time::sleep,
};

/// What the provider does with a chat request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Sends these words, one every so often, and a proper end with its count of tokens.
    Words {
        /// The pieces, with their spaces.
        words: Vec<String>,
        /// How long before each.
        every: Duration,
    },
    /// Refuses with a status, and how long to wait.
    Status {
        /// The status.
        code: u16,
        /// The header of that name.
        retry_after: Option<&'static str>,
    },
    /// Takes the request and says nothing at all.
    Silence,
    /// Sends the head of an answer and no token.
    NoFirstToken,
    /// Sends these words and then nothing more, with the connection open.
    StallAfter(Vec<String>),
    /// Sends these words and cuts the connection.
    CutAfter(Vec<String>),
    /// The same, one word every so often.
    SlowCutAfter {
        /// The pieces, with their spaces.
        words: Vec<String>,
        /// How long before each.
        every: Duration,
    },
    /// Sends these words and then something that is no JSON.
    MalformedAfter(Vec<String>),
    /// Says that it has finished, without a word.
    Empty,
    /// Sends words as fast as it can until it is closed.
    Endless,
    /// Sends an error in the middle of the stream, as some do.
    ErrorAfter(Vec<String>),
    /// Sends these words and says that there was no room for more.
    LengthAfter(Vec<String>),
}

/// What the moderation endpoint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Finds nothing.
    Clear,
    /// Finds the wish to harm oneself.
    SelfHarmIntent,
    /// Finds it in texts with the word `terlarang` only.
    ByWord,
    /// Fails.
    Down,
    /// Never answers.
    Silence,
}

/// A request as it came, and what became of it.
#[derive(Debug, Clone)]
pub struct Call {
    /// Path with its query.
    pub path: String,
    /// The header of that name.
    pub authorization: Option<String>,
    /// JSON, or null.
    pub body: Value,
    /// Bytes of the answer that the kernel took.
    pub sent_bytes: usize,
    /// Words of the answer that were written.
    pub sent_words: usize,
    /// The client closed the connection before the answer was whole.
    pub closed_by_client: bool,
    /// The answer was sent to its end.
    pub is_whole: bool,
}

impl Call {
    /// Returns role and text of every message of a chat request.
    pub fn messages(&self) -> Vec<(String, String)> {
        let messages = self.body["messages"].as_array().unwrap();
        messages.iter().map(|one| (one["role"].as_str().unwrap().to_owned(), one["content"].as_str().unwrap().to_owned())).collect()
    }
}

/// Decides what is done with a question.
type Decide = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

#[derive(Default)]
struct State {
    script: VecDeque<Reply>,
    usual: Option<Decide>,
    verdict: Option<Verdict>,
    calls: Vec<Call>,
}

/// The provider; ends when dropped.
pub struct FakeProvider {
    /// What `openai.base_url` is set to.
    pub url: String,
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
    server: JoinHandle<()>,
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Cuts a text into words with the space behind them, as tokens come.
pub fn words(text: &str) -> Vec<String> {
    text.split_inclusive(' ').map(str::to_owned).collect()
}

impl FakeProvider {
    /// Starts a provider that answers `Halo dari model. Semoga harimu baik.` at once.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (state, changed) = (Arc::new(Mutex::new(State::default())), Arc::new(Notify::new()));
        let shared = (state.clone(), changed.clone());
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, changed) = shared.clone();
                tokio::spawn(async move { serve(stream, &state, &changed).await });
            }
        });
        Self { url, state, changed, server }
    }

    /// Does this with the next chat request that has no script yet.
    pub fn then(&self, reply: Reply) -> &Self {
        self.state.lock().unwrap().script.push_back(reply);
        self
    }

    /// Does this with every chat request behind the script.
    pub fn always(&self, reply: Reply) -> &Self {
        self.by_question(move |_| reply.clone())
    }

    /// Does with every chat request behind the script what `decide` says of its last message.
    pub fn by_question(&self, decide: impl Fn(&str) -> Reply + Send + Sync + 'static) -> &Self {
        self.state.lock().unwrap().usual = Some(Arc::new(decide));
        self
    }

    /// Says this to every moderation request.
    pub fn moderates(&self, verdict: Verdict) -> &Self {
        self.state.lock().unwrap().verdict = Some(verdict);
        self
    }

    /// Returns all requests so far.
    pub fn calls(&self) -> Vec<Call> {
        self.state.lock().unwrap().calls.clone()
    }

    /// Returns the chat requests so far.
    pub fn chats(&self) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.path.ends_with("/chat/completions")).collect()
    }

    /// Waits until something happens to a request.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Waits until the last chat request is as wanted.
    pub async fn until_last(&self, what: &str, wanted: impl Fn(&Call) -> bool) -> Call {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        loop {
            let changed = self.changed.notified();
            if let Some(call) = self.chats().last().filter(|call| wanted(call)) {
                return call.clone();
            }
            tokio::time::timeout_at(deadline, changed).await.unwrap_or_else(|_| panic!("waited in vain: {what}; {:?}", self.chats()));
        }
    }
}

/// One connection, request after request.
struct Connection<'a> {
    stream: TcpStream,
    state: &'a Mutex<State>,
    changed: &'a Notify,
    call: usize,
}

async fn serve(stream: TcpStream, state: &Mutex<State>, changed: &Notify) {
    let _ = stream.set_nodelay(true);
    let mut connection = Connection { stream, state, changed, call: 0 };
    let mut buffer = Vec::new();
    while let Some(Request { path, authorization, body }) = read_request(&mut connection.stream, &mut buffer).await {
        let is_chat = path.ends_with("/chat/completions");
        let call = Call { path, authorization, body, sent_bytes: 0, sent_words: 0, closed_by_client: false, is_whole: false };
        let (reply, verdict) = {
            let mut state = state.lock().unwrap();
            connection.call = state.calls.len();
            state.calls.push(call.clone());
            let reply = if is_chat {
                state.script.pop_front().or_else(|| state.usual.as_ref().map(|decide| decide(question_of(&call.body))))
            } else {
                None
            };
            (reply, state.verdict.unwrap_or(Verdict::Clear))
        };
        changed.notify_waiters();
        let usual = || Reply::Words { words: words("Halo dari model. Semoga harimu baik."), every: Duration::ZERO };
        let goes_on =
            if is_chat { connection.chat(reply.unwrap_or_else(usual)).await } else { connection.moderate(verdict, &call.body).await };
        connection.note(|call| call.is_whole = goes_on);
        if !goes_on {
            return;
        }
    }
}

impl Connection<'_> {
    fn note(&self, change: impl FnOnce(&mut Call)) {
        change(&mut self.state.lock().unwrap().calls[self.call]);
        self.changed.notify_waiters();
    }

    /// Writes, and notices when the client is gone.
    async fn write(&mut self, bytes: &[u8]) -> bool {
        let is_sent = self.stream.write_all(bytes).await.is_ok();
        self.note(|call| {
            if is_sent {
                call.sent_bytes += bytes.len();
            } else {
                call.closed_by_client = true;
            }
        });
        is_sent
    }

    async fn write_chunk(&mut self, text: &str) -> bool {
        self.write(chunk(text).as_bytes()).await
    }

    /// Waits, and notices when the client closes meanwhile.
    async fn wait(&mut self, time: Duration) -> bool {
        let mut piece = [0; 64];
        tokio::select! {
            read = self.stream.read(&mut piece) => {
                assert!(matches!(read, Ok(0) | Err(_)), "the client speaks in the middle of an answer");
                self.note(|call| call.closed_by_client = true);
                false
            }
            () = sleep(time) => true,
        }
    }

    async fn wait_for_ever(&mut self) -> bool {
        self.wait(Duration::from_secs(3600)).await;
        false
    }

    async fn answer(&mut self, code: u16, further: &str, body: &Value) -> bool {
        let body = body.to_string();
        let head = format!("HTTP/1.1 {code} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{further}\r\n", body.len());
        self.write(format!("{head}{body}").as_bytes()).await
    }

    async fn begin(&mut self) -> bool {
        self.write(STREAM_HEAD).await && self.write_chunk(&event(&json!({ "role": "assistant", "content": "" }), None)).await
    }

    async fn say(&mut self, words: &[String], every: Duration) -> bool {
        for word in words {
            if !every.is_zero() && !self.wait(every).await {
                return false;
            }
            if !self.write_chunk(&event(&json!({ "content": word }), None)).await {
                return false;
            }
            self.note(|call| call.sent_words += 1);
        }
        true
    }

    async fn finish(&mut self, reason: &str, words: usize) -> bool {
        let usage = json!({ "prompt_tokens": 100, "completion_tokens": words, "total_tokens": 100 + words });
        let usage = json!({ "id": "x", "object": "chat.completion.chunk", "created": 1, "model": "uji", "choices": [], "usage": usage });
        self.write_chunk(&event(&json!({}), Some(reason))).await
            && self.write_chunk(&format!("data: {usage}\n\n")).await
            && self.write_chunk(DONE).await
            && self.write(STREAM_END).await
    }

    /// Returns whether the connection goes on.
    async fn chat(&mut self, reply: Reply) -> bool {
        let now = Duration::ZERO;
        match reply {
            Reply::Words { words, every } => self.begin().await && self.say(&words, every).await && self.finish("stop", words.len()).await,
            Reply::LengthAfter(words) => self.begin().await && self.say(&words, now).await && self.finish("length", words.len()).await,
            Reply::Status { code, retry_after } => {
                let further = retry_after.map(|after| format!("retry-after: {after}\r\n")).unwrap_or_default();
                self.answer(code, &further, &json!({ "error": { "message": "uji", "type": "uji", "param": null, "code": null } })).await
            }
            Reply::Silence => self.wait_for_ever().await,
            Reply::NoFirstToken => self.begin().await && self.wait_for_ever().await,
            Reply::StallAfter(words) => self.begin().await && self.say(&words, now).await && self.wait_for_ever().await,
            Reply::CutAfter(words) => {
                let _ = self.begin().await && self.say(&words, now).await;
                false
            }
            Reply::SlowCutAfter { words, every } => {
                let _ = self.begin().await && self.say(&words, every).await;
                false
            }
            Reply::MalformedAfter(words) => {
                self.begin().await
                    && self.say(&words, now).await
                    && self.write_chunk("data: {\"choices\": [{\n\n").await
                    && self.wait_for_ever().await
            }
            Reply::ErrorAfter(words) => {
                let error = "data: {\"error\":{\"message\":\"overloaded\"}}\n\n";
                self.begin().await && self.say(&words, now).await && self.write_chunk(error).await && self.wait_for_ever().await
            }
            Reply::Empty => self.begin().await && self.finish("stop", 0).await,
            Reply::Endless => {
                let words = vec!["panjang sekali. ".to_owned(); 100];
                self.begin().await
                    && loop {
                        if !self.say(&words, now).await {
                            break false;
                        }
                    }
            }
        }
    }

    async fn moderate(&mut self, verdict: Verdict, body: &Value) -> bool {
        let is_found = match verdict {
            Verdict::Clear => false,
            Verdict::SelfHarmIntent => true,
            Verdict::ByWord => body["input"].as_str().unwrap().contains("terlarang"),
            Verdict::Down => return self.answer(400, "", &json!({ "error": { "message": "uji" } })).await,
            Verdict::Silence => return self.wait_for_ever().await,
        };
        let names = [
            "hate",
            "hate/threatening",
            "harassment",
            "harassment/threatening",
            "illicit",
            "illicit/violent",
            "self-harm",
            "self-harm/intent",
            "self-harm/instructions",
            "sexual",
            "sexual/minors",
            "violence",
            "violence/graphic",
        ];
        let every = |value: &dyn Fn(&str) -> Value| Value::Object(names.iter().map(|name| ((*name).to_owned(), value(name))).collect());
        let result = json!({
            "flagged": is_found,
            "categories": every(&|name| json!(is_found && name == "self-harm/intent")),
            "category_scores": every(&|_| json!(0.0)),
            "category_applied_input_types": every(&|_| json!(["text"])),
        });
        self.answer(200, "", &json!({ "id": "modr-1", "model": "uji", "results": [result] })).await
    }
}
