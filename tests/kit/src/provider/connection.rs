//! Owns one connection of the provider: reads, records and answers its requests, one after the
//! other.

use super::{
    calls::Call,
    moderation,
    reply::{Reply, TokenMaker, Verdict, words},
    state::SharedProviderState,
};
use crate::openai::{
    DONE, Request, STREAM_END, STREAM_HEAD, begin_event, chunk, end_event, question_of, read_request, token_event, usage_event,
};
use serde_json::{Value, json};
use std::{future::Future, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{MissedTickBehavior, interval, sleep},
};

struct ProviderConnection<'a> {
    stream: TcpStream,
    shared: &'a SharedProviderState,
    /// The number of the request being answered.
    call: usize,
}

/// Serves a connection until either side ends it.
pub(super) async fn serve(stream: TcpStream, shared: &SharedProviderState) {
    let _ = stream.set_nodelay(true);
    let mut connection = ProviderConnection { stream, shared, call: 0 };
    let mut buffer = Vec::new();
    while let Some(Request { path, authorization, body }) = read_request(&mut connection.stream, &mut buffer).await {
        let is_chat = path.ends_with("/chat/completions");
        let call = Call { path, authorization, body: body.clone(), sent_bytes: 0, sent_words: 0, closed_by_client: false, is_whole: false };
        let (reply, verdict) = {
            let mut state = shared.lock();
            connection.call = state.calls.add(call);
            (is_chat.then(|| state.next_reply(question_of(&body))).flatten(), state.verdict.unwrap_or(Verdict::Clear))
        };
        shared.changed.send_replace(());
        let usual = || Reply::Words { words: words("Halo dari model. Semoga harimu baik."), every: Duration::ZERO };
        let goes_on = if is_chat { connection.chat(reply.unwrap_or_else(usual)).await } else { connection.moderate(verdict, &body).await };
        connection.record(|call| call.is_whole = goes_on);
        if !goes_on {
            return;
        }
    }
}

impl ProviderConnection<'_> {
    /// Records a change of the request being answered.
    fn record(&self, change: impl FnOnce(&mut Call)) {
        self.shared.lock().calls.change(self.call, change);
        self.shared.changed.send_replace(());
    }

    /// Writes bytes, and records them, or that the client is gone.
    async fn write_counted(&mut self, bytes: &[u8], words: usize) -> bool {
        let is_sent = self.stream.write_all(bytes).await.is_ok();
        self.record(|call| {
            if is_sent {
                call.sent_bytes += bytes.len();
                call.sent_words += words;
            } else {
                call.closed_by_client = true;
            }
        });
        is_sent
    }

    async fn write(&mut self, bytes: &[u8]) -> bool {
        self.write_counted(bytes, 0).await
    }

    async fn write_chunk(&mut self, text: &str) -> bool {
        self.write(chunk(text).as_bytes()).await
    }

    async fn write_token(&mut self, text: &str) -> bool {
        self.write_counted(chunk(&token_event(text)).as_bytes(), 1).await
    }

    /// Waits for `moment`. If the client closes before, records that and returns false.
    async fn is_open_until(&mut self, moment: impl Future) -> bool {
        let mut piece = [0; 64];
        tokio::select! {
            read = self.stream.read(&mut piece) => {
                assert!(matches!(read, Ok(0) | Err(_)), "the client speaks in the middle of an answer");
                self.record(|call| call.closed_by_client = true);
                false
            }
            _ = moment => true,
        }
    }

    async fn wait_for_ever(&mut self) -> bool {
        self.is_open_until(sleep(Duration::from_secs(3600))).await;
        false
    }

    async fn answer(&mut self, code: u16, further: &str, body: &Value) -> bool {
        let body = body.to_string();
        let head = format!("HTTP/1.1 {code} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{further}\r\n", body.len());
        self.write(format!("{head}{body}").as_bytes()).await
    }

    async fn begin(&mut self) -> bool {
        self.write(STREAM_HEAD).await && self.write_chunk(&begin_event()).await
    }

    async fn say(&mut self, words: &[String], every: Duration) -> bool {
        for word in words {
            if !every.is_zero() && !self.is_open_until(sleep(every)).await {
                return false;
            }
            if !self.write_token(word).await {
                return false;
            }
        }
        true
    }

    /// Sends tokens at a rate that a delay does not lower.
    async fn say_made(&mut self, count: usize, every: Duration, make: &TokenMaker) -> bool {
        let mut pace = interval(every);
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for number in 0..count {
            if !self.is_open_until(pace.tick()).await || !self.write_token(&make.token(number)).await {
                return false;
            }
        }
        true
    }

    async fn finish(&mut self, reason: &str, words: usize) -> bool {
        self.write_chunk(&end_event(reason)).await
            && self.write_chunk(&usage_event(words)).await
            && self.write_chunk(DONE).await
            && self.write(STREAM_END).await
    }

    /// Returns whether the connection stays open.
    async fn chat(&mut self, reply: Reply) -> bool {
        let now = Duration::ZERO;
        match reply {
            Reply::Words { words, every } => self.begin().await && self.say(&words, every).await && self.finish("stop", words.len()).await,
            Reply::Tokens { count, every, make } => {
                self.begin().await && self.say_made(count, every, &make).await && self.finish("stop", count).await
            }
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
            Reply::Endless => self.begin().await && self.say_for_ever().await,
        }
    }

    async fn say_for_ever(&mut self) -> bool {
        let words = vec!["panjang sekali. ".to_owned(); 100];
        while self.say(&words, Duration::ZERO).await {}
        false
    }

    async fn moderate(&mut self, verdict: Verdict, body: &Value) -> bool {
        let is_found = match verdict {
            Verdict::Clear => false,
            Verdict::SelfHarmIntent => true,
            Verdict::ByWord => body["input"].as_str().unwrap().contains("terlarang"),
            Verdict::Down => return self.answer(400, "", &json!({ "error": { "message": "uji" } })).await,
            Verdict::Silence => return self.wait_for_ever().await,
        };
        self.answer(200, "", &moderation::answer(is_found)).await
    }
}
