//! Owns the answer of the moderation endpoint.

use serde_json::{Value, json};

/// All categories of the API.
const CATEGORIES: [&str; 13] = [
    "hate",
    "hate/threatening",
    "harassment",
    "harassment/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/intent",
    "self-harm/instructions",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];

/// Returns the body that reports the intent to harm oneself, or nothing.
pub(super) fn answer(is_found: bool) -> Value {
    let every = |value: &dyn Fn(&str) -> Value| Value::Object(CATEGORIES.iter().map(|name| ((*name).to_owned(), value(name))).collect());
    let result = json!({
        "flagged": is_found,
        "categories": every(&|name| json!(is_found && name == "self-harm/intent")),
        "category_scores": every(&|_| json!(0.0)),
        "category_applied_input_types": every(&|_| json!(["text"])),
    });
    json!({ "id": "modr-1", "model": "uji", "results": [result] })
}
