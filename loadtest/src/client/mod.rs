//! Clients that cost next to nothing per socket: plain HTTP/1.1 for the few requests, raw WebSocket
//! frames for the many sockets.

pub mod frames;
pub mod http;
pub mod kept;
pub mod socket;
