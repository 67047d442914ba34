//! Conversations between students and counsellors.

pub mod attachment;
pub mod conversation;
