//! Owns the multipart forms, a file per form.

pub mod material;
pub mod message;
