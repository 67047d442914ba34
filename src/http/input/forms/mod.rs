//! Multipart forms.

pub mod material;
pub mod message;
