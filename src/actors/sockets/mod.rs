//! Owns the sockets of a node: one shard per worker thread, and one session per socket beside it. A
//! session calls its shard as [`local_shard::LocalShard`]. The hub sends messages to
//! [`shard::HubShard`].

mod client_events;
mod heartbeats;
mod join_buffer;
pub mod local_shard;
mod login_check;
pub mod outbound;
pub mod polling_piece;
pub mod polling_session;
mod read_rate;
pub mod session;
pub mod shard;
mod sign_in;
mod subscribe;
