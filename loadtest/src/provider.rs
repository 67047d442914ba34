//! An OpenAI-compatible provider inside the load generator: every answer is a stream of numbered tokens at a rate, and when each was written is kept.

use anyhow::{Context as _, Result};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use testkit::openai::{DONE, STREAM_END, STREAM_HEAD, chunk, event, read_request};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
    time::MissedTickBehavior,
};

/// Begins every question; then the run and the number of the student.
pub const MARK: &str = "Uji teman ";

/// What is streamed.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Tokens of an answer.
    pub tokens: usize,
    /// Tokens per second.
    pub rate: u32,
    /// Tokens of a sentence.
    pub sentence: usize,
}

impl Plan {
    /// Returns the text of token `number` of a student: `u7n12 `, and with a dot at the end of a sentence.
    pub fn token(&self, student: usize, number: usize) -> String {
        if self.ends_sentence(number) { format!("u{student}n{number}. ") } else { format!("u{student}n{number} ") }
    }

    /// Says whether a sentence ends with this token.
    pub fn ends_sentence(&self, number: usize) -> bool {
        number % self.sentence == self.sentence - 1 || number + 1 == self.tokens
    }

    /// Returns the sentences of an answer.
    pub fn sentences(&self) -> usize {
        self.tokens.div_ceil(self.sentence)
    }
}

/// When tokens were written: µs since the beginning, by student and token; 0 = not yet.
#[derive(Debug)]
pub struct Written {
    began: Instant,
    run: u64,
    slots: Vec<Vec<AtomicU64>>,
}

impl Written {
    /// Makes empty slots for a run.
    pub fn new(run: u64, students: usize, tokens: usize) -> Self {
        let slots = (0..students).map(|_| (0..tokens).map(|_| AtomicU64::new(0)).collect()).collect();
        Self { began: Instant::now(), run, slots }
    }

    /// Returns µs since the beginning, never 0.
    pub fn now_us(&self) -> u64 {
        (self.began.elapsed().as_micros() as u64).max(1)
    }

    /// Returns when a token was written; `None` when it was not.
    pub fn at_us(&self, student: usize, token: usize) -> Option<u64> {
        let at = self.slots.get(student)?.get(token)?.load(Ordering::Acquire);
        (at > 0).then_some(at)
    }

    fn note(&self, student: usize, token: usize) {
        if let Some(slot) = self.slots.get(student).and_then(|tokens| tokens.get(token)) {
            slot.store(self.now_us(), Ordering::Release);
        }
    }
}

/// The provider; ends when dropped.
#[derive(Debug)]
pub struct Provider {
    serving: AbortHandle,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Provider {
    /// Listens on a port of loopback.
    pub async fn start(port: u16, plan: Plan, written: Arc<Written>) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.with_context(|| format!("port {port} is taken: --provider-port"))?;
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let written = written.clone();
                connections.spawn(async move {
                    // A server that closes in the middle has its reasons; what is missing is counted at the sockets.
                    let _ = serve(stream, plan, &written).await;
                });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { serving: serving.abort_handle() })
    }
}

async fn serve(mut stream: TcpStream, plan: Plan, written: &Written) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut buffer).await {
        let student = student_of(request.question(), written.run).context("a question that is not of this run")?;
        answer(&mut stream, plan, student, written).await?;
    }
    Ok(())
}

/// Returns the number of the student who asks.
fn student_of(question: &str, run: u64) -> Option<usize> {
    let (asked_in, student) = question.strip_prefix(MARK)?.split_once(' ')?;
    (asked_in.parse::<u64>().ok()? == run).then_some(student.parse().ok()?)
}

async fn answer(stream: &mut TcpStream, plan: Plan, student: usize, written: &Written) -> Result<()> {
    stream.write_all(STREAM_HEAD).await?;
    let mut pace = tokio::time::interval(Duration::from_secs(1) / plan.rate);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0..plan.tokens {
        pace.tick().await;
        let event = format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", plan.token(student, number));
        written.note(student, number);
        stream.write_all(chunk(&event).as_bytes()).await?;
    }
    stream.write_all(chunk(&(event(&json!({}), Some("stop")) + DONE)).as_bytes()).await?;
    stream.write_all(STREAM_END).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_numbered_and_sentences_end() {
        let plan = Plan { tokens: 10, rate: 30, sentence: 4 };
        assert_eq!([plan.token(7, 2), plan.token(7, 3), plan.token(7, 9)], ["u7n2 ", "u7n3. ", "u7n9. "]);
        assert_eq!(plan.sentences(), 3);
    }

    #[test]
    fn a_question_names_its_student_and_run() {
        assert_eq!(student_of("Uji teman 5 12", 5), Some(12));
        assert_eq!(student_of("Uji teman 4 12", 5), None);
        assert_eq!(student_of("Halo", 5), None);
    }
}
