//! What happens in a connected app that its owner can be told of (section 2.9 of the wire contract). One type for all who want to know: webhooks, the
//! debug console.

use super::connected_app::WebhookEvent;
use crate::domain::{
    ids::{AppId, SocketId},
    live::channel::ChannelName,
};
use std::sync::Arc;

/// Something that happened on a channel of a connected app, in the whole cluster; told once, by the node that brought it about.
#[derive(Debug, Clone)]
pub struct AppHappening {
    /// The app.
    pub app: AppId,
    /// The channel.
    pub channel: ChannelName,
    /// What happened.
    pub kind: AppHappeningKind,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum AppHappeningKind {
    /// The channel got its first subscriber.
    Occupied,
    /// The channel lost its last subscriber.
    Vacated,
    /// The first connection of a user joined.
    MemberAdded {
        /// Its id.
        user_id: String,
    },
    /// The last connection of a user left.
    MemberRemoved {
        /// Its id.
        user_id: String,
    },
    /// A client sent an event.
    Client {
        /// The event's name.
        event: String,
        /// JSON text.
        data: String,
        /// Who sent it.
        socket: SocketId,
        /// As whom, on presence channels.
        user_id: Option<Arc<str>>,
    },
    /// Somebody joined a cache channel that holds no event.
    CacheMiss,
    /// The number of subscribers changed.
    Count(u64),
}

impl AppHappeningKind {
    /// Returns the name webhooks choose it by.
    #[must_use]
    pub const fn webhook_event(&self) -> WebhookEvent {
        match self {
            Self::Occupied => WebhookEvent::ChannelOccupied,
            Self::Vacated => WebhookEvent::ChannelVacated,
            Self::MemberAdded { .. } => WebhookEvent::MemberAdded,
            Self::MemberRemoved { .. } => WebhookEvent::MemberRemoved,
            Self::Client { .. } => WebhookEvent::ClientEvent,
            Self::CacheMiss => WebhookEvent::CacheMiss,
            Self::Count(_) => WebhookEvent::SubscriptionCount,
        }
    }
}
