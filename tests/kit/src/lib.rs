//! What the tests, the load generator and the tests in Node share: one fake OpenAI-compatible provider and one maker of PDF files. The program `testkit`
//! is the same for Node. Knows nothing of the server under test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on ends; so do its helpers")]

pub mod openai;
pub mod pdf;
pub mod provider;
