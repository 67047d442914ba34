//! Owns the messages that the hub sends to actors that know the hub: the hub must not know them.
//! Called by the hub and by the receivers, [`crate::actors::cluster::log_pump::LogPump`] and
//! [`crate::actors::companion::desk::ChatDesk`]. Must not import another file of `actors`.

use crate::domain::ids::MessageId;
use actix::Message;
use tokio::sync::oneshot;

/// Services -> LogPump (through `Hub::wake_pump`): a transaction committed rows. No reply. Any
/// number in the mailbox means "look once more".
#[derive(Message)]
#[rtype(result = "()")]
pub struct WakePump;

/// Routes, and the bus through `Hub` -> ChatDesk: end this answer, the student wants it. Reply: a
/// receiver that resolves when the answer ended; `None` when it does not grow here. Any number
/// means the same as one.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Option<oneshot::Receiver<()>>")]
pub struct StopAnswer {
    /// Which.
    pub answer: MessageId,
}
