//! Owns the handlers, a file per resource. Called by the route table. A handler parses, calls a use
//! case or an actor, and answers.

pub mod accounts;
pub mod alerts;
pub mod appointments;
pub mod apps;
pub mod audit;
pub mod availability;
pub mod canned_replies;
pub mod companion;
pub mod conversations;
pub mod counsellors;
pub mod dashboards;
pub mod files;
pub mod help;
pub mod live;
pub mod materials;
pub mod messages;
pub mod notices;
pub mod operations;
