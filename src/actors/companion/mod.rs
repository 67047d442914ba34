//! The companion: a desk, and an actor for each answer that grows.

mod answer_stream;
pub mod chatbot;
pub mod desk;
