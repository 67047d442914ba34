//! What leaves the server for others: webhooks.

pub mod courier;
