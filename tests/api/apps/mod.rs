//! Tests of connected Pusher apps: management by admins, and use by their backends and clients.

pub mod backend;
mod backend_api;
mod channels;
pub mod console;
pub mod manage;
mod webhooks;
