//! Owns the check of every position that a file names. Called by the walk (`scan`).
//! Invariant: each position is the start of a part that the walk passed. A position inside of a
//! stream, a text or a comment would show a reader an object that the walk did not see.

use super::{PdfProblem, lexer::is_space};
use lopdf::Dictionary;
use std::collections::{BTreeMap, BTreeSet};

/// Most bytes the parser may read when it follows every row of the tables.
const MAX_READ_BYTES: usize = 256 * 1024 * 1024;
/// Most white space between an offset and its target, in bytes; some programs count the end of a
/// line differently.
const MAX_GAP_BYTES: usize = 16;

/// Kind of a stream, by its dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamKind {
    /// Holds objects.
    Objects,
    /// Holds a cross-reference table.
    Table,
    /// Any other content; not needed to understand the file.
    Content,
}

/// An object outside of streams.
#[derive(Debug, Default)]
pub struct FoundObject {
    /// Position of its number.
    pub start: usize,
    /// Its number.
    pub number: Option<usize>,
    /// Kind of its stream, if it has one.
    pub stream: Option<StreamKind>,
    /// Bytes that its stream inflates to, if the walk read it.
    pub inflated_bytes: usize,
}

/// Every position that a file names.
#[derive(Debug, Default)]
pub struct Pointers {
    /// Positions of objects, from the rows in use of all tables.
    rows: Vec<usize>,
    /// Numbers of the object streams that hold objects.
    containers: BTreeSet<usize>,
    /// Positions of the tables that begin with `xref`.
    tables: Vec<usize>,
    /// Positions at which the file says that tables are.
    sections: Vec<usize>,
}

impl Pointers {
    /// Records a table that begins with the keyword `xref`.
    pub fn record_table(&mut self, at: usize) {
        self.tables.push(at);
    }

    /// Records a row in use. Ignores zero, which programs write for objects that do not exist.
    pub fn record_row(&mut self, offset: Option<usize>) {
        self.rows.extend(offset.filter(|offset| *offset > 0));
    }

    /// Records that a row points into the object stream `number`.
    pub fn record_container(&mut self, number: usize) {
        self.containers.insert(number);
    }

    /// Records the number behind `startxref`. Ignores zero, which stands in the first part of
    /// linearized files. Fails if there is no number.
    pub fn record_start(&mut self, offset: Option<usize>) -> Result<(), PdfProblem> {
        let offset = offset.ok_or(PdfProblem::Unreadable)?;
        self.sections.extend(Some(offset).filter(|offset| *offset > 0));
        Ok(())
    }

    /// Records the further tables that a trailer names. Fails if their positions are not plain
    /// numbers.
    pub fn record_trailer(&mut self, trailer: &Dictionary) -> Result<(), PdfProblem> {
        for key in [&b"Prev"[..], b"XRefStm"] {
            let Ok(value) = trailer.get(key) else { continue };
            let offset = value.as_i64().ok().and_then(|offset| usize::try_from(offset).ok());
            self.record_start(offset)?;
        }
        Ok(())
    }

    /// Checks every position against `objects`, the objects that the walk passed, in order.
    pub fn check(&self, bytes: &[u8], objects: &[FoundObject]) -> Result<(), PdfProblem> {
        self.check_sections(bytes, objects)?;
        self.check_containers(objects)?;
        let mut read_bytes = 0_usize;
        for row in &self.rows {
            let found = objects.partition_point(|object| object.start < *row);
            let object = objects.get(found).filter(|object| is_at(bytes, *row, object.start)).ok_or(PdfProblem::Unreadable)?;
            let end = objects.get(found + 1).map_or(bytes.len(), |next| next.start);
            read_bytes = read_bytes.saturating_add(end - object.start + object.inflated_bytes);
        }
        // The tables make the parser read the same objects over and over.
        if read_bytes > MAX_READ_BYTES { Err(PdfProblem::Unreadable) } else { Ok(()) }
    }

    fn check_sections(&self, bytes: &[u8], objects: &[FoundObject]) -> Result<(), PdfProblem> {
        let leads_to_table = |offset: usize| {
            let table = self.tables.get(self.tables.partition_point(|table| *table < offset));
            let stream = objects.get(objects.partition_point(|object| object.start < offset));
            let stream = stream.filter(|object| object.stream == Some(StreamKind::Table)).map(|object| object.start);
            [table.copied(), stream].into_iter().flatten().any(|start| is_at(bytes, offset, start))
        };
        let is_whole = self.sections.iter().all(|offset| leads_to_table(*offset));
        if is_whole { Ok(()) } else { Err(PdfProblem::Unreadable) }
    }

    /// Checks that every object with the number of an object stream is one: of several with one
    /// number a reader may take any.
    fn check_containers(&self, objects: &[FoundObject]) -> Result<(), PdfProblem> {
        let mut is_container = BTreeMap::new();
        for object in objects {
            let Some(number) = object.number.filter(|number| self.containers.contains(number)) else { continue };
            *is_container.entry(number).or_insert(true) &= object.stream == Some(StreamKind::Objects);
        }
        let is_whole = self.containers.iter().all(|number| is_container.get(number) == Some(&true));
        if is_whole { Ok(()) } else { Err(PdfProblem::Unreadable) }
    }
}

/// Says whether `offset` leads to `start`: the same position, or white space before it.
fn is_at(bytes: &[u8], offset: usize, start: usize) -> bool {
    let gap = bytes.get(offset..start).unwrap_or(b"%");
    gap.len() <= MAX_GAP_BYTES && gap.iter().all(|byte| is_space(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(start: usize, number: usize, stream: Option<StreamKind>) -> FoundObject {
        FoundObject { start, number: Some(number), stream, inflated_bytes: 0 }
    }

    #[test]
    fn a_row_leads_to_an_object_or_to_white_space_before_it() {
        let bytes = b"%PDF \n1 0 obj 2 endobj";
        let is_fine = |offset| {
            let mut pointers = Pointers::default();
            pointers.record_row(Some(offset));
            pointers.check(bytes, &[found(6, 1, None)]).is_ok()
        };
        let fine: Vec<usize> = (0..40).filter(|offset| is_fine(*offset)).collect();
        assert_eq!(fine, [0, 4, 5, 6]);
    }

    #[test]
    fn a_container_that_is_sometimes_something_else_is_refused() {
        let mut pointers = Pointers::default();
        pointers.record_container(4);
        assert!(pointers.check(b"", &[]).is_err());
        let container = || found(10, 4, Some(StreamKind::Objects));
        assert!(pointers.check(b"", &[container()]).is_ok());
        assert!(pointers.check(b"", &[container(), found(20, 4, Some(StreamKind::Content))]).is_err());
    }
}
