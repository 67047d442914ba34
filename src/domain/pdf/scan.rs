//! Owns the walk: one pass over a PDF before a parser builds anything of it. Called by
//! [`super::check_pdf`]. The walk does two things:
//!
//! - It finds names of active content anywhere, also in object streams and in objects that no table
//!   mentions.
//! - It bounds the cost of parsing. A small file can describe gigabytes of objects (compressed
//!   object streams, one object listed a thousand times), and no option of the parser limits that.
//!
//! The parser then gets a copy in which the insides of streams, texts and comments are blank, so it
//! can only find objects that the walk passed. Readers get the original. Invariants:
//!
//! - A reader can find no object in the blanked parts ([`super::hidden`]).
//! - Every offset of the file leads to a part that the walk passed ([`super::pointers`]).
//! - A file that readers understand differently is refused.

mod contents;
mod stream_names;

use super::{
    PdfProblem,
    dictionary::read_dictionary,
    hidden::hides_object,
    lexer::{Lexer, Malformed, Token, find, is_space},
    pointers::{FoundObject, Pointers, StreamKind},
};
use lopdf::Object;
use std::ops::Range;
use stream_names::StreamNames;

/// Most tokens of one file; each costs the parser up to about 200 bytes. A tagged document of 500
/// pages has about 500,000.
const MAX_TOKENS: usize = 750_000;

/// Names of code, programs, embedded files and forms that send.
const ACTIVE_NAMES: [&[u8]; 13] = [
    b"JavaScript",
    b"JS",
    b"Launch",
    b"EmbeddedFile",
    b"EmbeddedFiles",
    b"EF",
    b"RichMedia",
    b"RichMediaContent",
    b"SubmitForm",
    b"ImportData",
    b"GoToE",
    b"XFA",
    b"OnInstantiate",
];

/// Keywords that never stand inside an array or a dictionary.
const STRUCTURE: [&[u8]; 7] = [b"obj", b"endobj", b"stream", b"endstream", b"xref", b"trailer", b"startxref"];

impl From<Malformed> for PdfProblem {
    fn from(_: Malformed) -> Self {
        Self::Unreadable
    }
}

/// Checks `bytes` and returns the copy that is safe to parse.
pub fn scan(bytes: Vec<u8>) -> Result<Vec<u8>, PdfProblem> {
    let mut walk = Walk::default();
    walk.walk_file(&bytes)?;
    if walk.is_encrypted {
        return Err(PdfProblem::Encrypted);
    }
    for index in 0..walk.streams.len() {
        walk.walk_stream(&bytes, index)?;
    }
    if walk.is_active {
        return Err(PdfProblem::Unsafe);
    }
    walk.pointers.check(&bytes, &walk.objects)?;
    Ok(walk.blank(bytes))
}

/// A stream that is not part of an object stream.
#[derive(Debug, Clone)]
struct FoundStream {
    dictionary_at: usize,
    data: Range<usize>,
    kind: StreamKind,
    /// Index of the object it belongs to.
    object: Option<usize>,
}

/// Everything that the walk remembers. It grows with objects and streams, not with tokens.
#[derive(Debug, Default)]
struct Walk {
    tokens: usize,
    inflated_bytes: usize,
    table_rows: usize,
    is_active: bool,
    is_encrypted: bool,
    has_object_end: bool,
    objects: Vec<FoundObject>,
    pointers: Pointers,
    streams: Vec<FoundStream>,
    blanks: Vec<(Range<usize>, u8)>,
}

/// The position of the walk inside an object.
#[derive(Debug, Default)]
struct Place {
    /// The brackets that are open.
    open: Vec<Bracket>,
    words: [Option<usize>; 2],
    section: Section,
    dictionary_at: usize,
    dictionary_just_closed: bool,
    names: StreamNames,
}

/// Kind of an open bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bracket {
    Dictionary,
    Array,
}

/// The keyword that the next tokens belong to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Section {
    /// `1 0 obj`, or no keyword.
    #[default]
    Object,
    /// `xref`: rows follow.
    Rows,
    /// `trailer`: a dictionary follows.
    Trailer,
    /// `startxref`: a number follows.
    Start,
}

impl Walk {
    fn count_tokens(&mut self, count: usize) -> Result<(), PdfProblem> {
        self.tokens = self.tokens.saturating_add(count);
        if self.tokens > MAX_TOKENS { Err(PdfProblem::Unreadable) } else { Ok(()) }
    }

