//! Owns the clock: the time of day in ms since 1970 UTC, and a monotonic time for pauses, rates and
//! silence. Every module that needs the time takes it from a [`Clock`], so that tests can turn it.

use jiff::{Timestamp, tz::TimeZone};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

/// An hour, in ms.
pub const HOUR_MS: i64 = 3_600_000;
/// A day of 24 hours, in ms; a day of the school's zone may be longer or shorter.
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// Longest sleep between two looks at a manual clock.
const MANUAL_LOOK: Duration = Duration::from_millis(10);

/// Source of the time; cheap to clone.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands still until a test turns it.
    Manual(Arc<ManualClock>),
}

/// The state of a [`Clock::Manual`].
#[derive(Debug)]
pub struct ManualClock {
    now_ms: AtomicI64,
    began_ms: i64,
    began: Instant,
}

impl Clock {
    /// Makes a clock that stands at `now_ms`.
    #[must_use]
    pub fn manual(now_ms: i64) -> Self {
        Self::Manual(Arc::new(ManualClock { now_ms: AtomicI64::new(now_ms), began_ms: now_ms, began: Instant::now() }))
    }

    /// Returns ms since 1970 UTC.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        match self {
            Self::System => Timestamp::now().as_millisecond(),
            Self::Manual(manual) => manual.now_ms.load(Ordering::Acquire),
        }
    }

    /// Returns the monotonic time, which never goes back. A manual clock advances only as far as a
    /// test turned it.
    #[must_use]
    pub fn instant(&self) -> Instant {
        match self {
            Self::System => Instant::now(),
            Self::Manual(manual) => {
                let turned_ms = manual.now_ms.load(Ordering::Acquire).saturating_sub(manual.began_ms);
                manual.began + Duration::from_millis(u64::try_from(turned_ms).unwrap_or(0))
            }
        }
    }

    /// Returns how long to sleep before looking at the clock again, when the awaited instant is
    /// `left` ahead. The machine's clock goes on by itself: all of `left`. A test turns the manual
    /// clock at any time: at most 10 ms.
    #[must_use]
    pub fn look_again_after(&self, left: Duration) -> Duration {
        match self {
            Self::System => left,
            Self::Manual(_) => left.min(MANUAL_LOOK),
        }
    }

    /// Advances a manual clock by `step_ms`; the machine's clock ignores it.
    pub fn advance(&self, step_ms: i64) {
        if let Self::Manual(manual) = self {
            manual.now_ms.fetch_add(step_ms, Ordering::AcqRel);
        }
    }
}

/// Returns RFC 3339 UTC with milliseconds, `2026-11-21T04:05:06.789Z`. Instants outside jiff's
/// range give the epoch.
#[must_use]
pub fn rfc3339(at_ms: i64) -> String {
    let instant = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{instant:.3}")
}

/// Returns the calendar day `YYYY-MM-DD` of an instant in `zone`.
#[must_use]
pub fn day_in_zone(at_ms: i64, zone: &TimeZone) -> String {
    let instant = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    instant.to_zoned(zone.clone()).date().to_string()
}

/// Returns the last `count` days up to the day of `now_ms` in `zone`, oldest first, as
/// `YYYY-MM-DD`.
#[must_use]
pub fn recent_days(now_ms: i64, count: u16, zone: &TimeZone) -> Vec<String> {
    let instant = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let mut day = instant.to_zoned(zone.clone()).date();
    let mut days = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        days.push(day.to_string());
        day = day.yesterday().unwrap_or(day);
    }
    days.reverse();
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_with_three_decimals() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_763_725_506_789), "2025-11-21T11:45:06.789Z");
    }

    #[test]
    fn days_follow_the_zone_of_the_school() {
        let jakarta = TimeZone::get("Asia/Jakarta").unwrap();
        let late_evening_utc = 1_763_751_600_000; // 2025-11-21T19:00Z = 22 Nov. 02:00 in Jakarta
        assert_eq!(day_in_zone(late_evening_utc, &jakarta), "2025-11-22");
        assert_eq!(recent_days(late_evening_utc, 3, &jakarta), ["2025-11-20", "2025-11-21", "2025-11-22"]);
    }

    #[test]
    fn a_manual_clock_moves_only_when_turned() {
        let clock = Clock::manual(5);
        let began = clock.instant();
        assert_eq!(clock.instant(), began);
        clock.advance(10);
        assert_eq!(clock.now_ms(), 15);
        assert_eq!(clock.instant(), began + Duration::from_millis(10));
    }

    #[test]
    fn only_a_manual_clock_is_looked_at_before_the_time() {
        let (short, long) = (Duration::from_millis(3), Duration::from_secs(25));
        assert_eq!(Clock::System.look_again_after(short), short);
        assert_eq!(Clock::System.look_again_after(long), long);
        assert_eq!(Clock::manual(0).look_again_after(short), short);
        assert_eq!(Clock::manual(0).look_again_after(long), MANUAL_LOOK);
    }
}
