//! Names people give to files: what is left of them when they cannot lie about the place or the kind.

/// The longest name kept, in characters (product rule).
const MAX_NAME_CHARS: usize = 120;
/// What a file without a usable name is called.
const FALLBACK: &str = "materi.pdf";

/// Returns a safe display name of an uploaded PDF: the last path segment without control, bidirectional or reserved characters, at most 120
/// characters, ending in `.pdf`.
#[must_use]
pub fn safe_pdf_name(sent: &str) -> String {
    let base = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let legal = |c: char| !c.is_control() && !is_format(c) && !matches!(c, '"' | '<' | '>' | ':' | '|' | '?' | '*' | ';');
    let kept: String = base.chars().filter(|c| legal(*c)).collect();
    let spaced = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = spaced.to_ascii_lowercase();
    let stem = if lower.ends_with(".pdf") { spaced.get(..spaced.len() - 4).unwrap_or(&spaced) } else { &spaced };
    let stem: String = stem.trim_matches(['.', ' ']).chars().take(MAX_NAME_CHARS - 4).collect();
    if stem.is_empty() { FALLBACK.to_owned() } else { format!("{}.pdf", stem.trim_end()) }
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
    fn names_are_at_most_120_characters() {
        let name = safe_pdf_name(&"ü".repeat(500));
        assert_eq!(name.chars().count(), 120);
        assert!(name.ends_with(".pdf"));
    }
}
