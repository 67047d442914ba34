//! Live chat: students and counsellors write to each other over HTTP at a rate, while many sockets
//! are connected. Measures how long a message takes to the other side's socket.
//!
//! A latency begins at the moment when a message was due, even if the generator was late, and ends
//! when the frame was read. Afterwards the stored messages are counted: a message that is stored
//! twice or not at all fails the run.

use crate::{
    AccountArgs, CommonArgs, accounts,
    client::{
        http::{self, Login},
        kept::KeptConnection,
    },
    crowd::{Crowd, Entrance, Listener, progress_bar},
    proc_stat,
    proc_stat::ServerProcess,
    report::{Outcome, Report},
    scenario_fanout::entrances,
    stats::Latencies,
    target::Target,
};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
    time::MissedTickBehavior,
};

/// Beginning of every message; the run and the number of the message follow.
const MARK: &[u8] = b"Uji obrolan ";
/// Connections that send, each one request at a time.
const SENDERS: usize = 32;
/// Counsellor accounts of the demo data.
const COUNSELLORS: usize = 3;
/// How often the arrivals are counted while the run waits for the last ones.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// `loadtest chat`
#[derive(Debug, clap::Args)]
pub struct ChatArgs {
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    accounts: AccountArgs,
    /// Conversations, each of another student with one of three counsellors; the other accounts
    /// only listen
    #[arg(long, default_value_t = 10)]
    pairs: usize,
    /// Messages per second, over all conversations and both sides (the server allows 1200 requests
    /// a minute and account by default)
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// Messages in all
    #[arg(long, default_value_t = 4000)]
    messages: usize,
    /// Password of the counsellors
    #[arg(long, default_value = "rahasia-demo")]
    counsellor_password: String,
}

/// One conversation, and the logins of both sides.
#[derive(Debug, Clone)]
struct Pair {
    id: String,
    student: Login,
    counsellor: Login,
}

/// Runs the scenario.
pub async fn run(args: &ChatArgs) -> Result<Report> {
    let server = args.common.prepare()?;
    ensure!(args.rate > 0 && args.pairs > 0 && args.messages > 0, "--rate, --pairs and --messages must be above 0");
    ensure!(args.accounts.accounts > args.pairs, "--accounts must be above --pairs: the others only listen");
    ensure!(args.common.sockets >= 2 * args.pairs, "--sockets must be at least two per pair");
    let target = args.common.url;
    let students = accounts::students(target, &args.accounts).await?;
    let mut counsellors = Vec::new();
    for number in 1..=COUNSELLORS {
        counsellors.push(accounts::counsellor(target, &args.accounts, &format!("guru{number}"), &args.counsellor_password).await?);
    }
    let (talking, listening) = students.split_at(args.pairs);
    let pairs = open_pairs(target, talking, &counsellors).await?;
    let doors = pair_entrances(target, &pairs, &counsellors).await?;
    let idle = entrances(target, listening).await?;
    let mut outcomes = Vec::new();
    for _ in 0..args.common.repeat {
        outcomes.push(run_once(args, server, &pairs, (&doors, &idle)).await?);
    }
    let parameters = json!({ "sockets": args.common.sockets, "pairs": args.pairs, "rate": args.rate, "messages": args.messages, "accounts": args.accounts.accounts });
    Ok(Report::new("chat", parameters, &outcomes))
}

/// Opens (or finds) a conversation per student, with the counsellors in turn.
async fn open_pairs(target: Target, students: &[Login], counsellors: &[Login]) -> Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    for (student, counsellor) in students.iter().zip(counsellors.iter().cycle()) {
        let me = http::get_json(target, "/api/v1/auth/me", &counsellor.token).await?;
        let id = me.pointer("/user/id").and_then(Value::as_str).context("the server names no user id")?;
        let answer = http::post_json(target, "/api/v1/conversations", Some(&student.token), &json!({ "counsellor_id": id })).await?;
        ensure!(matches!(answer.status, 200 | 201), "no conversation: {} {}", answer.status, answer.body);
        let id = answer.body.get("id").and_then(Value::as_str).context("the conversation has no id")?.to_owned();
        pairs.push(Pair { id, student: student.clone(), counsellor: counsellor.clone() });
    }
    Ok(pairs)
}

/// Returns the sockets of the students, then those of the counsellors, pair by pair. Every student
/// and the first socket of every counsellor also join the channels that the web UI joins.
async fn pair_entrances(target: Target, pairs: &[Pair], counsellors: &[Login]) -> Result<Vec<Entrance>> {
    let logins: Vec<Login> = pairs.iter().map(|pair| pair.student.clone()).collect();
    let mut found = entrances(target, &logins).await?;
    let of_counsellors = entrances(target, counsellors).await?;
    for (number, entrance) in of_counsellors.iter().cycle().take(pairs.len()).enumerate() {
        let mut entrance = entrance.clone();
        if number >= counsellors.len() {
            entrance.membership.channels.clear();
        }
        found.push(entrance);
    }
    for (entrance, pair) in found.iter_mut().zip(pairs.iter().chain(pairs)) {
        entrance.membership.channels.push(format!("presence-conversation.{}", pair.id));
    }
    Ok(found)
}

