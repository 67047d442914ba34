//! Files that show a script to a reader and try to hide it from the walk. A check that looks at a
//! file in a single way accepts each of them.

use super::{
    PdfProblem,
    builder::{Builder, RUNS_SEVEN, Row, object_stream, stream},
    check_pdf,
};

/// An object that runs a script.
const SCRIPT: &str = "7 0 obj\n<</Type/Action/S/JavaScript/JS(app.alert\\(1\\))>>\nendobj\n";
/// The same script without the brackets that would end a text.
const FLAT_SCRIPT: &str = "7 0 obj\n<</S/JavaScript/JS 8 0 R>>\nendobj\n";
const ACTION: &str = "<</S/JavaScript/JS(app.alert\\(1\\))>>";

fn assert_refused(attacks: Vec<(&str, Vec<u8>)>) {
    for (name, bytes) in attacks {
        let found = check_pdf(bytes);
        assert!(matches!(found, Err(PdfProblem::Unsafe | PdfProblem::Unreadable)), "{name}: {found:?}");
    }
}

#[test]
fn an_object_hidden_in_a_stream_a_text_or_a_comment_is_refused_when_a_row_leads_to_it() {
    let hide_at = |marker, carrier: &[u8]| Builder::page_with(RUNS_SEVEN).object(6, carrier).row_to(7, marker).finish();
    let hide = |carrier: &[u8]| hide_at("7 0 obj", carrier);
    assert_refused(vec![
        ("stream", hide(&stream("", SCRIPT.as_bytes()))),
        ("stream behind a comment", hide(&stream("", format!("% x\n{SCRIPT}").as_bytes()))),
        ("text", hide(format!("(\n{FLAT_SCRIPT})").as_bytes())),
        ("hexadecimal text", hide(b"<7 0 obj <</S/JavaScript/JS 8 0 R>>")),
        ("comment", hide(b"null % 7 0 obj <</S/JavaScript/JS 8 0 R>> endobj")),
        ("comment inside the header", hide_at("7 % 1", &stream("", b"7 % 1\n0 % 2\nobj <</S/JavaScript/JS 8 0 R>> endobj"))),
        ("header across two texts", hide_at("7 0 %", b"[(7 0 %) (\nobj <</S/JavaScript/JS 8 0 R>> endobj)]")),
    ]);
    let headline = format!("%PDF-1.7 {}", FLAT_SCRIPT.replace('\n', " "));
    let first_line = Builder { bytes: headline.into_bytes(), ..Builder::empty() }.raw("\n");
    let first_line = [1, 2, 3, 4]
        .into_iter()
        .zip(super::builder::PAGE_OBJECTS)
        .fold(first_line, |file, (number, body)| file.object(number, if number == 1 { RUNS_SEVEN } else { body }));
    assert_refused(vec![("first line", first_line.row_to(7, "7 0 obj").finish())]);
}

#[test]
fn an_object_hidden_from_the_table_is_refused_when_a_reader_would_search_for_it() {
    let broken = |carrier: &[u8], start| Builder::page_with(RUNS_SEVEN).object(6, carrier).table("").end_at(start).bytes;
    let hidden = stream("", SCRIPT.as_bytes());
    let sound = Builder::page_with(RUNS_SEVEN).object(6, &hidden);
    let swallowed =
        Builder::page_with(RUNS_SEVEN).raw("6 0 obj<</Length ").raw(format!("{}>>stream\nx\nendstream\nendobj\n", SCRIPT.len() + 19));
    assert_refused(vec![
        ("no table at all", broken(&hidden, 1)),
        ("a table, but no row", sound.clone().finish()),
        ("a length that covers the next object", swallowed.raw(SCRIPT).raw("endstream\nendobj\n").finish()),
        ("a length too short", Builder::page_with(RUNS_SEVEN).object(6, "<</Length 1>>stream\nendstream\n".to_owned() + SCRIPT).finish()),
        ("white space of PDFium", broken(&stream("", b"7\xFF0\x80obj<</S/JavaScript/JS 8 0 R>>"), 1)),
    ]);
}

