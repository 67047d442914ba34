//! The rules of the product as plain Rust: no actix, tokio, sqlx, redis or HTTP in here, so that every rule is tested without a server.
//! May import: nothing of this crate outside `domain`.

pub mod access;
pub mod account;
pub mod app_event;
pub mod app_user;
pub mod appointment;
pub mod appointment_notice;
pub mod attachment;
pub mod audience;
pub mod availability;
pub mod channel;
pub mod clock;
pub mod companion;
pub mod connected_app;
pub mod conversation;
pub mod file_key;
pub mod file_name;
pub mod heartbeat;
pub mod help_card;
pub mod hotline;
pub mod ids;
pub mod language;
pub mod material;
pub mod notice;
pub mod presence;
pub mod principal;
pub mod public_address;
pub mod registry;
pub mod retry;
pub mod risk;
pub mod slots;
pub mod spoken_time;
pub mod text;
