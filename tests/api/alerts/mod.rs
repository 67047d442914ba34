//! Warnings about students, and the help that everybody sees.

mod help;
pub mod warnings;
