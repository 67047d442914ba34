//! Owns the error text for a layer of settings that does not read. Called by
//! [`super::Config::load`]. Must not show a value: it may be a secret in the wrong place.

use super::ConfigError;
use figment::error::Kind;

/// Returns one line that names the key, the fault and the layer, without the value.
pub(super) fn unreadable(error: &figment::Error) -> ConfigError {
    let mut path = error.path.clone();
    let reason = match &error.kind {
        Kind::UnknownField(name, _) => {
            path.extend((path.last() != Some(name)).then(|| name.clone()));
            "names no setting; `educounsel config print` lists all".to_owned()
        }
        Kind::MissingField(name) => {
            path.push(name.to_string());
            "required".to_owned()
        }
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) | Kind::InvalidLength(_, expected) => {
            format!("must be {}", in_words(expected))
        }
        Kind::Message(message) => without_snippet(message),
        _ => "does not read".to_owned(),
    };
    let file = error.metadata.as_ref().and_then(|metadata| metadata.source.as_ref()).and_then(figment::Source::file_path);
    let place = file.map(|file| format!(" (in {})", file.display())).unwrap_or_default();
    let key = if path.is_empty() { "--config".to_owned() } else { path.join(".") };
    ConfigError::Unreadable { key, reason, place }
}

/// Names a type in an operator's words.
fn in_words(expected: &str) -> &str {
    match expected {
        "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "bool" | "a boolean" => "true or false",
        "a string" => "text, in quotes",
        "a sequence" => "a list",
        "struct PusherAppSettings" => "an app: id, key, secret, client_events",
        other => other,
    }
}

/// Removes the lines that a TOML error quotes from the file, because they may contain secrets, and
/// returns one line.
fn without_snippet(message: &str) -> String {
    let lines = message.lines().filter(|line| !line.contains('|')).map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(": ")
}
