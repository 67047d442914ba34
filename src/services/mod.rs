//! The use cases, one function each; the only callers of store and files. A command ends in one transaction that writes the business rows and
//! the log row. May import: `domain`, `wire`, `backends`, `config`. Never actix, actors or http.

pub mod accounts;
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
pub mod upload_file;
pub mod user_import;
pub mod users;
pub mod watched_apps;
pub mod webhooks;

pub use context::Context;
pub use error::{ServiceError, ServiceResult};
