//! Owns how a Rust type becomes a shape of the document: the settings of the generator, and what is
//! written in other words than `schemars` does.
//!
//! Called by the builders of operations and events. It must not know a single shape: those are
//! written on the structs that are serialised or read. Invariants:
//!
//! - A type that is read allows what `serde` reads, one that is sent promises what `serde` writes.
//! - The Rust width of a number is no part of a shape; nor is a default that says nothing.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// Named shapes, by name.
pub type Definitions = Map<String, Value>;

/// The shape of a body, of a parameter, or of an event's data.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Itself; it may refer to named shapes.
    pub schema: Value,
    /// The named shapes it refers to, and those that these refer to.
    pub definitions: Definitions,
}

impl Shape {
    /// Returns the shape of a type as the server reads it.
    #[must_use]
    pub fn read<T: JsonSchema>() -> Self {
        Self::make(SchemaSettings::draft2020_12().for_deserialize(), |generator| generator.subschema_for::<T>().into())
    }

    /// Returns the shape of a type as the server writes it.
    #[must_use]
    pub fn sent<T: JsonSchema>() -> Self {
        Self::make(SchemaSettings::draft2020_12().for_serialize(), |generator| generator.subschema_for::<T>().into())
    }

    /// Returns the fields of an object as the server reads it, even of a type that has a name.
    #[must_use]
    pub fn fields<T: JsonSchema>() -> Self {
        Self::make(SchemaSettings::draft2020_12().for_deserialize(), |generator| T::json_schema(generator).into())
    }

    /// Returns the fields of an object as the server writes it, even of a type that has a name.
    #[must_use]
    pub fn sent_fields<T: JsonSchema>() -> Self {
        Self::make(SchemaSettings::draft2020_12().for_serialize(), |generator| T::json_schema(generator).into())
    }

    /// Asks for a field that another operation does not need.
    #[must_use]
    pub fn requires(mut self, field: &str) -> Self {
        match self.schema.get_mut("required") {
            Some(Value::Array(required)) => required.push(json!(field)),
            _ => self.schema["required"] = json!([field]),
        }
        self
    }

    /// Says that a field may be left out.
    #[must_use]
    pub fn may_lack(mut self, field: &str) -> Self {
        if let Some(Value::Array(required)) = self.schema.get_mut("required") {
            required.retain(|name| name != field);
        }
        self
    }

    /// Takes out a field that only another operation has.
    #[must_use]
    pub fn without(mut self, field: &str) -> Self {
        self.schema.get_mut("properties").and_then(Value::as_object_mut).and_then(|fields| fields.remove(field));
        self
    }

    /// Says which words a field has here, of all that its type has.
    #[must_use]
    pub fn narrow(mut self, field: &str, words: &[&str]) -> Self {
        if let Some(Value::Array(all)) = self.schema.pointer_mut(&format!("/properties/{field}/enum")) {
            all.retain(|word| word.as_str().is_some_and(|word| words.contains(&word)));
        }
        self
    }

    /// Adds the fields of another object.
    #[must_use]
    pub fn and(mut self, further: Self) -> Self {
        self.definitions.extend(further.definitions);
        for part in ["properties", "required"] {
            match (self.schema.get_mut(part), further.schema.get(part)) {
                (Some(Value::Object(into)), Some(Value::Object(from))) => into.extend(from.clone()),
                (Some(Value::Array(into)), Some(Value::Array(from))) => into.extend(from.iter().cloned()),
                (None, Some(from)) => self.schema[part] = from.clone(),
                _ => {}
            }
        }
        self
    }

    fn make(settings: SchemaSettings, schema: impl FnOnce(&mut SchemaGenerator) -> Value) -> Self {
        let mut generator = settings.with(|settings| settings.definitions_path = "/components/schemas".into()).into_generator();
        let mut schema = schema(&mut generator);
        let mut definitions = generator.take_definitions(false);
        definitions.values_mut().for_each(tidy);
        tidy(&mut schema);
        Self { schema, definitions }
    }
}

/// Writes a schema, and all schemas inside it, as this document has them.
fn tidy(schema: &mut Value) {
    if schema == &Value::Bool(true) {
        *schema = json!({});
    }
    let Value::Object(keywords) = schema else { return };
    fold_words(keywords);
    forget_width(keywords);
    keywords.remove("title");
    // Shapes grow: none is closed, be it that the server refuses names it does not know.
    if keywords.get("additionalProperties") == Some(&Value::Bool(false)) {
        keywords.remove("additionalProperties");
    }
    if keywords.get("type") == Some(&json!("object")) && !keywords.contains_key("additionalProperties") {
        keywords.entry("properties").or_insert_with(|| json!({}));
    }
    if keywords.get("default").is_some_and(is_empty) {
        keywords.remove("default");
    }
    if let Some(Value::String(description)) = keywords.get_mut("description") {
        *description = one_line(description);
    }
    for inner in ["items", "additionalProperties"]
        .into_iter()
        .filter_map(|name| keywords.remove(name).map(|value| (name, value)))
        .collect::<Vec<_>>()
    {
        let (name, mut value) = inner;
        tidy(&mut value);
        keywords.insert(name.to_owned(), value);
    }
    for list in ["anyOf", "oneOf", "allOf"] {
        keywords.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten().for_each(tidy);
    }
    keywords.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut).for_each(tidy);
    null_beside_words(keywords);
}

