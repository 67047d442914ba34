//! One contract suite per seam, run over every backend of it. Needs the test servers: `make test`, or
//! `scripts/with-test-servers cargo test --test contract`.

#[path = "../support/databases.rs"]
mod databases;

mod store;
