//! Walks once over a PDF before a parser builds anything of it. Finds names of active content wherever they stand (also in objects no table
//! mentions, and in object streams), and bounds what parsing can cost: a small file can describe gigabytes of objects (compressed object
//! streams, one object listed a thousand times), which no option of the parser limits.
//!
//! The parser then gets a copy in which the insides of streams, texts and comments are blank: it can only find what was walked over here.

use super::{
    PdfProblem,
    dictionary::read_dictionary,
    lexer::{Lexer, Token, Unterminated, is_space},
};
use lopdf::{Dictionary, Object, Stream};
use std::{borrow::Cow, ops::Range};

/// Most tokens of one file; each costs the parser up to about 200 bytes. A tagged document of 500 pages has some 500,000.
const MAX_TOKENS: usize = 750_000;
/// Most bytes that all object and cross-reference streams of one file may inflate to.
const MAX_INFLATED_BYTES: usize = 24 * 1024 * 1024;
/// Most rows of all cross-reference streams of one file.
const MAX_TABLE_ROWS: usize = 500_000;
/// Most bytes the parser may read when it follows every row of the tables.
const MAX_READ_BYTES: usize = 256 * 1024 * 1024;
/// Printable runs from this length on are counted as tokens where they could be read as such.
const PRINTABLE_RUN: usize = 64;

/// Names that stand for code, programs, files or forms that act.
const ACTIVE_NAMES: [&[u8]; 12] = [
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
];

impl From<Unterminated> for PdfProblem {
    fn from(_: Unterminated) -> Self {
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
    walk.check_read_bytes(bytes.len())?;
    Ok(walk.blank(bytes))
}

/// What a stream is, by its dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StreamKind {
    /// Holds objects.
    Objects,
    /// Holds a cross-reference table.
    Table,
    /// Anything that is not needed to understand the file.
    Content,
}

/// A stream outside of streams.
#[derive(Debug, Clone)]
struct FoundStream {
    dictionary_at: usize,
    data: Range<usize>,
    kind: StreamKind,
    inflated_bytes: usize,
}

/// Everything the walk remembers; grows with objects and streams, not with tokens.
#[derive(Debug, Default)]
struct Walk {
    tokens: usize,
    inflated_bytes: usize,
    table_rows: usize,
    is_active: bool,
    is_encrypted: bool,
    object_starts: Vec<usize>,
    listed_offsets: Vec<usize>,
    streams: Vec<FoundStream>,
    blanks: Vec<(Range<usize>, u8)>,
}

/// Where the walk stands inside an object.
#[derive(Debug, Default)]
struct Place {
    depth: usize,
    words: [Option<usize>; 2],
    dictionary_at: usize,
    dictionary_just_closed: bool,
    names: StreamNames,
}

/// Names seen in the outermost dictionary that tell what its stream is.
#[derive(Debug, Default, Clone, Copy)]
struct StreamNames {
    is_object_stream: bool,
    has_first: bool,
    has_count: bool,
    is_table: bool,
}

impl StreamNames {
    fn note(&mut self, name: &[u8]) {
        match name {
            b"ObjStm" => self.is_object_stream = true,
            b"First" => self.has_first = true,
            b"N" => self.has_count = true,
            b"XRef" => self.is_table = true,
            _ => {}
        }
    }

    const fn kind(self) -> StreamKind {
        if self.is_table {
            StreamKind::Table
        } else if self.is_object_stream || (self.has_first && self.has_count) {
            StreamKind::Objects
        } else {
            StreamKind::Content
        }
    }
}

impl Walk {
    fn count_tokens(&mut self, count: usize) -> Result<(), PdfProblem> {
        self.tokens = self.tokens.saturating_add(count);
        if self.tokens > MAX_TOKENS { Err(PdfProblem::Unreadable) } else { Ok(()) }
    }

    fn note_name(&mut self, name: &[u8]) {
        self.is_active |= ACTIVE_NAMES.contains(&name);
    }

