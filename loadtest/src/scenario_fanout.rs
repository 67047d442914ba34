//! The main job: a counsellor uploads a PDF, and every student's socket receives the notice.
//!
//! A latency begins when the uploader has read the 201 and ends when the frame was read. A frame
//! may be read before the 201, because the log pump publishes as soon as the transaction is
//! committed; that counts as 0, not as a negative time.

use crate::{
    AccountArgs, CommonArgs, accounts,
    client::{
        http::{self, Login},
        socket::Door,
    },
    crowd::{Crowd, Entrance, Listener, Membership, progress_bar},
    proc_stat,
    proc_stat::ServerProcess,
    report::{Outcome, Report},
    stats::Latencies,
    target::Target,
};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

/// Beginning of the title of every upload of this program.
const TITLE: &[u8] = b"Uji beban ";
/// How often the arrivals are counted while the run waits for the last ones.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// `loadtest fanout`
#[derive(Debug, clap::Args)]
pub struct FanoutArgs {
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    accounts: AccountArgs,
    /// Uploads, one after the other
    #[arg(long, default_value_t = 5)]
    uploads: usize,
    /// Account that uploads
    #[arg(long, default_value = "guru1")]
    counsellor_login: String,
    /// Password of that account
    #[arg(long, default_value = "rahasia-demo")]
    counsellor_password: String,
}

/// Runs the scenario.
pub async fn run(args: &FanoutArgs) -> Result<Report> {
    let server = args.common.prepare()?;
    let target = args.common.url;
    let counsellor = accounts::counsellor(target, &args.accounts, &args.counsellor_login, &args.counsellor_password).await?;
    let entrances = entrances(target, &accounts::students(target, &args.accounts).await?).await?;
    let mut outcomes = Vec::new();
    for _ in 0..args.common.repeat {
        outcomes.push(run_once(args, server, &counsellor, &entrances).await?);
    }
    let parameters = json!({ "sockets": args.common.sockets, "uploads": args.uploads, "accounts": args.accounts.accounts });
    Ok(Report::new("fanout", parameters, &outcomes))
}

/// Asks the server, for each account, which channels the web UI would join.
pub async fn entrances(target: Target, logins: &[Login]) -> Result<Vec<Entrance>> {
    let mut entrances = Vec::new();
    for login in logins {
        let info = http::get_json(target, "/api/v1/realtime", &login.token).await?;
        let app_key = info.get("key").and_then(Value::as_str).context("the server names no app key")?.to_owned();
        let names = info.get("channels").and_then(Value::as_array).context("the server names no channels")?;
        let channels = names.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        let door = Door { target, app_key, cookie: Some(login.cookie.clone()) };
        entrances.push(Entrance { door, membership: Membership { channels, app_secret: None } });
    }
    Ok(entrances)
}

