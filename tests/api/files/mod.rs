//! Uploads, whatever they belong to.

mod bad_uploads;
