//! Owns the apps that admins watch in the event debug console, and the lines that wait to be
//! published to them; one table per node. Filled by `http`, `actors` and services through
//! `Context::watched`; emptied by `actors/apps/console_link`.
//!
//! - Every node learns over the bus that an app is watched, and forgets it after [`WATCH_MS`]
//!   without a repeat.
//! - When no admin watches, each call site costs one atomic load.

use super::table::BUILT_IN_APP;
use crate::{
    domain::{
        clock::{Clock, rfc3339},
        ids::{AppId, NodeId},
    },
    wire::console::{Line, NotedLine},
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::Notify;

/// How long a node collects lines of an app after it learned that an admin watches, in ms.
pub const WATCH_MS: i64 = 60_000;
/// How many lines of one app can wait; further ones are only counted.
const MOST_LINES: usize = 50;

/// The lines of one app since the last [`WatchedApps::take`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The app.
    pub app: AppId,
    /// The first lines.
    pub lines: Vec<NotedLine>,
    /// How many further lines were only counted.
    pub skipped: u64,
}

#[derive(Debug)]
struct Watched {
    until_ms: i64,
    lines: Vec<NotedLine>,
    skipped: u64,
}

#[derive(Debug, Default)]
struct WatchedTable {
    apps: HashMap<AppId, Watched>,
    /// How many lines were kept so far; gives them ids on this node.
    noted: u64,
}

#[derive(Debug)]
struct Inner {
    /// Number of entries of the table; read without its lock.
    count: AtomicUsize,
    table: Mutex<WatchedTable>,
    filled: Notify,
    clock: Clock,
    node: NodeId,
}

/// The watched apps of a node; cheap to clone, usable from every thread.
#[derive(Debug, Clone)]
pub struct WatchedApps {
    inner: Arc<Inner>,
}

impl WatchedApps {
    /// Makes the table of a process, with no app watched.
    #[must_use]
    pub fn new(clock: Clock, node: NodeId) -> Self {
        let inner = Inner { count: AtomicUsize::new(0), table: Mutex::default(), filled: Notify::new(), clock, node };
        Self { inner: Arc::new(inner) }
    }

    /// Starts or extends the watch of an app for [`WATCH_MS`]; returns when it ends, in ms.
    pub fn watch(&self, app: &AppId) -> i64 {
        let until_ms = self.inner.clock.now_ms().saturating_add(WATCH_MS);
        let mut table = self.lock();
        let fresh = || Watched { until_ms, lines: Vec::new(), skipped: 0 };
        table.apps.entry(app.clone()).or_insert_with(fresh).until_ms = until_ms;
        self.inner.count.store(table.apps.len(), Ordering::Relaxed);
        until_ms
    }

    /// Says whether any app is watched, for callers that would have to find out first which app
    /// they are about.
    #[must_use]
    pub fn is_anybody_watching(&self) -> bool {
        self.inner.count.load(Ordering::Relaxed) > 0
    }

    /// Queues a line of an app. `line` is called only when the app is watched and there is room,
    /// and must not call this table.
    pub fn show(&self, app: &AppId, line: impl FnOnce() -> Line) {
        if self.is_anybody_watching() {
            self.queue_line(app, line);
        }
    }

    #[cold]
    fn queue_line(&self, app: &AppId, line: impl FnOnce() -> Line) {
        let now_ms = self.inner.clock.now_ms();
        let mut guard = self.lock();
        let table = &mut *guard;
        table.apps.retain(|_, watched| watched.until_ms > now_ms);
        self.inner.count.store(table.apps.len(), Ordering::Relaxed);
        let Some(watched) = table.apps.get_mut(app) else { return };
        if watched.lines.len() >= MOST_LINES {
            watched.skipped += 1;
            return;
        }
        let line = line();
        // What students do in the built-in app is no admin's business; why they cannot join is.
        if *app.0 == *BUILT_IN_APP && !line.is_refused_join() {
            return;
        }
        table.noted += 1;
        let node = self.inner.node.to_string();
        watched.lines.push(NotedLine { id: format!("{node}-{}", table.noted), at: rfc3339(now_ms), node, line });
        drop(guard);
        self.inner.filled.notify_one();
    }

    /// Waits until a line was queued. For one waiter.
    pub async fn filled(&self) {
        self.inner.filled.notified().await;
    }

    /// Takes the queued lines, app by app.
    #[must_use]
    pub fn take(&self) -> Vec<Batch> {
        let mut table = self.lock();
        let waiting = table.apps.iter_mut().filter(|(_, watched)| !watched.lines.is_empty());
        let take = |(app, watched): (&AppId, &mut Watched)| {
            let (lines, skipped) = (std::mem::take(&mut watched.lines), std::mem::take(&mut watched.skipped));
            Batch { app: app.clone(), lines, skipped }
        };
        waiting.map(take).collect()
    }

    fn lock(&self) -> MutexGuard<'_, WatchedTable> {
        self.inner.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::console::LineKind;
    use std::{cell::Cell, collections::HashSet};

    fn table() -> (WatchedApps, Clock, AppId) {
        let clock = Clock::manual(1_000);
        (WatchedApps::new(clock.clone(), NodeId::generate()), clock, AppId("7".into()))
    }

    fn line() -> Line {
        Line::new(LineKind::Connected)
    }

    #[test]
    fn a_line_is_made_only_for_an_app_that_is_watched_and_as_long_as_it_is() {
        let (watched, clock, app) = table();
        let made = Cell::new(0);
        let tell = |app: &AppId| {
            watched.show(app, || {
                made.set(made.get() + 1);
                line()
            });
        };
        tell(&app);
        assert!(!watched.is_anybody_watching());
        assert_eq!(watched.watch(&app), 1_000 + WATCH_MS);
        tell(&AppId("8".into()));
        assert_eq!(made.get(), 0);
        assert_eq!(watched.take().len(), 0);
        clock.advance(WATCH_MS - 1);
        tell(&app);
        assert_eq!(made.get(), 1);
        assert_eq!(watched.take().len(), 1);
        watched.watch(&app);
        clock.advance(WATCH_MS - 1);
        tell(&app);
        assert_eq!(made.get(), 2, "a repeat keeps it on");
        clock.advance(1);
        tell(&app);
        assert_eq!(made.get(), 2);
        assert!(!watched.is_anybody_watching());
        assert_eq!(watched.take().len(), 0);
    }

    #[test]
    fn what_is_too_much_is_counted_and_not_made() {
        let (watched, _, app) = table();
        watched.watch(&app);
        let made = Cell::new(0);
        for _ in 0..MOST_LINES + 7 {
            watched.show(&app, || {
                made.set(made.get() + 1);
                line()
            });
        }
        let batch = watched.take().remove(0);
        assert_eq!(batch.app, app);
        assert_eq!(batch.lines.len(), MOST_LINES);
        assert_eq!(batch.skipped, 7);
        assert_eq!(made.get(), MOST_LINES);
        let ids: HashSet<_> = batch.lines.iter().map(|line| line.id.clone()).collect();
        assert_eq!(ids.len(), MOST_LINES, "every line has its own id");
        assert!(watched.take().is_empty());
    }
}
