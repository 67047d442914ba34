//! Channels, who listens and who is there.

pub mod audience;
pub mod channel;
pub mod heartbeat;
pub mod presence;
pub mod registry;