async fn run_once(args: &ChatArgs, server: ServerProcess, pairs: &[Pair], (doors, idle): (&[Entrance], &[Entrance])) -> Result<Outcome> {
    let arrivals = Arc::new(Arrivals::new(args.messages, pairs.len()));
    let listener: Arc<dyn Listener> = arrivals.clone();
    let strangers = Arc::new(Strangers::default());
    let idle_listener: Arc<dyn Listener> = strangers.clone();
    let rss_before = server.rss_bytes();
    let idle_sockets = args.common.sockets - doors.len();
    let crowd = Crowd::open(idle_sockets.max(1), args.common.connect_rate, idle, &idle_listener).await?;
    let rss_after = server.rss_bytes();
    let talking = Crowd::open(doors.len(), args.common.connect_rate, doors, &listener).await?;
    let before = stored(args.common.url, pairs).await?;
    let (server_before, own_before) = (server.cpu(), proc_stat::own_cpu());
    send_all(args, &arrivals, pairs).await?;
    arrivals.wait(Duration::from_secs(args.common.patience_s)).await;
    let generator = proc_stat::own_cpu().since(&own_before);
    let used = server.cpu().zip(server_before).map(|(now, before)| now.since(&before));
    let stored = stored(args.common.url, pairs).await? - before;
    ensure!(stored == args.messages as u64, "{} messages were sent, {stored} are stored", args.messages);
    let leaked = strangers.heard.load(Ordering::Relaxed);
    ensure!(leaked == 0, "{leaked} messages reached sockets outside of their conversation");
    let latencies_us = arrivals.latencies_us();
    let (expected, delivered) = (args.messages as u64, latencies_us.len() as u64);
    let outcome = Outcome {
        expected,
        delivered,
        lost: expected - delivered,
        repeated: arrivals.repeated.load(Ordering::Relaxed),
        ended: (crowd.ended() + talking.ended()) as u64,
        latencies: Latencies::of_us(latencies_us),
        bytes_per_socket: rss_after.zip(rss_before).map(|(after, before)| after.saturating_sub(before) as f64 / idle_sockets.max(1) as f64),
        ..Outcome::default()
    };
    Ok(outcome.with_cpu(used, generator))
}

/// Returns how many messages all conversations have.
async fn stored(target: Target, pairs: &[Pair]) -> Result<u64> {
    let mut sum = 0;
    for pair in pairs {
        let item = http::get_json(target, &format!("/api/v1/conversations/{}", pair.id), &pair.student.token).await?;
        sum += item.get("last_seq").and_then(Value::as_u64).context("the conversation has no last_seq")?;
    }
    Ok(sum)
}

/// Sends the messages at the rate, spread over the conversations and then over the sides.
async fn send_all(args: &ChatArgs, arrivals: &Arc<Arrivals>, pairs: &[Pair]) -> Result<()> {
    let (due, waiting) = mpsc::channel::<usize>(args.messages);
    let waiting = Arc::new(Mutex::new(waiting));
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS.min(args.messages) {
        let (waiting, arrivals, pairs, target) = (waiting.clone(), arrivals.clone(), pairs.to_vec(), args.common.url);
        senders.spawn(async move {
            let mut connection = KeptConnection::open(target).await?;
            loop {
                let Some(number) = waiting.lock().await.recv().await else { return Ok(()) };
                send_one(&mut connection, &arrivals, &pairs, number).await?;
            }
        });
    }
    let mut pace = tokio::time::interval(Duration::from_secs(1) / args.rate);
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let bar = progress_bar(args.messages, "messages");
    for number in 0..args.messages {
        pace.tick().await;
        arrivals.record_due(number);
        due.send(number).await?;
        bar.inc(1);
    }
    drop(due);
    while let Some(sender) = senders.join_next().await {
        sender?.map_err(|error: anyhow::Error| error.context("a sender gave up"))?;
    }
    bar.finish_and_clear();
    Ok(())
}

async fn send_one(connection: &mut KeptConnection, arrivals: &Arrivals, pairs: &[Pair], number: usize) -> Result<()> {
    let (pair, is_student) = sender_of(number, pairs.len());
    let Some(pair) = pairs.get(pair) else { bail!("no pair for message {number}") };
    let token = if is_student { &pair.student.token } else { &pair.counsellor.token };
    let body = json!({ "client_id": arrivals.client_id(number), "body": arrivals.body(number) });
    let path = format!("/api/v1/conversations/{}/messages", pair.id);
    let answer = connection.post_json(&path, token, &body).await?;
    ensure!(answer.status == 201, "the server answered {} instead of 201: {}", answer.status, answer.body);
    Ok(())
}

