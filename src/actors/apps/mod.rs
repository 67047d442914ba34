//! Owns connected apps on this node: their freshness, the notices to their owners, and their
//! consoles.

pub mod console_link;
pub mod happenings;
pub mod keeper;
