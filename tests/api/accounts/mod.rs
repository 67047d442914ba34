//! Tests of accounts: signing in, management by admins, and looking up students.

mod manage;
mod races;
mod sign_in;
mod students;
