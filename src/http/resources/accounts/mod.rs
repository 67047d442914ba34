//! Owns the routes of accounts: signing in, admins' management of accounts, and students for staff.

pub mod manage;
pub mod sign_in;
pub mod students;
