//! Rules of every request.

mod rules;
mod unread_bodies;
