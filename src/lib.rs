//! EduCounsel: a school counselling desk that is live, and a Pusher Channels v7 server, in one binary.
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
//! | [`actors`] | what lives: hub, shards, sessions, pump |
//! | [`http`] | routes: parse, call, answer; sockets |
//! | [`app`] | the wiring |
//!
//! Beside them, for all: [`telemetry`], logs and the names of metrics.

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
