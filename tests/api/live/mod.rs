//! Sockets of both transports, their fallback over HTTP, and catching up.

mod defences;
mod http_fallback;
mod logins;
mod proofs;
mod pusher_rules;
mod sockets;
mod sync;