#[test]
fn tables_in_skipped_places_are_refused() {
    let fake = |trailer: &str| format!("xref\n7 1\n0000000099 00000 n \ntrailer\n<</Size 16/Root 1 0 R{trailer}>>\n");
    let file = || Builder::page().object(6, stream("", fake("").as_bytes()));
    let inside = file().find("xref\n7 1");
    let table_row = Builder::page_with(RUNS_SEVEN).object(6, stream("", b"7 0 0 obj")).row(7, Row::At(300));
    let comment = file().table("").end().raw(format!("% startxref {inside}\n%%EOF\n"));
    let decoy = format!("%% endobj {}", fake("").replace('\n', "\r"));
    assert_refused(vec![
        ("startxref", file().table("").end_at(inside).bytes),
        ("Prev", file().table(&format!("/Prev {inside}")).end().bytes),
        ("Prev as a reference", file().table(&format!("/Prev {inside} 0 R")).end().bytes),
        ("XRefStm", file().table(&format!("/XRefStm {inside}")).end().bytes),
        ("Prev of a table in a stream", file().table_stream(9, &format!("/Prev {inside}")).end().bytes),
        ("a row of a table in a stream", table_row.table_stream(9, "").end().bytes),
        ("startxref in a comment", comment.bytes),
        ("behind the first endobj", Builder::empty().raw(format!("(endobj {decoy})")).raw(&Builder::page().finish()[15..]).bytes),
        ("Prev to a stream that is no table", {
            let at = file().find("6 0 obj");
            file().table(&format!("/Prev {at}")).end().bytes
        }),
    ]);
}

/// A page with the given catalog, object 7 and others; a table in a stream points to object 6.
fn with_container(container: &[u8]) -> Vec<u8> {
    Builder::page_with(RUNS_SEVEN).object(6, container).row(7, Row::In(6, 0)).table_stream(9, "").end().bytes
}

#[test]
fn object_streams_that_readers_read_differently_are_refused() {
    let script = format!("7 0 {ACTION}");
    let hex: String = script.bytes().map(|byte| format!("{byte:02x}")).collect();
    let plain = |entries: &str, content: &str| with_container(&stream(entries, content.as_bytes()));
    assert_refused(vec![
        ("as it should be", with_container(&object_stream("", "7 0 ", ACTION))),
        ("an offset into a text", with_container(&object_stream("", "7 1 ", "(<</S/JavaScript/JS 8 0 R>>)"))),
        ("an offset into a comment", with_container(&object_stream("", "7 1 ", "%<</S/JavaScript/JS 8 0 R>>"))),
        ("more objects than the index says", plain("/Type/ObjStm/N 2/First 4", "8 0 7 5 (<</S/JavaScript/JS 8 0 R>>)")),
        ("a count that is written twice", plain("/Type/ObjStm/N 9/N 1/First 4", &script)),
        ("another name of the filter", plain("/Type/ObjStm/N 1/First 4/F/ASCIIHexDecode", &hex)),
        ("two filters", plain("/Type/ObjStm/N 1/First 4/Filter/ASCIIHexDecode/Filter null", &hex)),
        ("a filter elsewhere", plain("/Type/ObjStm/N 1/First 4/Filter 8 0 R", &hex)),
        ("both a table and objects", plain("/Type/ObjStm/N 1/First 4/X/XRef/W[1 1 1]", &script)),
        ("objects without First", plain("/Type 8 0 R/N 1", &script)),
        (
            "a length elsewhere",
            with_container(format!("<</Type/ObjStm/N 1/First 4/Length 8 0 R>>stream\n8 0 null\nendstream {script}\nendstream").as_bytes()),
        ),
        (
            "no line end",
            with_container(format!("<</Type/ObjStm/N 1/First 4/Length {}>>stream{script}\nendstream", script.len()).as_bytes()),
        ),
        (
            "a keyword of PDFium",
            with_container(&[b"<</Type/ObjStm/N 1/First 4/Filter/ASCIIHexDecode>>stream\xFF\n", hex.as_bytes(), b"\nendstream"].concat()),
        ),
        ("a container that is no stream of objects", plain("/N 1", &script)),
    ]);
    let twice = Builder::page_with(RUNS_SEVEN).object(6, stream("/N 1", script.as_bytes())).object(6, object_stream("", "7 0 ", "null"));
    assert_refused(vec![("two containers of one number", twice.row(7, Row::In(6, 0)).table_stream(9, "").end().bytes)]);
}

