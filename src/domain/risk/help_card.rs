//! Owns the words of the help card: what to do now, written by people and kept in data files.
//! Called by `services/help`. Must not contain words that a model wrote or changed.

use super::hotline::Hotline;
use crate::domain::language::Language;
use serde::Deserialize;
use std::sync::LazyLock;

/// Version of the words; raise it with every change of the files.
pub const VERSION: &str = "2026.11.1";

/// The card in one language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct CardText {
    /// One line.
    pub title: String,
    /// What to do, most urgent first.
    pub lines: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
struct HotlineFile {
    hotline: Vec<Hotline>,
}

/// Returns the words of the card.
#[must_use]
pub fn card_text(language: Language) -> &'static CardText {
    static INDONESIAN: LazyLock<CardText> = LazyLock::new(|| read(include_str!("help_card/id.toml")));
    static ENGLISH: LazyLock<CardText> = LazyLock::new(|| read(include_str!("help_card/en.toml")));
    match language {
        Language::Indonesian => &INDONESIAN,
        Language::English => &ENGLISH,
    }
}

/// Returns the hotlines that a school has before an admin writes its own.
#[must_use]
pub fn default_hotlines() -> &'static [Hotline] {
    static HOTLINES: LazyLock<HotlineFile> = LazyLock::new(|| read(include_str!("help_card/hotlines.toml")));
    &HOTLINES.hotline
}

/// Reads a data file. A test proves that the built-in files read; at run time an empty card is
/// better than none.
fn read<T: serde::de::DeserializeOwned + Default>(text: &str) -> T {
    toml::from_str(text).unwrap_or_else(|error| {
        tracing::error!(%error, "a file of the help card does not read");
        T::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::risk::{
        Level, RulePack,
        hotline::{HotlineForm, parse_hotlines},
    };

    #[test]
    fn the_card_is_complete_in_both_languages() {
        let [id, en] = [Language::Indonesian, Language::English].map(card_text);
        assert_eq!(id.lines.len(), en.lines.len());
        for card in [id, en] {
            assert!(!card.title.is_empty() && card.lines.len() >= 5);
            assert!(card.lines.iter().all(|line| (20..=220).contains(&line.chars().count()) && line.ends_with('.')), "{card:?}");
            assert!(card.lines.concat().contains("119"), "what to dial stands in the text, for whoever reads no list");
            let words = format!("{} {}", card.title, card.lines.concat()).to_lowercase();
            for technical in ["ai ", "model", "level", "alert", "risk", "sistem", "system"] {
                assert!(!words.contains(technical), "{technical}");
            }
        }
        assert_ne!(id, en);
        // The rules must find no risk in the card itself.
        assert!(RulePack::built_in().assess("Kamu tidak sendirian. Ayo cari bantuan sekarang.").level < Level::Concern);
    }

    #[test]
    fn the_default_hotlines_are_such_that_an_admin_could_have_written_them() {
        let form = |hotline: &Hotline| HotlineForm {
            id: Some(hotline.id.clone()),
            name: hotline.name.clone(),
            number: hotline.number.clone(),
            url: hotline.url.clone(),
            hours: hotline.hours.clone(),
            note: hotline.note.clone(),
            checked_on: hotline.checked_on.clone(),
        };
        let forms: Vec<HotlineForm> = default_hotlines().iter().map(form).collect();
        assert_eq!(parse_hotlines(&forms).unwrap(), default_hotlines());
        assert_eq!(default_hotlines().iter().map(|hotline| hotline.number.as_str()).collect::<Vec<_>>(), ["119", "129"]);
    }
}
