//! Owns the publications between nodes: each node hears the envelopes of all nodes, its own too, in
//! one order. Called by the hub and the census (`publish`) and by the bus link (`subscribe`). Must
//! not keep an envelope: delivery is at most once, and the log holds what must not be lost.
//!
//! - [`local`] carries envelopes inside one process, [`redis`] carries them between processes.
//! - An envelope is shared, never copied. Only [`redis`] makes and parses bytes.

pub mod local;
pub mod redis;

use super::BackendResult;
use crate::wire::envelope::Envelope;
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// How many messages may wait for a listener before publishing waits for it.
const LISTENER_CAPACITY: usize = 1024;

/// A message of the bus to a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusMessage {
    /// A publication of any node.
    Envelope(Arc<Envelope>),
    /// The link was lost and is back: the node may have missed envelopes.
    Resubscribed,
}

/// Publications between nodes.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Publishes to all listeners of all nodes. Returns once the envelope is on its way. A listener
    /// must not await this in the task that empties its receiver.
    async fn publish(&self, envelope: Arc<Envelope>) -> BackendResult<()>;

    /// Adds a listener; it hears envelopes from now on. Drop the receiver to leave. A slow listener
    /// slows all.
    fn subscribe(&self) -> mpsc::Receiver<BusMessage>;

    /// Says whether there is only this node.
    fn is_local(&self) -> bool;

    /// Says whether envelopes of other nodes arrive: a recent message took the whole path.
    fn is_alive(&self) -> bool;

    /// Asks for a sign of life of what carries the publications.
    async fn ping(&self) -> BackendResult<()>;
}

/// The listeners of one node.
#[derive(Debug, Default)]
struct Listeners(Mutex<Vec<mpsc::Sender<BusMessage>>>);

impl Listeners {
    fn add(&self) -> mpsc::Receiver<BusMessage> {
        let (sender, receiver) = mpsc::channel(LISTENER_CAPACITY);
        let mut senders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        senders.retain(|sender| !sender.is_closed());
        senders.push(sender);
        receiver
    }

    /// Sends a message to every listener, and waits for those that are behind. Called by one task
    /// at a time, so all hear one order.
    async fn deliver(&self, message: &BusMessage) {
        let senders = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for sender in senders {
            // A closed receiver is a listener that has left.
            let _ = sender.send(message.clone()).await;
        }
    }
}
