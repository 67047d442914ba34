//! Owns the demo school's hours of every counsellor, and appointments in every state around today.
//! Called by [`super::seed_demo`]. Invariant: if the first counsellor has hours, nothing is made.

use crate::{
    backends::store::{AppointmentRow, PersonRow, UserRow},
    domain::{
        appointments::{
            appointment::{AppointmentMode, AppointmentState},
            availability::{Availability, AvailabilityForm, WeeklyForm},
            slots::{BookingRules, Desk, Span},
        },
        clock::{DAY_MS, HOUR_MS},
        ids::AppointmentId,
    },
    services::{Context, ServiceError, ServiceResult, appointments::write_demo_appointment},
};
use jiff::tz::TimeZone;

/// Past appointments are made up from this many days back.
const PAST_DAYS: i64 = 10;

/// A counsellor's week: hours before and after the break, length and buffer in minutes, most
/// appointments on one day.
struct Week {
    hours: [(&'static str, &'static str); 2],
    friday: (&'static str, &'static str),
    slot_minutes: u32,
    buffer_after_minutes: u32,
    daily_cap: Option<u32>,
}

/// The weeks of `guru1` to `guru3`. Schools end early on Friday.
const WEEKS: [Week; 3] = [
    Week {
        hours: [("07:30", "11:30"), ("12:30", "15:00")],
        friday: ("07:30", "11:00"),
        slot_minutes: 45,
        buffer_after_minutes: 0,
        daily_cap: Some(6),
    },
    Week {
        hours: [("08:00", "12:00"), ("13:00", "15:30")],
        friday: ("08:00", "11:00"),
        slot_minutes: 30,
        buffer_after_minutes: 10,
        daily_cap: None,
    },
    Week {
        hours: [("09:00", "12:00"), ("13:00", "16:00")],
        friday: ("08:30", "11:00"),
        slot_minutes: 60,
        buffer_after_minutes: 0,
        daily_cap: None,
    },
];

/// An invented appointment.
struct Story {
    counsellor: usize,
    student: usize,
    /// Whether it is one of the past days, or of the next ones.
    is_past: bool,
    /// Which slot of those days, from 0.
    slot: usize,
    state: AppointmentState,
    /// Whether the counsellor took the last step.
    is_by_counsellor: bool,
    mode: AppointmentMode,
    topic: &'static str,
    note: Option<&'static str>,
    reason: Option<&'static str>,
}

const fn story(counsellor: usize, student: usize, is_past: bool, slot: usize, state: AppointmentState, topic: &'static str) -> Story {
    let is_by_counsellor = !matches!(state, AppointmentState::Requested);
    Story { counsellor, student, is_past, slot, state, is_by_counsellor, mode: AppointmentMode::Onsite, topic, note: None, reason: None }
}

fn stories() -> Vec<Story> {
    use AppointmentState::{Cancelled, Completed, Confirmed, NoShow, Requested, Rescheduled};
    vec![
        story(0, 0, true, 2, Completed, "Mengatur jadwal belajar"),
        story(0, 3, true, 5, Completed, "Pilihan jurusan kuliah"),
        story(1, 7, true, 4, NoShow, "Kesulitan di pelajaran matematika"),
        Story { reason: Some("Ada ulangan susulan."), is_by_counsellor: false, ..story(2, 5, true, 3, Cancelled, "Persiapan lomba") },
        Story { mode: AppointmentMode::Chat, ..story(2, 11, true, 6, Completed, "Cara berkenalan di kelas baru") },
        Story { note: Some("Saya ingin membandingkan dua jurusan."), ..story(0, 0, false, 3, Confirmed, "Rencana setelah lulus") },
        Story { note: Some("Boleh bersama teman saya?"), ..story(0, 1, false, 6, Requested, "Kerja kelompok") },
        Story { mode: AppointmentMode::Chat, ..story(1, 0, false, 9, Requested, "Cara mencatat yang baik") },
        story(1, 4, false, 5, Confirmed, "Minat dan bakat"),
        Story { reason: Some("Saya ada rapat pada jam itu."), ..story(1, 6, false, 12, Rescheduled, "Beasiswa") },
        story(2, 2, false, 4, Confirmed, "Membagi waktu latihan dan belajar"),
        Story {
            reason: Some("Sudah terjawab lewat materi."),
            is_by_counsellor: false,
            ..story(2, 8, false, 7, Cancelled, "Cara membuat CV")
        },
        story(2, 9, false, 10, Requested, "Memilih ekstrakurikuler"),
    ]
}

