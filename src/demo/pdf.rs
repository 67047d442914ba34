//! Owns the rendering of a text as a small PDF: A4, Helvetica, WinAnsi. Called by
//! [`super::seed_demo`]. Invariant: the same text gives the same bytes.

use lopdf::{
    Dictionary, Document, Object, Stream, StringFormat,
    content::{Content, Operation},
    dictionary,
};

/// Page size and margins, in points: A4.
const PAGE_WIDTH: f32 = 595.0;
const PAGE_HEIGHT: f32 = 842.0;
const MARGIN: f32 = 64.0;
const BOTTOM: f32 = 72.0;
/// Width of a Helvetica glyph for the characters from space on, in 1/1000 of the size. Source:
/// Adobe's metrics of the standard fonts.
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278,
    278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722,
    667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556,
    556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// A block of text, with its looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block<'a> {
    /// The title of the document.
    Title(&'a str),
    /// A small grey line.
    Note(&'a str),
    /// The title of a section.
    Heading(&'a str),
    /// Running text.
    Paragraph(&'a str),
    /// An item of a numbered list.
    Step(usize, &'a str),
}

#[derive(Debug, Clone, Copy)]
struct Style {
    font: &'static str,
    size: f32,
    space_before: f32,
    indent: f32,
    grey: f32,
}

impl Block<'_> {
    const fn style(&self) -> Style {
        match self {
            Self::Title(_) => Style { font: "F2", size: 22.0, space_before: 0.0, indent: 0.0, grey: 0.1 },
            Self::Note(_) => Style { font: "F1", size: 10.0, space_before: 8.0, indent: 0.0, grey: 0.45 },
            Self::Heading(_) => Style { font: "F2", size: 14.0, space_before: 18.0, indent: 0.0, grey: 0.1 },
            Self::Paragraph(_) => Style { font: "F1", size: 12.0, space_before: 10.0, indent: 0.0, grey: 0.0 },
            Self::Step(..) => Style { font: "F1", size: 12.0, space_before: 6.0, indent: 22.0, grey: 0.0 },
        }
    }

    const fn text(&self) -> &str {
        match self {
            Self::Title(text) | Self::Note(text) | Self::Heading(text) | Self::Paragraph(text) | Self::Step(_, text) => text,
        }
    }
}

/// Renders `blocks` on as many pages as they need. Fails only when the document cannot be written
/// to memory.
pub fn render_pdf(title: &str, author: &str, blocks: &[Block<'_>]) -> std::io::Result<Vec<u8>> {
    let mut document = Document::with_version("1.5");
    let fonts = add_fonts(&mut document);
    let pages_id = document.new_object_id();
    let mut kids = Vec::new();
    for operations in set_pages(blocks) {
        let content = Content { operations }.encode().map_err(std::io::Error::other)?;
        let mut stream = Stream::new(Dictionary::new(), content);
        stream.compress().map_err(std::io::Error::other)?;
        let content_id = document.add_object(stream);
        let page = document.add_object(dictionary! {
            "Type" => "Page", "Parent" => pages_id, "Contents" => content_id,
            "Resources" => dictionary! { "Font" => fonts.clone() },
            "MediaBox" => vec![0.into(), 0.into(), Object::Real(PAGE_WIDTH), Object::Real(PAGE_HEIGHT)],
        });
        kids.push(Object::Reference(page));
    }
    let count = i64::try_from(kids.len()).unwrap_or(i64::MAX);
    document.objects.insert(pages_id, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count }.into());
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages_id, "Lang" => text_object("id-ID") });
    let about = document.add_object(dictionary! {
        "Title" => text_object(title), "Author" => text_object(author), "Producer" => text_object("EduCounsel"),
    });
    document.trailer.set("Root", catalog);
    document.trailer.set("Info", about);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes)?;
    Ok(bytes)
}

fn add_fonts(document: &mut Document) -> Dictionary {
    let mut font = |name: &str| {
        document.add_object(dictionary! {
            "Type" => "Font", "Subtype" => "Type1", "BaseFont" => name, "Encoding" => "WinAnsiEncoding",
        })
    };
    let (regular, bold) = (font("Helvetica"), font("Helvetica-Bold"));
    dictionary! { "F1" => regular, "F2" => bold }
}

