//! What use cases share: who asks, persons, files, repeats, the school's calendar, and databases in the way of each other.

pub(super) mod contention;
pub mod file;
pub mod idempotency;
pub mod person;
pub mod requester;
pub mod school_day;