    /// Looks for active content in a name. Some readers end a name at bytes that other readers
    /// count as part of it, so the parts of the name count as well.
    fn scan_name(&mut self, name: &[u8]) {
        let mut parts = name.split(|byte| !byte.is_ascii_graphic());
        self.is_active |= parts.any(|part| ACTIVE_NAMES.contains(&part));
    }

    /// Refuses files whose skipped bytes a reader could take for an object.
    fn scan_skipped(&mut self, bytes: &[u8], span: Range<usize>) -> Result<(), PdfProblem> {
        if hides_object(bytes, span, self.has_object_end) { Err(PdfProblem::Unsafe) } else { Ok(()) }
    }

    fn walk_file(&mut self, bytes: &[u8]) -> Result<(), PdfProblem> {
        let mut lexer = Lexer::new(bytes, 0);
        let mut place = Place::default();
        while let Some((token, span)) = lexer.next_token()? {
            if token == Token::Comment {
                self.scan_comment(bytes, span)?;
                continue;
            }
            let after_dictionary = std::mem::take(&mut place.dictionary_just_closed);
            match token {
                Token::Word(b"stream") if after_dictionary && place.open.is_empty() => {
                    let end = self.scan_stream(bytes, &place, span.end)?;
                    lexer.jump(end);
                }
                Token::Word(word) => self.scan_word(word, bytes, span.start, &mut place)?,
                Token::Name(name) => self.scan_key(&name, &mut place)?,
                Token::Text => self.scan_text(bytes, span)?,
                Token::DictionaryOpen => self.open(Bracket::Dictionary, span.start, &mut place)?,
                Token::ArrayOpen => self.open(Bracket::Array, span.start, &mut place)?,
                Token::DictionaryClose => self.close(Bracket::Dictionary, bytes, &mut place)?,
                Token::ArrayClose => self.close(Bracket::Array, bytes, &mut place)?,
                Token::Comment => {}
            }
        }
        Ok(())
    }

    fn scan_key(&mut self, name: &[u8], place: &mut Place) -> Result<(), PdfProblem> {
        self.count_tokens(1)?;
        self.scan_name(name);
        self.is_encrypted |= *name == *b"Encrypt";
        if place.open.len() == 1 {
            place.names.record(name);
        }
        Ok(())
    }

    fn scan_text(&mut self, bytes: &[u8], span: Range<usize>) -> Result<(), PdfProblem> {
        self.count_tokens(1)?;
        if bytes.get(span.start) == Some(&b'(') {
            self.scan_skipped(bytes, span.clone())?;
            self.blanks.push((span.start + 1..span.end - 1, b' '));
        }
        Ok(())
    }

    fn open(&mut self, bracket: Bracket, at: usize, place: &mut Place) -> Result<(), PdfProblem> {
        self.count_tokens(1)?;
        if place.open.is_empty() {
            (place.dictionary_at, place.names) = (at, StreamNames::default());
        }
        place.open.push(bracket);
        Ok(())
    }

    fn close(&mut self, bracket: Bracket, bytes: &[u8], place: &mut Place) -> Result<(), PdfProblem> {
        if place.open.pop() != Some(bracket) {
            return Err(PdfProblem::Unreadable);
        }
        place.dictionary_just_closed = place.open.is_empty();
        if place.dictionary_just_closed && place.section == Section::Trailer {
            place.section = Section::Object;
            let trailer = read_dictionary(bytes, place.dictionary_at).ok_or(PdfProblem::Unreadable)?;
            self.pointers.record_trailer(&trailer)?;
        }
        Ok(())
    }

    /// Records `N G obj`, the rows `offset generation n` of a table, and the number behind
    /// `startxref`.
    fn scan_word(&mut self, word: &[u8], bytes: &[u8], start: usize, place: &mut Place) -> Result<(), PdfProblem> {
        self.count_tokens(token_count(word))?;
        let is_misplaced = !place.open.is_empty() && STRUCTURE.iter().any(|keyword| word.starts_with(keyword));
        if is_misplaced || !word.is_ascii() {
            return Err(PdfProblem::Unreadable);
        }
        let is_number = word.iter().all(u8::is_ascii_digit);
        match (word, place.words, place.section) {
            (b"xref", _, _) => {
                self.pointers.record_table(start);
                place.section = Section::Rows;
            }
            (b"trailer", _, _) => place.section = Section::Trailer,
            (b"startxref", _, _) => place.section = Section::Start,
            (b"n", [Some(offset), Some(_)], Section::Rows) => self.pointers.record_row(read_number(bytes, offset)),
            (_, _, Section::Rows) if !is_number && word != b"f" => return Err(PdfProblem::Unreadable),
            (_, _, Section::Start) => {
                self.pointers.record_start(read_number(bytes, start).filter(|_| is_number))?;
                place.section = Section::Object;
            }
            (b"obj", [Some(number), Some(_)], _) => {
                self.objects.push(FoundObject { start: number, number: read_number(bytes, number), ..FoundObject::default() });
            }
            (b"endobj", _, _) => self.has_object_end = true,
            _ => {}
        }
        place.words = if is_number { [place.words[1], Some(start)] } else { [None, None] };
        Ok(())
    }

