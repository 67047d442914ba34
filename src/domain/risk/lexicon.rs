//! Owns the vocabulary of the rule pack: which concepts a word or phrase stands for, and how a
//! disguised word is found again. Called by [`super::pack`] and [`super::pattern`]. Invariants:
//!
//! - Each word of a text is looked up a bounded number of times.
//! - A phrase becomes one token, the longest phrase first, so that `mati lampu` (a power cut) does
//!   not contain `mati` (dead).

use super::normalise::{Piece, pieces, squeeze};
use std::collections::HashMap;

/// Number of a concept (`@die`) or of a word that a pattern names.
pub(super) type Atom = u16;

/// The atom of the end of a clause; it also stands at the beginning and the end of a text.
pub(super) const BREAK: Atom = 0;

/// Longest run of letters that is split into known words.
const MAX_RUN: usize = 48;
/// From this many single letters in a row on, the letters are one disguised word.
const SPELLED_OUT: usize = 3;

/// A word, a phrase, or the end of a clause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct WordToken {
    pub(super) atoms: Vec<Atom>,
}

#[derive(Debug)]
struct Phrase {
    /// The words behind the first one.
    rest: Vec<String>,
    atoms: Vec<Atom>,
}

/// All known words and phrases with their atoms.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    names: HashMap<String, Atom>,
    words: HashMap<String, Vec<Atom>>,
    phrases: HashMap<String, Vec<Phrase>>,
}

impl Lexicon {
    /// Returns the atom of a name, and makes it at the first call. `None` when there are too many
    /// atoms.
    pub(super) fn atom(&mut self, name: &str) -> Option<Atom> {
        if name == "#" {
            return Some(BREAK);
        }
        if let Some(atom) = self.names.get(name) {
            return Some(*atom);
        }
        let atom = Atom::try_from(self.names.len() + 1).ok()?;
        self.names.insert(name.to_owned(), atom);
        Some(atom)
    }

    /// Returns the atom of a concept that exists.
    pub(super) fn known(&self, name: &str) -> Option<Atom> {
        if name == "#" { Some(BREAK) } else { self.names.get(name).copied() }
    }

