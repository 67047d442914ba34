//! Where a file says that its parts are. Every place must be one the walk passed as the start of that part: a place inside of a stream, a text
//! or a comment is how an object is hidden from the walk and shown to a reader.

use super::{PdfProblem, lexer::is_space};
use lopdf::Dictionary;
use std::collections::{BTreeMap, BTreeSet};

/// Most bytes the parser may read when it follows every row of the tables.
const MAX_READ_BYTES: usize = 256 * 1024 * 1024;
/// White space that may stand between an offset and what it means; some programs count the line end differently.
const MAX_GAP_BYTES: usize = 16;

/// What a stream is, by its dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamKind {
    /// Holds objects.
    Objects,
    /// Holds a cross-reference table.
    Table,
    /// Anything that is not needed to understand the file.
    Content,
}

/// An object outside of streams.
#[derive(Debug, Default)]
pub struct FoundObject {
    /// Where its number stands.
    pub start: usize,
    /// Its number.
    pub number: Option<usize>,
    /// Its stream, if it has one.
    pub stream: Option<StreamKind>,
    /// What its stream inflates to, if it was read.
    pub inflated_bytes: usize,
}

/// Every place a file names.
#[derive(Debug, Default)]
pub struct Pointers {
    /// Where objects are: the rows in use of all tables.
    rows: Vec<usize>,
    /// Numbers of the object streams that hold objects.
    containers: BTreeSet<usize>,
    /// Where the tables stand that begin with `xref`.
    tables: Vec<usize>,
    /// Where tables are said to be.
    sections: Vec<usize>,
}

impl Pointers {
    /// Notes the keyword `xref`.
    pub fn record_table(&mut self, at: usize) {
        self.tables.push(at);
    }

    /// Notes a row in use. Zero is written for objects that are not there.
    pub fn record_row(&mut self, offset: Option<usize>) {
        self.rows.extend(offset.filter(|offset| *offset > 0));
    }

    /// Notes a row of an object that stands in the object stream `number`.
    pub fn record_container(&mut self, number: usize) {
        self.containers.insert(number);
    }

    /// Notes the number after `startxref`. Zero stands in the first part of linearized files. Fails if it is none.
    pub fn record_start(&mut self, offset: Option<usize>) -> Result<(), PdfProblem> {
        let offset = offset.ok_or(PdfProblem::Unreadable)?;
        self.sections.extend(Some(offset).filter(|offset| *offset > 0));
        Ok(())
    }

    /// Notes the tables that a trailer continues with. Fails if they are not plain numbers.
    pub fn record_trailer(&mut self, trailer: &Dictionary) -> Result<(), PdfProblem> {
        for key in [&b"Prev"[..], b"XRefStm"] {
            let Ok(value) = trailer.get(key) else { continue };
            let offset = value.as_i64().ok().and_then(|offset| usize::try_from(offset).ok());
            self.record_start(offset)?;
        }
        Ok(())
    }

    /// Checks every place against what the walk passed: `objects`, in order.
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
        // Tables that make the parser read the same objects over and over.
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

    /// Every object with the number of an object stream is one: readers may take any of several.
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

/// Says whether `offset` means `start`: the same place, or white space before it.
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
