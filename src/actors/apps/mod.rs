//! Connected apps on this node: kept up to date, watched, and their owners notified.

pub mod console_link;
pub mod happenings;
pub mod keeper;
