//! Owns the `Content-Disposition` header, for file names in any script. Called by `http/resources`
//! and `backends/files`. Source: RFC 6266, with the `ext-value` of RFC 5987.

use std::fmt::Write as _;

/// Whether a browser shows a file or saves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Show it.
    Inline,
    /// Save it.
    Attachment,
}

impl Disposition {
    /// Returns the wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::Attachment => "attachment",
        }
    }

    /// Reads the wire name; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Inline, Self::Attachment].into_iter().find(|disposition| disposition.as_str() == text)
    }
}

/// Returns the header value: an ASCII name for old clients, and the full name if it differs.
#[must_use]
pub fn content_disposition(disposition: Disposition, file_name: &str) -> String {
    let plain = |c: char| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' { c } else { '_' };
    let ascii: String = file_name.chars().map(plain).collect();
    let header = format!("{}; filename=\"{ascii}\"", disposition.as_str());
    if ascii == file_name { header } else { format!("{header}; filename*=UTF-8''{}", percent_encode(file_name)) }
}

/// Returns `text` percent-encoded: every byte becomes `%XX`, except the unreserved characters of
/// RFC 3986.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_outside_ascii_come_in_both_forms() {
        assert_eq!(content_disposition(Disposition::Inline, "Rencana 1.pdf"), "inline; filename=\"Rencana 1.pdf\"");
        assert_eq!(
            content_disposition(Disposition::Attachment, "é\"\r\n.pdf"),
            "attachment; filename=\"____.pdf\"; filename*=UTF-8''%C3%A9%22%0D%0A.pdf"
        );
    }

    #[test]
    fn only_the_two_known_dispositions_are_read() {
        assert_eq!(Disposition::parse("inline"), Some(Disposition::Inline));
        assert_eq!(Disposition::parse("attachment"), Some(Disposition::Attachment));
        assert_eq!(Disposition::parse("Inline"), None);
    }
}
