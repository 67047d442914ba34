//! Channels, subscriptions, presence, heartbeats and audiences.

pub mod audience;
pub mod channel;
pub mod heartbeat;
pub mod join_refusal;
pub mod presence;
pub mod registry;