/// Makes hours and appointments, unless the first counsellor of the demo school has hours.
pub(super) async fn seed_appointments(context: &Context) -> ServiceResult<()> {
    let counsellors = find_users(context, "guru", WEEKS.len()).await?;
    let students = find_users(context, "siswa", 12).await?;
    let Some(first) = counsellors.first() else { return Ok(()) };
    if counsellors.len() < WEEKS.len() || students.len() < 12 || context.store.find_availability(first.id).await?.is_some() {
        return Ok(());
    }
    let hours = WEEKS.iter().map(Week::availability).collect::<ServiceResult<Vec<_>>>()?;
    let now_ms = context.clock.now_ms();
    let mut tx = context.store.begin().await?;
    for (counsellor, availability) in counsellors.iter().zip(&hours) {
        if !tx.put_availability(counsellor.id, availability, 0, now_ms).await? {
            // Another node is making them.
            return Ok(());
        }
    }
    for (story, time) in plan(&hours, &context.zone(), now_ms) {
        let people = counsellors.get(story.counsellor).zip(students.get(story.student)).zip(hours.get(story.counsellor));
        let Some(((counsellor, student), availability)) = people else { continue };
        let desk = Desk { availability, zone: &context.zone(), now_ms, rules: BookingRules::Student };
        let row = story.row((counsellor, student), (time, desk.blocked_by(time)), now_ms);
        write_demo_appointment(context, &mut tx, &row, if story.is_by_counsellor { counsellor.id } else { student.id }).await?;
    }
    tx.commit().await?;
    context.announce.wake_pump();
    Ok(())
}

async fn find_users(context: &Context, prefix: &str, count: usize) -> ServiceResult<Vec<UserRow>> {
    let mut users = Vec::with_capacity(count);
    for number in 1..=count {
        users.extend(context.store.find_user_by_login(&format!("{prefix}{number}")).await?);
    }
    Ok(users)
}

impl Week {
    fn availability(&self) -> ServiceResult<Availability> {
        let entry = |weekday, (from, to): (&str, &str)| WeeklyForm { weekday, from: from.to_owned(), to: to.to_owned() };
        let mut weekly: Vec<WeeklyForm> = (1..=4).flat_map(|day| self.hours.map(|hours| entry(day, hours))).collect();
        weekly.push(entry(5, self.friday));
        let form = AvailabilityForm {
            weekly,
            slot_minutes: self.slot_minutes,
            buffer_after_minutes: self.buffer_after_minutes,
            daily_cap: self.daily_cap,
            ..Availability::unset().form()
        };
        Availability::parse(&form).map_err(ServiceError::validation)
    }
}

impl Story {
    /// Returns the moment at which the appointment was booked.
    const fn story_now_ms(&self, now_ms: i64) -> i64 {
        if self.is_past { now_ms - PAST_DAYS * DAY_MS } else { now_ms }
    }

