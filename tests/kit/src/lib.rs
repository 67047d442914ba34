//! The parts that the tests, the load generator and the tests in Node share: a fake
//! OpenAI-compatible provider and a maker of PDF files. The program `testkit` offers both to Node.
//! Must not know the server under test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends; so do its helpers")]

pub mod openai;
pub mod pdf;
pub mod provider;
