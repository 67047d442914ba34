//! Connected apps on this node: kept up to date, watched, told of.

pub mod console_link;
pub mod happenings;
pub mod keeper;
