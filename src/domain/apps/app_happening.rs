//! Owns the happenings of connected apps that an app's owner can be notified of
//! (docs/pusher-protocol.md, section 2.9). `actors/apps/happenings` passes each one to the webhooks
//! and to the debug console.

use super::connected_app::WebhookEvent;
use crate::domain::{
    ids::{AppId, SocketId},
    live::channel::ChannelName,
};
use std::sync::Arc;

/// A happening on a channel of a connected app, counted over the whole cluster. The node that
/// caused it reports it once.
#[derive(Debug, Clone)]
pub struct AppHappening {
    /// The app.
    pub app: AppId,
    /// The channel.
    pub channel: ChannelName,
    /// Kind of the happening.
    pub kind: AppHappeningKind,
}

/// Kind of a happening.
#[derive(Debug, Clone)]
pub enum AppHappeningKind {
    /// The channel got its first subscriber.
    Occupied,
    /// The channel lost its last subscriber.
    Vacated,
    /// The first connection of a user joined.
    MemberAdded {
        /// Id of the user.
        user_id: String,
    },
    /// The last connection of a user left.
    MemberRemoved {
        /// Id of the user.
        user_id: String,
    },
    /// A client sent an event.
    Client {
        /// The event's name.
        event: String,
        /// Data of the event, JSON text.
        data: String,
        /// The socket that sent it.
        socket: SocketId,
        /// The user behind that socket; presence channels only.
        user_id: Option<Arc<str>>,
    },
    /// A socket joined a cache channel that holds no event.
    CacheMiss,
    /// The number of subscribers changed.
    Count(u64),
}

impl AppHappeningKind {
    /// Returns the event that a webhook subscribes to for this kind.
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
