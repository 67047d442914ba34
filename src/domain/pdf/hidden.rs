//! Owns the search for objects in bytes that the walk skips: texts, comments and the insides of
//! streams. A reader finds objects there when it follows an offset, or when it searches a broken
//! file for `1 0 obj`, as all readers do. An honest file has none, so a file with one is refused.
//!
//! Source: the union of what pdf.js, PDFium, MuPDF and Poppler accept as the header of an object.
//! Each is more lenient than ISO 32000-1, section 7.3.10.

use super::lexer::find;
use std::ops::Range;

/// Says whether a reader could find an object, or another start of the file, in `range`, which the
/// walk skips. `has_object_end` says whether the walk met an `endobj` before: in a linearized file,
/// readers look for the table behind the first `endobj`.
pub fn hides_object(bytes: &[u8], range: Range<usize>, has_object_end: bool) -> bool {
    let inside = bytes.get(range.clone()).unwrap_or_default();
    let is_end_decisive = !has_object_end && find(inside, b"endobj").is_some();
    is_end_decisive || find(inside, b"startxref").is_some() || headers(bytes, range).any(|at| is_header(bytes, at))
}

/// Returns every position of the keyword `obj` in `range`.
fn headers(bytes: &[u8], range: Range<usize>) -> impl Iterator<Item = usize> {
    let mut from = range.start;
    std::iter::from_fn(move || {
        let at = from + find(bytes.get(from..range.end)?, b"obj")?;
        from = at + 3;
        Some(at)
    })
}

/// White space of any reader: that of JavaScript, and that of PDFium's character table.
const fn is_gap(byte: u8) -> bool {
    matches!(byte, 0..=b' ' | 0x80 | 0x85 | 0xA0 | 0xFF)
}

const fn is_numeric(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
}

/// Says whether the `obj` at `at` is a keyword of its own behind two numbers, with or without space
/// between them, or behind a comment that may hide them.
fn is_header(bytes: &[u8], at: usize) -> bool {
    if bytes.get(at + 3).is_some_and(u8::is_ascii_alphanumeric) {
        return false;
    }
    let before = bytes.get(..at).unwrap_or_default();
    let Some(before) = skip_gap(before) else { return true };
    let (before, last) = split_number(before);
    if !last.iter().any(u8::is_ascii_digit) {
        return false;
    }
    if holds_two_numbers(last) {
        return true;
    }
    match skip_gap(before) {
        None => true,
        Some(rest) => rest.len() < before.len() && split_number(rest).1.iter().any(u8::is_ascii_digit),
    }
}

/// Returns the bytes without the white space at their end; `None` if that white space crosses a
/// line and the line before ends in a comment (see [`ends_in_comment`]).
fn skip_gap(bytes: &[u8]) -> Option<&[u8]> {
    let (rest, gap) = split_while(bytes, is_gap);
    let crosses_line = gap.iter().any(|byte| matches!(byte, b'\r' | b'\n'));
    if crosses_line && ends_in_comment(rest) { None } else { Some(rest) }
}

/// Says whether the last line of `bytes` has a comment that begins the line or follows a number.
fn ends_in_comment(bytes: &[u8]) -> bool {
    let (_, line) = split_while(bytes, |byte| !matches!(byte, b'\r' | b'\n'));
    let marks = line.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    let mut befores = marks.map(|(at, _)| split_while(line.get(..at).unwrap_or_default(), is_gap).0);
    befores.any(|before| before.last().is_none_or(|byte| is_numeric(*byte)))
}

fn split_number(bytes: &[u8]) -> (&[u8], &[u8]) {
    split_while(bytes, is_numeric)
}

/// Splits off the longest tail whose bytes all match.
fn split_while(bytes: &[u8], matches: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let at = bytes.iter().rposition(|byte| !matches(*byte)).map_or(0, |last| last + 1);
    bytes.split_at(at)
}

/// Says whether a reader takes the run for two numbers, as `7.0.0` or `7+0`.
fn holds_two_numbers(run: &[u8]) -> bool {
    let has_inner_sign = run.iter().skip(1).any(|byte| matches!(byte, b'+' | b'-'));
    has_inner_sign || run.iter().filter(|byte| **byte == b'.').count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_hidden(text: &[u8]) -> bool {
        hides_object(text, 0..text.len(), true)
    }

    #[test]
    fn whatever_some_reader_takes_for_an_object_is_found() {
        for text in [
            &b"7 0 obj"[..],
            b"x\n7 0 obj<<",
            b"7  0\t\0obj\n",
            b"7 0obj/",
            b"7.0 +0 obj ",
            b"7.0.0obj[",
            b"7-0 obj ",
            b"7e0 0e0 obj ",
            b"7\xFF0\x80obj\xA0",
            b"7\x0B0\xA0obj",
            b"7 0 % c\nobj",
            b"7 % c\r0 obj",
            b"7 0 %a%b\n  % c\nobj",
            b"7 %a\n%b\n0 obj",
            b"77 65535 obj",
            b"data startxref\n12",
        ] {
            assert!(is_hidden(text), "{:?}", String::from_utf8_lossy(text));
        }
        assert!(hides_object(b"% endobj xref", 0..13, false));
    }

    #[test]
    fn ordinary_texts_are_no_objects() {
        for text in [
            &b"endobj"[..],
            b"3 Objek 1 objek 2 1 objective",
            b"3.2 obj",
            b"Bab 3. obj",
            b"(an obj) 1 0 R",
            b"obj",
            b"7 0 R obj",
            b"xref trailer",
        ] {
            assert!(!is_hidden(text), "{:?}", String::from_utf8_lossy(text));
        }
        assert!(!hides_object(b"1 0 obj (a)", 8..11, true), "only what is skipped counts");
    }

    #[test]
    fn many_near_misses_cost_little() {
        let started = std::time::Instant::now();
        let text = [b"%".repeat(500_000), b"\nobj".repeat(500_000), b"\n".repeat(1_000_000), b"1 obj ".repeat(500_000)].concat();
        let _ = is_hidden(&text);
        let _ = is_hidden(&b"1 obj ".repeat(1_000_000));
        let _ = is_hidden(&[b" ".repeat(1_000_000), b"obj a".repeat(1_000_000)].concat());
        // One pass over these 12 MB takes a second at most, without optimisation. Starting again at
        // each near miss would take 10^12 steps: hours.
        assert!(started.elapsed() < std::time::Duration::from_secs(60));
    }
}
