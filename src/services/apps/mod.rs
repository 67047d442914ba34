//! Connected apps: the table of them, what their backends ask for, and what their owners see.

pub mod backend_api;
pub mod console;
pub mod dead_letters;
pub mod manage;
pub mod table;
pub mod watched;
pub mod webhooks;