/// Makes one list of words of an enum whose variants each have a description.
fn fold_words(keywords: &mut Map<String, Value>) {
    let Some(choices) = keywords.get("oneOf").and_then(Value::as_array) else { return };
    let words = |choice: &Value| match (choice.get("const"), choice.get("enum")) {
        (Some(word @ Value::String(_)), _) => Some(vec![word.clone()]),
        (None, Some(Value::Array(words))) => Some(words.clone()),
        _ => None,
    };
    let Some(words) = choices.iter().map(words).collect::<Option<Vec<_>>>() else { return };
    keywords.remove("oneOf");
    keywords.insert("type".to_owned(), json!("string"));
    keywords.insert("enum".to_owned(), Value::Array(words.concat()));
}

/// Writes "one of these words, or null" as a choice between the words and null.
fn null_beside_words(keywords: &mut Map<String, Value>) {
    let may_be_null = keywords.get("type").and_then(Value::as_array).is_some_and(|kinds| kinds.contains(&json!("null")));
    if !may_be_null {
        return;
    }
    let Some(Value::Array(mut words)) = keywords.remove("enum") else { return };
    words.retain(|word| !word.is_null());
    keywords.remove("type");
    keywords.insert("anyOf".to_owned(), json!([{ "type": "string", "enum": words }, { "type": "null" }]));
}

fn forget_width(keywords: &mut Map<String, Value>) {
    let Some(format) = keywords.get("format").and_then(Value::as_str) else { return };
    let largest = match format {
        "uint8" => u64::from(u8::MAX),
        "uint16" => u64::from(u16::MAX),
        "uint" | "uint32" | "uint64" | "int" | "int32" | "int64" | "float" | "double" => u64::MAX,
        _ => return,
    };
    keywords.remove("format");
    if keywords.get("maximum").and_then(Value::as_u64) == Some(largest) {
        keywords.remove("maximum");
    }
}

fn is_empty(default: &Value) -> bool {
    match default {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// Returns a doc comment as a description: without line breaks and links into the sources.
fn one_line(comment: &str) -> String {
    comment.lines().map(str::trim).collect::<Vec<_>>().join(" ").replace("[`", "`").replace("`]", "`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::shape::{Id, Time};
    use serde::{Deserialize, Serialize};

    /// Says how.
    #[derive(Debug, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    #[schemars(inline)]
    enum How {
        /// In this way.
        ThisWay,
        /// In that way.
        ThatWay,
    }

    #[derive(Debug, Serialize, Deserialize, JsonSchema)]
    struct Part {
        /// Counts from 1, as [`How`] says:
        /// never 0.
        #[schemars(range(min = 1, max = 9))]
        number: u8,
        limit: Option<u16>,
        #[serde(default)]
        #[schemars(with = "Id")]
        owner: Option<String>,
        #[schemars(with = "Option<Time>")]
        at: Option<String>,
        how: Option<How>,
        data: Value,
    }

    #[test]
    fn a_type_is_described_as_it_is_read_and_as_it_is_sent() {
        let (read, sent) = (Shape::read::<Part>(), Shape::sent::<Part>());
        assert_eq!(read.schema, json!({ "$ref": "#/components/schemas/Part" }));
        let fields = json!({
            "number": { "type": "integer", "minimum": 1, "maximum": 9, "description": "Counts from 1, as `How` says: never 0." },
            "limit": { "type": ["integer", "null"], "minimum": 0 },
            "owner": { "type": "string", "format": "uuid" },
            "at": { "type": ["string", "null"], "format": "date-time" },
            "how": { "anyOf": [
                { "type": "string", "enum": ["this_way", "that_way"], "description": "Says how." },
                { "type": "null" },
            ] },
            "data": {},
        });
        assert_eq!(read.definitions["Part"]["properties"], fields);
        assert_eq!(read.definitions["Part"]["required"], json!(["number", "data"]));
        assert_eq!(sent.definitions["Part"]["properties"], fields);
        assert_eq!(sent.definitions["Part"]["required"], json!(["number", "limit", "owner", "at", "how", "data"]));
    }

    #[test]
    fn fields_of_two_types_make_one_object() {
        #[derive(Debug, Deserialize, JsonSchema)]
        #[expect(dead_code, reason = "only its shape is asked for")]
        struct Version {
            version: u64,
        }
        let both = Shape::fields::<Version>().and(Shape::fields::<Part>());
        assert_eq!(both.schema["required"], json!(["version", "number", "data"]));
        assert!(both.schema["properties"]["how"].is_object());
    }
}
