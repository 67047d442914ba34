//! Owns the load generator: scenarios against a server on this machine, with a table for people and
//! one JSON line per run. The exit code is 1 when anything is lost.

mod accounts;
mod client;
mod crowd;
mod proc_stat;
mod provider;
mod report;
mod scenario_chat;
mod scenario_companion;
mod scenario_connect;
mod scenario_fanout;
mod scenario_publish;
mod stats;
mod target;

use anyhow::{Result, ensure};
use clap::{Args, Parser, Subcommand};
use proc_stat::ServerProcess;
use report::Report;
use std::{
    io::{self, Write as _},
    process::ExitCode,
};
use target::Target;

/// Load generator for EduCounsel; speaks to servers on this machine only.
#[derive(Debug, Parser)]
#[command(name = "loadtest", version)]
struct Cli {
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Debug, Subcommand)]
enum Scenario {
    /// A counsellor uploads a PDF; every student socket must get the notice
    Fanout(scenario_fanout::FanoutArgs),
    /// Sockets connect at a rate; how long a handshake takes
    Connect(scenario_connect::ConnectArgs),
    /// Students and counsellors write to each other over HTTP; how long a message takes to the
    /// other side's socket
    Chat(scenario_chat::ChatArgs),
    /// Every student asks the companion at once; a provider in this program streams; how long a
    /// sentence takes to the student's socket
    Companion(scenario_companion::CompanionArgs),
    /// Client events on one private channel of a Pusher app: the raw fan-out
    Chatter(scenario_publish::ChatterArgs),
}

/// Arguments of all scenarios.
#[derive(Debug, Clone, Args)]
struct CommonArgs {
    /// Server on this machine
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: Target,
    /// Sockets to open
    #[arg(long, default_value_t = 2000)]
    sockets: usize,
    /// New sockets per second
    #[arg(long, default_value_t = 2000)]
    connect_rate: u32,
    /// Process id of the server; found by the listening port when missing
    #[arg(long)]
    server_pid: Option<u32>,
    /// How often to run; the medians are reported
    #[arg(long, default_value_t = 1)]
    repeat: usize,
    /// How long to wait for the last frame, in seconds
    #[arg(long, default_value_t = 20)]
    patience_s: u64,
}

/// Accounts behind the sockets.
#[derive(Debug, Clone, Args)]
struct AccountArgs {
    /// Student accounts that share the sockets: siswa1, siswa2, …; created when missing
    #[arg(long, default_value_t = 20)]
    accounts: usize,
    /// Password of the student accounts
    #[arg(long, default_value = "rahasia-demo")]
    student_password: String,
    /// Account that creates missing accounts
    #[arg(long, default_value = "admin")]
    admin_login: String,
    /// Password of that account
    #[arg(long, default_value = "rahasia-demo")]
    admin_password: String,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let outcome = runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(run(cli.scenario)));
    match outcome.and_then(|report| print(&report)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "loadtest: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(scenario: Scenario) -> Result<Report> {
    match scenario {
        Scenario::Fanout(args) => scenario_fanout::run(&args).await,
        Scenario::Connect(args) => scenario_connect::run(&args).await,
        Scenario::Chat(args) => scenario_chat::run(&args).await,
        Scenario::Companion(args) => scenario_companion::run(&args).await,
        Scenario::Chatter(args) => scenario_publish::run(&args).await,
    }
}

/// Prints the table and the line. Returns whether nothing was lost.
fn print(report: &Report) -> Result<bool> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}\n{}", report.table(), report.json_line())?;
    Ok(report.is_complete())
}

impl CommonArgs {
    /// Checks the numbers and finds the process of the server.
    fn prepare(&self) -> Result<ServerProcess> {
        ensure!(self.sockets > 0 && self.connect_rate > 0 && self.repeat > 0, "--sockets, --connect-rate and --repeat must be above 0");
        let limit = proc_stat::descriptor_limit()?;
        let most = limit.saturating_sub(64);
        ensure!(
            self.sockets <= most,
            "{} sockets need more descriptors than allowed ({limit}): raise `ulimit -n`, or take at most {most}",
            self.sockets
        );
        ServerProcess::find(self.server_pid, self.url.port)
    }
}
