//! Owns the slot arithmetic: which appointments a counsellor's hours offer, which of them are free,
//! and which pieces of time an appointment claims. Called by `services/appointments`. Must not read
//! a clock or a row: every function depends on its arguments only.
//!
//! Days and times of day are in the school's zone; instants are ms since 1970 UTC. Invariants:
//!
//! - The first slot of a day starts at the beginning of a stretch of open hours. The next ones
//!   follow after length and buffers, so that all of them can be booked.
//! - On a day when the clocks change, slots follow the wall clock: an hour that is skipped offers
//!   no slot, an hour that comes twice offers slots twice.

use super::{availability::Availability, time_of_day::GRID_MINUTES};
use crate::domain::clock::DAY_MS;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

const MINUTE_MS: i64 = 60_000;
/// Length of the pieces of time that appointments claim, in ms.
pub const BUCKET_MS: i64 = GRID_MINUTES as i64 * MINUTE_MS;
/// Most days ahead of today that anybody can book.
const FARTHEST_DAYS: u32 = 366;

/// A stretch of time: `from_ms` is part of it, `to_ms` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Beginning, ms since 1970 UTC.
    pub from_ms: i64,
    /// End, ms since 1970 UTC.
    pub to_ms: i64,
}

impl Span {
    /// Says whether two stretches share time.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.from_ms < other.to_ms && other.from_ms < self.to_ms
    }

    /// Says whether `other` lies within this stretch.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        self.from_ms <= other.from_ms && other.to_ms <= self.to_ms
    }

    /// Returns the numbers of the pieces of time ([`BUCKET_MS`] each, counted from 1970) that this
    /// stretch touches. Two stretches that overlap share a piece; two stretches on the grid that do
    /// not overlap share none.
    #[must_use]
    pub const fn buckets(self) -> std::ops::Range<i64> {
        self.from_ms.div_euclid(BUCKET_MS)..(self.to_ms + BUCKET_MS - 1).div_euclid(BUCKET_MS)
    }
}

/// An appointment of a counsellor, as the search for free slots sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booked {
    /// Beginning; it decides the day on which the appointment counts.
    pub starts_at_ms: i64,
    /// Time that the appointment keeps from being booked, buffers included. `None` once the
    /// appointment is over: then it only counts towards the day's limit.
    pub blocked: Option<Span>,
}

/// Times at which two people are not free.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// The counsellor's appointments.
    pub counsellor: Vec<Booked>,
    /// The student's appointments; empty when no particular student asks.
    pub student: Vec<Span>,
}

/// The rules that a booking follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingRules {
    /// A student books: one of the slots, with the minimum notice, within the horizon.
    Student,
    /// A counsellor books: any time on the grid in the own open hours that is still to come.
    /// Notice, horizon and slots protect the counsellor, who may do without them.
    Counsellor,
}

/// A counsellor's hours at one moment, seen by the person who books.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    /// The hours and rules.
    pub availability: &'a Availability,
    /// The school's zone.
    pub zone: &'a TimeZone,
    /// The moment, ms since 1970 UTC.
    pub now_ms: i64,
    /// The rules of the person who books.
    pub rules: BookingRules,
}

