//! actix lives here and in `http` only. May import: everything but `http` and `app`.
//!
//! | actor | how many | where it runs | mailbox from |
//! |---|---|---|---|
//! | [`hub_shard::HubShard`] | one per worker thread | that worker | `Hub` (publications, ends, drain), its own tick |
//! | [`session::Session`] | one per socket | the socket's worker | its transport in `http/ws` |
//! | [`http_session::HttpSession`] | one per socket over HTTP | the thread of its first request | the requests of its client |
//! | [`log_pump::LogPump`] | one per process | main thread | services, through `Hub` (wake) |
//! | [`bus_link::BusLink`] | one per process | main thread | the bus |
//! | [`chat_desk::ChatDesk`] | one per process | a thread of its own | routes, the bus (stop), its own timers |
//! | [`chatbot::Chatbot`] | one per answer that grows | the desk's thread | `ChatDesk` |
//! | [`census_link::CensusLink`] | one per process | main thread | its own timers, and `Hub` (what is to be declared) |
//! | [`apps_keeper::AppsKeeper`] | one per process | main thread | its own timers, and the bus through `Hub` |
//! | [`console_link::ConsoleLink`] | one per process | main thread | what happens in watched apps |
//! | [`webhook_courier::WebhookCourier`] | one per process | main thread | the queue of `Hub`'s [`app_events::AppEvents`], its own timers, and the app (stop) |
//! | [`scheduler::Scheduler`] | one per process | main thread | its own timers, and the app (stop) |
//!
//! [`hub::Hub`] is not an actor but the handle all of them share. [`outbound::Outbound`] is the queue of one socket.

pub mod app_events;
pub mod apps_keeper;
pub mod bus_link;
pub mod census_link;
mod census_queue;
pub mod chat_desk;
pub mod chatbot;
pub mod console_link;
pub mod http_session;
pub mod hub;
pub mod hub_shard;
mod joining;
pub mod log_pump;
mod login_check;
pub mod outbound;
mod pace;
pub mod scheduler;
pub mod session;
mod signed_in;
mod speech;
pub mod webhook_courier;
