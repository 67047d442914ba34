//! What handlers read of a request.

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
