//! What use cases ask of the live side without knowing the actors: implemented by `actors::hub::Hub`, and by a recorder in tests.

use crate::{
    backends::BackendResult,
    domain::{
        ids::{AppId, LoginId, MessageId, UserId},
        live::channel::ChannelName,
    },
    wire::{desk_event::DeskEvent, envelope::Publication},
};
use async_trait::async_trait;
use serde_json::Value;

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
    /// The login is over and nobody said why: it ran out, or the word of its end was missed.
    Expired,
}

/// The data of `session.ended`.
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
    /// Channels somebody listens to.
    pub channels: u64,
}

/// The live side as the use cases see it. All calls return at once; failures are logged by the implementation, because what must not be lost is
/// in the log already. What backends of connected apps ask for is awaited instead: they are told how it went.
#[async_trait]
pub trait Announce: Send + Sync {
    /// Tells the pump that a transaction with log rows was committed.
    fn wake_pump(&self);

    /// Publishes an event of the built-in app that is not worth a row, on every node. At most once.
    fn publish(&self, channel: &ChannelName, event: DeskEvent, data: Value);

    /// Ends the open sockets of a user on every node: those of one login, or all.
    /// Each hears `session.ended` and is closed with 4009.
    fn end_sockets(&self, user: UserId, login: Option<LoginId>, reason: LoginEnd);

    /// Takes the sockets of a user off a channel of the built-in app, on every node; the others hear `member_removed`. At once; what must not be lost
    /// besides is that of the pump, which does the same in the order of the log.
    fn leave_channel(&self, user: UserId, channel: &ChannelName);

    /// Tells every node that the student wants a growing answer to end; the one where it grows ends it. The database knows it too.
    fn stop_answer(&self, answer: MessageId);

    /// Tells every node that connected apps changed in the database: each loads them anew and ends the sockets of those that may not be used any more.
    fn apps_changed(&self);

    /// Tells every node that an admin watches an app: from now on each tells what happens there, for a minute. Returns when this node will stop, in ms.
    fn watch_app(&self, app: &AppId) -> i64;

    /// Publishes an event of a connected app, on every node. Returns when the bus has it.
    async fn publish_and_wait(&self, publication: Publication) -> BackendResult<()>;

    /// Closes the sockets that are signed in as a user of an app with 4009, on every node. Returns when the bus has it.
    async fn end_user(&self, app: &AppId, user_id: &str) -> BackendResult<()>;

    /// Returns when what happened on this node so far is known to the census, or after a second.
    async fn settle(&self);

    /// Returns the number of open sockets of this node.
    fn open_sockets(&self) -> usize;

    /// Says whether this node sends its sockets away because it stops: then it takes no new ones.
    fn is_draining(&self) -> bool;

    /// Returns how much is going on in an app, in the whole cluster (other nodes' part as of some seconds ago).
    fn app_counts(&self, app: &AppId) -> AppCounts;

    /// Says whether publications reach the other nodes and theirs reach us. A single node is always connected.
    fn is_connected(&self) -> bool {
        true
    }
}
