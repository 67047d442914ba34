//! Writes PDF files by hand for the tests, honest and dishonest: the parts in any order, and tables
//! that point anywhere.

use std::collections::BTreeMap;

/// Objects 1 to 4 of every file here; they make one page.
pub const PAGE_OBJECTS: [&str; 4] = [
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
    "<</Length 9>>stream\nBT ET q Q\nendstream",
];

/// A catalog that runs object 7 when it is opened.
pub const RUNS_SEVEN: &str = "<</Type/Catalog/Pages 2 0 R/OpenAction 7 0 R>>";

/// Target of a row of a table.
#[derive(Debug, Clone, Copy)]
pub enum Row {
    /// An offset.
    At(usize),
    /// An object stream and the index in it.
    In(u32, u32),
}

/// A file being written.
#[derive(Debug, Clone)]
pub struct Builder {
    pub bytes: Vec<u8>,
    pub rows: BTreeMap<u32, Row>,
    /// Position of the last table.
    pub table: usize,
}

impl Builder {
    /// Starts with the header alone.
    pub fn empty() -> Self {
        Self { bytes: b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec(), rows: BTreeMap::new(), table: 0 }
    }

    /// Starts with one page.
    pub fn page() -> Self {
        Self::page_with(PAGE_OBJECTS[0])
    }

    /// Starts with one page and another catalog.
    pub fn page_with(catalog: &str) -> Self {
        let pages = (2..).zip(PAGE_OBJECTS.iter().skip(1));
        pages.fold(Self::empty().object(1, catalog), |file, (number, body)| file.object(number, body))
    }

    /// Adds bytes outside of objects.
    pub fn raw(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.bytes.extend_from_slice(bytes.as_ref());
        self
    }

    pub fn object(mut self, number: u32, body: impl AsRef<[u8]>) -> Self {
        self.rows.insert(number, Row::At(self.bytes.len()));
        self.raw(format!("{number} 0 obj\n")).raw(body).raw("\nendobj\n")
    }

    /// Points the row of `number` to the first occurrence of `marker`.
    pub fn row_to(mut self, number: u32, marker: &str) -> Self {
        self.rows.insert(number, Row::At(self.find(marker)));
        self
    }

    pub fn row(mut self, number: u32, row: Row) -> Self {
        self.rows.insert(number, row);
        self
    }

    pub fn find(&self, marker: &str) -> usize {
        super::lexer::find(&self.bytes, marker.as_bytes()).unwrap()
    }

    /// Ends with a classic table of all rows, each in a section of its own, and starts the next
    /// update.
    pub fn table(mut self, trailer: &str) -> Self {
        self.table = self.bytes.len();
        let rows = std::mem::take(&mut self.rows);
        let size = rows.keys().max().unwrap_or(&0) + 1;
        let mut text = "xref\n0 1\n0000000000 65535 f \n".to_owned();
        for (number, row) in rows {
            if let Row::At(offset) = row {
                text.push_str(&format!("{number} 1\n{offset:010} 00000 n \n"));
            }
        }
        self.raw(text).raw(format!("trailer\n<</Size {}/Root 1 0 R{trailer}>>\n", size.max(16)))
    }

    /// Ends with a table in a stream.
    pub fn table_stream(mut self, number: u32, entries: &str) -> Self {
        self.table = self.bytes.len();
        self.rows.insert(number, Row::At(self.table));
        let rows = std::mem::take(&mut self.rows);
        let index: String = rows.keys().map(|number| format!("{number} 1 ")).collect();
        let content: Vec<u8> = rows.values().flat_map(|row| row_bytes(*row)).collect();
        let entries = format!("/Type/XRef/Size 32/Root 1 0 R/W[1 4 2]/Index[{index}]{entries}");
        self.raw(format!("{number} 0 obj\n")).raw(stream(&entries, &content)).raw("\nendobj\n")
    }

    /// Ends the file, pointing to the last table.
    pub fn end(self) -> Self {
        let table = self.table;
        self.end_at(table)
    }

    /// Ends the file, pointing to a table at `table`.
    pub fn end_at(self, table: usize) -> Self {
        self.raw(format!("startxref\n{table}\n%%EOF\n"))
    }

    /// Ends the file with a classic table.
    pub fn finish(self) -> Vec<u8> {
        self.table("").end().bytes
    }
}

fn row_bytes(row: Row) -> Vec<u8> {
    let (kind, second, third) = match row {
        Row::At(offset) => (1, u32::try_from(offset).unwrap(), 0),
        Row::In(container, place) => (2, container, place),
    };
    [vec![kind], second.to_be_bytes().to_vec(), third.to_be_bytes()[2..].to_vec()].concat()
}

/// Writes a stream with its true length.
pub fn stream(entries: &str, content: &[u8]) -> Vec<u8> {
    [format!("<<{entries}/Length {}>>stream\n", content.len()).as_bytes(), content, b"\nendstream"].concat()
}

/// Writes an object stream; `index` holds the pairs of number and offset.
pub fn object_stream(entries: &str, index: &str, objects: &str) -> Vec<u8> {
    let count = index.split_whitespace().count() / 2;
    let entries = format!("/Type/ObjStm/N {count}/First {}{entries}", index.len());
    stream(&entries, format!("{index}{objects}").as_bytes())
}