/// Returns which conversation a message goes to, and whether the student writes it.
const fn sender_of(number: usize, pairs: usize) -> (usize, bool) {
    (number % pairs, (number / pairs).is_multiple_of(2))
}

/// Times at which each message was due and at which it arrived at the other side's socket.
struct Arrivals {
    began: Instant,
    /// Tells this run's messages from older ones.
    run: u64,
    pairs: usize,
    /// µs since `began`; 0 = not yet.
    due: Vec<AtomicU64>,
    came: Vec<AtomicU64>,
    count: AtomicUsize,
    repeated: AtomicU64,
}

impl Arrivals {
    fn new(messages: usize, pairs: usize) -> Self {
        let run = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map(|age| age.as_millis() as u64).unwrap_or_default();
        let slots = || (0..messages).map(|_| AtomicU64::new(0)).collect();
        Self { began: Instant::now(), run, pairs, due: slots(), came: slots(), count: AtomicUsize::new(0), repeated: AtomicU64::new(0) }
    }

    fn now_us(&self) -> u64 {
        (self.began.elapsed().as_micros() as u64).max(1)
    }

    fn record_due(&self, number: usize) {
        if let Some(due) = self.due.get(number) {
            due.store(self.now_us(), Ordering::Release);
        }
    }

    fn body(&self, number: usize) -> String {
        format!("{}{} {number}", String::from_utf8_lossy(MARK), self.run)
    }

    /// Returns a UUIDv7 made of the run and the number.
    fn client_id(&self, number: usize) -> String {
        format!("{:08x}-{:04x}-7000-8000-{number:012x}", self.run >> 16, self.run & 0xFFFF)
    }

    async fn wait(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        while self.count.load(Ordering::Acquire) < self.came.len() && Instant::now() < deadline {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn latencies_us(&self) -> Vec<u64> {
        let pairs = self.due.iter().zip(&self.came).map(|(due, came)| (due.load(Ordering::Acquire), came.load(Ordering::Acquire)));
        pairs.filter(|(_, came)| *came > 0).map(|(due, came)| came.saturating_sub(due)).collect()
    }

    /// Returns the number of the message that a frame brings.
    fn message_in(&self, text: &[u8]) -> Option<usize> {
        find(text, br#""message.created""#)?;
        let rest = text.get(find(text, MARK)? + MARK.len()..)?;
        let (run, rest) = leading_number(rest)?;
        let (number, _) = leading_number(rest.strip_prefix(b" ")?)?;
        (run == self.run).then_some(usize::try_from(number).ok()?)
    }

    /// Says whether socket number `socket` belongs to the side that a message is for. The students'
    /// sockets come first.
    fn is_for(&self, socket: usize, number: usize) -> bool {
        let (pair, is_student) = sender_of(number, self.pairs);
        socket == if is_student { self.pairs + pair } else { pair }
    }
}

impl Listener for Arrivals {
    fn on_text(&self, socket: usize, text: &[u8]) {
        let at = self.now_us();
        let Some(number) = self.message_in(text) else { return };
        let Some(slot) = self.came.get(number).filter(|_| self.is_for(socket, number)) else { return };
        if slot.compare_exchange(0, at, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.count.fetch_add(1, Ordering::AcqRel);
        } else {
            self.repeated.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Sockets in no conversation; they must receive no message.
#[derive(Default)]
struct Strangers {
    heard: AtomicU64,
}

impl Listener for Strangers {
    fn on_text(&self, _: usize, text: &[u8]) {
        if find(text, MARK).is_some() {
            self.heard.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn leading_number(text: &[u8]) -> Option<(u64, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((std::str::from_utf8(digits).ok()?.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_every_pair_write_in_turn() {
        let senders: Vec<_> = (0..5).map(|number| sender_of(number, 2)).collect();
        assert_eq!(senders, [(0, true), (1, true), (0, false), (1, false), (0, true)]);
    }

    #[test]
    fn a_message_counts_at_the_other_side_and_once() {
        let arrivals = Arrivals::new(4, 2);
        let frame = |number: usize| format!(r#"{{"event":"message.created","data":"{{\"body\":\"{}\"}}"}}"#, arrivals.body(number));
        // Message 1 is written by the student of pair 1, so it is for socket 3, the counsellor's.
        for socket in [1, 3, 3, 2] {
            arrivals.on_text(socket, frame(1).as_bytes());
        }
        arrivals.on_text(0, frame(2).as_bytes());
        arrivals.on_text(0, frame(9).as_bytes());
        arrivals.on_text(0, frame(2).replace("message.created", "conversation.changed").as_bytes());
        assert_eq!(arrivals.count.load(Ordering::Relaxed), 2);
        assert_eq!(arrivals.repeated.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn client_ids_are_uuids_of_their_own() {
        let arrivals = Arrivals::new(1, 1);
        assert_eq!(arrivals.client_id(10).len(), 36);
        assert_ne!(arrivals.client_id(10), arrivals.client_id(11));
    }
}
