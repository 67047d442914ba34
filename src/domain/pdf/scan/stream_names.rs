//! Owns the kind of a stream, by the names in its dictionary. Called by the walk.

use crate::domain::pdf::{PdfProblem, pointers::StreamKind};
use lopdf::{Dictionary, Object};

/// Names seen in the outermost dictionary that decide the kind of its stream.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct StreamNames {
    is_object_stream: bool,
    has_first: bool,
    has_count: bool,
    is_table: bool,
}

impl StreamNames {
    pub(super) fn record(&mut self, name: &[u8]) {
        match name {
            b"ObjStm" => self.is_object_stream = true,
            b"First" => self.has_first = true,
            b"N" => self.has_count = true,
            b"XRef" => self.is_table = true,
            _ => {}
        }
    }

    /// Returns the kind. Fails if the names fit both kinds, or if the type is hidden: readers would
    /// disagree.
    pub(super) fn kind(self, dictionary: &Dictionary) -> Result<StreamKind, PdfProblem> {
        let holds_objects = self.is_object_stream || (self.has_first && self.has_count);
        let is_type_hidden = self.has_count && dictionary.get(b"Type").is_ok_and(Object::is_null);
        match (self.is_table, holds_objects) {
            _ if is_type_hidden => Err(PdfProblem::Unreadable),
            (true, true) => Err(PdfProblem::Unreadable),
            (true, false) => Ok(StreamKind::Table),
            (false, true) => Ok(StreamKind::Objects),
            (false, false) => Ok(StreamKind::Content),
        }
    }
}