    fn walk_file(&mut self, bytes: &[u8]) -> Result<(), PdfProblem> {
        let mut lexer = Lexer::new(bytes, 0);
        let mut place = Place::default();
        while let Some((token, span)) = lexer.next_token()? {
            let after_dictionary = std::mem::take(&mut place.dictionary_just_closed);
            match token {
                Token::Comment => {
                    place.dictionary_just_closed = after_dictionary;
                    self.blank_comment(bytes, span);
                    continue;
                }
                Token::Word(b"stream") if after_dictionary && place.depth == 0 => {
                    let end = self.note_stream(bytes, &place, span.end)?;
                    lexer.jump(end);
                }
                Token::Word(word) => self.note_word(word, bytes, span.start, &mut place)?,
                Token::Name(name) => {
                    self.count_tokens(1)?;
                    self.note_name(&name);
                    self.is_encrypted |= *name == *b"Encrypt";
                    if place.depth == 1 {
                        place.names.note(&name);
                    }
                }
                Token::Text => {
                    self.count_tokens(1)?;
                    if bytes.get(span.start) == Some(&b'(') {
                        self.blanks.push((span.start + 1..span.end - 1, b' '));
                    }
                }
                Token::DictionaryOpen | Token::ArrayOpen => {
                    self.count_tokens(1)?;
                    if place.depth == 0 {
                        (place.dictionary_at, place.names) = (span.start, StreamNames::default());
                    }
                    place.depth += 1;
                }
                Token::DictionaryClose | Token::ArrayClose => {
                    place.depth = place.depth.saturating_sub(1);
                    place.dictionary_just_closed = place.depth == 0;
                }
            }
        }
        Ok(())
    }

    /// Notes `N G obj` and the rows `offset generation n` of a table.
    fn note_word(&mut self, word: &[u8], bytes: &[u8], start: usize, place: &mut Place) -> Result<(), PdfProblem> {
        self.count_tokens(token_count(word))?;
        match (word, place.words) {
            (b"obj", [Some(number), Some(_)]) => {
                self.object_starts.push(number);
                place.depth = 0;
            }
            (b"n", [Some(offset), Some(_)]) => self.listed_offsets.extend(read_number(bytes, offset)),
            _ => {}
        }
        let is_number = word.iter().all(u8::is_ascii_digit);
        place.words = if is_number { [place.words[1], Some(start)] } else { [None, None] };
        Ok(())
    }

    /// Finds the end of a stream's data by its length, or by the keyword, and returns the place after it.
    fn note_stream(&mut self, bytes: &[u8], place: &Place, after_keyword: usize) -> Result<usize, PdfProblem> {
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
        let kind = place.names.kind();
        if kind == StreamKind::Content {
            self.blanks.push((start..end, 0));
        }
        self.streams.push(FoundStream { dictionary_at: place.dictionary_at, data: start..end, kind, inflated_bytes: 0 });
        Ok(end)
    }

    /// Keeps the header and end marks; the rest of a comment is blanked.
    fn blank_comment(&mut self, bytes: &[u8], span: Range<usize>) {
        let keep = match bytes.get(span.clone()) {
            _ if span.start == 0 => span.len(),
            Some(text) if text.starts_with(b"%%EOF") => 5,
            _ => 1,
        };
        self.blanks.push((span.start + keep..span.end, b' '));
    }

    /// Decodes a stream that holds objects or a table, and walks over what is inside.
    fn walk_stream(&mut self, bytes: &[u8], index: usize) -> Result<(), PdfProblem> {
        let Some(stream) = self.streams.get(index).cloned().filter(|stream| stream.kind != StreamKind::Content) else {
            return Ok(());
        };
        let raw = bytes.get(stream.data).unwrap_or_default();
        self.count_tokens(printable_run_bytes(raw) / 2)?;
        let dictionary = read_dictionary(bytes, stream.dictionary_at).ok_or(PdfProblem::Unreadable)?;
        let budget = MAX_INFLATED_BYTES.saturating_sub(self.inflated_bytes);
        let decoder = Stream::new(dictionary.clone(), raw.to_vec());
        let content = decoder.get_plain_content_with_limit(budget).map_err(|_| PdfProblem::Unreadable)?;
        self.inflated_bytes += content.len();
        if let Some(stream) = self.streams.get_mut(index) {
            stream.inflated_bytes = content.len();
        }
        match stream.kind {
            StreamKind::Objects => self.walk_objects(&dictionary, &content),
            _ => self.walk_table(&dictionary, &content),
        }
    }

