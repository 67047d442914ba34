//! Tests of availability, appointments and their reminders.

pub mod availability;
mod booking;
mod races;
mod reminders;
