//! Owns the port from the use cases to the live side: [`Announce`]. Called by the use cases;
//! `actors::hub::Hub` implements it. Must not know an actor.

use crate::{
    backends::BackendResult,
    domain::{
        ids::{AppId, LoginId, MessageId, UserId},
        live::channel::ChannelName,
    },
    wire::{desk_event::DeskEvent, envelope::Envelope},
};
use async_trait::async_trait;
use serde_json::Value;
use std::sync::Arc;

/// Why sockets are ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum LoginEnd {
    /// The user logged out.
    Logout,
    /// The user ended this login from another device, or an admin changed role or password.
    Revoked,
    /// The account was disabled.
    Disabled,
    /// The login expired, or this node missed the envelope of its end.
    Expired,
}

/// Counts of an app at this moment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[schemars(inline)]
pub struct SessionEnded {
    /// Null: all sessions of the account.
    pub session_id: Option<LoginId>,
    /// Why it ended.
    pub reason: LoginEnd,
}

/// How much is going on in an app right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, schemars::JsonSchema)]
#[schemars(inline)]
pub struct AppCounts {
    /// Open sockets.
    pub connections: u64,
    /// Channels with a listener.
    pub channels: u64,
}

/// The live side as the use cases see it. All calls but the awaited ones return at once, and the
/// hub logs their failures, because the log holds what must not be lost. Backends of connected apps
/// get the outcome, so their calls are awaited.
#[async_trait]
pub trait Announce: Send + Sync {
    /// Wakes the pump: a transaction with log rows was committed.
    fn wake_pump(&self);

    /// Queues an event of the built-in app without a row, for every node. At most once.
    fn queue_event(&self, channel: &ChannelName, event: DeskEvent, data: Value);

    /// Ends the open sockets of a user on every node: those of one login, or all.
    /// Each hears `session.ended` and is closed with 4009.
    fn end_sockets(&self, user: UserId, login: Option<LoginId>, reason: LoginEnd);

    /// Takes the sockets of a user off a channel of the built-in app, on every node; the other
    /// members hear `member_removed`. Takes effect at once, best effort. The log pump repeats it in
    /// log order, so it cannot be lost.
    fn leave_channel(&self, user: UserId, channel: &ChannelName);

    /// Asks the node where an answer grows to end it, because the student wants that. The database
    /// knows it too.
    fn stop_answer(&self, answer: MessageId);

    /// Makes every node load the connected apps anew and end the sockets of those that may not be
    /// used any more.
    fn apps_changed(&self);

    /// Makes every node log for an admin who watches an app, for a minute from now on. Returns when
    /// this node will stop, in ms.
    fn watch_app(&self, app: &AppId) -> i64;

    /// Publishes an envelope to every node, this one included. Returns when the bus has it; fails
    /// when the bus does not take it.
    async fn publish(&self, envelope: Arc<Envelope>) -> BackendResult<()>;

    /// Closes with 4009 the sockets that are signed in as a user of an app, on every node. Returns
    /// when the bus has the envelope.
    async fn end_user(&self, app: &AppId, user_id: &str) -> BackendResult<()>;

    /// Returns when the census knows the changes of this node so far, or after a second.
    async fn await_census(&self);

    /// Returns the number of open sockets of this node.
    fn open_sockets(&self) -> usize;

    /// Says whether this node sends its sockets away because it stops: then it takes no new ones.
    fn is_draining(&self) -> bool;

    /// Returns the counts of an app in the whole cluster; those of other nodes are some seconds
    /// old.
    fn app_counts(&self, app: &AppId) -> AppCounts;

    /// Says whether publications travel between this node and the others. A single node is always
    /// connected.
    fn is_connected(&self) -> bool {
        true
    }
}
