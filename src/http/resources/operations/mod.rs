//! How the server is doing: for load balancers and Prometheus, and for admins.

pub mod health;
pub mod system_report;
