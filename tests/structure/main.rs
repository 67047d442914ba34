//! Guards: they read the repository and hold it to what `docs/architecture.md` and CONTRIBUTING.md promise. A list of exceptions may only get shorter.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends; so do its set-up functions")]

mod circles;
mod cited_files;
mod layers;
mod long_functions;
mod mailboxes;
mod repository;
mod schema;
mod sizes;
mod store_callers;
mod wire_rules;
