//! Sockets: the shards, one per worker thread, and the sessions beside them.

mod join_buffer;
mod login_check;
pub mod outbound;
pub mod polling_session;
mod read_rate;
pub mod session;
pub mod shard;
pub(super) mod sign_in;
