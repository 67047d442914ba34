//! Accounts: signing in, what admins do with them, and who may be looked up.

mod manage;
mod races;
mod sign_in;
mod students;
