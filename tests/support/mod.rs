//! What the tests share: the production server on port 0 with everything in a temporary folder, users, and sockets.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod app;
pub mod socket;

pub use app::{TestApp, TestUser};
pub use socket::TestSocket;
