//! What use cases share: who asks, persons, repeats, and databases in the way of each other.

pub(super) mod contention;
pub mod idempotency;
pub mod person;
pub mod requester;
