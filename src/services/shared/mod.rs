//! Parts that use cases share: the requester, persons, idempotency, the school's calendar, and the
//! repeating of transactions.

pub(super) mod contention;
pub mod file;
pub mod idempotency;
pub mod person;
pub mod requester;
pub mod school_day;
