//! Accounts: who signs in, and what admins do with accounts.

mod device_cookie;
mod fair_queue;
pub mod hashing_line;
pub mod import;
mod login_brake;
pub mod manage;
pub mod session_token;
pub mod sign_in;
pub mod students;
