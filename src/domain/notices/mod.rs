//! Notices: their kinds and their words.

pub mod appointment;
pub mod kind;
pub mod spec;
