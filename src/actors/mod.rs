//! actix lives here and in `http` only. May import: everything but `http` and `app`.
//!
//! | actor | how many | where it runs | mailbox from |
//! |---|---|---|---|
//! | [`sockets::shard::HubShard`] | one per worker thread | that worker | `Hub` (publications, ends, drain), its own tick |
//! | [`sockets::session::Session`] | one per socket | the socket's worker | its transport in `http/sockets` |
//! | [`sockets::polling_session::PollingSession`] | one per socket over HTTP | the thread of its first request | the requests of its client |
//! | [`cluster::log_pump::LogPump`] | one per process | main thread | services, through `Hub` (wake) |
//! | [`cluster::bus_link::BusLink`] | one per process | main thread | the bus |
//! | [`companion::desk::ChatDesk`] | one per process | a thread of its own | routes, the bus (stop), its own timers |
//! | [`companion::chatbot::Chatbot`] | one per answer that grows | the desk's thread | `ChatDesk` |
//! | [`cluster::census_link::CensusLink`] | one per process | main thread | its own timers, and `Hub` (what is to be declared) |
//! | [`apps::keeper::AppsKeeper`] | one per process | main thread | its own timers, and the bus through `Hub` |
//! | [`apps::console_link::ConsoleLink`] | one per process | main thread | what happens in watched apps |
//! | [`delivery::courier::WebhookCourier`] | one per process | main thread | the queue of `Hub`'s [`apps::happenings::AppHappenings`], its own timers, and the app (stop) |
//! | [`scheduler::Scheduler`] | one per process | main thread | its own timers, and the app (stop) |
//!
//! [`hub::Hub`] is not an actor but the handle all of them share. [`sockets::outbound::Outbound`] is the queue of one socket.

pub mod apps;
pub mod cluster;
pub mod companion;
pub mod delivery;
pub mod hub;
pub mod scheduler;
pub mod sockets;
