//! Owns the two languages of the product and the choice between them for a request. Called by the
//! services that write text, and by `http/input/language`.

/// A language of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Bahasa Indonesia, the default.
    #[default]
    Indonesian,
    /// English.
    English,
}

impl Language {
    /// Returns the code of the language: `id` or `en`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Indonesian => "id",
            Self::English => "en",
        }
    }

    /// Reads the code; `None` for anything else.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Indonesian, Self::English].into_iter().find(|language| language.as_str() == code)
    }

    /// Returns the language an `Accept-Language` header prefers: the one with the highest weight,
    /// the first of equals. Ignores other languages and parts that do not read.
    /// Source: RFC 9110, section 12.5.4.
    #[must_use]
    pub fn preferred(header: &str) -> Self {
        let mut best: Option<(Self, f32)> = None;
        for part in header.split(',') {
            let Some((language, weight)) = read_part(part) else { continue };
            if weight > 0.0 && best.is_none_or(|(_, known)| weight > known) {
                best = Some((language, weight));
            }
        }
        best.map(|(language, _)| language).unwrap_or_default()
    }
}

/// Reads `en-GB;q=0.8`; `None` for other languages and for what does not read.
fn read_part(part: &str) -> Option<(Language, f32)> {
    let (tag, parameters) = part.split_once(';').unwrap_or((part, ""));
    let primary = tag.trim().split('-').next()?;
    let language = match primary.to_ascii_lowercase().as_str() {
        // "in" is the withdrawn code that old Android phones still send.
        "id" | "in" | "*" => Language::Indonesian,
        "en" => Language::English,
        _ => return None,
    };
    let weight = match parameters.trim().strip_prefix("q=") {
        Some(weight) => weight.trim().parse().ok()?,
        None => 1.0,
    };
    Some((language, weight))
}

#[cfg(test)]
mod tests {
    use super::{Language::*, *};

    #[test]
    fn the_heaviest_language_we_speak_wins() {
        for (header, expected) in [
            ("", Indonesian),
            ("id", Indonesian),
            ("en-US,en;q=0.9,id;q=0.8", English),
            ("id-ID,id;q=0.9,en-US;q=0.8", Indonesian),
            ("fr, en;q=0.5", English),
            ("in;q=0.2, en;q=0.1", Indonesian),
            ("de", Indonesian),
            ("en;q=0", Indonesian),
            ("en;q=x, id;q=0.1", Indonesian),
            ("EN", English),
            ("*", Indonesian),
            (";;,,q=", Indonesian),
        ] {
            assert_eq!(Language::preferred(header), expected, "{header:?}");
        }
    }
}
