//! What the tests share: the production server on port 0 with everything in a temporary folder, or as a process of its own; users, and sockets.
#![allow(dead_code, unused_imports, reason = "each test binary uses a part of it")]

pub mod app;
pub mod process;
pub mod schema;
pub mod socket;
pub mod user;
pub mod wait;

pub use testkit::{pdf, provider};

pub use app::TestApp;
pub use socket::TestSocket;
pub use user::TestUser;