impl Desk<'_> {
    /// Returns today's date.
    #[must_use]
    pub fn today(&self) -> Date {
        day_of(self.now_ms, self.zone)
    }

    /// Returns the time of an appointment that begins at `starts_at_ms`.
    #[must_use]
    pub fn time_from(&self, starts_at_ms: i64) -> Span {
        Span { from_ms: starts_at_ms, to_ms: starts_at_ms.saturating_add(i64::from(self.availability.slot_minutes) * MINUTE_MS) }
    }

    /// Returns the time that an appointment keeps from being booked with its counsellor: its own
    /// time and the buffers.
    #[must_use]
    pub fn blocked_by(&self, time: Span) -> Span {
        Span {
            from_ms: time.from_ms.saturating_sub(i64::from(self.availability.buffer_before_minutes) * MINUTE_MS),
            to_ms: time.to_ms.saturating_add(i64::from(self.availability.buffer_after_minutes) * MINUTE_MS),
        }
    }

    /// Returns the open stretches of a day.
    #[must_use]
    pub fn open_spans(&self, date: Date) -> Vec<Span> {
        open_spans(self.availability, date, self.zone)
    }

    /// Returns every slot of a day, in order, including slots that are taken or past.
    #[must_use]
    pub fn slots_on(&self, date: Date) -> Vec<Span> {
        let settings = self.availability;
        let length_ms = i64::from(settings.slot_minutes) * MINUTE_MS;
        let step_ms = length_ms + (i64::from(settings.buffer_before_minutes) + i64::from(settings.buffer_after_minutes)) * MINUTE_MS;
        let mut slots = Vec::new();
        for open in self.open_spans(date) {
            let starts = std::iter::successors(Some(open.from_ms), |start| Some(start + step_ms));
            slots.extend(starts.map(|start| self.time_from(start)).take_while(|slot| slot.to_ms <= open.to_ms));
        }
        slots
    }

    /// Says whether the hours and rules allow this time. Does not look at other appointments.
    #[must_use]
    pub fn offers(&self, time: Span) -> bool {
        let date = day_of(time.from_ms, self.zone);
        if time.to_ms - time.from_ms != i64::from(self.availability.slot_minutes) * MINUTE_MS || !self.is_timely(time.from_ms, date) {
            return false;
        }
        match self.rules {
            BookingRules::Student => self.slots_on(date).contains(&time),
            BookingRules::Counsellor => {
                time.from_ms.rem_euclid(BUCKET_MS) == 0 && self.open_spans(date).iter().any(|open| open.covers(time))
            }
        }
    }

    /// Says whether this time is free for both people, with the buffers, on a day that is not full.
    #[must_use]
    pub fn is_free(&self, time: Span, taken: &Taken) -> bool {
        self.meets_nothing(time, taken) && !self.is_full(day_of(time.from_ms, self.zone), taken)
    }

    fn meets_nothing(&self, time: Span, taken: &Taken) -> bool {
        let blocked = self.blocked_by(time);
        !taken.student.iter().any(|span| span.overlaps(time))
            && !taken.counsellor.iter().any(|booked| booked.blocked.is_some_and(|span| span.overlaps(blocked)))
    }

    /// Says whether a day has as many appointments as the counsellor takes.
    #[must_use]
    pub fn is_full(&self, date: Date, taken: &Taken) -> bool {
        let Some(cap) = self.availability.daily_cap else { return false };
        let count = taken.counsellor.iter().filter(|booked| day_of(booked.starts_at_ms, self.zone) == date).count();
        count >= usize::try_from(cap).unwrap_or(usize::MAX)
    }

    /// Returns the slots of a day that can be booked now, in order.
    #[must_use]
    pub fn free_on(&self, date: Date, taken: &Taken) -> Vec<Span> {
        if !self.is_within_horizon(date) || self.is_full(date, taken) {
            return Vec::new();
        }
        let mut slots = self.slots_on(date);
        slots.retain(|slot| self.is_timely(slot.from_ms, date) && self.meets_nothing(*slot, taken));
        slots
    }

    /// Returns at most `count` free slots, in order: the next ones after `wanted_ms` and, when
    /// there are fewer, the last ones before it.
    #[must_use]
    pub fn alternatives(&self, wanted_ms: i64, taken: &Taken, count: usize) -> Vec<Span> {
        let wanted = day_of(wanted_ms, self.zone);
        let mut found = Vec::with_capacity(count);
        for date in self.days_from(wanted.max(self.today())) {
            found.extend(self.free_on(date, taken).into_iter().filter(|slot| slot.from_ms > wanted_ms));
            if found.len() >= count {
                found.truncate(count);
                return found;
            }
        }
        let mut earlier: Vec<Span> = Vec::new();
        for date in self.days_from(self.today()).take_while(|date| *date <= wanted) {
            earlier.extend(self.free_on(date, taken).into_iter().filter(|slot| slot.from_ms < wanted_ms));
        }
        let missing = count - found.len();
        let mut all = earlier.split_off(earlier.len().saturating_sub(missing));
        all.append(&mut found);
        all
    }

    /// Returns the last day that can be booked under these rules.
    #[must_use]
    pub fn last_day(&self) -> Date {
        let days = match self.rules {
            BookingRules::Student => self.availability.horizon_days,
            BookingRules::Counsellor => FARTHEST_DAYS,
        };
        let span = jiff::Span::new().try_days(i64::from(days.min(FARTHEST_DAYS)));
        span.and_then(|span| self.today().checked_add(span)).unwrap_or(Date::MAX)
    }

    fn days_from(&self, first: Date) -> impl Iterator<Item = Date> + use<> {
        let last = self.last_day();
        std::iter::successors(Some(first), |date| date.tomorrow().ok()).take_while(move |date| *date <= last)
    }

    fn is_within_horizon(&self, date: Date) -> bool {
        self.today() <= date && date <= self.last_day()
    }

    fn is_timely(&self, starts_at_ms: i64, date: Date) -> bool {
        let notice_ms = match self.rules {
            BookingRules::Student => i64::from(self.availability.minimum_notice_minutes) * MINUTE_MS,
            BookingRules::Counsellor => 0,
        };
        starts_at_ms > self.now_ms && starts_at_ms - self.now_ms >= notice_ms && self.is_within_horizon(date)
    }
}

