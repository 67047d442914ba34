//! Files as attackers and broken programs make them, written by hand: the parser under test did not
//! make them.

use super::*;
use lopdf::{Dictionary, Object, Stream, dictionary};
use std::time::{Duration, Instant};

pub(super) const CATALOG: &str = "<</Type/Catalog/Pages 2 0 R>>";
pub(super) const PAGES: &str = "<</Type/Pages/Kids[3 0 R]/Count 1>>";
pub(super) const PAGE: &str = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>";
pub(super) const CONTENT: &str = "<</Length 9>>stream\nBT ET q Q\nendstream";

/// Writes a PDF with a classic table; object 1 is the catalog.
pub(super) fn pdf_of(objects: &[&[u8]], trailer: &str) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(bytes.len());
        bytes.extend(format!("{} 0 obj\n", index + 1).bytes());
        bytes.extend_from_slice(object);
        bytes.extend(b"\nendobj\n");
    }
    finish(bytes, &offsets, trailer)
}

pub(super) fn finish(mut bytes: Vec<u8>, offsets: &[usize], trailer: &str) -> Vec<u8> {
    let table = bytes.len();
    bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", offsets.len() + 1).bytes());
    bytes.extend(offsets.iter().flat_map(|offset| format!("{offset:010} 00000 n \n").into_bytes()));
    let size = offsets.len() + 1;
    bytes.extend(format!("trailer\n<</Size {size}/Root 1 0 R{trailer}>>\nstartxref\n{table}\n%%EOF\n").bytes());
    bytes
}

pub(super) fn plain_pdf() -> Vec<u8> {
    pdf_of(&[CATALOG, PAGES, PAGE, CONTENT].map(str::as_bytes), "")
}

/// Writes a PDF with the given catalog and one more object.
pub(super) fn pdf_with(catalog: &str, extra: &[u8]) -> Vec<u8> {
    pdf_of(&[catalog.as_bytes(), PAGES.as_bytes(), PAGE.as_bytes(), CONTENT.as_bytes(), extra], "")
}

pub(super) fn stream_object(entries: Dictionary, content: &[u8], is_compressed: bool) -> Vec<u8> {
    let mut stream = Stream::new(entries, content.to_vec());
    if is_compressed {
        stream.compress().unwrap();
    }
    let mut object = b"<<".to_vec();
    for (key, value) in &stream.dict {
        object.push(b'/');
        object.extend_from_slice(key);
        object.extend(format!(" {value:?}").bytes());
    }
    object.extend(b">>stream\n");
    object.extend_from_slice(&stream.content);
    object.extend(b"\nendstream");
    object
}

pub(super) fn object_stream(index: &str, objects: &[u8]) -> Vec<u8> {
    let count = i64::try_from(index.split_whitespace().count() / 2).unwrap();
    let first = i64::try_from(index.len()).unwrap();
    let entries = dictionary! { "Type" => "ObjStm", "N" => Object::Integer(count), "First" => Object::Integer(first) };
    stream_object(entries, &[index.as_bytes(), objects].concat(), true)
}

#[test]
fn a_plain_file_passes() {
    assert_eq!(check_pdf(plain_pdf()), Ok(()));
    let mut spaced = plain_pdf();
    spaced.extend(b"\r\n \0\n");
    assert_eq!(check_pdf(spaced), Ok(()));
}

#[test]
fn objects_in_object_streams_and_tables_in_streams_pass() {
    let mut document = lopdf::Document::load_mem(&plain_pdf()).unwrap();
    let mut bytes = Vec::new();
    let options = lopdf::SaveOptions::builder().use_object_streams(true).use_xref_streams(true).build();
    document.save_with_options(&mut bytes, options).unwrap();
    assert!(lexer::find(&bytes, b"ObjStm").is_some());
    assert_eq!(check_pdf(bytes), Ok(()));
}

#[test]
fn other_formats_and_hidden_headers_are_no_pdf() {
    for bytes in
        [b"".to_vec(), b"Halo, ini teks".to_vec(), [b"GIF89a".to_vec(), plain_pdf()].concat(), [b"\n".to_vec(), plain_pdf()].concat()]
    {
        assert_eq!(check_pdf(bytes), Err(PdfProblem::NotPdf));
    }
}

