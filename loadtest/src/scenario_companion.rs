//! The companion: all students ask at once, and a provider inside this program streams an answer to
//! each. Measures how long a sentence takes from the provider's chunk that completes it to the
//! frame at the student's socket.
//!
//! The server holds a sentence back until it is whole, so its earlier tokens wait by design; the
//! measurement begins with the last one. Every token must arrive once and in order.

use crate::{
    AccountArgs, CommonArgs, accounts,
    client::http::{self, Login},
    crowd::{Crowd, Listener, progress_bar},
    proc_stat,
    proc_stat::ServerProcess,
    provider::{self, MARK, Plan, Written},
    report::{Outcome, Report},
    scenario_fanout::entrances,
    stats::Latencies,
    target::Target,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};
use tokio::{sync::Semaphore, task::JoinSet};

/// Most questions sent at the same time.
const AT_ONCE: usize = 50;
/// How often the arrivals are counted while the run waits for the last ones.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// `loadtest companion`
#[derive(Debug, clap::Args)]
pub struct CompanionArgs {
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    accounts: AccountArgs,
    /// Tokens per second and student
    #[arg(long, default_value_t = 30)]
    rate: u32,
    /// Tokens of an answer
    #[arg(long, default_value_t = 600)]
    tokens: usize,
    /// Tokens of a sentence
    #[arg(long, default_value_t = 8)]
    sentence: usize,
    /// Port of the provider inside this program; the server's openai.base_url is
    /// http://127.0.0.1:PORT/v1
    #[arg(long, default_value_t = 18_990)]
    provider_port: u16,
}

/// Runs the scenario. Every account is a student with one socket and one answer.
pub async fn run(args: &CompanionArgs) -> Result<Report> {
    let server = args.common.prepare()?;
    ensure!(args.rate > 0 && args.tokens > 0 && args.sentence > 0, "--rate, --tokens and --sentence must be above 0");
    let logins = accounts::students(args.common.url, &args.accounts).await?;
    let mut outcomes = Vec::new();
    for _ in 0..args.common.repeat {
        outcomes.push(run_once(args, server, &logins).await?);
    }
    let parameters = json!({ "students": logins.len(), "rate": args.rate, "tokens": args.tokens, "sentence": args.sentence });
    Ok(Report::new("companion", parameters, &outcomes))
}

async fn run_once(args: &CompanionArgs, server: ServerProcess, logins: &[Login]) -> Result<Outcome> {
    let run = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map(|age| age.as_millis() as u64).unwrap_or_default();
    let plan = Plan { tokens: args.tokens, rate: args.rate, sentence: args.sentence };
    let written = Arc::new(Written::new(run, logins.len(), plan.tokens));
    let _provider = provider::start(args.provider_port, plan, written.clone()).await?;
    let arrivals = Arc::new(Arrivals::new(plan, written, logins.len()));
    let listener: Arc<dyn Listener> = arrivals.clone();
    let doors = entrances(args.common.url, logins).await?;
    let crowd = Crowd::open(logins.len(), args.common.connect_rate, &doors, &listener).await?;
    let (server_before, own_before) = (server.cpu(), proc_stat::own_cpu());
    ask_all(args.common.url, logins, run).await?;
    let streaming = Duration::from_secs_f64(plan.tokens as f64 / f64::from(plan.rate));
    arrivals.wait(streaming + Duration::from_secs(args.common.patience_s)).await;
    let generator = proc_stat::own_cpu().since(&own_before);
    let used = server.cpu().zip(server_before).map(|(now, before)| now.since(&before));
    let expected = (logins.len() * plan.sentences()) as u64;
    let samples = arrivals.samples();
    let delivered = samples.len() as u64;
    let unfinished = (logins.len() - arrivals.done.load(Ordering::Relaxed).min(logins.len())) as u64;
    let outcome = Outcome {
        expected,
        delivered,
        // A token missing inside of a sentence is a loss as well, and so is an answer that did not
        // end well.
        lost: (expected - delivered.min(expected)).max(arrivals.lost.load(Ordering::Relaxed)).max(unfinished),
        repeated: arrivals.repeated.load(Ordering::Relaxed),
        ended: crowd.ended() as u64,
        latencies: Latencies::of_us(samples),
        ..Outcome::default()
    };
    Ok(outcome.with_cpu(used, generator))
}

