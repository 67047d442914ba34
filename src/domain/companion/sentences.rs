//! Owns the gate that holds an answer back until a sentence is whole, so that the sentence can be
//! checked before anybody sees it. Called by `actors/companion/answer_stream`.

/// Characters after which text without an end of a sentence is released up to the last space,
/// because lists and long sentences must not look stuck.
const LONGEST_HOLD_CHARS: usize = 240;

/// Text of an answer that is not a whole sentence yet.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct SentenceGate {
    held: String,
}

impl SentenceGate {
    /// Adds a piece of the answer. Returns the sentences that are whole now, with the space behind
    /// them.
    pub fn push(&mut self, piece: &str) -> Option<String> {
        self.held.push_str(piece);
        let end = end_of_sentences(&self.held).or_else(|| {
            let is_long = self.held.chars().count() > LONGEST_HOLD_CHARS;
            is_long.then(|| self.held.rfind(char::is_whitespace).map_or(self.held.len(), |at| after_char(&self.held, at)))
        })?;
        let rest = self.held.split_off(end);
        Some(std::mem::replace(&mut self.held, rest))
    }

    /// Returns the rest at the end of the answer; it may be empty.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

/// Returns the end of the last whole sentence. A mark ends a sentence only when a space follows:
/// `3.5` and `dr.Budi` do not end one.
fn end_of_sentences(text: &str) -> Option<usize> {
    let mut end = None;
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        let ends = matches!(before, '.' | '!' | '?' | '…' | ':' | ';' | '"' | '”' | ')');
        if character == '\n' || (character.is_whitespace() && ends) {
            end = Some(at + character.len_utf8());
        }
        before = character;
    }
    end
}

fn after_char(text: &str, at: usize) -> usize {
    at + text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_leave_when_they_are_whole() {
        let mut gate = SentenceGate::default();
        let mut out = Vec::new();
        for piece in ["Ha", "lo", ".", " Nilai", " 3", ".5 itu", " baik", "! ", "Coba", " ya\n", "- satu"] {
            out.extend(gate.push(piece));
        }
        assert_eq!(out, ["Halo. ", "Nilai 3.5 itu baik! ", "Coba ya\n"]);
        assert_eq!(gate.finish(), "- satu");
        assert_eq!(gate.finish(), "");
    }

    #[test]
    fn nothing_is_lost_or_changed_however_it_is_cut() {
        let text = "Satu. Dua? “Tiga.” Empat…\n\nLima: enam; tujuh (8). Sembilan";
        for size in 1..7 {
            let characters: Vec<char> = text.chars().collect();
            let mut gate = SentenceGate::default();
            let mut out = String::new();
            for piece in characters.chunks(size) {
                out.push_str(&gate.push(&piece.iter().collect::<String>()).unwrap_or_default());
            }
            out.push_str(&gate.finish());
            assert_eq!(out, text);
        }
    }

    #[test]
    fn a_part_without_an_end_is_not_held_for_ever() {
        let mut gate = SentenceGate::default();
        let mut longest = 0;
        for _ in 0..200 {
            gate.push("kata ");
            longest = longest.max(gate.held.chars().count());
        }
        assert!(longest <= LONGEST_HOLD_CHARS + 5, "{longest}");
        let mut without_space = SentenceGate::default();
        assert_eq!(without_space.push(&"ä".repeat(LONGEST_HOLD_CHARS + 1)).unwrap().chars().count(), LONGEST_HOLD_CHARS + 1);
    }
}
