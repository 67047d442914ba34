//! Files as honest programs write them: small, but with the same parts. The rules must not refuse
//! them, although some look like an attack.

use super::{
    builder::{Builder, PAGE_OBJECTS, Row, object_stream, stream},
    check_pdf,
};

fn assert_accepted(files: Vec<(&str, Vec<u8>)>) {
    for (name, bytes) in files {
        assert_eq!(check_pdf(bytes), Ok(()), "{name}");
    }
}

/// A file as LaTeX writes it: nearly all objects in an object stream, which a table in a stream
/// lists.
fn latex_like() -> Builder {
    let objects = PAGE_OBJECTS.get(..3).unwrap_or_default();
    let mut index = String::new();
    let mut at = 0;
    for (number, body) in (1..).zip(objects) {
        index.push_str(&format!("{number} {at} "));
        at += body.len() + 1;
    }
    let mut file = Builder::empty().object(4, PAGE_OBJECTS[3]).object(5, object_stream("", &index, &objects.join("\n")));
    for place in 0..3 {
        file = file.row(place + 1, Row::In(5, place));
    }
    file.table_stream(9, "/Info 4 0 R/ID[<0a0B><0a0b>]").end()
}

/// A linearized file: the first part holds the table of the page, the second part the rest;
/// `startxref 0` is in the middle.
fn linearized() -> Vec<u8> {
    let write = |sizes: [usize; 3]| {
        let [total, first_table, main_table] = sizes.map(|size| format!("{size:05}"));
        let head = Builder::empty().object(8, format!("<</Linearized 1/L {total}/O 3/E 00000/N 1/T {main_table}/H[0 0]>>"));
        let first_at = head.bytes.len();
        let main_marker = "5 0 obj";
        let file = head.table(&format!("/Prev {main_table}")).end_at(0);
        let file = (1..).zip(PAGE_OBJECTS).fold(file, |file, (number, body)| file.object(number, body)).object(5, "null");
        assert!(file.find(main_marker) > 0);
        let file = file.table("").end_at(first_at);
        let sizes = [file.bytes.len(), first_at, file.table];
        assert_eq!(first_table.len(), 5);
        (file.bytes, sizes)
    };
    write(write([0; 3]).1).0
}

#[test]
fn files_of_common_programs_pass() {
    let drawing = b"BT /F1 12 Tf (Modul 3.2 objek wisata, 1 obyek) Tj ET % 7 objek\n";
    let metadata = stream("/Type/Metadata/Subtype/XML", b"<?xpacket?><x:xmpmeta xmlns:x='adobe:ns:meta/'>trailer xref</x:xmpmeta>");
    let length_elsewhere = "<</Length 7 0 R>>stream\nq Q\nendstream";
    assert_accepted(vec![
        ("one page", Builder::page().finish()),
        ("an uncompressed drawing", Builder::page().object(6, stream("", drawing)).finish()),
        ("metadata", Builder::page().object(6, metadata).finish()),
        ("a length in another object", Builder::page().object(6, length_elsewhere).object(7, "3").finish()),
        ("a colour profile", Builder::page().object(6, stream("/N 3/Alternate/DeviceRGB", b"\0\x01\x02")).finish()),
        ("an outline", Builder::page().object(6, "<</Title(Bab 1)/Parent 1 0 R/Prev 3 0 R/First 4 0 R/Count 2>>").finish()),
        ("a link", Builder::page_with("<</Type/Catalog/Pages 2 0 R/OpenAction[3 0 R/FitH null]/URI<</Base(https://x.id)>>>>").finish()),
        ("LaTeX", latex_like().bytes),
        ("linearized", linearized()),
        ("rows of objects that are not there", Builder::page().row(9, Row::At(0)).finish()),
        ("a table in a stream", Builder::page().table_stream(9, "").end().bytes),
    ]);
}

#[test]
fn updates_without_scripts_pass() {
    let first = Builder::page().table("").end();
    let (prev, stream_prev) = (first.table, latex_like().table);
    let word = Builder::page().object(6, "null");
    let hidden_table = word.clone().table_stream(9, "").table;
    let hybrid = word.table_stream(9, "").table(&format!("/XRefStm {hidden_table}")).end();
    assert_accepted(vec![
        ("classic", first.object(6, "<</Title(Uji)>>").table(&format!("/Prev {prev}/Info 6 0 R")).end().bytes),
        ("in streams", latex_like().object(6, "<</Title(Uji)>>").table_stream(10, &format!("/Prev {stream_prev}")).end().bytes),
    ]);
    assert_accepted(vec![("hybrid", hybrid.bytes)]);
}
