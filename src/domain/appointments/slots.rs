//! Slot arithmetic: which appointments a counsellor's hours offer, which of them are free, and which pieces of time an appointment claims.
//!
//! Everything here is a function of its arguments. Days and times of day are of the school's zone, instants are ms since 1970 UTC. Slots of one day
//! start at the beginning of each stretch of open hours and follow each other at length and buffers, so that all of them can be booked; around a
//! change of the clocks they follow the wall clock: an hour that is skipped offers nothing, one that comes twice offers twice.

use super::{availability::Availability, time_of_day::GRID_MINUTES};
use crate::domain::clock::DAY_MS;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

const MINUTE_MS: i64 = 60_000;
/// Length of the pieces of time that appointments claim.
pub const BUCKET_MS: i64 = GRID_MINUTES as i64 * MINUTE_MS;
/// Most days ahead of today that anybody books.
const FARTHEST_DAYS: u32 = 366;

/// A stretch of time: from (included) to (not included).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Where it begins.
    pub from_ms: i64,
    /// Where it ends.
    pub to_ms: i64,
}

impl Span {
    /// Says whether two stretches share time.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.from_ms < other.to_ms && other.from_ms < self.to_ms
    }

    /// Says whether `other` lies in this one.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        self.from_ms <= other.from_ms && other.to_ms <= self.to_ms
    }

    /// Returns the numbers of the pieces of time ([`BUCKET_MS`] each, counted from 1970) that this one touches. Two stretches that overlap share
    /// one; two on the grid that do not overlap share none.
    #[must_use]
    pub const fn buckets(self) -> std::ops::Range<i64> {
        self.from_ms.div_euclid(BUCKET_MS)..(self.to_ms + BUCKET_MS - 1).div_euclid(BUCKET_MS)
    }
}

/// An appointment's time that was booked with a counsellor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booked {
    /// When it begins: the day on which it counts.
    pub starts_at_ms: i64,
    /// What it keeps from being booked, buffers included; `None` once it is over and only counts.
    pub blocked: Option<Span>,
}

/// What is taken of two people's time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Of the counsellor.
    pub counsellor: Vec<Booked>,
    /// Of the student; empty when nobody in particular asks.
    pub student: Vec<Span>,
}

/// Whose rules a booking follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingRules {
    /// One of the slots, with the minimum notice, within the horizon.
    Student,
    /// Any time on the grid in the own open hours that is still to come: notice, horizon and slot grid protect the counsellor, who may do without.
    Counsellor,
}

/// A counsellor's hours at a moment, as somebody who books sees them.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    /// The hours and rules.
    pub availability: &'a Availability,
    /// The school's zone.
    pub zone: &'a TimeZone,
    /// The moment.
    pub now_ms: i64,
    /// Who books.
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

    /// Returns what an appointment keeps from being booked with its counsellor: its time and the buffers.
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

    /// Returns what the hours of a day offer, in order, whether it is free or not and whether it is over or not.
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

    /// Says whether this time could be booked at all, were it free.
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

    /// Says whether this time is free: for both people, with the buffers, on a day that is not full.
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

    /// Returns the next free slots after `wanted_ms`, at most `count`; when there are fewer, the latest ones before it fill up. In order.
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

    /// Returns the last day that can be booked.
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

/// Returns from when to when a day lasts in `zone`. A day the zone skipped is empty.
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

/// Says whether the clocks run through this day without a change.
fn is_plain(day: Span, zone: &TimeZone) -> bool {
    let offset = |at_ms: i64| Timestamp::from_millisecond(at_ms).ok().map(|instant| zone.to_offset(instant));
    day.to_ms - day.from_ms == DAY_MS && offset(day.from_ms) == offset(day.to_ms - 1)
}

/// Walks through a day piece by piece and returns the stretches whose wall clock is open.
fn follow_the_clock(day: Span, zone: &TimeZone, is_open: impl Fn(u16) -> bool) -> Vec<Span> {
    let mut open: Vec<Span> = Vec::new();
    let mut from_ms = day.from_ms;
    while from_ms < day.to_ms {
        let to_ms = from_ms + BUCKET_MS;
        if wall_minute(from_ms, zone).is_some_and(&is_open) {
            match open.last_mut() {
                // Where the clock jumps the stretch ends: it would not be one on the wall.
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
