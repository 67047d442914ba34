//! Operation of the server: housekeeping, health checks, and the report for admins. Called by
//! `actors/scheduler` and `http/resources/operations`.

pub mod health;
pub mod housekeeping;
pub mod system_report;
