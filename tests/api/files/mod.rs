//! Uploads, whatever they belong to.

mod bad_uploads;
mod left_uploads;
