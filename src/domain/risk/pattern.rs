//! Owns patterns over tokens: concepts and words in order, with gaps of bounded length. Called by
//! [`super::pack`]. Invariant: matching uses bit masks over windows of 64 tokens, so its time grows
//! with the length of the text only.

use super::lexicon::{Atom, Lexicon, WordToken};

/// Tokens of a window: one bit of a mask each.
pub(super) const WINDOW: usize = 64;
/// Most tokens that a pattern may span; windows overlap by this much.
pub(super) const MAX_SPAN: usize = 24;

/// Tokens that `..` may stand for, at most.
const SHORT_GAP: u32 = 3;
/// Tokens that `...` may stand for, at most.
const LONG_GAP: u32 = 7;

/// A match of a pattern: its first and last token, and the tokens it consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Bit n stands for token `from + n`.
    pub(super) parts: u64,
}

/// A step of a pattern: one of these atoms, after at most `gap` other tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PatternStep {
    atoms: Vec<Atom>,
    gap: u32,
}

/// A sequence of steps, written such as `@want .. @die`:
///
/// - `@name` is a concept, any other word is itself.
/// - `a|b` is a choice; `_` is a space in it.
/// - `..` and `...` are gaps of up to 3 and up to 7 tokens.
/// - `#` is the end of a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    steps: Vec<PatternStep>,
}

/// Which tokens of a window carry an atom.
#[derive(Debug, Default)]
pub(super) struct Window {
    masks: Vec<u64>,
    first: usize,
}

impl Window {
    /// Makes the masks of `tokens[first..]`, at most 64 of them.
    pub(super) fn new(tokens: &[WordToken], first: usize, atoms: usize) -> Self {
        let mut masks = vec![0; atoms];
        for (bit, token) in tokens.iter().skip(first).take(WINDOW).enumerate() {
            for atom in &token.atoms {
                if let Some(mask) = masks.get_mut(usize::from(*atom)) {
                    *mask |= 1 << bit;
                }
            }
        }
        Self { masks, first }
    }

    fn mask(&self, atoms: &[Atom]) -> u64 {
        atoms.iter().filter_map(|atom| self.masks.get(usize::from(*atom))).fold(0, |all, mask| all | mask)
    }
}

impl Pattern {
    /// Reads a pattern and adds its words to the lexicon. Fails with the reason.
    pub(super) fn parse(text: &str, lexicon: &mut Lexicon) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut gap = 0;
        for part in text.split_whitespace() {
            match part {
                ".." => gap = SHORT_GAP,
                "..." => gap = LONG_GAP,
                choice => {
                    let atoms = choice.split('|').map(|name| read_atom(name, lexicon)).collect::<Result<_, _>>()?;
                    steps.push(PatternStep { atoms, gap });
                    gap = 0;
                }
            }
        }
        let span: u32 = steps.iter().skip(1).map(|step| step.gap + 1).sum();
        if steps.is_empty() || gap != 0 || span as usize >= MAX_SPAN {
            return Err(format!("pattern {text:?} is empty, ends in a gap, or covers more than {MAX_SPAN} tokens"));
        }
        Ok(Self { steps })
    }

    /// Finds the pattern in a window: one match for every token that can be its last.
    pub(super) fn find(&self, window: &Window) -> Vec<Found> {
        let mut reached = Vec::with_capacity(self.steps.len());
        let mut ends = 0;
        for (number, step) in self.steps.iter().enumerate() {
            let there = window.mask(&step.atoms);
            ends = if number == 0 { there } else { there & spread(ends, step.gap) };
            if ends == 0 {
                return Vec::new();
            }
            reached.push(ends);
        }
        (0..WINDOW).filter(|bit| ends >> bit & 1 == 1).map(|end| self.trace_back(&reached, end, window.first)).collect()
    }

    /// Follows a match back to its first token, over the nearest tokens.
    fn trace_back(&self, reached: &[u64], end: usize, first: usize) -> Found {
        let mut at = end;
        let mut parts: u64 = 1 << end;
        for (number, step) in self.steps.iter().enumerate().skip(1).rev() {
            let before = (1_u64 << at) - 1;
            let nearest = reached.get(number - 1).map_or(0, |mask| mask & before & !(before >> (step.gap + 1)));
            if nearest == 0 {
                break;
            }
            at = WINDOW - 1 - nearest.leading_zeros() as usize;
            parts |= 1 << at;
        }
        Found { from: first + at, to: first + end, parts: parts >> at }
    }
}

/// Returns the bits that are 1 to `gap + 1` above a bit of `mask`.
fn spread(mask: u64, gap: u32) -> u64 {
    (1..=gap + 1).fold(0, |all, step| all | mask << step)
}

fn read_atom(name: &str, lexicon: &mut Lexicon) -> Result<Atom, String> {
    if name == "#" || name.starts_with('@') {
        let known = lexicon.known(name.trim_start_matches('@'));
        return known.ok_or_else(|| format!("{name} is no concept of the pack"));
    }
    let atom = lexicon.atom(&format!("word {name}")).ok_or("too many words")?;
    lexicon.add(&name.replace('_', " "), atom);
    Ok(atom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(pattern: &str, text: &str) -> Vec<(usize, usize, u64)> {
        let mut lexicon = Lexicon::default();
        for (name, words) in [("want", ["mau", "pengen"]), ("die", ["mati", "tewas"])] {
            let atom = lexicon.atom(name).unwrap();
            words.iter().for_each(|word| lexicon.add(word, atom));
        }
        let pattern = Pattern::parse(pattern, &mut lexicon).unwrap();
        let found = pattern.find(&Window::new(&lexicon.read(text), 0, 100));
        found.into_iter().map(|found| (found.from, found.to, found.parts)).collect()
    }

    #[test]
    fn steps_are_found_in_order_within_their_gaps() {
        assert_eq!(spans("@want @die", "aku mau mati"), [(2, 3, 0b11)]);
        assert_eq!(spans("@want @die", "mau aja mati"), []);
        assert_eq!(spans("@want .. @die", "mau aja deh mati"), [(1, 4, 0b1001)]);
        assert_eq!(spans("@want .. @die", "mau satu dua tiga empat mati"), []);
        assert_eq!(spans("@want ... @die", "mau satu dua tiga empat mati"), [(1, 6, 0b10_0001)]);
        assert_eq!(spans("@want .. @die", "mati mau"), []);
        assert_eq!(spans("# @die aja #", "mati aja"), [(0, 3, 0b1111)]);
        assert_eq!(spans("takut|ingin .. @die", "pengen mau ingin tewas"), [(3, 4, 0b11)]);
        assert_eq!(spans("mau|ingin_sekali @die", "ingin sekali mati"), [(1, 2, 0b11)]);
    }

    #[test]
    fn the_nearest_beginning_counts() {
        assert_eq!(spans("@want .. @die", "mau pengen mati"), [(2, 3, 0b11)]);
        assert_eq!(spans("@want .. @die", "mau mati tewas"), [(1, 2, 0b11), (1, 3, 0b101)]);
    }

    #[test]
    fn patterns_that_make_no_sense_are_refused() {
        let mut lexicon = Lexicon::default();
        for text in ["", "..", "a ..", "@nothing", "a ... b ... c ... d ... e"] {
            assert!(Pattern::parse(text, &mut lexicon).is_err(), "{text:?}");
        }
    }
}
