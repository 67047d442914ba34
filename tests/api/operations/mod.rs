//! Tests of starting, measuring and cleaning up, and of the reports for the school's staff.

mod dashboards;
mod housekeeping;
mod metrics;
mod start_up;
mod system;
