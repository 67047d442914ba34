//! Owns the list of received requests and how each was answered.

use serde_json::Value;
use std::collections::VecDeque;

/// A received request and how it was answered.
#[derive(Debug, Clone)]
pub struct Call {
    /// Path with its query.
    pub path: String,
    /// The header `authorization`.
    pub authorization: Option<String>,
    /// JSON, or null.
    pub body: Value,
    /// Bytes of the answer that the kernel accepted.
    pub sent_bytes: usize,
    /// Words of the answer that were written.
    pub sent_words: usize,
    /// The client closed the connection before the answer was complete.
    pub closed_by_client: bool,
    /// The answer was sent to its end.
    pub is_whole: bool,
}

impl Call {
    /// Returns role and text of every message of a chat request.
    pub fn messages(&self) -> Vec<(String, String)> {
        let messages = self.body["messages"].as_array().unwrap();
        messages.iter().map(|one| (one["role"].as_str().unwrap().to_owned(), one["content"].as_str().unwrap().to_owned())).collect()
    }
}

/// The newest requests, oldest first; all of them unless [`Calls::keep_last`] sets a limit.
pub(super) struct Calls {
    kept: VecDeque<Call>,
    /// How many were received, including those not kept any more.
    came: usize,
    most: usize,
}

impl Default for Calls {
    fn default() -> Self {
        Self { kept: VecDeque::new(), came: 0, most: usize::MAX }
    }
}

impl Calls {
    /// Keeps the newest `most` from now on.
    pub(super) fn keep_last(&mut self, most: usize) {
        self.most = most;
        self.forget();
    }

    fn forget(&mut self) {
        let excess = self.kept.len().saturating_sub(self.most);
        self.kept.drain(..excess);
    }

    /// Adds a request and returns its number, with which it can be changed.
    pub(super) fn add(&mut self, call: Call) -> usize {
        self.kept.push_back(call);
        self.came += 1;
        self.forget();
        self.came - 1
    }

    /// Changes a request, unless it is not kept any more.
    pub(super) fn change(&mut self, number: usize, change: impl FnOnce(&mut Call)) {
        let forgotten = self.came - self.kept.len();
        if let Some(call) = number.checked_sub(forgotten).and_then(|at| self.kept.get_mut(at)) {
            change(call);
        }
    }

    /// Returns the kept requests.
    pub(super) fn list(&self) -> Vec<Call> {
        self.kept.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(path: &str) -> Call {
        let body = Value::Null;
        Call { path: path.to_owned(), authorization: None, body, sent_bytes: 0, sent_words: 0, closed_by_client: false, is_whole: false }
    }

    #[test]
    fn only_the_newest_requests_are_kept_and_changed() {
        let mut calls = Calls::default();
        let numbers = ["a", "b"].map(|path| calls.add(call(path)));
        calls.keep_last(2);
        let newest = calls.add(call("c"));
        for number in [numbers[0], numbers[1], newest] {
            calls.change(number, |call| call.sent_words = number + 10);
        }
        let kept: Vec<_> = calls.list().into_iter().map(|call| (call.path, call.sent_words)).collect();
        assert_eq!(kept, [("b".to_owned(), 11), ("c".to_owned(), 12)]);
        calls.keep_last(0);
        let forgotten = calls.add(call("d"));
        calls.change(forgotten, |call| call.is_whole = true);
        assert!(calls.list().is_empty());
    }
}
