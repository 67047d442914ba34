//! Owns the walk inside of streams that hold objects or tables. Called by [`super::scan`] once it
//! has passed the whole file.

use super::{Bracket, StreamKind, Walk, read_number, token_count};
use crate::domain::pdf::{
    PdfProblem,
    containers::decode_container,
    dictionary::read_dictionary,
    lexer::{Lexer, Token, is_space},
};
use lopdf::{Dictionary, Object};

/// Most bytes that all object and cross-reference streams of one file may inflate to.
const MAX_INFLATED_BYTES: usize = 24 * 1024 * 1024;
/// Most rows of all cross-reference streams of one file.
const MAX_TABLE_ROWS: usize = 500_000;
/// Length from which printable runs count as tokens where a reader could take them for some.
const PRINTABLE_RUN: usize = 64;

impl Walk {
    /// Decodes a stream that holds objects or a table, and walks over its content.
    pub(super) fn walk_stream(&mut self, bytes: &[u8], index: usize) -> Result<(), PdfProblem> {
        let Some(stream) = self.streams.get(index).cloned().filter(|stream| stream.kind != StreamKind::Content) else {
            return Ok(());
        };
        let raw = bytes.get(stream.data).unwrap_or_default();
        self.count_tokens(printable_run_bytes(raw) / 2)?;
        let dictionary = read_dictionary(bytes, stream.dictionary_at).ok_or(PdfProblem::Unreadable)?;
        let budget = MAX_INFLATED_BYTES.saturating_sub(self.inflated_bytes);
        let content = decode_container(&dictionary, raw, budget)?;
        self.inflated_bytes += content.len();
        if let Some(owner) = stream.object.and_then(|owner| self.objects.get_mut(owner)) {
            owner.inflated_bytes += content.len();
        }
        match stream.kind {
            StreamKind::Objects => self.walk_objects(&dictionary, &content),
            _ => self.walk_table(&dictionary, &content),
        }
    }

    /// Walks over an object stream. Refuses an index that names the same text twice, because the
    /// parser would build it twice. Walks over each object from its own position as well: the walk
    /// from the start may see other tokens there.
    fn walk_objects(&mut self, dictionary: &Dictionary, content: &[u8]) -> Result<(), PdfProblem> {
        let number = |key| dictionary.get(key).and_then(Object::as_i64).ok().and_then(|value| usize::try_from(value).ok());
        let first = number(b"First").filter(|first| *first <= content.len()).ok_or(PdfProblem::Unreadable)?;
        let (index, objects) = content.split_at(first);
        let mut offsets = self.read_index(index)?;
        if number(b"N") != Some(offsets.len()) {
            return Err(PdfProblem::Unreadable);
        }
        offsets.sort_unstable();
        let nexts = offsets.iter().skip(1).copied().chain([objects.len()]);
        for (offset, next) in offsets.iter().zip(nexts) {
            if self.walk_object(objects, *offset)? > next {
                return Err(PdfProblem::Unreadable);
            }
        }
        let mut lexer = Lexer::new(objects, 0);
        while let Some((token, _)) = lexer.next_token()? {
            match token {
                Token::Name(name) => {
                    self.count_tokens(1)?;
                    self.scan_name(&name);
                }
                Token::Word(word) => self.count_tokens(token_count(word))?,
                Token::Text | Token::DictionaryOpen | Token::ArrayOpen => self.count_tokens(1)?,
                Token::DictionaryClose | Token::ArrayClose | Token::Comment => {}
            }
        }
        Ok(())
    }

    /// Looks for active content in the object at `offset` and returns where the object ends.
    fn walk_object(&mut self, bytes: &[u8], offset: usize) -> Result<usize, PdfProblem> {
        let mut lexer = Lexer::new(bytes, offset);
        let mut open = Vec::new();
        while let Some((token, span)) = lexer.next_token()? {
            let closed = match token {
                Token::Comment => continue,
                Token::DictionaryClose => Some(Bracket::Dictionary),
                Token::ArrayClose => Some(Bracket::Array),
                _ => None,
            };
            match token {
                Token::DictionaryOpen => open.push(Bracket::Dictionary),
                Token::ArrayOpen => open.push(Bracket::Array),
                Token::Name(name) => self.scan_name(&name),
                _ if closed.is_some() && open.pop() != closed => return Err(PdfProblem::Unreadable),
                _ => {}
            }
            if open.is_empty() {
                return Ok(span.end);
            }
        }
        Ok(bytes.len().max(offset))
    }

    /// Returns the second of each pair of numbers.
    fn read_index(&mut self, index: &[u8]) -> Result<Vec<usize>, PdfProblem> {
        let mut lexer = Lexer::new(index, 0);
        let mut offsets = Vec::new();
        let mut is_offset = false;
        while let Some((token, span)) = lexer.next_token()? {
            let Token::Word(word) = token else { return Err(PdfProblem::Unreadable) };
            self.count_tokens(1)?;
            let number = read_number(index, span.start).filter(|_| word.iter().all(u8::is_ascii_digit));
            let number = number.ok_or(PdfProblem::Unreadable)?;
            if is_offset {
                offsets.push(number);
            }
            is_offset = !is_offset;
        }
        if is_offset { Err(PdfProblem::Unreadable) } else { Ok(offsets) }
    }

    /// Records the positions of objects that a cross-reference stream lists.
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
            let target = big_endian(row.get(kind..kind + offset));
            match big_endian(row.get(..kind)) {
                _ if kind == 0 => self.pointers.record_row(Some(target)),
                1 => self.pointers.record_row(Some(target)),
                2 => self.pointers.record_container(target),
                _ => {}
            }
        }
        self.pointers.record_trailer(dictionary)?;
        if self.table_rows > MAX_TABLE_ROWS { Err(PdfProblem::Unreadable) } else { Ok(()) }
    }
}

fn big_endian(bytes: Option<&[u8]>) -> usize {
    bytes.unwrap_or_default().iter().fold(0_usize, |value, byte| value.saturating_mul(256).saturating_add(usize::from(*byte)))
}

/// Returns how many bytes are part of long printable runs; compressed data has none.
fn printable_run_bytes(bytes: &[u8]) -> usize {
    let is_printable = |byte: &u8| byte.is_ascii_graphic() || is_space(*byte);
    bytes.split(|byte| !is_printable(byte)).map(<[u8]>::len).filter(|length| *length >= PRINTABLE_RUN).sum()
}
