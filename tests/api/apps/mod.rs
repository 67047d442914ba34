//! Connected Pusher apps: made by admins, driven by their backends.

pub mod backend;
mod backend_api;
mod channels;
mod console;
pub mod manage;
mod webhooks;