    /// Makes the row. `spans` are its time, and its time with the counsellor's buffers.
    fn row(&self, (counsellor, student): (&UserRow, &UserRow), spans: (Span, Span), now_ms: i64) -> AppointmentRow {
        let (time, blocked) = spans;
        let then_ms = self.story_now_ms(now_ms);
        let is_over = matches!(self.state, AppointmentState::Completed | AppointmentState::NoShow);
        let person = |user: &UserRow| PersonRow { id: user.id, name: user.name.clone() };
        let actor = if self.is_by_counsellor { counsellor } else { student };
        AppointmentRow {
            id: AppointmentId::generate(),
            counsellor: person(counsellor),
            student: person(student),
            time,
            blocked,
            state: self.state,
            mode: self.mode,
            topic: self.topic.to_owned(),
            note: self.note.map(str::to_owned),
            reason: self.reason.map(str::to_owned),
            proposed_by: if self.state == AppointmentState::Rescheduled { actor.id } else { student.id },
            cancelled_by: (self.state == AppointmentState::Cancelled).then(|| person(actor)),
            video_room: None,
            sequence: i64::from(self.state != AppointmentState::Requested),
            created_at_ms: then_ms - 20 * HOUR_MS,
            updated_at_ms: if is_over { time.to_ms } else { then_ms - HOUR_MS },
        }
    }
}

/// Gives every invented appointment its time, and leaves out those that would overlap an earlier
/// one. Which ones overlap depends on the time at which the school is made.
fn plan(hours: &[Availability], zone: &TimeZone, now_ms: i64) -> Vec<(Story, Span)> {
    let mut planned: Vec<(Story, Span)> = Vec::new();
    for story in stories() {
        let Some(availability) = hours.get(story.counsellor) else { continue };
        let desk = Desk { availability, zone, now_ms: story.story_now_ms(now_ms), rules: BookingRules::Student };
        let Some(time) = nth_slot(&desk, story.slot) else { continue };
        let meets = |(other, taken): &(Story, Span)| {
            (other.counsellor == story.counsellor || other.student == story.student) && taken.overlaps(desk.blocked_by(time))
        };
        if !planned.iter().any(meets) {
            planned.push((story, time));
        }
    }
    planned
}

/// Returns the slot number `index` (from 0) of those that a student could book at the moment of the
/// desk.
fn nth_slot(desk: &Desk<'_>, index: usize) -> Option<Span> {
    let mut day = desk.today();
    let mut left = index;
    while day <= desk.last_day() {
        let slots = desk.slots_on(day).into_iter().filter(|slot| desk.offers(*slot));
        let slots: Vec<Span> = slots.collect();
        match slots.get(left) {
            Some(slot) => return Some(*slot),
            None => left -= slots.len(),
        }
        day = day.tomorrow().ok()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::appointments::slots::Taken;

    #[test]
    fn every_counsellor_can_be_booked_within_two_weeks_whatever_today_is() {
        let zone = TimeZone::get("Asia/Jakarta").unwrap();
        for week in &WEEKS {
            let availability = week.availability().unwrap();
            for days in 0..14 {
                let now_ms = 1_769_994_000_000 + days * DAY_MS + days * HOUR_MS;
                let desk = Desk { availability: &availability, zone: &zone, now_ms, rules: BookingRules::Student };
                let mut free = 0;
                let mut day = desk.today();
                for _ in 0..14 {
                    free += desk.free_on(day, &Taken::default()).len();
                    day = day.tomorrow().unwrap();
                }
                assert!(free > 30, "{free}");
            }
        }
    }

    #[test]
    fn nearly_all_stories_have_their_place_whenever_the_school_is_made() {
        let zone = TimeZone::get("Asia/Jakarta").unwrap();
        let hours: Vec<_> = WEEKS.iter().map(|week| week.availability().unwrap()).collect();
        for hour in 0..7 * 24 {
            let now_ms = 1_769_994_000_000 + hour * HOUR_MS + hour * 7 * 60_000;
            let planned = plan(&hours, &zone, now_ms);
            assert!(planned.len() + 1 >= stories().len(), "{} of {} in hour {hour}", planned.len(), stories().len());
            assert!(planned.iter().all(|(story, time)| (time.to_ms < now_ms) == story.is_past), "hour {hour}");
        }
    }
}
