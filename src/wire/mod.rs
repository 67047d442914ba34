//! Owns the bytes: WebSocket and Pusher frames, signatures, events of the built-in app, the
//! envelope between nodes, the table of codes. Called by all layers above. May import `domain`;
//! must not import sqlx or actix.

pub mod api_signature;
pub mod byte_range;
pub mod codes;
pub mod command;
pub mod console;
pub mod content_disposition;
pub mod desk_event;
pub mod envelope;
pub mod frame;
pub mod http_stream;
pub mod jwt;
pub mod pusher;
pub mod sealed;
pub mod signature;
pub mod trigger;
pub mod webhook;
