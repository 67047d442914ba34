//! Owns the appointments: slots, booking, changes, reminders, calendar files, video rooms. Called
//! by `http/resources` and, for reminders, by `actors/scheduler`.
//!
//! - A booking or a change is one transaction of the row, the claims on both people's time, the
//!   reminders, the audit entry, the log rows to both and a notice to the other side.
//! - `slots.changed` is published to open slot lists after the commit.

pub mod availability;
mod book;
mod change;
pub mod counsellors;
mod ics;
mod list;
mod record;
mod reminders;
mod slots;
mod video;
mod view;

pub use book::{NewBooking, book_appointment};
pub use change::{ChangeRequest, change_appointment};
pub use ics::{CalendarFile, calendar_file};
pub use list::{AppointmentPage, AppointmentQuery, ListCursor, ListScope, list_appointments, read_appointment};
pub(crate) use record::{announce_slots, write_demo_appointment};
pub use reminders::{ReminderRound, send_due_reminders};
pub use slots::{LONGEST_LIST_DAYS, SlotItem, SlotList, list_slots};
pub use video::{VideoLink, open_video};
pub use view::{AppointmentChanged, AppointmentItem, SlotsChanged, VideoItem};