/// Begins a thread for every student, then asks in all threads.
async fn ask_all(target: Target, logins: &[Login], run: u64) -> Result<()> {
    let bar = progress_bar(logins.len(), "questions");
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut asking = JoinSet::new();
    for (student, login) in logins.iter().enumerate() {
        let (permit, login) = (permits.clone().acquire_owned().await?, login.clone());
        asking.spawn(async move {
            let asked = ask(target, &login, run, student).await;
            drop(permit);
            asked
        });
    }
    while let Some(asked) = asking.join_next().await {
        asked??;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

async fn ask(target: Target, login: &Login, run: u64, student: usize) -> Result<()> {
    let thread = http::post_json(target, "/api/v1/companion/threads", Some(&login.token), &json!({})).await?.expect(201)?;
    let thread = thread.get("id").and_then(Value::as_str).context("the thread has no id")?;
    // A UUID, unique by run and student.
    let client_id = format!("{:08x}-{:04x}-4000-8000-{student:012x}", run >> 16 & 0xffff_ffff, run & 0xffff);
    let question = json!({ "client_id": client_id, "body": format!("{MARK}{run} {student}") });
    let path = format!("/api/v1/companion/threads/{thread}/messages");
    let asked = http::post_json(target, &path, Some(&login.token), &question).await?.expect(202)?;
    let kind = asked.pointer("/answer/kind").and_then(Value::as_str).unwrap_or_default();
    ensure!(kind == "model", "the server answers as `{kind}`: start it with openai.base_url at this program's provider");
    Ok(())
}

/// Tokens that reached the sockets; the number of a socket is that of its student.
struct Arrivals {
    plan: Plan,
    written: Arc<Written>,
    /// The next token of each student.
    next: Vec<AtomicUsize>,
    samples_us: Vec<Mutex<Vec<u64>>>,
    complete: AtomicUsize,
    done: AtomicUsize,
    lost: AtomicU64,
    repeated: AtomicU64,
}

impl Arrivals {
    fn new(plan: Plan, written: Arc<Written>, students: usize) -> Self {
        Self {
            plan,
            written,
            next: (0..students).map(|_| AtomicUsize::new(0)).collect(),
            samples_us: (0..students).map(|_| Mutex::new(Vec::with_capacity(plan.sentences()))).collect(),
            complete: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
            repeated: AtomicU64::new(0),
        }
    }

    async fn wait(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let is_over = || self.complete.load(Ordering::Acquire) >= self.next.len() && self.done.load(Ordering::Acquire) >= self.next.len();
        while !is_over() && Instant::now() < deadline {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn samples(&self) -> Vec<u64> {
        let all = self.samples_us.iter().map(|samples| samples.lock().map(|samples| samples.clone()).unwrap_or_default());
        all.flatten().collect()
    }

    fn take_token(&self, student: usize, token: usize, now_us: u64) {
        let (Some(next), Some(samples)) = (self.next.get(student), self.samples_us.get(student)) else { return };
        let expected = next.load(Ordering::Acquire);
        if token < expected {
            self.repeated.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.lost.fetch_add((token - expected) as u64, Ordering::Relaxed);
        next.store(token + 1, Ordering::Release);
        if self.plan.ends_sentence(token)
            && let (Some(at), Ok(mut samples)) = (self.written.at_us(student, token), samples.lock())
        {
            samples.push(now_us.saturating_sub(at));
        }
        if token + 1 == self.plan.tokens {
            self.complete.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Listener for Arrivals {
    fn on_text(&self, socket: usize, text: &[u8]) {
        let now_us = self.written.now_us();
        let Ok(text) = std::str::from_utf8(text) else { return };
        if text.starts_with(r#"{"event":"companion.done""#) && text.contains(r#"\"status\":\"done\""#) {
            self.done.fetch_add(1, Ordering::AcqRel);
        }
        if text.starts_with(r#"{"event":"companion.delta""#) {
            tokens_in(text, socket).for_each(|token| self.take_token(socket, token, now_us));
        }
    }
}

/// Returns the numbers of a student's tokens in a frame, in order.
fn tokens_in(text: &str, student: usize) -> impl Iterator<Item = usize> {
    let mark = format!("u{student}n");
    let numbers: Vec<usize> = text
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter_map(|word| word.strip_prefix(mark.as_str())?.parse().ok())
        .collect();
    numbers.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &str) -> String {
        format!(
            r#"{{"event":"companion.delta","channel":"private-user.x","data":"{{\"message_id\":\"a\",\"seq\":1,\"text\":\"{text}\"}}"}}"#
        )
    }

    #[test]
    fn tokens_count_once_and_in_order() {
        let plan = Plan { tokens: 6, rate: 30, sentence: 3 };
        let arrivals = Arrivals::new(plan, Arc::new(Written::new(1, 2, 6)), 2);
        arrivals.on_text(1, frame("u1n0 u1n1 u1n2. ").as_bytes());
        arrivals.on_text(1, frame("u1n2. u1n3 ").as_bytes());
        arrivals.on_text(1, frame("u1n5. ").as_bytes());
        arrivals.on_text(1, frame("u0n0 ").as_bytes());
        arrivals.on_text(1, br#"{"event":"companion.done","data":"{\"status\":\"done\",\"text\":\"u1n0\"}"}"#);
        let counts = [&arrivals.lost, &arrivals.repeated].map(|count| count.load(Ordering::Relaxed));
        assert_eq!(counts, [1, 1]);
        assert_eq!(arrivals.complete.load(Ordering::Relaxed), 1);
        assert_eq!(arrivals.done.load(Ordering::Relaxed), 1);
    }
}
