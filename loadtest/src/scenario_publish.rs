//! The raw fan-out: one socket sends client events on one private channel of a Pusher app. Measures
//! the cost of a delivery, without a database or an upload.

use crate::{
    CommonArgs,
    client::socket::{Door, PusherSocket},
    crowd::{Crowd, Entrance, Listener, Membership, join_all, progress_bar},
    proc_stat::{self, ServerProcess},
    report::{Outcome, Report},
    stats::Latencies,
};
use anyhow::{Result, ensure};
use serde_json::json;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::time::MissedTickBehavior;

/// Beginning of the data of every event; 20 digits follow, the µs since the run began.
const MARK: &[u8] = b"loadtest-at-";
/// Digits of the time behind the mark.
const DIGITS: usize = 20;
/// How often the arrivals are counted while the run waits for the last ones.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// `loadtest chatter`
#[derive(Debug, clap::Args)]
pub struct ChatterArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Key of the Pusher app
    #[arg(long, default_value = "demo-key")]
    app_key: String,
    /// Secret of the Pusher app
    #[arg(long, default_value = "demo-secret")]
    app_secret: String,
    /// Channel; private, because clients may not send on public ones
    #[arg(long, default_value = "private-loadtest")]
    channel: String,
    /// Events per second (the server allows 10 by default: realtime.client_events_per_s)
    #[arg(long, default_value_t = 10)]
    rate: u32,
    /// Events in all
    #[arg(long, default_value_t = 200)]
    events: u32,
    /// Bytes of an event's data
    #[arg(long, default_value_t = 200)]
    size: usize,
}

/// Runs the scenario.
pub async fn run(args: &ChatterArgs) -> Result<Report> {
    let server = args.common.prepare()?;
    ensure!(args.rate > 0, "--rate must be above 0");
    ensure!(args.size >= MARK.len() + DIGITS, "--size must be at least {}", MARK.len() + DIGITS);
    let door = Door { target: args.common.url, app_key: args.app_key.clone(), cookie: None };
    let app_secret = Some(format!("{}:{}", args.app_key, args.app_secret));
    let entrance = Entrance { door, membership: Membership { channels: vec![args.channel.clone()], app_secret } };
    let mut outcomes = Vec::new();
    for _ in 0..args.common.repeat {
        outcomes.push(run_once(args, server, &entrance).await?);
    }
    let parameters = json!({ "sockets": args.common.sockets, "rate": args.rate, "events": args.events, "size": args.size });
    Ok(Report::new("chatter", parameters, &outcomes))
}

async fn run_once(args: &ChatterArgs, server: ServerProcess, entrance: &Entrance) -> Result<Outcome> {
    let sockets = args.common.sockets;
    let heard = Arc::new(Heard::new());
    let listener: Arc<dyn Listener> = heard.clone();
    let rss_before = server.rss_bytes();
    let crowd = Crowd::open(sockets, args.common.connect_rate, std::slice::from_ref(entrance), &listener).await?;
    let rss_after = server.rss_bytes();
    let mut sender = PusherSocket::connect(&entrance.door, sockets).await?;
    join_all(&mut sender, &entrance.membership).await?;
    let (server_before, own_before) = (server.cpu(), proc_stat::own_cpu());
    send_events(args, &heard, &mut sender).await?;
    let expected = sockets as u64 * u64::from(args.events);
    heard.wait(expected, Duration::from_secs(args.common.patience_s)).await;
    let generator = proc_stat::own_cpu().since(&own_before);
    let used = server.cpu().zip(server_before).map(|(now, before)| now.since(&before));
    let samples = heard.take();
    let delivered = samples.len() as u64;
    let outcome = Outcome {
        expected,
        delivered,
        lost: expected.saturating_sub(delivered),
        repeated: delivered.saturating_sub(expected),
        ended: crowd.ended() as u64,
        latencies: Latencies::of_us(samples),
        bytes_per_socket: rss_after.zip(rss_before).map(|(after, before)| after.saturating_sub(before) as f64 / sockets as f64),
        ..Outcome::default()
    };
    Ok(outcome.with_cpu(used, generator))
}

async fn send_events(args: &ChatterArgs, heard: &Heard, sender: &mut PusherSocket) -> Result<()> {
    let filling = "x".repeat(args.size - MARK.len() - DIGITS);
    let mut pace = tokio::time::interval(Duration::from_secs(1) / args.rate);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let bar = progress_bar(args.events as usize, "events");
    for _ in 0..args.events {
        pace.tick().await;
        let at = heard.began.elapsed().as_micros();
        let data = format!("{}{at:020}{filling}", String::from_utf8_lossy(MARK));
        sender.send(&json!({ "event": "client-load", "channel": args.channel, "data": data }).to_string()).await?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Latencies of all events at all sockets.
struct Heard {
    began: Instant,
    count: AtomicU64,
    samples_us: Mutex<Vec<u64>>,
}

impl Heard {
    fn new() -> Self {
        Self { began: Instant::now(), count: AtomicU64::new(0), samples_us: Mutex::default() }
    }

    async fn wait(&self, expected: u64, patience: Duration) {
        let deadline = Instant::now() + patience;
        while self.count.load(Ordering::Acquire) < expected && Instant::now() < deadline {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn take(&self) -> Vec<u64> {
        std::mem::take(&mut *self.samples_us.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Listener for Heard {
    fn on_text(&self, _: usize, text: &[u8]) {
        let Some(sent_us) = sent_at(text) else { return };
        let now_us = self.began.elapsed().as_micros() as u64;
        self.samples_us.lock().unwrap_or_else(PoisonError::into_inner).push(now_us.saturating_sub(sent_us));
        self.count.fetch_add(1, Ordering::AcqRel);
    }
}

/// Reads at which time an event was sent, in µs since the run began.
fn sent_at(text: &[u8]) -> Option<u64> {
    let at = text.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    std::str::from_utf8(text.get(at..at + DIGITS)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_carry_their_time() {
        let frame = br#"{"event":"client-load","channel":"private-a","data":"loadtest-at-00000000000000001234xxxx"}"#;
        assert_eq!(sent_at(frame), Some(1234));
        assert_eq!(sent_at(b"loadtest-at-12"), None);
        assert_eq!(sent_at(br#"{"event":"other"}"#), None);
    }
}
