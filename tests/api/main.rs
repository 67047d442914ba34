//! Tests over HTTP and sockets against the running server, started as `main` starts it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends; so do its set-up functions")]

#[macro_use]
mod transports;

#[path = "../support/databases.rs"]
mod databases;
#[path = "../support/redis.rs"]
mod redis_server;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/webhook_receiver.rs"]
mod webhook_receiver;

mod accounts;
mod alerts;
mod appointments;
mod apps;
mod companion;
mod conversations;
mod files;
mod http;
mod live;
mod materials;
mod notices;
mod openapi;
mod operations;
