//! Connected apps: what their backends call, and what admins do with them.

pub mod backend_api;
pub mod console;
pub mod dead_letters;
pub mod manage;
