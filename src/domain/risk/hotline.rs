//! Owns hotlines: services that a student can call when it is serious, each with the day on which a
//! person checked it. Called by `services/help`. Must not hold a number in code: numbers are data.

use crate::domain::{
    appointments::availability::parse_day,
    ids::UserId,
    language::Language,
    shape::Day,
    text::{FieldError, TextRule},
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Most entries of a list; it is short so that a student in need finds a number at once.
pub const MAX_HOTLINES: usize = 12;

const NAME: TextRule = TextRule::line("name", 1, 80);
const NUMBER: TextRule = TextRule::line("number", 2, 32);
const URL: TextRule = TextRule::line("url", 0, 200);
const HOURS: TextRule = TextRule::line("hours", 1, 80);
const NOTE: TextRule = TextRule::line("note", 1, 200);
const MAX_ID_CHARS: usize = 36;

/// A text in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Note {
    /// Bahasa Indonesia.
    pub id: String,
    /// English.
    pub en: String,
}

impl Note {
    /// Returns the text in `language`.
    #[must_use]
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Indonesian => &self.id,
            Language::English => &self.en,
        }
    }
}

/// A service that answers a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hotline {
    /// Id of the entry, `a-z 0-9 -`.
    pub id: String,
    /// Name of the service.
    pub name: String,
    /// What to dial: digits, spaces and `+ - ( ) . *`.
    pub number: String,
    /// Its page.
    pub url: Option<String>,
    /// Hours in which somebody answers.
    pub hours: String,
    /// What the service is for, in both languages.
    pub note: Note,
    /// Day on which a person last checked the entry, `YYYY-MM-DD`.
    #[schemars(with = "Day")]
    pub checked_on: String,
}

/// A hotline as an admin wrote it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct HotlineForm {
    /// Of `a-z 0-9 -`; left out for a new one.
    #[serde(default)]
    #[schemars(length(min = 1, max = MAX_ID_CHARS))]
    pub id: Option<String>,
    /// Its name.
    #[schemars(length(min = 1, max = 80))]
    pub name: String,
    /// Digits, spaces and `+ - ( ) . * #`.
    #[schemars(length(min = 2, max = 32))]
    pub number: String,
    /// https.
    #[serde(default)]
    #[schemars(length(min = 0, max = 200))]
    pub url: Option<String>,
    /// When somebody answers.
    #[schemars(length(min = 1, max = 80))]
    pub hours: String,
    /// What it is for.
    #[schemars(schema_with = "written_note")]
    pub note: Note,
    /// On which day a person checked it.
    #[schemars(with = "Day")]
    pub checked_on: String,
}

/// Returns the shape of a note as an admin writes it: within the limits of [`NOTE`].
fn written_note(generator: &mut SchemaGenerator) -> Schema {
    let mut note = Note::json_schema(generator);
    for text in note.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        text["minLength"] = 1.into();
        text["maxLength"] = 200.into();
    }
    note
}

/// Reads a whole list. Refuses an empty one: the help card must never be without a number. Errors
/// are reported for the field `items` and name the entry, counted from 1.
pub fn parse_hotlines(forms: &[HotlineForm]) -> Result<Vec<Hotline>, Vec<FieldError>> {
    if forms.is_empty() || forms.len() > MAX_HOTLINES {
        let code = if forms.is_empty() { "too_short" } else { "too_long" };
        return Err(vec![FieldError::new("items", code, format!("1 to {MAX_HOTLINES} entries"))]);
    }
    let mut ids = BTreeSet::new();
    let mut errors = Vec::new();
    let mut hotlines = Vec::with_capacity(forms.len());
    for (number, form) in (1..).zip(forms) {
        match parse_hotline(form) {
            Ok(hotline) if ids.insert(hotline.id.clone()) => hotlines.push(hotline),
            Ok(_) => errors.push(FieldError::new("items", "unknown_value", format!("entry {number}: id: another entry has it"))),
            Err(error) => errors.push(FieldError::new("items", error.code, format!("entry {number}: {}: {}", error.field, error.message))),
        }
    }
    if errors.is_empty() { Ok(hotlines) } else { Err(errors) }
}

