//! Tests over HTTP and sockets against the running server, started as `main` starts it.

#[path = "../support/mod.rs"]
mod support;

mod dashboards;
mod housekeeping;
mod notices;
mod sockets;
mod sync;
