//! The rules an uploaded PDF must keep: it is a PDF, readable, not encrypted, and free of anything that acts (scripts, launched programs, embedded
//! files, forms that send). Plain functions over bytes; `services/files/pdf_inspection` runs them on threads of their own.

mod containers;
mod dictionary;
mod hidden;
mod lexer;
mod pointers;
mod scan;

use lopdf::{Document, LoadOptions};

/// Most bytes one stream may inflate to in the parser; the scan before it bounds the sum.
const MAX_STREAM_BYTES: usize = 24 * 1024 * 1024;
/// White space after the last end mark is fine; the mark of a ZIP directory anywhere near the end is not.
const ZIP_DIRECTORY_END: &[u8] = b"PK\x05\x06";
/// Bytes of a ZIP directory end without its comment.
const ZIP_DIRECTORY_END_BYTES: usize = 22;

/// Why a file is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PdfProblem {
    /// Not a PDF by its first bytes.
    NotPdf,
    /// Needs a password, or says so.
    Encrypted,
    /// Carries something that acts, or another file behind it.
    Unsafe,
    /// Broken, without pages, or too costly to open.
    Unreadable,
}

impl PdfProblem {
    /// Returns the code of the contract.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotPdf => "materials.file_type",
            Self::Encrypted => "materials.file_encrypted",
            Self::Unsafe => "materials.file_unsafe",
            Self::Unreadable => "materials.file_unreadable",
        }
    }
}

/// Checks a whole file.
pub fn check_pdf(bytes: Vec<u8>) -> Result<(), PdfProblem> {
    if !bytes.starts_with(b"%PDF-") {
        return Err(PdfProblem::NotPdf);
    }
    check_end(&bytes)?;
    let cleaned = scan::scan(bytes)?;
    let options = LoadOptions { max_decompressed_size: Some(MAX_STREAM_BYTES), ..LoadOptions::default() };
    let document = Document::load_mem_with_options(&cleaned, options).map_err(|_| PdfProblem::Unreadable)?;
    if document.is_encrypted() || document.encryption_state.is_some() {
        return Err(PdfProblem::Encrypted);
    }
    if has_page(&document) { Ok(()) } else { Err(PdfProblem::Unreadable) }
}

/// Says whether the page tree leads to a page that is there.
fn has_page(document: &Document) -> bool {
    document.page_iter().take(16).any(|page| document.get_dictionary(page).is_ok_and(|page| page.has_type(b"Page")))
}

/// Refuses files that go on after their end mark, or that a ZIP reader would open as well.
fn check_end(bytes: &[u8]) -> Result<(), PdfProblem> {
    let mark = bytes.windows(5).rposition(|window| window == b"%%EOF").ok_or(PdfProblem::Unreadable)?;
    let rest = bytes.get(mark + 5..).unwrap_or_default();
    let is_appended = !rest.iter().all(|byte| lexer::is_space(*byte));
    if is_appended || ends_like_zip(bytes) { Err(PdfProblem::Unsafe) } else { Ok(()) }
}

/// Says whether a ZIP directory ends exactly at the end of the file, as its comment length tells.
pub(crate) fn ends_like_zip(bytes: &[u8]) -> bool {
    let from = bytes.len().saturating_sub(ZIP_DIRECTORY_END_BYTES + usize::from(u16::MAX));
    let tail = bytes.get(from..).unwrap_or_default();
    let reaches_end = |at: usize| match tail.get(at + 20..at + 22) {
        Some([low, high]) => at + ZIP_DIRECTORY_END_BYTES + usize::from(u16::from_le_bytes([*low, *high])) == tail.len(),
        _ => false,
    };
    (0..tail.len()).any(|at| tail.get(at..).is_some_and(|rest| rest.starts_with(ZIP_DIRECTORY_END)) && reaches_end(at))
}

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod builder;
#[cfg(test)]
mod honest;
#[cfg(test)]
mod tests;
