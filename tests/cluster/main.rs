//! Tests of the real binary as processes: crashes, restarts, stops, and two nodes at one database
//! and one Redis. Needs the test servers: `make test`, or
//! `scripts/with-test-servers cargo test --test cluster`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends; so do its set-up functions")]

#[path = "../support/databases.rs"]
mod databases;
mod device;
#[path = "../support/redis.rs"]
mod redis_server;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/webhook_receiver.rs"]
mod webhook_receiver;

mod companion;
mod connected_apps;
mod crash;
mod full_disk;
mod memory;
mod offline;
mod redis_outage;
mod secrets;
mod slow_client;
mod small_disk;
mod stop;
mod strangers;
mod two_nodes;
mod webhooks;