#[test]
fn anything_that_acts_is_unsafe() {
    for catalog in [
        "<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>",
        "<</Type/Catalog/Pages 2 0 R/OpenAction<</S/J#61vaScript/J#53(x)>>>>",
        "<</Type/Catalog/Pages 2 0 R/AA<</WC<</S/Launch/F(cmd.exe)>>>>>>",
        "<</Type/Catalog/Pages 2 0 R/Names<</JavaScript<</Names[(a)5 0 R]>>>>>>",
        "<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a)5 0 R]>>>>>>",
        "<</Type/Catalog/Pages 2 0 R/AcroForm<</XFA 5 0 R>>>>",
        "<</Type/Catalog/Pages 2 0 R/OpenAction<</S/SubmitForm/F(http://x)>>>>",
        "<</Type/Catalog/Pages 2 0 R/OpenAction<</S/ImportData/F(x)>>>>",
    ] {
        assert_eq!(check_pdf(pdf_with(catalog, b"null")), Err(PdfProblem::Unsafe), "{catalog}");
    }
    for extra in ["<</Subtype/RichMedia>>", "<</Type/Filespec/EF<</F 4 0 R>>>>", "<</Type/EmbeddedFile/Length 1>>stream\nx\nendstream"] {
        assert_eq!(check_pdf(pdf_with(CATALOG, extra.as_bytes())), Err(PdfProblem::Unsafe), "{extra}");
    }
}

#[test]
fn harmless_actions_and_texts_about_scripts_pass() {
    let catalog = "<</Type/Catalog/Pages 2 0 R/OpenAction[3 0 R/Fit]/Lang(id)>>";
    assert_eq!(check_pdf(pdf_with(catalog, b"<</Title(/JavaScript /Launch \\( 1. objek endobj)>>")), Ok(()));
    let drawing = b"<</Length 16>>stream\n(/JS /Launch) Tj\n\nendstream";
    assert_eq!(check_pdf(pdf_with(catalog, drawing)), Ok(()));
}

#[test]
fn scripts_hidden_in_object_streams_or_outside_the_table_are_found() {
    let hidden = object_stream("6 0 ", b"<</S/JavaScript/JS(x)>>");
    assert_eq!(check_pdf(pdf_with(CATALOG, &hidden)), Err(PdfProblem::Unsafe));
    let nameless = String::from_utf8_lossy(&object_stream("6 0 ", b"")).contains("ObjStm");
    assert!(nameless);
    let disguised: Vec<u8> = stream_object(dictionary! { "N" => 1, "First" => 4 }, b"6 0 <</S/Launch>>", false);
    assert_eq!(check_pdf(pdf_with(CATALOG, &disguised)), Err(PdfProblem::Unsafe));
    let mut unlisted = plain_pdf();
    let table = lexer::find(&unlisted, b"xref").unwrap();
    unlisted.splice(table..table, b"9 0 obj<</S/JavaScript>>endobj\n".iter().copied());
    assert_eq!(check_pdf(unlisted), Err(PdfProblem::Unsafe));
}

#[test]
fn encrypted_files_are_named_as_such() {
    let objects = [CATALOG, PAGES, PAGE, CONTENT, "<</Filter/Standard/V 1/R 2/O(x)/U(y)/P -4>>"].map(str::as_bytes);
    assert_eq!(check_pdf(pdf_of(&objects, "/Encrypt 5 0 R/ID[(a)(a)]")), Err(PdfProblem::Encrypted));
}

#[test]
fn data_behind_the_end_is_unsafe() {
    for tail in [&b"<script>alert(1)</script>"[..], b"PK\x03\x04", b"%PDF-1.4\n"] {
        assert_eq!(check_pdf([plain_pdf(), tail.to_vec()].concat()), Err(PdfProblem::Unsafe));
    }
    let marked = [b"PK\x05\x06".to_vec(), vec![0; 16], vec![6, 0], b"%%EOF\n".to_vec()].concat();
    assert_eq!(check_pdf([plain_pdf(), marked].concat()), Err(PdfProblem::Unsafe));
}

#[test]
fn truncated_and_pageless_files_are_unreadable() {
    let whole = plain_pdf();
    for part in [1, 2, 3] {
        assert_eq!(check_pdf(whole[..whole.len() * part / 4].to_vec()), Err(PdfProblem::Unreadable));
    }
    assert_eq!(check_pdf(b"%PDF-1.7\n%%EOF\n".to_vec()), Err(PdfProblem::Unreadable));
    assert_eq!(check_pdf(b"%PDF-1.7\n(((((\n%%EOF\n".to_vec()), Err(PdfProblem::Unreadable));
    let no_page = [CATALOG, "<</Type/Pages/Kids[]/Count 0>>"].map(str::as_bytes);
    assert_eq!(check_pdf(pdf_of(&no_page, "")), Err(PdfProblem::Unreadable));
    let missing_page = [CATALOG, "<</Type/Pages/Kids[9 0 R]/Count 1>>"].map(str::as_bytes);
    assert_eq!(check_pdf(pdf_of(&missing_page, "")), Err(PdfProblem::Unreadable));
}

