//! Owns the routes of connected apps: the API for their backends, and their management by admins.

pub mod backend_api;
pub mod console;
pub mod dead_letters;
pub mod manage;
