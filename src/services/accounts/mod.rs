//! Accounts: signing in, logins, and what admins and counsellors can see and do with accounts.
//! Called by `http`, `actors/sockets/login_check`, the command line and the demo data.

mod device_cookie;
mod fair_queue;
pub mod hashing_line;
pub mod import;
mod login_brake;
pub mod manage;
pub mod session_token;
pub mod sign_in;
pub mod students;
