//! Owns the messages of other actors that the hub sends: their receivers know the hub, so the hub must not know them. Called by the hub and by the
//! receivers, [`crate::actors::cluster::log_pump::LogPump`] and [`crate::actors::companion::desk::ChatDesk`]. Must not import another file of `actors`.

use crate::domain::ids::MessageId;
use actix::Message;
use tokio::sync::oneshot;

/// Services -> LogPump (through `Hub::wake_pump`): rows were committed. No reply. Folded: any number means "look once more".
#[derive(Message)]
#[rtype(result = "()")]
pub struct WakePump;

/// Routes, and the bus through `Hub` -> ChatDesk: the student wants this answer to end. Reply: what resolves when it has ended; `None` when it does not grow here.
/// Any number means the same as one.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Option<oneshot::Receiver<()>>")]
pub struct StopAnswer {
    /// Which.
    pub answer: MessageId,
}
