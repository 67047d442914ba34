//! Owns the rates of one socket: how fast its messages are read, and how many may be client events.
//! Called by the session. Must not read a clock: the time is an argument.
//!
//! - A message above the first rate waits, and the client's connection waits behind it. None is
//!   lost.
//! - A client event above the second rate is refused.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// A bucket of two seconds' worth of messages.
#[derive(Debug)]
pub(super) struct ReadRate {
    per_s: f64,
    left: Cell<f64>,
    at: Cell<Instant>,
}

impl ReadRate {
    pub(super) fn new(per_s: u32, now: Instant) -> Self {
        let per_s = f64::from(per_s.max(1));
        Self { per_s, left: Cell::new(2.0 * per_s), at: Cell::new(now) }
    }

    /// Takes one message out of the bucket; returns how long it has to wait.
    pub(super) fn take(&self, now: Instant) -> Duration {
        let gained = now.duration_since(self.at.replace(now)).as_secs_f64() * self.per_s;
        let left = (self.left.get() + gained).min(2.0 * self.per_s) - 1.0;
        self.left.set(left);
        if left >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-left / self.per_s) }
    }
}

/// How many client events one socket may send, counted in whole seconds.
#[derive(Debug)]
pub(super) struct EventRate {
    limit: u32,
    window_began: Instant,
    count: u32,
}

impl EventRate {
    pub(super) fn new(limit: u32, now: Instant) -> Self {
        Self { limit, window_began: now, count: 0 }
    }

    /// Says whether one more may be sent.
    pub(super) fn allow(&mut self, now: Instant) -> bool {
        if now.duration_since(self.window_began).as_secs() >= 1 {
            self.window_began = now;
            self.count = 0;
        }
        self.count += 1;
        self.count <= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_seconds_worth_may_come_at_once_and_the_rest_at_the_rate() {
        let start = Instant::now();
        let rate = ReadRate::new(10, start);
        assert!((0..20).all(|_| rate.take(start).is_zero()));
        assert_eq!(rate.take(start), Duration::from_millis(100));
        assert_eq!(rate.take(start), Duration::from_millis(200));
        assert!(rate.take(start + Duration::from_millis(300)).is_zero());
        assert!((0..20).all(|_| rate.take(start + Duration::from_secs(60)).is_zero()), "a pause fills the bucket, and no more");
        assert!(!rate.take(start + Duration::from_secs(60)).is_zero());
    }

    #[test]
    fn events_are_counted_per_second() {
        let start = Instant::now();
        let mut rate = EventRate::new(2, start);
        assert_eq!([0, 10, 20].map(|ms| rate.allow(start + Duration::from_millis(ms))), [true, true, false]);
        assert!(rate.allow(start + Duration::from_millis(1001)));
    }
}
