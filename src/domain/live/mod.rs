//! Channels, subscriptions, presence, heartbeats and audiences.

pub mod audience;
pub mod channel;
pub mod heartbeat;
pub mod presence;
pub mod registry;
