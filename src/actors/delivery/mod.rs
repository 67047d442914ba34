//! Holds the courier, which delivers to others outside of this server: webhooks.

pub mod courier;
