//! Guards that hold the repository to the promises of `docs/architecture.md` and CONTRIBUTING.md. A
//! list of exceptions may only shrink.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends; so do its set-up functions")]

mod circles;
mod cited_files;
mod cited_names;
mod documents;
mod layers;
mod long_functions;
mod mailboxes;
mod operations;
mod repository;
mod schema;
mod sizes;
mod store_callers;
mod wire_rules;
