//! Owns the reading of requests: credentials, bodies, forms, pages, languages and addresses. Called
//! by handlers and transports. Must not do the work of a request.

pub mod client_address;
pub mod credentials;
pub mod forms;
pub mod idempotency;
pub mod json_body;
pub mod language;
pub mod origin;
pub mod page;
pub mod requester;
pub mod uploads;
