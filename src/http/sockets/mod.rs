//! Sockets: one session actor over two thin transports. [`raw`] (default) works on the upgraded TCP stream itself; [`context`] works over
//! actix-web-actors, for TLS ended by this server. Both share [`handshake`], [`frame_gauge`] and [`inbound`].

pub mod context;
pub mod frame_gauge;
pub mod handshake;
pub mod inbound;
pub mod paced_stream;
pub mod polling;
pub mod raw;
pub mod refusal;
