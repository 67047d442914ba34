//! Tests of the rules that apply to every request.

mod rules;
mod unread_bodies;
