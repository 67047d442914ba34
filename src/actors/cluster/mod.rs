//! The ties to the other nodes and to the log: bus, census, pump.

pub mod bus_link;
pub mod census_link;
pub(super) mod census_queue;
pub mod log_pump;
