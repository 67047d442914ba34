//! The use cases, one function each. Called by `http`, `actors`, `demo` and `app`. May import
//! `domain`, `wire`, `backends` and `config`; must not import actix, `actors` or `http`.
//!
//! - A command ends in one transaction that writes the business rows and the log row.
//! - Besides the use cases, only these call the store: `actors/cluster/log_pump` gives out
//!   positions of the log and marks them published, `actors/cluster/bus_link` reads from the log
//!   what the bus lost, `demo` writes rows and files of the past, `app` opens and closes both. Only
//!   `demo` and `app` call the files. `tests/structure/store_callers.rs` holds this list.

pub mod accounts;
pub mod alerts;
pub mod appointments;
pub mod apps;
pub mod audit;
pub mod companion;
pub mod context;
pub mod conversations;
pub mod dashboards;
pub mod error;
pub mod files;
pub mod help;
pub mod live;
pub mod materials;
pub mod notices;
pub mod operations;
pub mod shared;

pub use context::Context;
pub use error::{ServiceError, ServiceResult};
