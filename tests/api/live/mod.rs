//! Tests of sockets over both transports, of their fallback over HTTP, and of catching up.

mod defences;
mod http_fallback;
mod logins;
mod proofs;
mod pusher_rules;
mod refused_joins;
mod sockets;
mod sync;
