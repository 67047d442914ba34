//! What the provider's connections and the test share.

use super::{
    calls::Calls,
    reply::{Reply, Verdict},
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::sync::watch;

/// Decides what is done with a question.
pub(super) type Decide = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

/// What to do, and what was done.
#[derive(Default)]
pub(super) struct ProviderState {
    pub(super) script: VecDeque<Reply>,
    pub(super) usual: Option<Decide>,
    pub(super) verdict: Option<Verdict>,
    pub(super) calls: Calls,
}

impl ProviderState {
    /// Returns what is done with a chat request: the next of the script, then the rule for all others.
    pub(super) fn next_reply(&mut self, question: &str) -> Option<Reply> {
        self.script.pop_front().or_else(|| self.usual.as_ref().map(|decide| decide(question)))
    }
}

/// The same behind a lock, and a signal for those who wait for a change.
#[derive(Default)]
pub(super) struct SharedProviderState {
    state: Mutex<ProviderState>,
    /// Something happened to a request. A receiver also hears of what happened while it did not wait.
    pub(super) changed: watch::Sender<()>,
}

impl SharedProviderState {
    pub(super) fn lock(&self) -> MutexGuard<'_, ProviderState> {
        self.state.lock().unwrap()
    }
}
