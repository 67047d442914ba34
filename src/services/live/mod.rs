//! The live side as use cases see it: what they ask of it, who may join a channel, and what a client missed.

pub mod channel_access;
pub mod port;
pub mod sync;
