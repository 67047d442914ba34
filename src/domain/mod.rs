//! Owns the rules of the product as plain Rust. Called by every other layer. Must not use actix,
//! tokio, sqlx, redis or HTTP, so that every rule is tested without a server. May import: nothing
//! of this crate outside `domain`.

pub mod access;
pub mod accounts;
pub mod appointments;
pub mod apps;
pub mod clock;
pub mod companion;
pub mod conversations;
pub mod files;
pub mod ids;
pub mod language;
pub mod live;
pub mod notices;
pub mod pdf;
pub mod principal;
pub mod retry;
pub mod risk;
pub mod shape;
pub mod text;
pub mod topic;