#[test]
fn names_that_readers_read_differently_are_refused() {
    let run = |script: &[u8]| Builder::page_with(RUNS_SEVEN).object(7, script).finish();
    assert_refused(vec![
        ("escapes", run(b"<</#53/J#61v#61S#63ript/#4AS(x)>>")),
        ("nested", run(b"<</A[<</B[<</S/Jav#61Script>>]>>]>>")),
        ("an escape that PDFium reads", run(b"<</S/J#4JvaScript/J#4J(x)>>")),
        ("white space of PDFium", run(b"<</S\x80/JavaScript\xFF/JS\x80(x)>>")),
        ("a control character", run(b"<</S/URI/JS\x0B(x)>>")),
        ("brackets that do not match", run(b"<</A[<</Length 40>>stream\n /S/JavaScript/JS 8 0 R >>\nendstream")),
        ("a bracket too many", run(b"<</A]<</B/C>>stream\n<</S/JavaScript/JS(x)>>\nendstream")),
        ("an object inside of an object", run(b"<</A 8 0 obj<</B/C>>stream\n/S/JavaScript/JS(x)>>\nendstream")),
        ("a number as PDF.js reads it", run(b"[ 8.0 0 obj<</B/C>>stream\n/S/JavaScript/JS(x)\nendstream")),
    ]);
}

#[test]
fn whatever_acts_is_refused_wherever_it_stands() {
    let catalog = |entries: &str| Builder::page_with(&format!("<</Type/Catalog/Pages 2 0 R{entries}>>")).object(7, "<</A 1>>").finish();
    let extra = |body: &str| Builder::page().object(7, body).finish();
    let update = |body: &str| Builder::page().table("").end().object(7, body);
    let prev = Builder::page().table("").table;
    let overwritten = Builder::page().object(7, ACTION).table("").end().object(7, "null");
    let overwritten_prev = Builder::page().object(7, ACTION).table("").table;
    assert_refused(vec![
        ("opening", catalog(&format!("/OpenAction{ACTION}"))),
        ("additional actions", catalog(&format!("/AA<</WC{ACTION}>>"))),
        ("named scripts", catalog("/Names<</JavaScript<</Names[(a)7 0 R]>>>>")),
        ("named files", catalog("/Names<</EmbeddedFiles<</Names[(a)7 0 R]>>>>")),
        ("forms of XML", catalog("/AcroForm<</XFA[(x)7 0 R]>>")),
        ("a program", extra("<</S/Launch/F(cmd.exe)>>")),
        ("a file", extra("<</Type/EmbeddedFile/Length 1>>stream\nx\nendstream")),
        ("a file of an annotation", extra("<</Type/Filespec/EF<</F 4 0 R>>>>")),
        ("a film", extra("<</Type/Annot/Subtype/RichMedia/RichMediaContent 4 0 R>>")),
        ("a model with a script", extra("<</Type/3D/OnInstantiate 4 0 R/Length 0>>stream\n\nendstream")),
        ("in an update", update(ACTION).table(&format!("/Prev {prev}")).end().bytes),
        ("before an update", overwritten.table(&format!("/Prev {overwritten_prev}")).end().bytes),
        ("in no table", Builder::page().raw(SCRIPT).finish()),
    ]);
}

#[test]
fn encrypted_files_are_named_as_such_wherever_they_say_so() {
    let key = "<</Filter/Standard/V 1/R 2/O(x)/U(y)/P -4>>";
    let classic = Builder::page().object(6, key).table("/Encrypt 6 0 R/ID[(a)(a)]").end().bytes;
    let in_stream = Builder::page().object(6, key).table_stream(9, "/Encrypt 6 0 R/ID[(a)(a)]").end().bytes;
    let escaped = Builder::page().object(6, key).table("/#45ncrypt 6 0 R").end().bytes;
    for bytes in [classic, in_stream, escaped] {
        assert_eq!(check_pdf(bytes), Err(PdfProblem::Encrypted));
    }
}
