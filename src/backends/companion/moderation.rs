//! What a provider's moderation says of a text, reduced to what we act on.

use crate::domain::risk::Level;
use async_openai::types::moderations::Categories;

/// What a provider's moderation says of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moderation {
    /// It could not be asked, or is not asked at all.
    Unknown,
    /// It was asked; this is how serious it finds the text.
    Found(Level),
}

impl Moderation {
    /// Returns the level it stands for; unknown is none.
    #[must_use]
    pub fn level(self) -> Level {
        match self {
            Self::Unknown => Level::None,
            Self::Found(level) => level,
        }
    }

    /// Reduces categories to a level: the wish to harm oneself is risk; harm to oneself in any other way, and to minors, is concern. The rest is the
    /// school's to deal with, not the companion's.
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
