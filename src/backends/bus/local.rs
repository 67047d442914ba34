//! Owns the bus of a single node: it gives each envelope to the listeners of this process as it is.
//! Called through [`Bus`]. Must not make bytes.

use super::{Bus, BusMessage, Listeners};
use crate::{backends::BackendResult, wire::envelope::Envelope};
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc};

/// The bus of a single node.
#[derive(Debug, Default)]
pub struct LocalBus {
    listeners: Listeners,
    /// Held while a message is handed over: one order for all listeners.
    turn: Mutex<()>,
}

impl LocalBus {
    /// Makes a bus without listeners.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Bus for LocalBus {
    async fn publish(&self, envelope: Arc<Envelope>) -> BackendResult<()> {
        let _turn = self.turn.lock().await;
        self.listeners.deliver(&BusMessage::Envelope(envelope)).await;
        Ok(())
    }

    fn subscribe(&self) -> mpsc::Receiver<BusMessage> {
        self.listeners.add()
    }

    fn is_local(&self) -> bool {
        true
    }

    fn is_alive(&self) -> bool {
        true
    }

    async fn ping(&self) -> BackendResult<()> {
        Ok(())
    }
}
