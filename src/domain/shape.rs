//! Owns the shapes of single JSON fields that have no Rust type of their own, as markers for
//! `#[schemars(with = "…")]`.
//!
//! Called by the structs of all layers that are serialised or read, and so by the description of
//! the API (`http/openapi`). A marker must not hold a value: it only stands for a shape.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;

macro_rules! markers {
    ($($(#[$doc:meta])* $name:ident = $schema:tt;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )+};
}

markers! {
    /// The id of a row, as text: a hyphenated UUID.
    Id = { "type": "string", "format": "uuid" };
    /// An instant: RFC 3339, UTC, with milliseconds.
    Time = { "type": "string", "format": "date-time" };
    /// A day of the school: `YYYY-MM-DD`.
    Day = { "type": "string", "format": "date" };
    /// A position of the log, as text.
    Cursor = { "type": "string", "pattern": "^[0-9]+$" };
    /// A whole number, 0 or more.
    Count = { "type": "integer", "minimum": 0 };
    /// A share, 0 to 1.
    Share = { "type": "number", "minimum": 0, "maximum": 1 };
    /// The bytes of a file.
    Bytes = { "type": "string", "format": "binary" };
    /// An object without fields.
    Nothing = { "type": "object", "properties": {} };
    /// Any text.
    Text = { "type": "string" };
    /// Any JSON.
    Anything = {};
}

/// Reads a field of a body that may be left out, but not be null, as its shape says:
/// `#[serde(default, deserialize_with = "given")]`. `Option` alone would read null as left out.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct TestChange {
        #[serde(default, deserialize_with = "given")]
        title: Option<String>,
    }

    #[test]
    fn a_field_may_be_left_out_but_not_be_null() {
        let read = |text| serde_json::from_str::<TestChange>(text);
        assert_eq!(read("{}").unwrap().title, None);
        assert_eq!(read(r#"{"title":""}"#).unwrap().title.as_deref(), Some(""));
        assert!(read(r#"{"title":null}"#).unwrap_err().is_data());
    }
}
