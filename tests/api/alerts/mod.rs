//! Tests of warnings about students, and of the help card.

mod help;
pub mod warnings;
