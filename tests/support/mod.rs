//! Support that the tests share: the production server inside the test (port 0, all data in a
//! temporary folder) or as its own process, users, and sockets.
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
