//! Owns the growing answers of the companion: a desk, and one actor per answer.

mod answer_stream;
pub mod chatbot;
pub mod desk;
