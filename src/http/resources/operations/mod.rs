//! Owns the routes about the server's state: for load balancers and Prometheus, and for admins.

pub mod health;
pub mod system_report;