async fn run_once(args: &FanoutArgs, server: ServerProcess, counsellor: &Login, entrances: &[Entrance]) -> Result<Outcome> {
    let sockets = args.common.sockets;
    let arrivals = Arc::new(Arrivals::new(args.uploads, sockets));
    let listener: Arc<dyn Listener> = arrivals.clone();
    let rss_before = server.rss_bytes();
    let crowd = Crowd::open(sockets, args.common.connect_rate, entrances, &listener).await?;
    let rss_after = server.rss_bytes();
    let (server_before, own_before) = (server.cpu(), proc_stat::own_cpu());
    let bar = progress_bar(args.uploads, "uploads");
    let mut latencies_us = Vec::with_capacity(sockets * args.uploads);
    for upload in 0..args.uploads {
        let title = arrivals.title(upload);
        let answer = http::upload_pdf(args.common.url, &counsellor.token, &title, &testkit::pdf::one_page_pdf(&title)).await?;
        let received_us = arrivals.us_at(answer.received_at);
        answer.expect(201)?;
        arrivals.wait(upload, Duration::from_secs(args.common.patience_s)).await;
        latencies_us.extend(arrivals.latencies_us(upload, received_us));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let generator = proc_stat::own_cpu().since(&own_before);
    let used = server.cpu().zip(server_before).map(|(now, before)| now.since(&before));
    let expected = (sockets * args.uploads) as u64;
    let delivered = latencies_us.len() as u64;
    let outcome = Outcome {
        expected,
        delivered,
        lost: expected - delivered,
        repeated: arrivals.repeated.load(Ordering::Relaxed),
        ended: crowd.ended() as u64,
        latencies: Latencies::of_us(latencies_us),
        bytes_per_socket: rss_after.zip(rss_before).map(|(after, before)| after.saturating_sub(before) as f64 / sockets as f64),
        ..Outcome::default()
    };
    Ok(outcome.with_cpu(used, generator))
}

/// Times at which each socket received the notice of each upload.
struct Arrivals {
    began: Instant,
    /// Tells this run's titles from older ones.
    run: u64,
    /// µs since `began`, one slot per upload and socket; 0 = not yet.
    slots: Vec<Vec<AtomicU64>>,
    counts: Vec<AtomicUsize>,
    repeated: AtomicU64,
}

impl Arrivals {
    fn new(uploads: usize, sockets: usize) -> Self {
        let run = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map(|age| age.as_millis() as u64).unwrap_or_default();
        let slots = (0..uploads).map(|_| (0..sockets).map(|_| AtomicU64::new(0)).collect()).collect();
        let counts = (0..uploads).map(|_| AtomicUsize::new(0)).collect();
        Self { began: Instant::now(), run, slots, counts, repeated: AtomicU64::new(0) }
    }

    fn title(&self, upload: usize) -> String {
        format!("{}{} {upload}", String::from_utf8_lossy(TITLE), self.run)
    }

    fn us_at(&self, moment: Instant) -> u64 {
        moment.duration_since(self.began).as_micros() as u64
    }

    async fn wait(&self, upload: usize, patience: Duration) {
        let (Some(count), Some(slots)) = (self.counts.get(upload), self.slots.get(upload)) else { return };
        let deadline = Instant::now() + patience;
        while count.load(Ordering::Acquire) < slots.len() && Instant::now() < deadline {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn latencies_us(&self, upload: usize, received_us: u64) -> Vec<u64> {
        let slots = self.slots.get(upload).into_iter().flatten();
        slots.map(|slot| slot.load(Ordering::Acquire)).filter(|at| *at > 0).map(|at| at.saturating_sub(received_us)).collect()
    }

    /// Returns the number of the upload that a frame announces.
    fn upload_in(&self, text: &[u8]) -> Option<usize> {
        let name = br#""notice.created""#;
        find(text, name)?;
        let rest = text.get(find(text, TITLE)? + TITLE.len()..)?;
        let (run, rest) = leading_number(rest)?;
        let (upload, _) = leading_number(rest.strip_prefix(b" ")?)?;
        (run == self.run).then_some(usize::try_from(upload).ok()?)
    }
}

impl Listener for Arrivals {
    fn on_text(&self, socket: usize, text: &[u8]) {
        let at = self.us_at(Instant::now()).max(1);
        let Some(upload) = self.upload_in(text) else { return };
        let Some(slot) = self.slots.get(upload).and_then(|slots| slots.get(socket)) else { return };
        if slot.compare_exchange(0, at, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            if let Some(count) = self.counts.get(upload) {
                count.fetch_add(1, Ordering::AcqRel);
            }
        } else {
            self.repeated.fetch_add(1, Ordering::Relaxed);
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
    fn only_notices_of_this_run_count_and_each_once() {
        let arrivals = Arrivals::new(2, 1);
        let frame = |title: &str| format!(r#"{{"event":"notice.created","channel":"c","data":"{{\"title\":\"{title}\"}}"}}"#);
        arrivals.on_text(0, frame(&arrivals.title(1)).as_bytes());
        arrivals.on_text(0, frame(&arrivals.title(1)).as_bytes());
        arrivals.on_text(0, frame("Uji beban 17 1").as_bytes());
        arrivals.on_text(0, frame(&arrivals.title(7)).as_bytes());
        arrivals.on_text(0, frame(&arrivals.title(0)).replace("notice.created", "material.changed").as_bytes());
        let counts: Vec<_> = arrivals.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        assert_eq!(counts, [0, 1]);
        assert_eq!(arrivals.repeated.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_frame_that_overtakes_the_201_counts_as_zero() {
        let arrivals = Arrivals::new(1, 2);
        arrivals.slots[0][0].store(90, Ordering::Relaxed);
        arrivals.slots[0][1].store(150, Ordering::Relaxed);
        assert_eq!(arrivals.latencies_us(0, 100), [0, 50]);
    }
}
