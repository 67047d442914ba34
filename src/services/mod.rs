//! The use cases, one function each; the only callers of store and files. A command ends in one transaction that writes the business rows and
//! the log row. May import: `domain`, `wire`, `backends`, `config`. Never actix, actors or http.

pub mod accounts;
pub mod alerts;
pub mod appointments;
pub mod apps;
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
