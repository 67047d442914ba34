//! Owns the translation of a provider's moderation into a level.

use crate::domain::risk::Level;
use async_openai::types::moderations::Categories;

/// The result of a provider's moderation of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moderation {
    /// The provider was not asked, or did not answer.
    Unknown,
    /// The provider assessed the text at this level.
    Found(Level),
}

impl Moderation {
    /// Returns the level; unknown counts as none.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            Self::Unknown => Level::None,
            Self::Found(level) => level,
        }
    }

    /// Translates categories into a level: the intent to harm oneself and instructions for it are
    /// risk; other self-harm, minors in danger and serious violence are concern. All other
    /// categories are none: they are a matter for the school, not for the companion.
    pub(super) fn of(categories: &Categories) -> Self {
        let level = if categories.self_harm_intent || categories.self_harm_instructions {
            Level::Risk
        } else if categories.self_harm || categories.sexual_minors || categories.violence_graphic || categories.harassment_threatening {
            Level::Concern
        } else {
            Level::None
        };
        Self::Found(level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_become_levels() {
        let level = |change: fn(&mut Categories)| {
            let mut categories = Categories::default();
            change(&mut categories);
            Moderation::of(&categories).level()
        };
        assert_eq!(level(|_| {}), Level::None);
        assert_eq!(level(|it| it.hate = true), Level::None);
        assert_eq!(level(|it| it.self_harm = true), Level::Concern);
        assert_eq!(level(|it| it.sexual_minors = true), Level::Concern);
        assert_eq!(level(|it| it.self_harm_intent = true), Level::Risk);
        assert_eq!(level(|it| it.self_harm_instructions = true), Level::Risk);
        assert_eq!(Moderation::Unknown.level(), Level::None);
    }
}
