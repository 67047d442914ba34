//! Reads Markdown and comments: kinds of lines, sentences, cells. Must not judge them.

/// The kinds of lines of a Markdown file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Prose,
    Heading,
    Table,
    Code,
}

/// A line of a Markdown file.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Its number, from 1.
    pub at: usize,
    pub kind: Kind,
    pub text: &'a str,
}

/// Abbreviations whose full stop ends no sentence.
const ABBREVIATIONS: [&str; 8] = ["e.g.", "i.e.", "etc.", "vs.", "cf.", "Mr.", "Dr.", "No."];

/// Signs that may stand between the end of a sentence and the space behind it.
const CLOSING: [char; 6] = ['"', '\u{201d}', ')', '*', '_', '\''];

/// Signs that may stand before the first letter of a sentence.
const OPENING: [char; 6] = ['"', '\u{201c}', '(', '*', '_', '['];

/// Returns the lines of a Markdown file that are not empty.
pub fn markdown(text: &str) -> Vec<Line<'_>> {
    let mut is_code = false;
    let mut lines = Vec::new();
    for (at, text) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let trimmed = text.trim_start();
        let is_fence = trimmed.starts_with("```");
        let kind = match trimmed.chars().next() {
            _ if is_code || is_fence => Kind::Code,
            Some('#') => Kind::Heading,
            Some('|') => Kind::Table,
            _ => Kind::Prose,
        };
        is_code ^= is_fence;
        lines.push(Line { at: at + 1, kind, text });
    }
    lines
}

/// Returns the cells of a table row, without a separator of code taken for one of cells.
pub fn cells(row: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut is_code, mut before) = (0, false, ' ');
    for (at, sign) in row.char_indices() {
        is_code ^= sign == '`';
        if sign == '|' && !is_code && before != '\\' {
            found.push(&row[start..at]);
            start = at + 1;
        }
        before = sign;
    }
    found.push(&row[start..]);
    found
}

/// Returns the columns of a line of Markdown; targets of links have none.
pub fn width(line: &str) -> usize {
    let mut parts = line.split("](");
    let first = parts.next().map_or(0, |part| part.chars().count());
    let rests = parts.map(|part| part.split_once(')').map_or(0, |(_, rest)| rest.chars().count()) + 3);
    first + rests.sum::<usize>()
}

/// Says whether a line could be broken: it has a space behind its mark and outside of code.
pub fn has_break(line: &str) -> bool {
    let text = without_mark(line.trim());
    without_code(text).contains(' ')
}

/// Returns a text with each span of code replaced by one letter.
pub fn without_code(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { part } else { "X" }).collect()
}

/// Takes the mark of a comment or of an item of a list off a line.
fn without_mark(line: &str) -> &str {
    let text = line.trim_start_matches('/').trim_start_matches('!').trim_start();
    let text = text.strip_prefix("- ").or_else(|| text.strip_prefix("* ")).unwrap_or(text);
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let numbered = text[digits..].strip_prefix(". ").filter(|_| digits > 0);
    numbered.unwrap_or(text)
}

/// Returns the sentences of a line or paragraph. A sentence ends with `.`, `?` or `!`, a space and
/// a capital letter or code.
pub fn sentences(text: &str) -> Vec<&str> {
    let text = without_mark(text.trim());
    let mut found = Vec::new();
    let (mut start, mut is_code) = (0, false);
    for (at, sign) in text.char_indices() {
        is_code ^= sign == '`';
        if sign == ' ' && !is_code && ends(&text[start..at]) && begins(&text[at + 1..]) {
            found.push(&text[start..at]);
            start = at + 1;
        }
    }
    found.push(&text[start..]);
    found
}

fn ends(before: &str) -> bool {
    let before = before.trim_end_matches(CLOSING);
    before.ends_with(['.', '?', '!']) && !ABBREVIATIONS.iter().any(|abbreviation| before.ends_with(abbreviation))
}

fn begins(after: &str) -> bool {
    after.trim_start_matches(OPENING).starts_with(|sign: char| sign.is_uppercase() || sign == '`')
}

/// Returns the texts of all comment lines without their marks; an empty one where code stands
/// between two comments.
pub fn comments(text: &str) -> Vec<&str> {
    text.lines().map(|line| comment(line, "//").unwrap_or_default()).collect()
}

/// Returns the lines of module heads without their marks.
pub fn module_heads(text: &str) -> Vec<&str> {
    text.lines().map(|line| comment(line, "//!").unwrap_or_default()).collect()
}

fn comment<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    let text = line.trim_start().strip_prefix(mark)?;
    Some(text.trim_start_matches(['/', '!']).trim())
}

/// Joins lines to paragraphs. An empty line ends one, and an item of a list begins one.
pub fn paragraphs(lines: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in lines {
        let is_item = without_mark(line) != *line;
        match found.last_mut() {
            _ if line.is_empty() => {}
            Some(paragraph) if is_open && !is_item => {
                paragraph.push(' ');
                paragraph.push_str(line);
            }
            _ => found.push((*line).to_owned()),
        }
        is_open = !line.is_empty();
    }
    found
}
