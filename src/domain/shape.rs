//! Owns the shapes of single JSON fields that have no Rust type of their own, as markers for
//! `#[schemars(with = "…")]`.
//!
//! Called by the structs of all layers that are serialised or read, and so by the description of
//! the API (`http/openapi`). A marker must not hold a value: it only stands for a shape.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
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
    /// Any text.
    Text = { "type": "string" };
    /// Any JSON.
    Anything = {};
}
