//! The live side as use cases see it: the port to the hub, the right to join a channel, and the
//! events that a client missed.

pub mod channel_access;
pub mod port;
pub mod sync;
