//! Checks real answers against the OpenAPI document of this server. Knows the part of JSON Schema
//! that `http/openapi/shape.rs` makes, and panics on any other keyword, so that none is ignored.
//! Stricter than the document in one point: a field that is not described is an error here, while
//! clients must ignore it.

use educounsel::http::openapi::document;
use serde_json::Value;
use std::collections::BTreeSet;

/// Keywords that do not restrict a value.
const NOTES: [&str; 2] = ["description", "default"];

/// Checks a value against a schema of the document. Returns the faults, each with its path.
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, value, "$", &mut found);
    found
}

/// Returns the schema itself, or the named shape that it refers to.
pub fn resolved(schema: &Value) -> &Value {
    match schema["$ref"].as_str() {
        Some(shape) => &document()["components"]["schemas"][shape.strip_prefix("#/components/schemas/").unwrap()],
        None => schema,
    }
}

fn check(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    for (keyword, rule) in schema.as_object().unwrap() {
        let is_kept = match keyword.as_str() {
            word if NOTES.contains(&word) => true,
            "$ref" => {
                check(resolved(schema), value, at, found);
                true
            }
            "anyOf" => rule.as_array().unwrap().iter().any(|choice| faults(choice, value).is_empty()),
            "enum" => rule.as_array().unwrap().contains(value),
            "type" => types(rule).any(|kind| is_of_type(kind, value)),
            "format" => value.as_str().is_none_or(|text| has_format(rule.as_str().unwrap(), text)),
            "pattern" => {
                assert_eq!(rule, "^[0-9]+$", "a pattern this checker does not know");
                value.as_str().is_none_or(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
            }
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 >= rule.as_u64().unwrap()),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 <= rule.as_u64().unwrap()),
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(rule, item, &format!("{at}[{index}]"), found);
                }
                true
            }
            "properties" => {
                for (name, field) in value.as_object().into_iter().flatten() {
                    match rule.get(name) {
                        Some(schema) => check(schema, field, &format!("{at}.{name}"), found),
                        None => found.push(format!("{at}.{name} is not described")),
                    }
                }
                true
            }
            "required" => {
                let is_missing = |name: &&Value| value.is_object() && value.get(name.as_str().unwrap()).is_none();
                found.extend(rule.as_array().unwrap().iter().filter(is_missing).map(|name| format!("{at} lacks {name}")));
                true
            }
            "additionalProperties" => {
                for (name, field) in value.as_object().into_iter().flatten() {
                    check(rule, field, &format!("{at}.{name}"), found);
                }
                true
            }
            other => panic!("keyword {other} is not known to tests/support/schema.rs"),
        };
        if !is_kept {
            found.push(format!("{at} breaks {keyword} {rule}: {value}"));
        }
    }
}

fn types(rule: &Value) -> impl Iterator<Item = &str> {
    let list: Vec<&str> =
        rule.as_array().map_or_else(|| vec![rule.as_str().unwrap()], |kinds| kinds.iter().map(|kind| kind.as_str().unwrap()).collect());
    list.into_iter()
}

fn is_of_type(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("type {other}"),
    }
}

fn has_format(format: &str, text: &str) -> bool {
    let shape = |pattern: &str| {
        let fits = |(expected, byte): (u8, u8)| match expected {
            b'9' => byte.is_ascii_digit(),
            b'x' => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            other => byte == other,
        };
        text.len() == pattern.len() && pattern.bytes().zip(text.bytes()).all(fits)
    };
    match format {
        // Version 7, always with milliseconds and in UTC.
        "uuid" => shape("xxxxxxxx-xxxx-7xxx-xxxx-xxxxxxxxxxxx"),
        "date-time" => shape("9999-99-99T99:99:99.999Z"),
        "date" => shape("9999-99-99"),
        "binary" => true,
        other => panic!("format {other}"),
    }
}

/// The answers and events that were checked so far.
#[derive(Default)]
pub struct Checked(BTreeSet<String>);

impl Checked {
    /// Sends a request to an operation, expects a status, and checks the answer against the
    /// description: the schema of a success, the listed codes of an error. Returns the JSON body,
    /// or null.
    pub async fn call(&mut self, pattern: &str, method: &str, request: reqwest::RequestBuilder, status: u16) -> Value {
        let operation = &document()["paths"][pattern][method];
        assert!(operation.is_object(), "{method} {pattern} is not described");
        let response = request.send().await.unwrap();
        let content_type =
            response.headers().get("content-type").map(|value| value.to_str().unwrap().split(';').next().unwrap().to_owned());
        let answered = response.status().as_u16();
        let bytes = response.bytes().await.unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert_eq!(answered, status, "{method} {pattern}: {text}");
        let described = &operation["responses"][status.to_string()];
        assert!(described.is_object(), "{method} {pattern}: the answer {status} is not described: {text}");
        self.0.insert(format!("{method} {pattern} {status}"));
        let Some(content) = described["content"].as_object() else {
            assert!(bytes.is_empty(), "{method} {pattern} {status} has a body that is not described: {text}");
            return Value::Null;
        };
        let content_type = content_type.expect("a body has a type");
        let schema =
            &content.get(&content_type).unwrap_or_else(|| panic!("{method} {pattern} {status}: {content_type} is not described"))["schema"];
        if !content_type.ends_with("json") {
            return Value::Null;
        }
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        let found = faults(schema, &body);
        assert!(found.is_empty(), "{method} {pattern} {status}:\n{}\n{body:#}", found.join("\n"));
        if content_type == "application/problem+json" {
            let code = body["code"].as_str().unwrap();
            let codes = described["description"].as_str().unwrap();
            assert!(codes.contains(&format!("`{code}`")), "{method} {pattern}: {code} is not described, only: {codes}");
        }
        body
    }

    /// Checks the data of an event against its description.
    pub fn event(&mut self, name: &str, data: &Value) {
        let events = document()["x-events"].as_array().unwrap();
        let event = events.iter().find(|event| event["name"] == name).unwrap_or_else(|| panic!("event {name} is not described"));
        let found = faults(&event["data"], data);
        assert!(found.is_empty(), "event {name}:\n{}\n{data:#}", found.join("\n"));
        self.0.insert(format!("event {name}"));
    }

    /// Returns the operations without a checked success and the events that were not checked,
    /// except those in `beside`.
    pub fn unseen(&self, beside: &[&str]) -> Vec<String> {
        let mut unseen = Vec::new();
        for (path, methods) in document()["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                let prefix = format!("{method} {path} ");
                if !self.0.iter().any(|seen| seen.strip_prefix(&prefix).is_some_and(|status| status.starts_with('2'))) {
                    unseen.push(prefix.trim_end().to_owned());
                }
            }
        }
        let events = document()["x-events"].as_array().unwrap().iter().map(|event| format!("event {}", event["name"].as_str().unwrap()));
        unseen.extend(events.filter(|event| !self.0.contains(event)));
        unseen.retain(|name| !beside.contains(&name.as_str()));
        unseen
    }
}