fn parse_hotline(form: &HotlineForm) -> Result<Hotline, FieldError> {
    let id = match form.id.as_deref().map(str::trim).filter(|id| !id.is_empty()) {
        Some(id) => parse_id(id)?,
        // Any unique text serves as the id; this one is a UUIDv7.
        None => UserId::generate().to_string(),
    };
    let number = NUMBER.parse(&form.number)?;
    if !number.chars().all(|c| c.is_ascii_digit() || " +-().*#".contains(c)) || !number.chars().any(|c| c.is_ascii_digit()) {
        return Err(FieldError::new("number", "unknown_value", "digits, spaces and + - ( ) . * # only"));
    }
    let url = URL.parse(form.url.as_deref().unwrap_or_default())?;
    if !url.is_empty() && !is_https(&url) {
        return Err(FieldError::new("url", "unknown_value", "an https:// address"));
    }
    if parse_day(&form.checked_on).is_none() {
        return Err(FieldError::new("checked_on", "unknown_value", "days are YYYY-MM-DD"));
    }
    Ok(Hotline {
        id,
        name: NAME.parse(&form.name)?,
        number,
        url: Some(url).filter(|url| !url.is_empty()),
        hours: HOURS.parse(&form.hours)?,
        note: Note { id: NOTE.parse(&form.note.id)?, en: NOTE.parse(&form.note.en)? },
        checked_on: form.checked_on.clone(),
    })
}

fn parse_id(text: &str) -> Result<String, FieldError> {
    let is_legal = text.len() <= MAX_ID_CHARS && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if is_legal { Ok(text.to_owned()) } else { Err(FieldError::new("id", "unknown_value", "at most 36 of a-z 0-9 -")) }
}

/// Says whether a text is safe as the address of a link: https, a host, and no character that could
/// end the attribute.
fn is_https(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    host.contains('.')
        && !host.starts_with('.')
        && url.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '<' | '>' | '\\' | '@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> HotlineForm {
        HotlineForm {
            id: Some("sapa-129".into()),
            name: " SAPA 129 ".into(),
            number: "+62 8111-129-129".into(),
            url: Some("https://laporsapa129.kemenpppa.go.id/".into()),
            hours: "24 jam".into(),
            note: Note { id: "Kekerasan".into(), en: "Violence".into() },
            checked_on: "2026-11-21".into(),
        }
    }

    #[test]
    fn a_list_is_read_and_trimmed() {
        let new = HotlineForm { id: None, url: Some(String::new()), ..form() };
        let hotlines = parse_hotlines(&[form(), new]).unwrap();
        assert_eq!(hotlines[0].id, "sapa-129");
        assert_eq!(hotlines[0].name, "SAPA 129");
        assert_eq!(hotlines[1].url, None);
        assert_eq!(hotlines[1].id.len(), 36);
        assert_eq!(hotlines[0].note.in_language(Language::English), "Violence");
    }

    #[test]
    fn what_is_wrong_names_the_entry() {
        let wrong = |change: fn(&mut HotlineForm)| {
            let mut bad = form();
            bad.id = None;
            change(&mut bad);
            let errors = parse_hotlines(&[form(), bad]).unwrap_err();
            assert_eq!(errors.len(), 1);
            assert_eq!(errors[0].field, "items");
            errors[0].message.clone()
        };
        assert!(wrong(|form| form.number = "panggil aku".into()).starts_with("entry 2: number: "));
        assert!(wrong(|form| form.number = "++".into()).contains("number"));
        for url in ["http://a.id", "javascript:alert(1)", "https://a", "https://a.id/\"x", "https://user@a.id"] {
            let mut bad = form();
            (bad.id, bad.url) = (None, Some(url.into()));
            assert!(parse_hotlines(&[bad]).is_err(), "{url}");
        }
        assert!(wrong(|form| form.checked_on = "21-11-2026".into()).contains("checked_on"));
        assert!(wrong(|form| form.note.en.clear()).contains("note"));
        assert!(wrong(|form| form.id = Some("sapa-129".into())).contains("another entry"));
        assert!(wrong(|form| form.id = Some("SAPA".into())).contains("id"));
        assert_eq!(parse_hotlines(&[]).unwrap_err()[0].code, "too_short");
        assert_eq!(parse_hotlines(&vec![HotlineForm { id: None, ..form() }; MAX_HOTLINES + 1]).unwrap_err()[0].code, "too_long");
    }
}
