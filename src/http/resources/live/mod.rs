//! Real time over HTTP: signing channels, and what a client missed.

pub mod channel_access;
pub mod sync;
