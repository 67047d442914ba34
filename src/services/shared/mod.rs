//! What use cases share: who asks, repeats, and databases in the way of each other.

pub(super) mod contention;
pub mod idempotency;
pub mod requester;
