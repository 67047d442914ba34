//! The testkit for tests in Node.
//!
//! `testkit pdf TITLE PAGES` writes a PDF to its output.
//!
//! `testkit provider` starts the fake provider and writes `{"url":…}`. It ends when its input ends.
//!
//! Each line of its input sets the rules by which questions are answered from then on:
//!
//! ```json
//! {"answers":[["words of the question", PLAN], …],"otherwise":PLAN}
//! ```
//!
//! - The first entry whose words the question contains applies.
//! - A plan is `{"text":…,"tokens_per_s":…,"status":…,"cut_after":…,"stall_after":…}`.
//! - In its text, `{question}` is replaced by the question, and `{number}` by how many questions
//!   this plan has answered since these rules were set.
//!
//! It writes `{"are_taken":true}` when it has taken the rules. Whenever a request changes, it
//! writes all requests, with `sent` in tokens:
//!
//! ```json
//! [{"question":…,"sent":…,"was_closed":…,"is_done":…}, …]
//! ```

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends; so do its helpers")]

use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    env,
    io::{self, Write as _},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use testkit::{
    openai::question_of,
    pdf,
    provider::{Call, FakeProvider, Reply},
};
use tokio::sync::mpsc;

/// The rules by which questions are answered.
#[derive(Debug, Deserialize)]
struct Rules {
    answers: Vec<(String, Plan)>,
    otherwise: Plan,
}

/// The answer to a question.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Plan {
    text: String,
    tokens_per_s: f64,
    status: Option<u16>,
    cut_after: Option<usize>,
    stall_after: Option<usize>,
}

impl Plan {
    /// Returns the reply to a question, the `number`th that this plan answers.
    fn reply(&self, question: &str, number: usize) -> Reply {
        if let Some(code) = self.status {
            return Reply::Status { code, retry_after: None };
        }
        let mut words = tokens(&self.text.replace("{question}", question).replace("{number}", &number.to_string()));
        let every = if self.tokens_per_s > 0.0 { Duration::from_secs_f64(1.0 / self.tokens_per_s) } else { Duration::ZERO };
        if let Some(count) = self.stall_after {
            words.truncate(count);
            return Reply::StallAfter(words);
        }
        if let Some(count) = self.cut_after {
            words.truncate(count);
            return Reply::SlowCutAfter { words, every };
        }
        Reply::Words { words, every }
    }
}

/// Cuts a text into pieces as a model does: at most five letters each, with the spaces before them.
fn tokens(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut letters = 5;
    for character in text.chars() {
        let begins = if character.is_whitespace() { letters > 0 } else { letters == 5 };
        match pieces.last_mut() {
            Some(piece) if !begins => piece.push(character),
            _ => {
                pieces.push(character.to_string());
                letters = 0;
            }
        }
        letters = if character.is_whitespace() { 0 } else { letters % 5 + 1 };
    }
    pieces
}

fn shown(call: &Call) -> Value {
    json!({ "question": question_of(&call.body), "sent": call.sent_words, "was_closed": call.closed_by_client, "is_done": call.is_whole })
}

fn write_line(value: &Value) {
    let mut out = io::stdout().lock();
    // Fails when the test is gone; then the input ends as well.
    let _ = writeln!(out, "{value}").and_then(|()| out.flush());
}

/// Reads the input on a thread of its own; the channel ends with it.
fn lines_of_input() -> mpsc::UnboundedReceiver<String> {
    let (sender, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || io::stdin().lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    lines
}

async fn provide() {
    let provider = FakeProvider::start().await;
    let mut changes = provider.changes();
    write_line(&json!({ "url": provider.url }));
    let mut input = lines_of_input();
    loop {
        tokio::select! {
            line = input.recv() => {
                let Some(line) = line else { return };
                let Rules { answers, otherwise } = serde_json::from_str(&line).unwrap();
                let plans: Vec<_> = answers.into_iter().chain([(String::new(), otherwise)]).map(|rule| (rule, AtomicUsize::new(0))).collect();
                provider.by_question(move |question| {
                    // The last entry fits every question.
                    let ((_, plan), count) = plans.iter().find(|((words, _), _)| question.contains(words.as_str())).unwrap();
                    plan.reply(question, count.fetch_add(1, Ordering::Relaxed) + 1)
                });
                write_line(&json!({ "are_taken": true }));
            }
            Ok(()) = changes.changed() => write_line(&provider.chats().iter().map(shown).collect()),
        }
    }
}

#[tokio::main]
async fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["pdf", title, pages] => io::stdout().write_all(&pdf::picture_book(title, pages.parse().unwrap())).unwrap(),
        ["provider"] => provide().await,
        _ => panic!("usage: testkit pdf TITLE PAGES | testkit provider"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_into_pieces_that_make_it_again() {
        let text = "Sebuah jawaban, **tebal**\n\n- satu ";
        let pieces = tokens(text);
        assert_eq!(pieces.concat(), text);
        assert_eq!(pieces[..4], ["Sebua", "h", " jawab", "an,"]);
    }
}
