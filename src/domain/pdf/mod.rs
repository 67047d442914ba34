//! Owns the rules that an uploaded PDF must keep: it is a PDF, readable, not encrypted, and free of
//! active content (scripts, launched programs, embedded files, forms that send). Called by
//! `services/files/pdf_inspection`, which runs the check on threads of its own. Must not do I/O:
//! the functions read bytes only.

mod containers;
mod dictionary;
mod hidden;
mod lexer;
mod pointers;
mod scan;

use lopdf::{Document, LoadOptions};

/// Most bytes that the parser may inflate one stream to; the walk before it bounds the sum.
const MAX_STREAM_BYTES: usize = 24 * 1024 * 1024;
/// Mark of a ZIP directory. It must not stand near the end of a file; white space behind the last
/// end mark may.
const ZIP_DIRECTORY_END: &[u8] = b"PK\x05\x06";
/// Length of the end of a ZIP directory without its comment, in bytes.
const ZIP_DIRECTORY_END_BYTES: usize = 22;

/// Reason for refusing a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PdfProblem {
    /// The first bytes are not those of a PDF.
    NotPdf,
    /// The file needs a password, or says so.
    Encrypted,
    /// The file has active content, or another file behind it.
    Unsafe,
    /// The file is broken, has no pages, or costs too much to open.
    Unreadable,
}

impl PdfProblem {
    /// Returns the error code for API clients.
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

/// Checks a whole file; the first problem is returned.
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

/// Says whether the page tree leads to an existing page.
fn has_page(document: &Document) -> bool {
    document.page_iter().take(16).any(|page| document.get_dictionary(page).is_ok_and(|page| page.has_type(b"Page")))
}

/// Refuses files that continue after their end mark, or that a ZIP reader would open as well.
fn check_end(bytes: &[u8]) -> Result<(), PdfProblem> {
    let mark = bytes.windows(5).rposition(|window| window == b"%%EOF").ok_or(PdfProblem::Unreadable)?;
    let rest = bytes.get(mark + 5..).unwrap_or_default();
    let is_appended = !rest.iter().all(|byte| lexer::is_space(*byte));
    if is_appended || ends_like_zip(bytes) { Err(PdfProblem::Unsafe) } else { Ok(()) }
}

/// Says whether a ZIP directory, its comment included, ends exactly at the end of the file.
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
