//! Owns the state that the provider's connections and the test share.

use super::{
    calls::Calls,
    reply::{Reply, Verdict},
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::sync::watch;

/// Decides how a question is answered.
pub(super) type Decide = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

/// The replies to come and the requests received.
#[derive(Default)]
pub(super) struct ProviderState {
    pub(super) script: VecDeque<Reply>,
    pub(super) usual: Option<Decide>,
    pub(super) verdict: Option<Verdict>,
    pub(super) calls: Calls,
}

impl ProviderState {
    /// Returns the reply to a chat request: the next of the script, or else that of the rule for
    /// all others.
    pub(super) fn next_reply(&mut self, question: &str) -> Option<Reply> {
        self.script.pop_front().or_else(|| self.usual.as_ref().map(|decide| decide(question)))
    }
}

/// The state behind a lock, and a signal for tests that wait for a change.
#[derive(Default)]
pub(super) struct SharedProviderState {
    state: Mutex<ProviderState>,
    /// Signals a change of a request. A receiver also gets the changes while it was not waiting.
    pub(super) changed: watch::Sender<()>,
}

impl SharedProviderState {
    pub(super) fn lock(&self) -> MutexGuard<'_, ProviderState> {
        self.state.lock().unwrap()
    }
}
