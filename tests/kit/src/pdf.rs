//! Makes valid PDF files for tests. The demo school has a maker of its own, which sets worksheets
//! (`src/demo/pdf.rs`).

/// Side of the images of [`picture_book`], in pixels.
const IMAGE_SIDE: usize = 240;

/// Makes a valid PDF of one page that says `text` (ASCII).
#[must_use]
pub fn one_page_pdf(text: &str) -> Vec<u8> {
    let objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_vec(),
        stream("", format!("BT /F1 24 Tf 72 720 Td ({}) Tj ET", bare(text)).as_bytes()),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
    ];
    assemble(&objects)
}

/// Makes a valid PDF of `pages` pages, each with a line of text (ASCII) and an image of noise:
/// about 170 KB per page that cannot be compressed. Another title gives other bytes.
#[must_use]
pub fn picture_book(title: &str, pages: usize) -> Vec<u8> {
    let kids: String = (0..pages).map(|page| format!("{} 0 R ", 4 + page * 3)).collect();
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Count {pages} /Kids [{kids}] >>").into_bytes(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
    ];
    let mut noise = Noise::of(title);
    for page in 0..pages {
        let number = 4 + page * 3;
        let resources = format!("<< /Font << /F1 3 0 R >> /XObject << /Im {} 0 R >> >>", number + 2);
        let contents = number + 1;
        let frame = format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources {resources} /Contents {contents} 0 R >>");
        let line = format!("{}, {} / {pages}", bare(title), page + 1);
        let drawing = format!("BT /F1 20 Tf 72 760 Td ({line}) Tj ET\nq 451 0 0 451 72 260 cm /Im Do Q");
        let image =
            format!("/Type /XObject /Subtype /Image /Width {IMAGE_SIDE} /Height {IMAGE_SIDE} /ColorSpace /DeviceRGB /BitsPerComponent 8");
        objects.extend([frame.into_bytes(), stream("", drawing.as_bytes()), stream(&image, &noise.bytes(IMAGE_SIDE * IMAGE_SIDE * 3))]);
    }
    assemble(&objects)
}

/// Removes the characters that would end a string in a PDF.
fn bare(text: &str) -> String {
    text.replace(['(', ')', '\\'], " ")
}

fn stream(entries: &str, bytes: &[u8]) -> Vec<u8> {
    [format!("<< {entries} /Length {} >>\nstream\n", bytes.len()).as_bytes(), bytes, b"\nendstream"].concat()
}

/// Puts objects, numbered from 1, into a file whose first object is the catalogue.
fn assemble(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(objects) {
        offsets.push(pdf.len());
        pdf.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        pdf.extend_from_slice(object);
        pdf.extend_from_slice(b"\nendobj\n");
    }
    let table = pdf.len();
    pdf.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).as_bytes());
    for offset in offsets {
        pdf.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    pdf.extend_from_slice(format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", objects.len() + 1).as_bytes());
    pdf
}

/// Bytes that look random and are the same for the same text.
struct Noise(u64);

impl Noise {
    fn of(text: &str) -> Self {
        Self(text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)) | 1)
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut next = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 32) as u8
        };
        (0..count).map(|_| next()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_a_file_points_at_its_objects() {
        for pdf in [one_page_pdf("Halo (teman)"), picture_book("Rencana", 3)] {
            let text = String::from_utf8_lossy(&pdf);
            let table: usize = text.rsplit("startxref\n").next().unwrap().lines().next().unwrap().parse().unwrap();
            let rows = String::from_utf8_lossy(&pdf[table..]).into_owned();
            for (number, row) in rows.lines().skip(3).take_while(|row| row.ends_with("n ")).enumerate() {
                let offset: usize = row[..10].parse().unwrap();
                assert!(pdf[offset..].starts_with(format!("{} 0 obj", number + 1).as_bytes()), "{row}");
            }
        }
    }

    #[test]
    fn a_picture_book_is_large_and_its_own() {
        let book = picture_book("A", 2);
        assert!(book.len() > 2 * IMAGE_SIDE * IMAGE_SIDE * 3);
        assert_eq!(book, picture_book("A", 2));
        assert_ne!(book, picture_book("B", 2));
    }
}