#[test]
fn cycles_and_deep_nesting_end() {
    let cyclic = [CATALOG, "<</Type/Pages/Kids[2 0 R 2 0 R]/Count 1>>"].map(str::as_bytes);
    assert_eq!(check_pdf(pdf_of(&cyclic, "")), Err(PdfProblem::Unreadable));
    let self_length = b"<</Length 5 0 R>>stream\nx\nendstream";
    assert_eq!(check_pdf(pdf_with(CATALOG, self_length)), Ok(()));
    let deep_arrays = [b"[".repeat(200_000), b"]".repeat(200_000)].concat();
    let deep_dictionaries = [b"<</A".repeat(100_000), b">>".repeat(100_000)].concat();
    let deep_stream = [&deep_dictionaries[..], b"stream\nx\nendstream"].concat();
    for object in [deep_arrays, deep_dictionaries, b"(".repeat(100_000)] {
        // The page is found, or the file does not read; in both cases nothing overflows.
        let _ = check_pdf(pdf_with(CATALOG, &object));
    }
    assert_eq!(check_pdf(pdf_with(CATALOG, &deep_stream)), Err(PdfProblem::Unreadable));
}

/// Asserts that an inspection refuses the file quickly, instead of building what the file
/// describes.
fn assert_refused_quickly(name: &str, bytes: Vec<u8>) {
    assert!(bytes.len() < 10 * 1024 * 1024, "{name} would not be accepted by size");
    let started = Instant::now();
    assert_eq!(check_pdf(bytes), Err(PdfProblem::Unreadable), "{name}");
    // A refusal takes a second at most, without optimisation. Building the gigabytes that such a
    // file describes takes minutes, or all memory.
    assert!(started.elapsed() < Duration::from_secs(60), "{name} took {:?}", started.elapsed());
}

#[test]
fn small_files_that_describe_gigabytes_are_refused() {
    let bomb = object_stream("6 0 ", &b" ".repeat(64 * 1024 * 1024));
    assert_refused_quickly("one stream inflates too far", pdf_with(CATALOG, &bomb));

    let part = object_stream("6 0 ", &b" ".repeat(5 * 1024 * 1024));
    let mut objects: Vec<&[u8]> = [CATALOG, PAGES, PAGE, CONTENT].map(str::as_bytes).to_vec();
    objects.extend(std::iter::repeat_n(&part[..], 200));
    assert_refused_quickly("many streams inflate too far together", pdf_of(&objects, ""));

    let array = [b"[".to_vec(), b"0 ".repeat(400_000), b"]".to_vec()].concat();
    let index: String = (6..2006).map(|number| format!("{number} 0 ")).collect();
    assert_refused_quickly("one array listed 2,000 times in an object stream", pdf_with(CATALOG, &object_stream(&index, &array)));

    let index: String = (0..90).map(|depth| format!("{} {depth} ", depth + 6)).collect();
    let nested = [b"[".repeat(90), b"0 ".repeat(200_000), b"]".repeat(90)].concat();
    assert_refused_quickly("one array seen from 90 depths", pdf_with(CATALOG, &object_stream(&index, &nested)));

    let array = [b"[".to_vec(), b"0 ".repeat(4_000_000), b"]".to_vec()].concat();
    assert_refused_quickly("one huge array", pdf_with(CATALOG, &array));
    let run = [b"[".to_vec(), b"0.0".repeat(3_000_000), b"]".to_vec()].concat();
    assert_refused_quickly("numbers without spaces", pdf_with(CATALOG, &run));
}

#[test]
fn a_table_that_lists_one_object_many_times_is_refused() {
    let mut bytes = plain_pdf();
    let table = lexer::find(&bytes, b"xref").unwrap();
    bytes.truncate(table);
    let array = [b"5 0 obj[".to_vec(), b"0 ".repeat(100_000), b"]endobj\n".to_vec()].concat();
    let at = bytes.len();
    bytes.extend(array);
    let offsets = [vec![15; 4], vec![at; 20_000]].concat();
    assert_refused_quickly("20,000 rows for one array", finish(bytes, &offsets, ""));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn damaged_files_never_panic(at in 0_usize..700, junk in proptest::collection::vec(0_u8..=255, 0..20), cut in 0_usize..40) {
        let mut bytes = plain_pdf();
        let at = at.min(bytes.len());
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, junk);
        let _ = scan::scan(bytes);
    }
}
