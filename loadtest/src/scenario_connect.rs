//! A crowd arrives: sockets of students connect at a rate and join their channels.

use crate::{
    AccountArgs, CommonArgs, accounts,
    crowd::{Crowd, Entrance, Listener},
    proc_stat::{self, ServerProcess},
    report::{Outcome, Report},
    scenario_fanout::entrances,
    stats::Latencies,
};
use anyhow::Result;
use serde_json::json;
use std::sync::Arc;

/// `loadtest connect`
#[derive(Debug, clap::Args)]
pub struct ConnectArgs {
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    accounts: AccountArgs,
}

struct Nobody;

impl Listener for Nobody {
    fn on_text(&self, _: usize, _: &[u8]) {}
}

/// Runs the scenario. A delivery is a socket that joined all its channels; a latency runs from its
/// first packet to the last answer.
pub async fn run(args: &ConnectArgs) -> Result<Report> {
    let server = args.common.prepare()?;
    let entrances = entrances(args.common.url, &accounts::students(args.common.url, &args.accounts).await?).await?;
    let mut outcomes = Vec::new();
    for _ in 0..args.common.repeat {
        outcomes.push(run_once(&args.common, server, &entrances).await?);
    }
    let parameters =
        json!({ "sockets": args.common.sockets, "connect_rate": args.common.connect_rate, "accounts": args.accounts.accounts });
    Ok(Report::new("connect", parameters, &outcomes))
}

async fn run_once(common: &CommonArgs, server: ServerProcess, entrances: &[Entrance]) -> Result<Outcome> {
    let listener: Arc<dyn Listener> = Arc::new(Nobody);
    let (rss_before, server_before, own_before) = (server.rss_bytes(), server.cpu(), proc_stat::own_cpu());
    let mut crowd = Crowd::open(common.sockets, common.connect_rate, entrances, &listener).await?;
    let generator = proc_stat::own_cpu().since(&own_before);
    let used = server.cpu().zip(server_before).map(|(now, before)| now.since(&before));
    let grown = server.rss_bytes().zip(rss_before).map(|(after, before)| after.saturating_sub(before));
    let expected = common.sockets as u64;
    let delivered = crowd.handshakes_us.len() as u64;
    let outcome = Outcome {
        expected,
        delivered,
        lost: expected - delivered,
        ended: crowd.ended() as u64,
        latencies: Latencies::of_us(std::mem::take(&mut crowd.handshakes_us)),
        bytes_per_socket: grown.map(|bytes| bytes as f64 / common.sockets as f64),
        ..Outcome::default()
    };
    Ok(outcome.with_cpu(used, generator))
}
