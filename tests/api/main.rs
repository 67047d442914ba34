//! Tests over HTTP and sockets against the running server, started as `main` starts it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends; so do its set-up functions")]

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod admin_users;
mod bad_uploads;
mod dashboards;
mod housekeeping;
mod http_rules;
mod materials;
mod metrics;
mod notices;
mod openapi;
mod socket_logins;
mod sockets;
mod start_up;
mod sync;
mod unread_bodies;
