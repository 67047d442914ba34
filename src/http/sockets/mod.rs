//! Owns the way from a connection to a session: one session actor over two thin transports, and a
//! fallback over plain HTTP. Called by `app.rs` and `app/serve.rs`. Must not decide what a frame
//! means: the session does.
//!
//! - [`raw`] (default) works on the upgraded TCP stream itself.
//! - [`context`] works over actix-web-actors, for TLS that this server ends itself.
//! - Both share [`handshake`], [`frame_gauge`] and [`inbound`].

pub mod context;
pub mod frame_gauge;
pub mod handshake;
pub mod inbound;
pub mod paced_stream;
pub mod polling;
pub mod raw;
pub mod refusal;
