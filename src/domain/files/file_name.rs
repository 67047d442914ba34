//! Owns the display names of uploaded files. Cleans the names that clients send, so that a name
//! cannot lie about the folder or the kind of its file. Called by
//! `services/conversations/attachment` and `http/input/forms/material`.

/// The longest name kept, in characters (product rule).
const MAX_NAME_CHARS: usize = 120;
/// Extensions that are removed before the true one is added.
const KNOWN_ENDINGS: [&str; 5] = [".pdf", ".png", ".jpg", ".jpeg", ".webp"];

/// Returns a safe display name of an uploaded PDF, ending in `.pdf`; see [`safe_file_name`].
#[must_use]
pub fn safe_pdf_name(sent: &str) -> String {
    safe_file_name(sent, "materi", "pdf")
}

/// Returns a safe display name of an uploaded file: the last path segment without control,
/// bidirectional or reserved characters, at most 120 characters, ending in `.extension`. A file
/// without a usable name is called `fallback`.
#[must_use]
pub fn safe_file_name(sent: &str, fallback: &str, extension: &str) -> String {
    let base = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let legal = |c: char| !c.is_control() && !is_format(c) && !matches!(c, '"' | '<' | '>' | ':' | '|' | '?' | '*' | ';');
    let kept: String = base.chars().filter(|c| legal(*c)).collect();
    let spaced = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    let stem: String = without_ending(&spaced).trim_matches(['.', ' ']).chars().take(MAX_NAME_CHARS - 1 - extension.len()).collect();
    let stem = if stem.is_empty() { fallback } else { stem.trim_end() };
    format!("{stem}.{extension}")
}

fn without_ending(name: &str) -> &str {
    let lower = name.to_ascii_lowercase();
    let ending = KNOWN_ENDINGS.iter().find(|ending| lower.ends_with(**ending));
    ending.and_then(|ending| name.get(..name.len() - ending.len())).unwrap_or(name)
}

/// Says whether a character is invisible formatting that makes text look like something else.
const fn is_format(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_paths_controls_and_other_endings() {
        for (sent, kept) in [
            ("Rencana Karier.pdf", "Rencana Karier.pdf"),
            ("C:\\Users\\li\\plan.PDF", "plan.pdf"),
            ("../../etc/passwd", "passwd.pdf"),
            ("a\r\nSet-Cookie x.pdf", "aSet-Cookie x.pdf"),
            ("fdp.\u{202E}exe.pdf", "fdp.exe.pdf"),
            ("résumé \"1\".pdf", "résumé 1.pdf"),
            (".pdf", "materi.pdf"),
            ("...", "materi.pdf"),
            ("", "materi.pdf"),
        ] {
            assert_eq!(safe_pdf_name(sent), kept, "{sent:?}");
        }
    }

    #[test]
    fn the_ending_tells_the_true_kind() {
        assert_eq!(safe_file_name("foto.JPEG", "lampiran", "jpg"), "foto.jpg");
        assert_eq!(safe_file_name("foto.png", "lampiran", "webp"), "foto.webp");
        assert_eq!(safe_file_name("virus.exe", "lampiran", "png"), "virus.exe.png");
        assert_eq!(safe_file_name("", "lampiran", "png"), "lampiran.png");
    }

    #[test]
    fn names_are_at_most_120_characters() {
        let name = safe_pdf_name(&"ü".repeat(500));
        assert_eq!(name.chars().count(), 120);
        assert!(name.ends_with(".pdf"));
    }
}
