//! The actors of a node. `actix` lives here and in `http` only.
//!
//! May import every layer but `http` and `app`.
//!
//! | actor | how many | where it runs | messages come from |
//! |---|---|---|---|
//! | [`sockets::shard::HubShard`] | one per worker | that worker | `Hub`, its own tick |
//! | [`sockets::session::Session`] | one per socket | the socket's worker | its transport |
//! | [`sockets::polling_session::PollingSession`] | one per such | its first thread | routes |
//! | [`cluster::log_pump::LogPump`] | one per process | main thread | services, by `Hub` |
//! | [`cluster::bus_link::BusLink`] | one per process | main thread | the bus |
//! | [`cluster::census_link::CensusLink`] | one per process | main thread | its timers, `Hub` |
//! | [`companion::desk::ChatDesk`] | one per process | its own thread | routes, `Hub`, its timers |
//! | [`companion::chatbot::Chatbot`] | one per live answer | the desk's thread | `ChatDesk` |
//! | [`apps::keeper::AppsKeeper`] | one per process | main thread | its timers, `Hub` |
//! | [`apps::console_link::ConsoleLink`] | one per process | main thread | `WatchedApps` |
//! | [`delivery::courier::WebhookCourier`] | one per process | main thread | `AppHappenings` |
//! | [`scheduler::Scheduler`] | one per process | main thread | its timers, the app |
//!
//! [`hub::Hub`] is not an actor but the handle that all of them share.
//! [`sockets::outbound::Outbound`] is the queue of one socket.

pub mod apps;
pub mod cluster;
pub mod companion;
pub mod delivery;
pub mod hub;
pub mod scheduler;
pub mod sockets;
