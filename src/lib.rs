//! EduCounsel: a live school counselling desk and a Pusher Channels v7 server, in one binary.
//!
//! The map, in the order of imports (a module may use only those above it):
//!
//! | module | owns |
//! |---|---|
//! | [`config`] | the one tree of settings |
//! | [`domain`] | the rules, as plain Rust |
//! | [`wire`] | the bytes: frames, signatures, codes |
//! | [`backends`] | database, bus, cache, files |
//! | [`services`] | the use cases |
//! | [`demo`] | demo data |
//! | [`actors`] | the actors: hub, shards, sessions, log pump |
//! | [`http`] | routes (read, call a use case, answer) and sockets |
//! | [`app`] | the wiring |
//!
//! Every module may use [`telemetry`], which owns logs and the names of metrics.

pub mod actors;
pub mod app;
pub mod backends;
pub mod config;
pub mod demo;
pub mod domain;
pub mod http;
pub mod services;
pub mod telemetry;
pub mod wire;
