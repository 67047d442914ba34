//! Connected apps: their rules, their users, their happenings.

pub mod app_happening;
pub mod app_user;
pub mod connected_app;
pub mod public_address;
