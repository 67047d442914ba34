//! Appointments, office hours, slots.

pub mod appointment;
pub mod availability;
pub mod slots;
pub mod spoken_time;
pub mod time_of_day;
