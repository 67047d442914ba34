//! Owns the routes of real time: signing channels, and catching up on missed events.

pub mod channel_access;
pub mod sync;