    /// Walks over an object stream. Its index may not name the same text twice: the parser would build it twice.
    fn walk_objects(&mut self, dictionary: &Dictionary, content: &[u8]) -> Result<(), PdfProblem> {
        let first = dictionary.get(b"First").and_then(Object::as_i64).ok().and_then(|first| usize::try_from(first).ok());
        let first = first.filter(|first| *first <= content.len()).ok_or(PdfProblem::Unreadable)?;
        let (index, objects) = content.split_at(first);
        let mut offsets = self.read_index(index)?;
        offsets.sort_unstable();
        for (offset, next) in offsets.iter().zip(offsets.iter().skip(1)) {
            if object_end(objects, *offset)? > *next {
                return Err(PdfProblem::Unreadable);
            }
        }
        let mut lexer = Lexer::new(objects, 0);
        while let Some((token, _)) = lexer.next_token()? {
            match token {
                Token::Name(name) => {
                    self.count_tokens(1)?;
                    self.note_name(&name);
                }
                Token::Word(word) => self.count_tokens(token_count(word))?,
                Token::Text | Token::DictionaryOpen | Token::ArrayOpen => self.count_tokens(1)?,
                Token::DictionaryClose | Token::ArrayClose | Token::Comment => {}
            }
        }
        Ok(())
    }

    /// Returns the second of each pair of numbers.
    fn read_index(&mut self, index: &[u8]) -> Result<Vec<usize>, PdfProblem> {
        let mut lexer = Lexer::new(index, 0);
        let mut offsets = Vec::new();
        let mut is_offset = false;
        while let Some((token, span)) = lexer.next_token()? {
            if token == Token::Comment {
                continue;
            }
            self.count_tokens(1)?;
            let number = read_number(index, span.start).ok_or(PdfProblem::Unreadable)?;
            if is_offset {
                offsets.push(number);
            }
            is_offset = !is_offset;
        }
        Ok(offsets)
    }

    /// Notes where a cross-reference stream says objects are.
    fn walk_table(&mut self, dictionary: &Dictionary, content: &[u8]) -> Result<(), PdfProblem> {
        let widths = dictionary.get(b"W").and_then(Object::as_array).map_err(|_| PdfProblem::Unreadable)?;
        let widths: Vec<usize> = widths.iter().filter_map(|width| usize::try_from(width.as_i64().ok()?).ok()).collect();
        let [kind, offset, generation] = *widths.as_slice() else { return Err(PdfProblem::Unreadable) };
        let row = kind.saturating_add(offset).saturating_add(generation);
        if row == 0 || row > 24 {
            return Err(PdfProblem::Unreadable);
        }
        for row in content.chunks_exact(row) {
            self.table_rows += 1;
            let is_listed = kind == 0 || big_endian(row.get(..kind)) == 1;
            if is_listed {
                self.listed_offsets.push(big_endian(row.get(kind..kind + offset)));
            }
        }
        if self.table_rows > MAX_TABLE_ROWS { Err(PdfProblem::Unreadable) } else { Ok(()) }
    }

