//! Connected apps: the table of apps, the API for their backends, their webhooks, and what admins
//! see and change. Called by `http`, `actors` and `app.rs`.

pub mod backend_api;
pub mod console;
pub mod dead_letters;
pub mod manage;
pub mod table;
pub mod view;
pub mod watched;
pub mod webhooks;
