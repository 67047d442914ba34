//! Owns the resource use of a process, read from `/proc`: that of the server, found by its id or
//! its listening port, and that of this program.

use anyhow::{Context as _, Result};
use std::{collections::BTreeMap, fs, path::Path};

/// Ticks of `/proc/PID/stat` per second; fixed by the kernel's interface to user space.
const TICKS_PER_S: u64 = 100;

/// Processor time used between two snapshots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CpuUse {
    /// All threads, from the scheduler's nanoseconds where the kernel shows them, else from ticks.
    pub total_us: u64,
    /// In user space, in ticks of 10 ms.
    pub user_us: u64,
    /// In the kernel, in ticks of 10 ms.
    pub system_us: u64,
}

/// Processor time used so far.
#[derive(Debug, Clone, Default)]
pub struct CpuSnapshot {
    /// Nanoseconds by thread; empty when the kernel does not show them.
    threads: BTreeMap<u32, u64>,
    user_us: u64,
    system_us: u64,
}

impl CpuSnapshot {
    /// Returns the time used since `earlier`. Compares thread by thread, because the time of a
    /// thread that ended is missing from the sum.
    pub fn since(&self, earlier: &Self) -> CpuUse {
        let user_us = self.user_us.saturating_sub(earlier.user_us);
        let system_us = self.system_us.saturating_sub(earlier.system_us);
        if self.threads.is_empty() || earlier.threads.is_empty() {
            return CpuUse { total_us: user_us + system_us, user_us, system_us };
        }
        let past = |thread: &u32| earlier.threads.get(thread).copied().unwrap_or(0);
        let total_ns: u64 = self.threads.iter().map(|(thread, ns)| ns.saturating_sub(past(thread))).sum();
        CpuUse { total_us: total_ns / 1000, user_us, system_us }
    }
}

/// The server's process; unknown when it belongs to another user.
#[derive(Debug, Clone, Copy)]
pub struct ServerProcess {
    pid: Option<u32>,
}

impl ServerProcess {
    /// Takes the process id, or looks for the process that listens on the port.
    pub fn find(pid: Option<u32>, port: u16) -> Result<Self> {
        if let Some(pid) = pid {
            cpu_of(&pid.to_string()).with_context(|| format!("no process {pid}"))?;
        }
        Ok(Self { pid: pid.or_else(|| listener_of(port)) })
    }

    /// Returns the processor time of the server.
    pub fn cpu(self) -> Option<CpuSnapshot> {
        cpu_of(&self.pid?.to_string()).ok()
    }

    /// Returns the resident memory of the server.
    pub fn rss_bytes(self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid?)).ok()?;
        rss_in(&status)
    }
}

/// Returns the processor time of this process.
pub fn own_cpu() -> CpuSnapshot {
    cpu_of("self").unwrap_or_default()
}

/// Returns how many descriptors this process may open.
pub fn descriptor_limit() -> Result<usize> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find(|line| line.starts_with("Max open files")).context("no descriptor limit in /proc/self/limits")?;
    Ok(line.split_whitespace().nth(3).and_then(|soft| soft.parse().ok()).unwrap_or(usize::MAX))
}

fn cpu_of(pid: &str) -> Result<CpuSnapshot> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (user_us, system_us) = ticks_in(&stat).context("/proc/PID/stat is not readable")?;
    Ok(CpuSnapshot { threads: scheduled_ns(pid), user_us, system_us })
}

/// Reads the processor time of every live thread.
fn scheduled_ns(pid: &str) -> BTreeMap<u32, u64> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().filter_map(Result::ok);
    let time_of = |thread: fs::DirEntry| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        Some((thread.file_name().to_str()?.parse().ok()?, text.split_whitespace().next()?.parse().ok()?))
    };
    threads.filter_map(time_of).collect()
}

/// Finds user and system time in µs, behind the name of the process, which may contain spaces and
/// brackets.
fn ticks_in(stat: &str) -> Option<(u64, u64)> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next_us = || Some(fields.next()?.parse::<u64>().ok()? * 1_000_000 / TICKS_PER_S);
    Some((next_us()?, next_us()?))
}

fn rss_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

fn listener_of(port: u16) -> Option<u32> {
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    let inode = inode_in(&table, port)?;
    let wanted = format!("socket:[{inode}]");
    let processes = fs::read_dir("/proc").ok()?.filter_map(Result::ok);
    processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).find(|pid: &u32| holds(*pid, &wanted))
}

fn holds(pid: u32, wanted: &str) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors.filter_map(Result::ok).any(|entry| fs::read_link(entry.path()).is_ok_and(|link| link == Path::new(wanted)))
}

/// Finds the inode of the socket that listens (state 0A) on a port.
fn inode_in(table: &str, port: u16) -> Option<&str> {
    let suffix = format!(":{port:04X}");
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_listener = fields.get(1)?.ends_with(&suffix) && *fields.get(3)? == "0A";
        is_listener.then(|| fields.get(9).copied()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_a_name_with_brackets() {
        let stat = "42 (a) b) c) S 1 42 42 0 -1 4194304 100 0 0 0 12 34 0 0 20 0 3 0 1 2 3";
        assert_eq!(ticks_in(stat), Some((120_000, 340_000)));
        assert_eq!(ticks_in("nothing"), None);
    }

    #[test]
    fn the_listener_is_told_from_connections_on_its_port() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1F90 0200007F:A0B0 01 00000000:00000000 00:00000000 00000000 0 0 111 1 0\n\
            1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 222 1 0\n";
        assert_eq!(inode_in(table, 8080), Some("222"));
        assert_eq!(inode_in(table, 8081), None);
    }

    #[test]
    fn a_thread_that_ended_does_not_hide_what_others_used() {
        let snapshot = |threads: &[(u32, u64)]| CpuSnapshot { threads: threads.iter().copied().collect(), ..CpuSnapshot::default() };
        let (earlier, later) = (snapshot(&[(1, 1_000), (2, 900_000)]), snapshot(&[(1, 6_000), (3, 2_000)]));
        assert_eq!(later.since(&earlier).total_us, 7);
        let ticks = CpuSnapshot { user_us: 20, system_us: 30, ..CpuSnapshot::default() };
        assert_eq!(ticks.since(&CpuSnapshot::default()).total_us, 50);
    }

    #[test]
    fn memory_is_read_in_bytes() {
        assert_eq!(rss_in("Name:\tx\nVmRSS:\t   2048 kB\n"), Some(2_097_152));
    }

    #[test]
    fn this_process_is_found_by_its_own_port() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let found = ServerProcess::find(None, listener.local_addr().unwrap().port()).unwrap();
        assert_eq!(found.pid, Some(std::process::id()));
        assert!(found.rss_bytes().unwrap() > 0 && descriptor_limit().unwrap() > 0);
    }
}
