//! What keeps the server in order, and what operators read of it.

pub mod health;
pub mod housekeeping;
pub mod system_report;
