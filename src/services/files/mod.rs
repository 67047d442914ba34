//! What comes in as a file: received, looked into, stored, swept.

pub mod image_inspection;
pub mod incoming;
pub(super) mod link;
pub mod pdf_inspection;
pub mod sweep;
