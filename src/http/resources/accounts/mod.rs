//! Accounts: signing in, what admins do with accounts, students for staff.

pub mod manage;
pub mod sign_in;
pub mod students;
