//! Uploaded files: receiving, inspecting and sweeping. Called by other use cases,
//! `http/input/uploads`, `actors/scheduler` and `app.rs`.

pub mod image_inspection;
pub mod incoming;
pub(super) mod link;
pub mod pdf_inspection;
pub mod sweep;
