//! Owns the rules for text that people type: trimmed, bounded, without control characters. Parse,
//! don't check: a parsed text is fit for a row. Called by the parsers of `domain` and by the
//! services.

use serde::Serialize;

/// One field of a request that was refused, and why. An answer may report several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Name of the field as the client sent it.
    pub field: &'static str,
    /// Stable code: `required`, `too_short`, `too_long`, `control_character`, `unknown_value`,
    /// `type`, `overlapping`, `unavailable`.
    pub code: &'static str,
    /// One English sentence.
    pub message: String,
}

impl FieldError {
    /// Makes an error with a sentence of its own.
    pub fn new(field: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { field, code, message: message.into() }
    }
}

/// Limits of one text field, in characters (not bytes).
#[derive(Debug, Clone, Copy)]
pub struct TextRule {
    /// Name of the field in the request.
    pub field: &'static str,
    /// Fewest characters after trimming; 0 allows an empty field.
    pub min: usize,
    /// Most characters after trimming.
    pub max: usize,
    /// Whether line feeds and tabs may stand inside.
    pub multiline: bool,
}

impl TextRule {
    /// Makes the rule of a one-line field.
    #[must_use]
    pub const fn line(field: &'static str, min: usize, max: usize) -> Self {
        Self { field, min, max, multiline: false }
    }

    /// Makes the rule of a field with line breaks.
    #[must_use]
    pub const fn block(field: &'static str, min: usize, max: usize) -> Self {
        Self { field, min, max, multiline: true }
    }

    /// Returns the trimmed text (CRLF made LF in blocks), or what is wrong with it.
    pub fn parse(&self, text: &str) -> Result<String, FieldError> {
        let text = if self.multiline { text.replace("\r\n", "\n") } else { text.to_owned() };
        let text = text.trim();
        let length = text.chars().count();
        let illegal = |c: char| is_unprintable(c) && !(self.multiline && matches!(c, '\n' | '\t'));
        if text.chars().any(illegal) {
            return Err(FieldError::new(self.field, "control_character", "control characters are not allowed"));
        }
        if length == 0 && self.min > 0 {
            return Err(FieldError::new(self.field, "required", "this field is required"));
        }
        if length < self.min {
            return Err(FieldError::new(self.field, "too_short", format!("at least {} characters", self.min)));
        }
        if length > self.max {
            return Err(FieldError::new(self.field, "too_long", format!("at most {} characters", self.max)));
        }
        Ok(text.to_owned())
    }
}

/// Says whether a character is a control or a bidirectional override. Such characters can make a
/// text look like another one.
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(rule: TextRule, text: &str) -> &'static str {
        rule.parse(text).map_or_else(|error| error.code, |_| "ok")
    }

    #[test]
    fn lines_are_trimmed_and_bounded_in_characters() {
        let rule = TextRule::line("title", 2, 4);
        assert_eq!(rule.parse("  ééé ").unwrap(), "ééé");
        assert_eq!(code(rule, " "), "required");
        assert_eq!(code(rule, "a"), "too_short");
        assert_eq!(code(rule, "abcde"), "too_long");
        assert_eq!(code(rule, "a\nb"), "control_character");
        assert_eq!(code(rule, "a\u{202E}b"), "control_character");
        assert_eq!(code(rule, "a\0b"), "control_character");
    }

    #[test]
    fn blocks_keep_line_breaks() {
        assert_eq!(TextRule::block("body", 0, 10).parse("a\r\nb\tc").unwrap(), "a\nb\tc");
        assert_eq!(code(TextRule::block("body", 0, 10), "a\u{7}"), "control_character");
        assert_eq!(code(TextRule::block("body", 0, 10), ""), "ok");
    }
}