fn text_object(text: &str) -> Object {
    Object::String(win_ansi(text), StringFormat::Literal)
}

/// Places all lines, page after page.
fn set_pages(blocks: &[Block<'_>]) -> Vec<Vec<Operation>> {
    let mut pages = vec![Vec::new()];
    let mut y = PAGE_HEIGHT - MARGIN;
    for block in blocks {
        let style = block.style();
        let leading = style.size * 1.4;
        y -= style.space_before;
        for (number, line) in wrap(block.text(), style).into_iter().enumerate() {
            y -= leading;
            if y < BOTTOM {
                pages.push(Vec::new());
                y = PAGE_HEIGHT - MARGIN - leading;
            }
            let Some(page) = pages.last_mut() else { continue };
            if let (Block::Step(step, _), 0) = (block, number) {
                place(page, style, MARGIN, y, &format!("{step}."));
            }
            place(page, style, MARGIN + style.indent, y, &line);
        }
    }
    let count = pages.len();
    let footer = Block::Note("").style();
    for (index, page) in pages.iter_mut().enumerate() {
        place(page, footer, MARGIN, BOTTOM / 2.0, &format!("Bimbingan dan Konseling · halaman {} dari {count}", index + 1));
    }
    pages
}

fn place(page: &mut Vec<Operation>, style: Style, x: f32, y: f32, text: &str) {
    page.extend([
        Operation::new("BT", vec![]),
        Operation::new("g", vec![style.grey.into()]),
        Operation::new("Tf", vec![style.font.into(), style.size.into()]),
        Operation::new("Td", vec![x.into(), y.into()]),
        Operation::new("Tj", vec![text_object(text)]),
        Operation::new("ET", vec![]),
    ]);
}

/// Breaks a text into lines that fit between the margins.
fn wrap(text: &str, style: Style) -> Vec<String> {
    let room = PAGE_WIDTH - 2.0 * MARGIN - style.indent;
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { continue };
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if line.is_empty() || width(&longer, style) <= room {
            *line = longer;
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// Returns the width of a text in points; bold is a little wider.
fn width(text: &str, style: Style) -> f32 {
    let glyph = |byte: u8| usize::from(byte).checked_sub(32).and_then(|index| WIDTHS.get(index)).copied().unwrap_or(556);
    let units: f32 = win_ansi(text).into_iter().map(|byte| f32::from(glyph(byte))).sum();
    let boldness = if style.font == "F2" { 1.06 } else { 1.0 };
    units / 1000.0 * style.size * boldness
}

/// Encodes a text for the fonts; characters that the fonts lack become question marks.
fn win_ansi(text: &str) -> Vec<u8> {
    let encode = |c: char| match c {
        '€' => 0x80,
        '…' => 0x85,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '•' => 0x95,
        '–' => 0x96,
        '—' => 0x97,
        ' '..='~' | '\u{A0}'..='ÿ' => u8::try_from(u32::from(c)).unwrap_or(b'?'),
        _ => b'?',
    };
    text.chars().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::pdf::check_pdf;

    #[test]
    fn a_text_becomes_the_same_acceptable_pdf_every_time() {
        let long = "Belajar itu perjalanan — bukan lomba. ".repeat(120);
        let blocks =
            [Block::Title("Judul “percobaan”"), Block::Note("x"), Block::Heading("A"), Block::Paragraph(&long), Block::Step(1, "Mulai")];
        let bytes = render_pdf("Judul", "Bu Sri", &blocks).unwrap();
        assert_eq!(bytes, render_pdf("Judul", "Bu Sri", &blocks).unwrap());
        assert_eq!(check_pdf(bytes.clone()), Ok(()));
        let document = Document::load_mem(&bytes).unwrap();
        assert_eq!(document.get_pages().len(), 2);
        assert!(document.extract_text(&[1]).unwrap().contains("perjalanan"));
    }

    #[test]
    fn lines_fit_between_the_margins() {
        let style = Block::Paragraph("").style();
        for line in wrap(&"kata panjang sekali ".repeat(40), style) {
            assert!(width(&line, style) <= PAGE_WIDTH - 2.0 * MARGIN, "{line}");
        }
    }
}
