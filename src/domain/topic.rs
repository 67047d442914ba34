//! Owns the topic: the address that events are published to and sockets subscribe to. Used by the
//! hub, the sockets, the census and the bus.

use crate::domain::{ids::AppId, live::channel::ChannelName};

/// A channel of an app.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Topic {
    /// The app.
    pub app: AppId,
    /// The channel inside it.
    pub channel: ChannelName,
}