    /// Adds a word or phrase that stands for `atom`.
    pub(super) fn add(&mut self, text: &str, atom: Atom) {
        let mut parts: Vec<String> = pieces(text).into_iter().filter_map(word_of).map(|word| squeeze(&word)).collect();
        if parts.is_empty() {
            return;
        }
        for part in &parts {
            self.words.entry(part.clone()).or_default();
        }
        let first = parts.remove(0);
        if parts.is_empty() {
            push_once(self.words.entry(first).or_default(), atom);
            return;
        }
        let phrases = self.phrases.entry(first).or_default();
        match phrases.iter_mut().find(|phrase| phrase.rest == parts) {
            Some(phrase) => push_once(&mut phrase.atoms, atom),
            None => {
                phrases.push(Phrase { rest: parts, atoms: vec![atom] });
                phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.rest.len()));
            }
        }
    }

    /// Reads a text: a break, then its tokens, then a break.
    pub(super) fn read(&self, text: &str) -> Vec<WordToken> {
        let words = self.find_words(&join_spelled_out(pieces(text)));
        let mut tokens = vec![WordToken { atoms: vec![BREAK] }];
        let mut at = 0;
        while let Some(word) = words.get(at) {
            let Some(word) = word else {
                tokens.push(WordToken { atoms: vec![BREAK] });
                at += 1;
                continue;
            };
            let phrase = self.phrases.get(word).and_then(|phrases| phrases.iter().find(|phrase| stands_at(&words, at + 1, &phrase.rest)));
            match phrase {
                Some(phrase) => {
                    tokens.push(WordToken { atoms: phrase.atoms.clone() });
                    at += 1 + phrase.rest.len();
                }
                None => {
                    tokens.push(WordToken { atoms: self.atoms_of(word) });
                    at += 1;
                }
            }
        }
        if tokens.last().is_none_or(|token| token.atoms != [BREAK]) {
            tokens.push(WordToken { atoms: vec![BREAK] });
        }
        tokens
    }

    /// Returns the atoms of a word and those of the word without its ending. So a pattern that
    /// names `hidupku` does not hide that word from patterns about `hidup`.
    fn atoms_of(&self, word: &str) -> Vec<Atom> {
        let mut atoms = self.words.get(word).cloned().unwrap_or_default();
        if let Some(stem) = self.without_ending(word).and_then(|stem| self.words.get(&stem)) {
            stem.iter().for_each(|atom| push_once(&mut atoms, *atom));
        }
        atoms
    }

    /// Returns the words of a text as the lexicon spells them; `None` ends a clause.
    fn find_words(&self, pieces: &[Piece]) -> Vec<Option<String>> {
        let mut found = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                Piece::Break => found.push(None),
                Piece::Word(word) => match self.find(word) {
                    Some(known) => found.push(Some(known)),
                    None => match self.take_apart(&squeeze(&letters_of(word))) {
                        Some(parts) => found.extend(parts.into_iter().map(Some)),
                        None => found.push(Some(squeeze(word))),
                    },
                },
            }
        }
        found
    }

    /// Finds a known word behind a disguise: repeated letters, digits, stars or look-alikes in
    /// place of letters, a `2` that doubles the word, an ending.
    fn find(&self, word: &str) -> Option<String> {
        let known = |form: String| self.words.contains_key(&form).then_some(form);
        let plain = squeeze(word);
        if let Some(found) = known(plain.clone()) {
            return Some(found);
        }
        if word.chars().all(|c| c.is_ascii_digit()) {
            // The rules tell a few pills from a handful: numbers below 5 become `0`, all others
            // `5`.
            let is_few = word.parse::<u32>().is_ok_and(|number| number < 5);
            return known(if is_few { "0" } else { "5" }.to_owned());
        }
        if let Some(once) = plain.strip_suffix('2').map(str::to_owned)
            && let Some(found) = known(once.clone()).or_else(|| self.without_ending(&once))
        {
            return Some(found);
        }
        if plain.contains('*') {
            return self.behind_stars(&plain);
        }
        let mut forms = Vec::new();
        if plain.chars().any(|c| !c.is_alphabetic()) {
            forms.extend(['i', 'l'].map(|one| squeeze(&unmask(word, one))));
        }
        for form in [word.to_owned(), plain.clone()].into_iter().chain(forms) {
            let as_u = form.contains('v').then(|| form.replace('v', "u"));
            for form in std::iter::once(form).chain(as_u) {
                if let Some(found) = known(form.clone()).or_else(|| self.without_ending(&form)) {
                    return Some(found);
                }
            }
        }
        None
    }

    /// Removes an Indonesian ending, if the rest is a known word.
    fn without_ending(&self, word: &str) -> Option<String> {
        ["nya", "lah", "kah", "pun", "ku", "mu", "q"].iter().find_map(|ending| {
            let stem = word.strip_suffix(ending).filter(|stem| stem.len() >= 3)?;
            let stem = squeeze(stem);
            self.words.contains_key(&stem).then_some(stem)
        })
    }

    /// Tries every vowel in the place of at most two stars.
    fn behind_stars(&self, word: &str) -> Option<String> {
        if word.matches('*').count() > 2 || word.len() < 3 {
            return None;
        }
        let mut forms = vec![word.to_owned()];
        for _ in 0..word.matches('*').count() {
            forms = forms.iter().flat_map(|form| ["a", "i", "u", "e", "o"].map(|vowel| form.replacen('*', vowel, 1))).collect();
        }
        forms.into_iter().map(|form| squeeze(&form)).find(|form| self.words.contains_key(form))
    }

    /// Splits letters without spaces into known words of at least 3 letters, as few words as
    /// possible. `None` when letters are left over.
    fn take_apart(&self, letters: &str) -> Option<Vec<String>> {
        let length = letters.len();
        if !(6..=MAX_RUN).contains(&length) || !letters.is_ascii() {
            return None;
        }
        // best[n]: start of the last word of the first n letters, and the number of words so far.
        let mut best: Vec<Option<(usize, usize)>> = vec![None; length + 1];
        best[0] = Some((0, 0));
        for end in 3..=length {
            let from = (0..=end - 3).filter(|start| self.words.contains_key(&letters[*start..end]));
            best[end] = from.filter_map(|start| best[start].map(|(_, count)| (start, count + 1))).min_by_key(|(_, count)| *count);
        }
        let mut parts = Vec::new();
        let mut end = length;
        while end > 0 {
            let (start, _) = best[end]?;
            parts.push(letters[start..end].to_owned());
            end = start;
        }
        parts.reverse();
        Some(parts)
    }
}

