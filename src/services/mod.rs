//! The use cases, one function each. A command ends in one transaction that writes the business rows and the log row.
//! May import: `domain`, `wire`, `backends`, `config`. Never actix, actors or http.
//!
//! Nobody else calls the store, but `actors/log_pump` (it gives out positions of the log and marks them published), `actors/bus_link` (it reads from the
//! log what the bus lost) and `app` (it opens and closes both store and files). Nobody but `app` calls the files. `tests/structure/store_callers.rs` holds
//! this list.

pub mod accounts;
pub mod actor;
pub mod alerts;
pub mod announce;
pub mod app_console;
pub mod appointments;
pub mod apps;
pub mod availability;
pub mod companion;
pub mod connected_apps;
mod contention;
pub mod context;
pub mod conversations;
pub mod counsellors;
pub mod dashboard;
pub mod dead_letters;
pub mod demo;
mod device_cookie;
pub mod error;
mod fair_line;
pub mod file_sweep;
pub mod health;
pub mod help;
pub mod housekeeping;
pub mod idempotency;
pub mod image_inspection;
mod login_brake;
pub mod materials;
pub mod notices;
pub mod passwords;
pub mod pdf_inspection;
pub mod pusher_api;
pub mod realtime;
pub mod session_token;
pub mod students;
pub mod sync;
pub mod system;
pub mod upload_file;
pub mod user_import;
pub mod users;
pub mod watched_apps;
pub mod webhooks;

pub use context::Context;
pub use error::{ServiceError, ServiceResult};
