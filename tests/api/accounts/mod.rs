//! Accounts: signing in, what admins do with them, and who may be looked up.

mod manage;
mod sign_in;
mod students;
