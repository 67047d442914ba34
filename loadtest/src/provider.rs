//! Owns the provider inside the load generator (the testkit's): it streams numbered tokens at a
//! rate as an answer, and records when it wrote each.

use anyhow::{Context as _, Result};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use testkit::provider::{FakeProvider, Reply, TokenMaker};

/// Begins every question; then the run and the number of the student.
pub const MARK: &str = "Uji teman ";

/// The answers to stream.
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
    /// Returns the text of token `number` of a student: `u7n12 `, and with a dot at the end of a
    /// sentence.
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

    /// Records that a token is written now.
    fn record(&self, student: usize, token: usize) {
        if let Some(slot) = self.slots.get(student).and_then(|tokens| tokens.get(token)) {
            slot.store(self.now_us(), Ordering::Release);
        }
    }
}

/// Starts the provider on a port of loopback. It streams an answer by `plan` to every student of
/// the run of `written`, and refuses all other questions.
pub async fn start(port: u16, plan: Plan, written: Arc<Written>) -> Result<FakeProvider> {
    let provider = FakeProvider::start_at(port).await.with_context(|| format!("port {port} is taken: --provider-port"))?;
    // Each run asks hundreds of questions, and nothing reads them again.
    provider.keeps_last(0);
    provider.by_question(move |question| match student_of(question, written.run) {
        Some(student) => answer(plan, student, written.clone()),
        None => Reply::Status { code: 400, retry_after: None },
    });
    Ok(provider)
}

fn answer(plan: Plan, student: usize, written: Arc<Written>) -> Reply {
    let make = TokenMaker::new(move |number| {
        let token = plan.token(student, number);
        written.record(student, number);
        token
    });
    Reply::Tokens { count: plan.tokens, every: Duration::from_secs(1) / plan.rate, make }
}

/// Returns the number of the student who asked.
fn student_of(question: &str, run: u64) -> Option<usize> {
    let (asked_in, student) = question.strip_prefix(MARK)?.split_once(' ')?;
    (asked_in.parse::<u64>().ok()? == run).then_some(student.parse().ok()?)
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
