//! JSON Schema in few words: the shapes the operations are described with.

use serde_json::{Map, Value, json};

/// A text of any length.
#[must_use]
pub fn text() -> Value {
    json!({ "type": "string" })
}

/// A text of `shortest..=longest` characters.
#[must_use]
pub fn text_of(shortest: usize, longest: usize) -> Value {
    json!({ "type": "string", "minLength": shortest, "maxLength": longest })
}

/// An id.
#[must_use]
pub fn id() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

/// An instant: RFC 3339, UTC, ms.
#[must_use]
pub fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

/// A day of the school: `YYYY-MM-DD`.
#[must_use]
pub fn day() -> Value {
    json!({ "type": "string", "format": "date" })
}

/// A position of the log, as text.
#[must_use]
pub fn cursor() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+$" })
}

/// The bytes of a file.
#[must_use]
pub fn bytes() -> Value {
    json!({ "type": "string", "format": "binary" })
}

/// A whole number, 0 or more.
#[must_use]
pub fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

/// A share, 0 to 1.
#[must_use]
pub fn share() -> Value {
    json!({ "type": "number", "minimum": 0, "maximum": 1 })
}

/// Yes or no.
#[must_use]
pub fn yes_no() -> Value {
    json!({ "type": "boolean" })
}

/// One of these words.
#[must_use]
pub fn one_of(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

/// Any JSON.
#[must_use]
pub fn anything() -> Value {
    json!({})
}

/// A named shape of any area.
#[must_use]
pub fn shape(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// That, or null.
#[must_use]
pub fn or_null(schema: Value) -> Value {
    match schema.get("type").cloned() {
        Some(Value::String(kind)) if schema.get("enum").is_none() => {
            let mut schema = schema;
            schema["type"] = json!([kind, "null"]);
            schema
        }
        _ => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

/// A list of these.
#[must_use]
pub fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// Every key holds this.
#[must_use]
pub fn map_of(value: Value) -> Value {
    json!({ "type": "object", "additionalProperties": value })
}

/// An object. A name that ends in `?` may be left out; all others are always there.
#[must_use]
pub fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).filter(|name| !name.ends_with('?')).collect();
    let properties: Map<String, Value> =
        fields.iter().map(|(name, schema)| (name.trim_end_matches('?').to_owned(), schema.clone())).collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// A page of a list, with what else the answer carries.
#[must_use]
pub fn page<const N: usize>(item: &str, further: [(&str, Value); N]) -> Value {
    let next = about(or_null(text()), "`after` of the next page; null on the last one.");
    let mut schema = object([("items", list(shape(item))), ("next", next)]);
    let further = object(further);
    for part in ["properties", "required"] {
        match (schema.get_mut(part), further.get(part).cloned()) {
            (Some(Value::Object(into)), Some(Value::Object(from))) => into.extend(from),
            (Some(Value::Array(into)), Some(Value::Array(from))) => into.extend(from),
            _ => {}
        }
    }
    schema
}

/// Says what a shape means.
#[must_use]
pub fn about(mut schema: Value, meaning: &str) -> Value {
    schema["description"] = json!(meaning);
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_ask_for_what_is_always_there() {
        let schema = object([("id", id()), ("token?", text())]);
        assert_eq!(schema["required"], json!(["id"]));
        assert_eq!(schema["properties"]["token"], text());
        assert!(object([("a?", text())]).get("required").is_none());
    }

    #[test]
    fn null_is_allowed_in_the_way_each_shape_needs() {
        assert_eq!(or_null(text())["type"], json!(["string", "null"]));
        assert_eq!(or_null(shape("A"))["anyOf"][1], json!({ "type": "null" }));
        assert!(or_null(one_of(&["a"]))["anyOf"].is_array(), "an enum without null would refuse it");
    }

    #[test]
    fn pages_carry_more_than_items() {
        let schema = page("Notice", [("unread_count", count())]);
        assert_eq!(schema["required"], json!(["items", "next", "unread_count"]));
    }
}
