//! Runs one contract suite per seam over each of its backends. Needs the test servers: `make test`,
//! or `scripts/with-test-servers cargo test --test contract`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends; so do its set-up functions")]

#[path = "../support/databases.rs"]
mod databases;
#[path = "../support/redis.rs"]
mod redis_server;
#[path = "../support/wait.rs"]
mod wait;

use testkit::provider;

mod aimock;
mod bus;
mod cache;
mod census;
mod companion;
mod files;
mod store;