/// Joins single letters in a row to one word: `b u n u h` becomes `bunuh`.
fn join_spelled_out(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut run: Vec<Piece> = Vec::new();
    for piece in pieces.into_iter().chain([Piece::Break]) {
        if matches!(&piece, Piece::Word(word) if word.chars().count() == 1) {
            run.push(piece);
            continue;
        }
        if run.len() >= SPELLED_OUT {
            joined.push(Piece::Word(run.drain(..).filter_map(word_of).collect()));
        }
        joined.append(&mut run);
        if piece != Piece::Break || joined.last() != Some(&Piece::Break) {
            joined.push(piece);
        }
    }
    joined
}

fn word_of(piece: Piece) -> Option<String> {
    match piece {
        Piece::Word(word) => Some(word),
        Piece::Break => None,
    }
}

fn stands_at(words: &[Option<String>], at: usize, phrase: &[String]) -> bool {
    let there = words.get(at..at + phrase.len());
    there.is_some_and(|there| there.iter().zip(phrase).all(|(word, wanted)| word.as_ref() == Some(wanted)))
}

fn push_once(atoms: &mut Vec<Atom>, atom: Atom) {
    if !atoms.contains(&atom) {
        atoms.push(atom);
    }
}

fn letters_of(word: &str) -> String {
    if word.chars().all(char::is_alphabetic) { word.to_owned() } else { unmask(word, 'i') }
}

/// Replaces digits and signs by the letters they look like; `one` is the letter for `1`, `!` and
/// `|`.
fn unmask(word: &str, one: char) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' | '|' => one,
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '9' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        other => other,
    };
    word.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexicon() -> Lexicon {
        let mut lexicon = Lexicon::default();
        for (name, words) in
            [("die", &["mati", "bunuh diri", "bunuhdiri", "kill"][..]), ("calm", &["mati lampu"]), ("want", &["pengen", "mau"])]
        {
            let atom = lexicon.atom(name).unwrap();
            words.iter().for_each(|word| lexicon.add(word, atom));
        }
        lexicon
    }

    fn names(text: &str) -> String {
        let lexicon = lexicon();
        let name = |atom: &Atom| lexicon.names.iter().find(|(_, known)| *known == atom).map_or("#", |(name, _)| name.as_str()).to_owned();
        let tokens = lexicon.read(text);
        tokens.iter().map(|token| token.atoms.first().map_or_else(|| "-".to_owned(), name)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn disguised_words_are_found() {
        for text in ["mati", "m4t1", "MATIIII", "m*ti", "m.a.t.i", "m a t i", "matinya", "mati2", "mat!"] {
            let expected = if text == "mat!" { "# - #" } else { "# die #" };
            assert_eq!(names(text), expected, "{text}");
        }
        for text in ["bunuh diri", "b u n u h d i r i", "bunvh d1r1", "bunuhdiri", "B.U.N.U.H D.I.R.I", "b*n*h d!ri", "bunuuuh diriii"] {
            assert_eq!(names(text), "# die #", "{text}");
        }
        assert_eq!(names("#pengenmati"), "# want die #");
        assert_eq!(names("k1ll, k i l l"), "# die # die #");
    }

    #[test]
    fn the_longest_phrase_wins_and_ordinary_words_stay() {
        assert_eq!(names("mau mati lampu"), "# want calm #");
        assert_eq!(names("mau mati. lampu"), "# want die # - #", "a phrase does not go over the end of a clause");
        assert_eq!(names("a b c matikan simpati"), "# - - - #");
    }
}
