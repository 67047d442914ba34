//! Owns the four levels of the safety check.

use serde::{Deserialize, Serialize};

/// How serious a text is, as a number from 0 to 3.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Level {
    /// 0: nothing to note.
    #[default]
    None,
    /// 1: low mood; material or an appointment may help.
    LowMood,
    /// 2: concern; a counsellor should know of it.
    Concern,
    /// 3: risk; the student sees the help card at once, and counsellors are called.
    Risk,
}

/// Says that a number is not a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a level is 0 to 3")]
pub struct InvalidLevel;

impl Level {
    /// All levels, the least serious first.
    pub const ALL: [Self; 4] = [Self::None, Self::LowMood, Self::Concern, Self::Risk];

    /// Returns the number on the wire and in the database, 0..=3.
    #[must_use]
    pub const fn as_number(self) -> u8 {
        self as u8
    }

    /// Returns the level of a number; `None` above 3.
    #[must_use]
    pub fn from_number(number: i64) -> Option<Self> {
        usize::try_from(number).ok().and_then(|number| Self::ALL.get(number).copied())
    }

    /// Returns the next more serious level; [`Self::Risk`] stays.
    #[must_use]
    pub const fn raised(self) -> Self {
        match self {
            Self::None => Self::LowMood,
            Self::LowMood => Self::Concern,
            Self::Concern | Self::Risk => Self::Risk,
        }
    }
}

impl From<Level> for u8 {
    fn from(level: Level) -> Self {
        level.as_number()
    }
}

impl TryFrom<u8> for Level {
    type Error = InvalidLevel;
    fn try_from(number: u8) -> Result<Self, InvalidLevel> {
        Self::from_number(number.into()).ok_or(InvalidLevel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_numbers_in_order() {
        assert!(Level::None < Level::LowMood && Level::Concern < Level::Risk);
        for level in Level::ALL {
            assert_eq!(Level::from_number(level.as_number().into()), Some(level));
            assert_eq!(serde_json::to_string(&level).unwrap(), level.as_number().to_string());
            assert!(level.raised() >= level);
        }
        assert_eq!(Level::from_number(4), None);
        assert_eq!(Level::from_number(-1), None);
        assert!(serde_json::from_str::<Level>("7").is_err());
    }
}