    /// Refuses tables that make the parser read the same objects over and over.
    fn check_read_bytes(&self, file_bytes: usize) -> Result<(), PdfProblem> {
        let mut read_bytes = 0_usize;
        for offset in &self.listed_offsets {
            let next = self.object_starts.partition_point(|start| start < offset);
            let first = next.saturating_sub(1);
            // An offset a little before or inside an object reads that object or the next.
            for start in self.object_starts.iter().skip(first).take(2) {
                read_bytes = read_bytes.saturating_add(self.object_bytes(*start, file_bytes));
            }
        }
        if read_bytes > MAX_READ_BYTES { Err(PdfProblem::Unreadable) } else { Ok(()) }
    }

    /// Returns how many bytes the parser reads for the object at `start`, inflated ones included.
    fn object_bytes(&self, start: usize, file_bytes: usize) -> usize {
        let end = self.object_starts.get(self.object_starts.partition_point(|other| *other <= start)).copied().unwrap_or(file_bytes);
        let stream = self.streams.get(self.streams.partition_point(|stream| stream.dictionary_at < start));
        let inflated = stream.filter(|stream| stream.dictionary_at < end).map_or(0, |stream| stream.inflated_bytes);
        end - start + inflated
    }

    /// Overwrites what the parser must not see.
    fn blank(self, mut bytes: Vec<u8>) -> Vec<u8> {
        for (range, filler) in self.blanks {
            if let Some(part) = bytes.get_mut(range) {
                part.fill(filler);
            }
        }
        bytes
    }
}

/// Returns how many objects the parser could make of a run of regular characters: one, unless it is neither a plain number nor a short word.
fn token_count(word: &[u8]) -> usize {
    let is_number = word.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'))
        && word.iter().filter(|byte| **byte == b'.').count() <= 1
        && word.iter().skip(1).all(|byte| !matches!(byte, b'-' | b'+'));
    let is_keyword = word.len() <= 9 && word.iter().all(u8::is_ascii_alphabetic);
    if is_number || is_keyword { 1 } else { word.len() / 2 + 1 }
}

/// Reads the decimal number at `at`; too large ones are as large as can be.
fn read_number(bytes: &[u8], at: usize) -> Option<usize> {
    let digits: Vec<u8> = bytes.get(at..)?.iter().copied().take_while(u8::is_ascii_digit).collect();
    if digits.is_empty() {
        return None;
    }
    Some(digits.iter().fold(0_usize, |value, digit| value.saturating_mul(10).saturating_add(usize::from(digit - b'0'))))
}

fn big_endian(bytes: Option<&[u8]>) -> usize {
    bytes.unwrap_or_default().iter().fold(0_usize, |value, byte| value.saturating_mul(256).saturating_add(usize::from(*byte)))
}

/// Says whether the keyword `endstream` follows, after white space.
fn ends_stream(bytes: &[u8], at: usize) -> bool {
    let rest = bytes.get(at..).unwrap_or_default();
    let spaces = rest.iter().take_while(|byte| is_space(**byte)).count();
    rest.get(spaces..).is_some_and(|rest| rest.starts_with(b"endstream"))
}

/// Returns where `needle` first stands.
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

/// Returns where the object at `offset` ends.
fn object_end(bytes: &[u8], offset: usize) -> Result<usize, PdfProblem> {
    let mut lexer = Lexer::new(bytes, offset);
    let mut depth = 0_usize;
    while let Some((token, span)) = lexer.next_token()? {
        match token {
            Token::Comment => continue,
            Token::DictionaryOpen | Token::ArrayOpen => depth += 1,
            Token::DictionaryClose | Token::ArrayClose => depth = depth.saturating_sub(1),
            Token::Name(Cow::Borrowed(_) | Cow::Owned(_)) | Token::Word(_) | Token::Text => {}
        }
        if depth == 0 {
            return Ok(span.end);
        }
    }
    Ok(bytes.len())
}

/// Returns how many bytes stand in long printable runs; compressed data has none.
fn printable_run_bytes(bytes: &[u8]) -> usize {
    let is_printable = |byte: &u8| byte.is_ascii_graphic() || is_space(*byte);
    bytes.split(|byte| !is_printable(byte)).map(<[u8]>::len).filter(|length| *length >= PRINTABLE_RUN).sum()
}
