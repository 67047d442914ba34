//! Owns the estimate of the tokens of a text, and the choice of the turns that fit into the context
//! of a model. Called by `services/companion`.

use super::turn::{Speaker, Turn};

/// Tokens of a message besides its text (role and separators). Source: OpenAI cookbook, "How to
/// count tokens with tiktoken": 3, and 1 to be safe.
const TOKENS_PER_MESSAGE: u64 = 4;
/// Characters per token. Indonesian has 3 to 4 with common vocabularies, English about 4; the
/// smaller number never promises too much room.
const CHARS_PER_TOKEN: u64 = 3;

/// Estimates the most tokens of a text. A rule of thumb, because every provider has another
/// vocabulary.
#[must_use]
pub fn estimate_tokens(text: &str) -> u64 {
    let chars = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    chars.div_ceil(CHARS_PER_TOKEN)
}

/// Returns the newest turns that fit into `budget` tokens, oldest first. The newest turn (the
/// question) is always among them. The first turn returned is the student's, because an answer
/// without its question confuses a model.
#[must_use]
pub fn trim_turns(turns: Vec<Turn>, budget: u64) -> Vec<Turn> {
    let mut left = budget;
    let mut kept: Vec<Turn> = Vec::new();
    for turn in turns.into_iter().rev() {
        let cost = estimate_tokens(&turn.text).saturating_add(TOKENS_PER_MESSAGE);
        if cost > left && !kept.is_empty() {
            break;
        }
        left = left.saturating_sub(cost);
        kept.push(turn);
    }
    while kept.len() > 1 && kept.last().is_some_and(|turn| turn.speaker == Speaker::Companion) {
        kept.pop();
    }
    kept.reverse();
    kept
}

/// Returns the tokens of a whole request: instructions and turns.
#[must_use]
pub fn request_tokens(system: &str, turns: &[Turn]) -> u64 {
    let turns: u64 = turns.iter().map(|turn| estimate_tokens(&turn.text).saturating_add(TOKENS_PER_MESSAGE)).sum();
    estimate_tokens(system).saturating_add(TOKENS_PER_MESSAGE).saturating_add(turns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Speaker::{Companion, Student};

    fn turn(speaker: Speaker, chars: usize) -> Turn {
        Turn { speaker, text: "a".repeat(chars) }
    }

    fn sizes(turns: Vec<Turn>, budget: u64) -> Vec<usize> {
        trim_turns(turns, budget).iter().map(|turn| turn.text.len()).collect()
    }

    #[test]
    fn an_estimate_counts_characters_not_bytes() {
        assert_eq!([estimate_tokens(""), estimate_tokens("ab"), estimate_tokens("ääää")], [0, 1, 2]);
        assert_eq!(request_tokens("abc", &[turn(Student, 3), turn(Companion, 6)]), 5 + 5 + 6);
    }

    #[test]
    fn the_newest_turns_that_fit_are_kept_in_order() {
        let thread = || vec![turn(Student, 30), turn(Companion, 33), turn(Student, 36), turn(Companion, 39), turn(Student, 3)];
        assert_eq!(sizes(thread(), 1_000), [30, 33, 36, 39, 3]);
        // With 5 + 17 + 16 + 15 = 53 tokens the companion's turn of 33 would come first.
        assert_eq!(sizes(thread(), 53), [36, 39, 3]);
        assert_eq!(sizes(thread(), 22), [3], "an answer without its question goes too");
    }

    #[test]
    fn the_question_stays_however_long_it_is() {
        assert_eq!(sizes(vec![turn(Student, 9), turn(Student, 9_000)], 10), [9_000]);
        assert!(trim_turns(Vec::new(), 10).is_empty());
    }
}
