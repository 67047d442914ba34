//! Owns the result of a run: a table for people, and one JSON line for the record.

use crate::{
    proc_stat::CpuUse,
    stats::{Latencies, median},
};
use serde::Serialize;
use serde_json::Value;
use std::{fmt::Write as _, fs, process::Command, time::SystemTime};

/// Numbers of one run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// Frames (or sockets) that should arrive.
    pub expected: u64,
    /// Frames that arrived, each counted once.
    pub delivered: u64,
    /// Frames that did not arrive.
    pub lost: u64,
    /// Frames that arrived more than once.
    pub repeated: u64,
    /// Sockets that the server ended.
    pub ended: u64,
    /// Time from the cause to the arrival.
    #[serde(flatten)]
    pub latencies: Latencies,
    /// Processor time of the server per delivery, in µs; `None` when another user owns its process.
    pub server_cpu_us: Option<f64>,
    /// The part in user space, in µs (10 ms ticks: rough on short runs).
    pub server_user_us: Option<f64>,
    /// The part in the kernel, in µs (10 ms ticks: rough on short runs).
    pub server_system_us: Option<f64>,
    /// Processor time of this program per delivery, in µs.
    pub generator_cpu_us: f64,
    /// Growth of the server's memory by idle sockets, bytes per socket.
    pub bytes_per_socket: Option<f64>,
}

impl Outcome {
    /// Fills in what server and generator used per delivery.
    pub fn with_cpu(mut self, server: Option<CpuUse>, generator: CpuUse) -> Self {
        let per_delivery = |us: u64| us as f64 / self.delivered.max(1) as f64;
        self.server_cpu_us = server.map(|used| per_delivery(used.total_us));
        self.server_user_us = server.map(|used| per_delivery(used.user_us));
        self.server_system_us = server.map(|used| per_delivery(used.system_us));
        self.generator_cpu_us = per_delivery(generator.total_us);
        self
    }
}

/// A scenario's result.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    scenario: &'static str,
    at_unix_s: u64,
    commit: Option<String>,
    machine: Machine,
    parameters: Value,
    repeats: usize,
    result: Outcome,
}

/// The machine that it ran on.
#[derive(Debug, Clone, Default, Serialize)]
struct Machine {
    processor: String,
    cores: usize,
    kernel: String,
}

impl Report {
    /// Sums up runs: adds the losses and takes the median of everything else. Memory is that of the
    /// first run, because a server keeps the memory it once allocated.
    pub fn new(scenario: &'static str, parameters: Value, outcomes: &[Outcome]) -> Self {
        let at_unix_s = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map(|age| age.as_secs()).unwrap_or_default();
        let result = summed_up(outcomes);
        Self { scenario, at_unix_s, commit: commit(), machine: Machine::here(), parameters, repeats: outcomes.len(), result }
    }

    /// Says whether nothing was lost and the server ended no socket.
    pub fn is_complete(&self) -> bool {
        self.result.lost == 0 && self.result.ended == 0
    }

    /// Returns the record.
    pub fn json_line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Returns the table.
    pub fn table(&self) -> String {
        let result = &self.result;
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
        let latencies = &result.latencies;
        let rows = [
            ("delivered / expected", format!("{} / {}", result.delivered, result.expected)),
            ("lost, repeated, ended", format!("{}, {}, {}", result.lost, result.repeated, result.ended)),
            (
                "p50 / p95 / p99 / max ms",
                format!("{:.1} / {:.1} / {:.1} / {:.1}", latencies.p50_ms, latencies.p95_ms, latencies.p99_ms, latencies.max_ms),
            ),
            (
                "server CPU us/delivery (user + system)",
                format!("{} ({} + {})", number(result.server_cpu_us), number(result.server_user_us), number(result.server_system_us)),
            ),
            ("generator CPU us/delivery", number(Some(result.generator_cpu_us))),
            ("server KiB per idle socket", number(result.bytes_per_socket.map(|bytes| bytes / 1024.0))),
        ];
        let mut table = format!("{} x {} on {} ({} cores)\n", self.scenario, self.repeats, self.machine.processor, self.machine.cores);
        for (name, value) in rows {
            // Writing to a text cannot fail.
            let _ = writeln!(table, "  {name:<40} {value}");
        }
        table
    }
}