/// Returns the day of an instant in `zone`.
#[must_use]
pub fn day_of(at_ms: i64, zone: &TimeZone) -> Date {
    let instant = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    zone.to_datetime(instant).date()
}

/// Returns the time that a day lasts in `zone`. A day that the zone skipped is empty.
#[must_use]
pub fn span_of_day(date: Date, zone: &TimeZone) -> Span {
    let begin = |date: Date| date.to_zoned(zone.clone()).map_or(0, |zoned| zoned.timestamp().as_millisecond());
    let from_ms = begin(date);
    Span { from_ms, to_ms: date.tomorrow().map_or(from_ms, begin) }
}

/// Returns the open stretches of a day as instants, in order.
#[must_use]
pub fn open_spans(availability: &Availability, date: Date, zone: &TimeZone) -> Vec<Span> {
    let hours = availability.open_hours(date);
    if hours.is_empty() {
        return Vec::new();
    }
    let day = span_of_day(date, zone);
    if !is_plain(day, zone) {
        return follow_the_clock(day, zone, |minute| hours.iter().any(|hours| hours.contains(minute)));
    }
    let at = |minute: u16| day.from_ms + i64::from(minute) * MINUTE_MS;
    hours.iter().map(|hours| Span { from_ms: at(hours.from.minutes()), to_ms: at(hours.to.minutes()) }).collect()
}

/// Says whether the clocks do not change on this day.
fn is_plain(day: Span, zone: &TimeZone) -> bool {
    let offset = |at_ms: i64| Timestamp::from_millisecond(at_ms).ok().map(|instant| zone.to_offset(instant));
    day.to_ms - day.from_ms == DAY_MS && offset(day.from_ms) == offset(day.to_ms - 1)
}

/// Walks through a day piece by piece and returns the stretches in which the wall clock shows an
/// open time.
fn follow_the_clock(day: Span, zone: &TimeZone, is_open: impl Fn(u16) -> bool) -> Vec<Span> {
    let mut open: Vec<Span> = Vec::new();
    let mut from_ms = day.from_ms;
    while from_ms < day.to_ms {
        let to_ms = from_ms + BUCKET_MS;
        if wall_minute(from_ms, zone).is_some_and(&is_open) {
            match open.last_mut() {
                // A jump of the clock ends the stretch: on the wall clock it would not be one.
                Some(last) if last.to_ms == from_ms && is_continuous(from_ms, zone) => last.to_ms = to_ms,
                _ => open.push(Span { from_ms, to_ms }),
            }
        }
        from_ms = to_ms;
    }
    open
}

fn is_continuous(at_ms: i64, zone: &TimeZone) -> bool {
    let offset = |at_ms: i64| Timestamp::from_millisecond(at_ms).ok().map(|instant| zone.to_offset(instant));
    offset(at_ms) == offset(at_ms - 1)
}

/// Returns the minute since midnight that the wall clock shows.
fn wall_minute(at_ms: i64, zone: &TimeZone) -> Option<u16> {
    let time = zone.to_datetime(Timestamp::from_millisecond(at_ms).ok()?).time();
    u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).ok()
}

#[cfg(test)]
mod tests;