    /// Finds the end of a stream's data by its length or by the keyword, and returns the position
    /// of that end.
    fn scan_stream(&mut self, bytes: &[u8], place: &Place, after_keyword: usize) -> Result<usize, PdfProblem> {
        let rest = bytes.get(after_keyword..).unwrap_or_default();
        let line_end = rest.iter().position(|byte| *byte != b' ').unwrap_or(0);
        let skipped = match rest.get(line_end..).unwrap_or_default() {
            [b'\r', b'\n', ..] => line_end + 2,
            [b'\r' | b'\n', ..] => line_end + 1,
            _ => 0,
        };
        let start = after_keyword + skipped;
        let dictionary = read_dictionary(bytes, place.dictionary_at).ok_or(PdfProblem::Unreadable)?;
        let length = dictionary.get(b"Length").and_then(Object::as_i64).ok().and_then(|length| usize::try_from(length).ok());
        let declared_end = length.and_then(|length| start.checked_add(length)).filter(|end| ends_stream(bytes, *end));
        let end = match declared_end {
            Some(end) => end,
            None => start + find(bytes.get(start..).unwrap_or_default(), b"endstream").ok_or(PdfProblem::Unreadable)?,
        };
        let kind = place.names.kind(&dictionary)?;
        self.scan_skipped(bytes, start..end)?;
        if kind == StreamKind::Content {
            self.blanks.push((start..end, 0));
        } else if skipped == 0 || declared_end.is_none() {
            // Readers disagree about the start or the end of such a stream.
            return Err(PdfProblem::Unreadable);
        }
        let object = self.objects.len().checked_sub(1);
        if let Some(owner) = self.objects.last_mut().filter(|owner| owner.stream.is_none()) {
            owner.stream = Some(kind);
        }
        self.streams.push(FoundStream { dictionary_at: place.dictionary_at, data: start..end, kind, object });
        Ok(end)
    }

    /// Marks a comment to be blanked, except its `%`, the header of the file and end marks.
    fn scan_comment(&mut self, bytes: &[u8], span: Range<usize>) -> Result<(), PdfProblem> {
        self.scan_skipped(bytes, span.clone())?;
        let keep = match bytes.get(span.clone()) {
            _ if span.start == 0 => span.len(),
            Some(text) if text.starts_with(b"%%EOF") => 5,
            _ => 1,
        };
        self.blanks.push((span.start + keep..span.end, b' '));
        Ok(())
    }

    /// Overwrites the bytes that the parser must not see.
    fn blank(self, mut bytes: Vec<u8>) -> Vec<u8> {
        for (range, filler) in self.blanks {
            if let Some(part) = bytes.get_mut(range) {
                part.fill(filler);
            }
        }
        bytes
    }
}

/// Returns the most objects that the parser could make of a run of regular characters: one for a
/// plain number or a short word, more for anything else.
fn token_count(word: &[u8]) -> usize {
    let is_number = word.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'))
        && word.iter().filter(|byte| **byte == b'.').count() <= 1
        && word.iter().skip(1).all(|byte| !matches!(byte, b'-' | b'+'));
    let is_keyword = word.len() <= 9 && word.iter().all(u8::is_ascii_alphabetic);
    if is_number || is_keyword { 1 } else { word.len() / 2 + 1 }
}

/// Reads the decimal number at `at`; one that is too large becomes the largest number.
fn read_number(bytes: &[u8], at: usize) -> Option<usize> {
    let digits: Vec<u8> = bytes.get(at..)?.iter().copied().take_while(u8::is_ascii_digit).collect();
    if digits.is_empty() {
        return None;
    }
    Some(digits.iter().fold(0_usize, |value, digit| value.saturating_mul(10).saturating_add(usize::from(digit - b'0'))))
}

/// Says whether the keyword `endstream` follows, after white space.
fn ends_stream(bytes: &[u8], at: usize) -> bool {
    let rest = bytes.get(at..).unwrap_or_default();
    let spaces = rest.iter().take_while(|byte| is_space(**byte)).count();
    rest.get(spaces..).is_some_and(|rest| rest.starts_with(b"endstream"))
}
