//! One contract suite per seam, run over every backend of it. Needs the test servers: `make test`, or
//! `scripts/with-test-servers cargo test --test contract`.

#[path = "../support/databases.rs"]
mod databases;
#[path = "../support/redis.rs"]
mod redis_server;

mod bus;
mod cache;
mod store;
