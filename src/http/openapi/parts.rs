//! Owns the parts of an operation: its parameters, bodies and answers, and how the document writes
//! them. Called by the builders in `operation.rs` and by the page.

use serde_json::{Value, json};

/// A parameter of path, query or header.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// `path`, `query` or `header`.
    pub place: &'static str,
    /// Its name.
    pub name: String,
    /// Its shape.
    pub schema: Value,
    /// What it means.
    pub meaning: String,
}

/// A body: of a request or of an answer.
#[derive(Debug, Clone)]
pub struct Body {
    /// Its media type.
    pub content_type: &'static str,
    /// Its shape.
    pub schema: Value,
}

/// An answer that is no error.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// When it comes.
    pub meaning: &'static str,
    /// Its body, if it has one.
    pub body: Option<Body>,
}

impl Parameter {
    /// Makes a query parameter of a field. It cannot be null: it is there or not.
    pub(super) fn of_field((name, mut schema): (String, Value)) -> Self {
        let meaning = schema.as_object_mut().and_then(|keywords| keywords.remove("description"));
        if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
            kinds.retain(|kind| kind != "null");
            if let [only] = kinds.as_slice() {
                schema["type"] = only.clone();
            }
        }
        if let Some(choices) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
            choices.retain(|choice| choice["type"] != "null");
            if let [only] = choices.as_slice() {
                schema = only.clone();
            }
        }
        Self { place: "query", name, schema, meaning: meaning.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned() }
    }

    pub(super) fn to_json(&self) -> Value {
        let mut parameter = json!({ "in": self.place, "name": self.name, "required": self.place == "path", "schema": self.schema });
        if !self.meaning.is_empty() {
            parameter["description"] = json!(self.meaning);
        }
        parameter
    }
}

impl Body {
    pub(super) fn to_json(&self) -> Value {
        json!({ self.content_type: { "schema": self.schema } })
    }
}
