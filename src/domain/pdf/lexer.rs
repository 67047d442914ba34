//! Owns the lexer: PDF tokens with their positions. Called by the walk (`scan`) and
//! [`super::dictionary`]. Must not build a tree, so that memory does not grow with the input.
//! Source: ISO 32000-1, section 7.2.

use std::{borrow::Cow, ops::Range};

/// A PDF token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token<'a> {
    /// `/Name`, with `#xx` escapes resolved and without the slash.
    Name(Cow<'a, [u8]>),
    /// A run of regular characters: a number or a keyword.
    Word(&'a [u8]),
    /// `(text)` or `<hex>`.
    Text,
    /// `<<`
    DictionaryOpen,
    /// `>>`
    DictionaryClose,
    /// `[`
    ArrayOpen,
    /// `]`
    ArrayClose,
    /// `% …` to the end of the line.
    Comment,
}

/// Text that readers understand differently: a string that never ends, a `<hex>` string with other
/// characters, a broken `#xx` escape in a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// Walks over tokens.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Says whether a byte is PDF white space.
pub const fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

const fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !is_delimiter(byte)
}

impl<'a> Lexer<'a> {
    /// Starts at `at`.
    pub const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// Continues at `at`.
    pub const fn jump(&mut self, at: usize) {
        self.at = at;
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    /// Returns the next token and its position; `None` at the end.
    pub fn next_token(&mut self) -> Result<Option<(Token<'a>, Range<usize>)>, Malformed> {
        self.skip_while(is_space);
        let start = self.at;
        let Some(first) = self.peek(0) else { return Ok(None) };
        let token = match (first, self.peek(1)) {
            (b'<', Some(b'<')) => self.take_fixed(2, Token::DictionaryOpen),
            (b'>', Some(b'>')) => self.take_fixed(2, Token::DictionaryClose),
            (b'[', _) => self.take_fixed(1, Token::ArrayOpen),
            (b']', _) => self.take_fixed(1, Token::ArrayClose),
            (b'/', _) => self.take_name()?,
            (b'%', _) => {
                self.skip_while(|byte| !matches!(byte, b'\r' | b'\n'));
                Token::Comment
            }
            (b'(', _) => self.take_text()?,
            (b'<', _) => self.take_hex()?,
            (b')' | b'>' | b'{' | b'}', _) => self.take_fixed(1, Token::Word(self.bytes.get(start..=start).unwrap_or_default())),
            _ => {
                self.skip_while(is_regular);
                Token::Word(self.bytes.get(start..self.at).unwrap_or_default())
            }
        };
        Ok(Some((token, start..self.at)))
    }

    fn skip_while(&mut self, matches: impl Fn(u8) -> bool) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| !matches(*byte)).unwrap_or(rest.len());
    }

    const fn take_fixed(&mut self, length: usize, token: Token<'a>) -> Token<'a> {
        self.at += length;
        token
    }

    fn take_name(&mut self) -> Result<Token<'a>, Malformed> {
        self.at += 1;
        let start = self.at;
        self.skip_while(is_regular);
        let raw = self.bytes.get(start..self.at).unwrap_or_default();
        Ok(Token::Name(if raw.contains(&b'#') { Cow::Owned(unescape(raw)?) } else { Cow::Borrowed(raw) }))
    }

    /// Takes a literal string: parentheses nest, a backslash protects the next byte.
    fn take_text(&mut self) -> Result<Token<'a>, Malformed> {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(Token::Text);
            }
        }
        Err(Malformed)
    }

    fn take_hex(&mut self) -> Result<Token<'a>, Malformed> {
        self.at += 1;
        self.skip_while(|byte| byte.is_ascii_hexdigit() || is_space(byte));
        if self.peek(0) != Some(b'>') {
            return Err(Malformed);
        }
        self.at += 1;
        Ok(Token::Text)
    }
}

/// Resolves the `#xx` escapes of a name. Refuses any other `#`, because readers disagree about it.
fn unescape(raw: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut name = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first != b'#' {
            name.push(*first);
            continue;
        }
        let digits = tail.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit)).ok_or(Malformed)?;
        let digits = std::str::from_utf8(digits).map_err(|_| Malformed)?;
        name.push(u8::from_str_radix(digits, 16).map_err(|_| Malformed)?);
        rest = tail.get(2..).unwrap_or_default();
    }
    Ok(name)
}

/// Returns the first position of `needle`.
pub fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(found) = bytes.get(from..)?.iter().position(|byte| *byte == first) {
        if bytes.get(from + found..)?.starts_with(needle) {
            return Some(from + found);
        }
        from += found + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &[u8]) -> Vec<Token<'_>> {
        let mut lexer = Lexer::new(text, 0);
        std::iter::from_fn(|| lexer.next_token().unwrap().map(|(token, _)| token)).collect()
    }

    #[test]
    fn every_kind_of_token_is_found() {
        let name = |text: &'static str| Token::Name(Cow::Borrowed(text.as_bytes()));
        assert_eq!(
            tokens(b"1 0 obj<</A[/B(a(b\\))c)<0a>]>>% x\nendobj"),
            [
                Token::Word(b"1"),
                Token::Word(b"0"),
                Token::Word(b"obj"),
                Token::DictionaryOpen,
                name("A"),
                Token::ArrayOpen,
                name("B"),
                Token::Text,
                Token::Text,
                Token::ArrayClose,
                Token::DictionaryClose,
                Token::Comment,
                Token::Word(b"endobj"),
            ]
        );
    }

    #[test]
    fn escaped_names_are_what_they_mean() {
        assert_eq!(tokens(b"/J#61va#53cript"), [Token::Name(Cow::Borrowed(b"JavaScript"))]);
        for text in [&b"/A#zz"[..], b"/J#4J", b"/A#4", b"/A#", b"/#+5"] {
            assert_eq!(Lexer::new(text, 0).next_token(), Err(Malformed));
        }
    }

    #[test]
    fn strings_without_an_end_or_with_other_than_hex_digits_are_an_error() {
        for text in [&b"(a"[..], b"(a\\)", b"<0a", b"(((", b"(", b"<7 0 obj/S/JavaScript>"] {
            assert_eq!(Lexer::new(text, 0).next_token(), Err(Malformed));
        }
    }
}
