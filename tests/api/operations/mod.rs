//! Starting, measuring, cleaning up, and what the people who run the school see.

mod dashboards;
mod housekeeping;
mod metrics;
mod start_up;
mod system;
