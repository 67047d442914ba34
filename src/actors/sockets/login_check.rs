//! Owns the check whether the logins behind a shard's sockets still hold. Called by the shard. Must
//! not end a socket itself.
//!
//! - The envelope that ends sockets can miss one: the socket registers just after it, the login
//!   expires by itself, or the bus is cut off.
//! - So a shard checks a socket right after it registered, and all sockets every
//!   `realtime.login_check_s` and when the bus is back.
//! - Checks that are asked for while one runs are made together.

use crate::{
    domain::live::registry::SocketOwner,
    services::{Context as Services, accounts::sign_in, live::port::LoginEnd},
};
use indexmap::IndexSet;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

/// Logins looked up at once.
const BATCH: usize = 200;
/// How soon to ask again when the database or Redis does not answer.
const RETRY: Duration = Duration::from_secs(1);

/// The questions of one shard.
pub(super) struct LoginCheck {
    services: Services,
    waiting: RefCell<IndexSet<SocketOwner>>,
    is_running: Cell<bool>,
}

impl LoginCheck {
    pub(super) fn new(services: Services) -> Self {
        Self { services, waiting: RefCell::default(), is_running: Cell::new(false) }
    }

    /// Asks about `owners`; calls `end` with each whose login is over, and why. The answer is for
    /// all who asked meanwhile.
    pub(super) fn ask(self: &Rc<Self>, owners: impl IntoIterator<Item = SocketOwner>, end: impl Fn(SocketOwner, LoginEnd) + 'static) {
        self.waiting.borrow_mut().extend(owners);
        if self.waiting.borrow().is_empty() || self.is_running.replace(true) {
            return;
        }
        let check = self.clone();
        actix::spawn(async move { check.run(end).await });
    }

    async fn run(&self, end: impl Fn(SocketOwner, LoginEnd)) {
        loop {
            let batch = self.take_batch();
            if batch.is_empty() {
                self.is_running.set(false);
                return;
            }
            match sign_in::ended_logins(&self.services, &batch).await {
                Ok(ended) => ended.into_iter().for_each(|(owner, reason)| end(owner, reason)),
                Err(error) => {
                    tracing::warn!(%error, sockets = batch.len(), "logins of sockets not looked up, trying again");
                    self.waiting.borrow_mut().extend(batch);
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    fn take_batch(&self) -> Vec<SocketOwner> {
        let mut waiting = self.waiting.borrow_mut();
        let count = waiting.len().min(BATCH);
        waiting.drain(..count).collect()
    }
}
