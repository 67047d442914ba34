//! Tests over HTTP and sockets against the running server, started as `main` starts it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends; so do its set-up functions")]

#[path = "../support/databases.rs"]
mod databases;
#[path = "../support/redis.rs"]
mod redis_server;
#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod admin_users;
mod alerts;
mod app_console;
mod appointments;
mod availability;
mod backend;
mod bad_uploads;
mod booking_races;
mod chat;
mod companion;
mod connected_apps;
mod conversation_delivery;
mod conversation_engines;
mod conversation_sockets;
mod conversations;
mod dashboards;
mod help;
mod housekeeping;
mod http_fallback;
mod http_rules;
mod left_uploads;
mod materials;
mod messages;
mod metrics;
mod notices;
mod openapi;
mod pusher_api;
mod pusher_channels;
mod pusher_defences;
mod pusher_rules;
mod reminders;
mod socket_logins;
mod socket_proofs;
mod sockets;
mod start_up;
mod students;
mod sync;
mod system;
mod unread_bodies;
#[path = "../support/webhook_receiver.rs"]
mod webhook_receiver;
mod webhooks;
