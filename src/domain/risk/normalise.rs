//! Owns the first step of the safety check: it turns typed text into plain words. Undoes case,
//! accents, look-alikes, invisible characters, fancy letters and emoji. Must not need a dictionary:
//! [`super::lexicon`] undoes digits, stars and spaces between letters.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Most characters of a text that are read; a question has at most 4,000.
const MAX_CHARS: usize = 8_000;

/// Characters besides letters and digits that people type in place of letters.
const INSIDE_WORDS: [char; 6] = ['*', '!', '@', '$', '|', '+'];

/// A word as it was typed, in lower case and plain letters, or the end of a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Word(String),
    Break,
}

/// Splits a text into words and ends of clauses. Two ends never follow each other.
pub(super) fn pieces(text: &str) -> Vec<Piece> {
    let plain: Vec<char> = text.chars().take(MAX_CHARS).nfkd().filter_map(plain_char).flat_map(char::to_lowercase).collect();
    let mut pieces = Vec::new();
    let mut word = String::new();
    for (at, &c) in plain.iter().enumerate() {
        let next = plain.get(at + 1).copied();
        if let Some(meaning) = emoji(c) {
            end_word(&mut pieces, &mut word);
            pieces.push(Piece::Word(meaning.to_owned()));
        } else if c.is_alphanumeric() || (INSIDE_WORDS.contains(&c) && !word.is_empty() && next.is_some_and(char::is_alphanumeric)) {
            word.push(c);
        } else if !matches!(c, '\'' | '’' | '‘' | '`' | '´') {
            end_word(&mut pieces, &mut word);
            let ends_clause = c == '\n' || (is_punctuation(c) && next.is_none_or(|next| next.is_whitespace() || is_punctuation(next)));
            if ends_clause && pieces.last() != Some(&Piece::Break) {
                pieces.push(Piece::Break);
            }
        }
    }
    end_word(&mut pieces, &mut word);
    pieces
}

fn end_word(pieces: &mut Vec<Piece>, word: &mut String) {
    if !word.is_empty() {
        pieces.push(Piece::Word(std::mem::take(word)));
    }
}

const fn is_punctuation(c: char) -> bool {
    matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '…' | '(' | ')' | '—' | '–' | '/')
}

/// Returns the plain letter for a look-alike; `None` for invisible characters and for marks on
/// another letter.
fn plain_char(c: char) -> Option<char> {
    if is_combining_mark(c)
        || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FE0F}')
    {
        return None;
    }
    // Letters of other alphabets that look like Latin ones.
    Some(match c {
        'а' | 'А' | 'α' => 'a',
        'е' | 'Е' | 'ε' => 'e',
        'і' | 'І' | 'ı' | 'ι' => 'i',
        'о' | 'О' | 'ο' | 'σ' => 'o',
        'р' | 'Р' | 'ρ' => 'p',
        'с' | 'С' => 'c',
        'у' | 'У' => 'y',
        'х' | 'Х' => 'x',
        'к' | 'К' | 'κ' => 'k',
        'м' | 'М' => 'm',
        'т' | 'Т' | 'τ' => 't',
        'н' | 'Н' => 'h',
        'υ' => 'u',
        'ѕ' => 's',
        'ԁ' => 'd',
        'ƅ' => 'b',
        other => other,
    })
}

/// Returns the word that an emoji stands for.
const fn emoji(c: char) -> Option<&'static str> {
    match c {
        '😂' | '🤣' | '💀' | '😆' | '😹' => Some("haha"),
        '🔪' | '🗡' => Some("pisau"),
        '🔫' => Some("pistol"),
        '💊' => Some("pil"),
        '🩸' => Some("darah"),
        '😭' | '😢' | '🥺' | '💔' => Some("nangis"),
        _ => None,
    }
}

/// Reduces every run of the same letter to one: `matiii` becomes `mati`.
pub(super) fn squeeze(word: &str) -> String {
    let mut squeezed = String::with_capacity(word.len());
    for c in word.chars() {
        if !squeezed.ends_with(c) || c.is_ascii_digit() {
            squeezed.push(c);
        }
    }
    squeezed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> String {
        let word = |piece: Piece| match piece {
            Piece::Word(word) => word,
            Piece::Break => "#".into(),
        };
        pieces(text).into_iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn disguises_of_letters_are_undone() {
        assert_eq!(words("MÁTI"), "mati");
        assert_eq!(words("ma\u{200B}ti \u{202E}diri"), "mati diri");
        assert_eq!(words("𝓶𝓪𝓽𝓲 ｍａｔｉ"), "mati mati");
        assert_eq!(words("mаtі"), "mati", "Cyrillic letters");
        assert_eq!(words("don't don’t"), "dont dont");
        assert_eq!(words("d!ri m*ti b@nuh wow!"), "d!ri m*ti b@nuh wow #");
    }

    #[test]
    fn clauses_end_where_a_reader_sees_it() {
        assert_eq!(words("capek. mau,pulang, ya"), "capek # mau pulang # ya");
        assert_eq!(words("b.u.n.u.h d-i-r-i..."), "b u n u h d i r i #");
        assert_eq!(words("a\n\n\nb"), "a # b");
        assert_eq!(words("🔪 wkwk😂"), "pisau wkwk haha");
    }

    #[test]
    fn long_drawn_words_are_shortened() {
        assert_eq!(squeeze("matiiii"), "mati");
        assert_eq!(squeeze("kill"), "kil");
        assert_eq!(squeeze("100"), "100");
    }
}
