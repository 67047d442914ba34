//! Owns times of day on the grid, hours between two of them, and cutting and joining hours. Times
//! are in the school's zone. Called by [`super::availability`] and [`super::slots`].

use std::fmt;

/// Grid of all times of day, lengths and buffers, in minutes. Because of the grid two appointments
/// share a whole piece of time or none.
pub const GRID_MINUTES: u16 = 5;
/// Minutes of a day without a change of the clocks; also the time of day `24:00`.
const DAY_MINUTES: u16 = 24 * 60;

/// A time of day on the grid, `00:00` to `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// Reads `HH:MM`; `None` for anything else, and for times off the grid.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (hours, minutes) = text.split_once(':')?;
        let number = |part: &str| (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse::<u16>().ok())?;
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        let total = hours * 60 + minutes;
        (minutes < 60 && total <= DAY_MINUTES && total.is_multiple_of(GRID_MINUTES)).then_some(Self(total))
    }

    /// Returns the minutes since midnight, 0..=1440.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A part of a day: `from` is part of it, `to` is not. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hours {
    /// Beginning.
    pub from: TimeOfDay,
    /// End.
    pub to: TimeOfDay,
}

impl Hours {
    pub(super) const WHOLE_DAY: Self = Self { from: TimeOfDay(0), to: TimeOfDay(DAY_MINUTES) };

    /// Reads two times of day. Fails with a sentence for the person who typed them.
    pub(super) fn parse(from: &str, to: &str) -> Result<Self, String> {
        let read = |text: &str| TimeOfDay::parse(text).ok_or_else(|| format!("times are HH:MM, in steps of {GRID_MINUTES} minutes"));
        let (from, to) = (read(from)?, read(to)?);
        if from < to { Ok(Self { from, to }) } else { Err("it must end after it begins".to_owned()) }
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }

    /// Says whether a minute since midnight lies inside.
    #[must_use]
    pub const fn contains(self, minute: u16) -> bool {
        self.from.0 <= minute && minute < self.to.0
    }
}

/// Removes `closed` from the hours.
pub(super) fn without(open: &[Hours], closed: Hours) -> Vec<Hours> {
    let mut left = Vec::with_capacity(open.len() + 1);
    for hours in open {
        let (before, after) =
            (Hours { from: hours.from, to: hours.to.min(closed.from) }, Hours { from: hours.from.max(closed.to), to: hours.to });
        left.extend([before, after].into_iter().filter(|part| part.from < part.to));
    }
    left
}

/// Sorts hours and joins those that overlap or touch.
pub(super) fn united(mut hours: Vec<Hours>) -> Vec<Hours> {
    hours.sort_unstable();
    let mut united: Vec<Hours> = Vec::with_capacity(hours.len());
    for next in hours {
        match united.last_mut() {
            Some(last) if next.from <= last.to => last.to = last.to.max(next.to),
            _ => united.push(next),
        }
    }
    united
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_on_the_grid() {
        for text in ["00:00", "07:05", "23:55", "24:00"] {
            assert_eq!(TimeOfDay::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "7:05", "07:5", "07:03", "24:05", "23:60", "-1:00", "+7:05", "07:05:00", "ab:cd", "0７:05"] {
            assert_eq!(TimeOfDay::parse(text), None, "{text}");
        }
    }
}
