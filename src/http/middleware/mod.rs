//! Owns the middlewares: code that runs for every request, in the order that `http/mod.rs` sets.

pub mod api_refusals;
pub(super) mod path_prefix;
pub mod rate_limit;
pub mod request_id;
pub mod request_trace;
pub mod role_check;
pub mod security_headers;
pub mod unread_body;