fn summed_up(outcomes: &[Outcome]) -> Outcome {
    let sum = |of: fn(&Outcome) -> u64| outcomes.iter().map(of).sum();
    let middle = |of: fn(&Outcome) -> f64| median(outcomes.iter().map(of)).unwrap_or_default();
    let known = |of: fn(&Outcome) -> Option<f64>| median(outcomes.iter().filter_map(of));
    Outcome {
        expected: sum(|run| run.expected),
        delivered: sum(|run| run.delivered),
        lost: sum(|run| run.lost),
        repeated: sum(|run| run.repeated),
        ended: sum(|run| run.ended),
        latencies: Latencies {
            p50_ms: middle(|run| run.latencies.p50_ms),
            p95_ms: middle(|run| run.latencies.p95_ms),
            p99_ms: middle(|run| run.latencies.p99_ms),
            max_ms: middle(|run| run.latencies.max_ms),
        },
        server_cpu_us: known(|run| run.server_cpu_us),
        server_user_us: known(|run| run.server_user_us),
        server_system_us: known(|run| run.server_system_us),
        generator_cpu_us: middle(|run| run.generator_cpu_us),
        bytes_per_socket: outcomes.first().and_then(|run| run.bytes_per_socket),
    }
}

impl Machine {
    fn here() -> Self {
        let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = processor.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(':'));
        Self {
            processor: model.map_or("unknown", |(_, name)| name.trim()).to_owned(),
            cores: std::thread::available_parallelism().map(usize::from).unwrap_or_default(),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
        }
    }
}

/// Returns the commit of the folder this runs in.
fn commit() -> Option<String> {
    let output = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn outcome(p99_ms: f64, lost: u64) -> Outcome {
        let latencies = Latencies { p99_ms, ..Latencies::default() };
        let outcome =
            Outcome { expected: 10, delivered: 10 - lost, lost, latencies, bytes_per_socket: Some(p99_ms * 1024.0), ..Outcome::default() };
        outcome.with_cpu(Some(CpuUse { total_us: 100, user_us: 30, system_us: 70 }), CpuUse::default())
    }

    #[test]
    fn runs_are_summed_up_by_medians_and_no_loss_is_averaged_away() {
        let report = Report::new("fanout", json!({}), &[outcome(3.0, 0), outcome(9.0, 1), outcome(4.0, 0)]);
        assert_eq!(report.result.latencies.p99_ms, 4.0);
        assert_eq!(report.result.lost, 1);
        assert_eq!(report.result.delivered, 29);
        assert_eq!(report.result.bytes_per_socket, Some(3072.0));
        assert!(!report.is_complete());
        assert!(Report::new("fanout", json!({}), &[outcome(3.0, 0)]).is_complete());
    }

    #[test]
    fn the_record_is_one_line_with_all_numbers() {
        let line = Report::new("fanout", json!({ "sockets": 10 }), &[outcome(3.0, 0)]).json_line();
        assert!(!line.contains('\n'));
        let record: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(record["scenario"], "fanout");
        assert_eq!(record["parameters"]["sockets"], 10);
        assert_eq!(record["result"]["p99_ms"], 3.0);
        assert_eq!(record["result"]["server_cpu_us"], 10.0);
        assert!(record["machine"]["cores"].as_u64().unwrap() > 0);
    }

    #[test]
    fn the_table_shows_a_dash_for_what_is_unknown() {
        let mut unknown = outcome(3.0, 0);
        unknown.server_cpu_us = None;
        let table = Report::new("chatter", json!({}), &[unknown]).table();
        assert!(table.contains("10 / 10") && table.contains("- (3.0 + 7.0)"), "{table}");
    }
}
