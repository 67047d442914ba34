//! Tests of uploads, whatever resource they belong to.

mod bad_uploads;
mod left_uploads;
