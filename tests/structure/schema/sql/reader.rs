//! Splits SQL into tokens and reads them one after the other.

use super::Engine;

/// Splits SQL into words, numbers, quoted texts (with their quotes) and single signs; comments are
/// dropped. Quotes around names are dropped too.
pub(super) fn tokens(sql: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut rest = sql.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("--") {
            let length = rest.find('\n').unwrap_or(rest.len());
            rest = rest[length..].trim_start();
            continue;
        } else if rest.starts_with("/*") {
            let length = rest.find("*/").ok_or("a comment does not end")? + 2;
            rest = rest[length..].trim_start();
            continue;
        } else if matches!(first, '\'' | '"' | '`') {
            let length = rest[1..].find(first).ok_or("a quote does not end")? + 2;
            found.push(if first == '\'' { rest[..length].to_owned() } else { rest[1..length - 1].to_owned() });
            rest = rest[length..].trim_start();
            continue;
        } else if is_word(first) {
            rest.find(|character| !is_word(character)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        found.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

pub(super) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.')
}

/// Reads one statement from its first token to its last.
pub(super) struct Reader<'a> {
    pub(super) engine: Engine,
    tokens: &'a [String],
    at: usize,
}

pub(super) type Read<T> = Result<T, String>;

impl<'a> Reader<'a> {
    pub(super) const fn new(engine: Engine, tokens: &'a [String]) -> Self {
        Self { engine, tokens, at: 0 }
    }

    pub(super) fn peek(&self) -> &str {
        self.tokens.get(self.at).map_or("", String::as_str)
    }

    pub(super) fn next(&mut self) -> String {
        let token = self.peek().to_owned();
        self.at += 1;
        token
    }

    /// Takes the words if they are the next ones.
    pub(super) fn take(&mut self, words: &str) -> bool {
        let wanted: Vec<&str> = words.split(' ').collect();
        let given = self.tokens.get(self.at..self.at + wanted.len()).unwrap_or_default();
        let is_next = given.len() == wanted.len() && given.iter().zip(&wanted).all(|(given, wanted)| given.eq_ignore_ascii_case(wanted));
        if is_next {
            self.at += wanted.len();
        }
        is_next
    }

    pub(super) fn expect(&mut self, words: &str) -> Read<()> {
        if self.take(words) { Ok(()) } else { Err(format!("{words} expected instead of {:?}", self.peek())) }
    }

    pub(super) fn ends(&self) -> Read<()> {
        if self.at >= self.tokens.len() { Ok(()) } else { Err(format!("{:?} is not understood", self.peek())) }
    }

    pub(super) fn name(&mut self) -> Read<String> {
        let name = self.next();
        if name.starts_with(is_word) { Ok(name) } else { Err(format!("a name expected instead of {name:?}")) }
    }

    /// Reads `(a, b)`.
    pub(super) fn names(&mut self) -> Read<Vec<String>> {
        self.expect("(")?;
        let mut names = vec![self.name()?];
        while self.take(",") {
            names.push(self.name()?);
        }
        self.expect(")")?;
        Ok(names)
    }
}
