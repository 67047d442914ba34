//! Draws the page `/api/docs`: the description for people. Must not use a script, an inline style
//! or a foreign address: the content policy of every other page holds here too.

use super::{
    Area, Event,
    operation::Operation,
    parts::{Body, Parameter},
};
use crate::{domain::principal::Role, http::error::CODES};
use serde_json::Value;
use std::fmt::Write as _;

/// Draws the page.
#[must_use]
pub fn render(areas: &[Area], document: &Value) -> String {
    let version = document["info"]["version"].as_str().unwrap_or_default();
    let about = document["info"]["description"].as_str().unwrap_or_default();
    let links: String = areas.iter().map(|area| format!("<a href=\"#{}\">{}</a>", anchor(area.name), escape(area.name))).collect();
    let subjects: String = areas.iter().map(subject).collect();
    let events: String = areas.iter().flat_map(|area| &area.events).map(event).collect();
    let shapes: String =
        document["components"]["schemas"].as_object().into_iter().flatten().map(|(name, schema)| named_shape(name, schema)).collect();
    let codes: String = CODES
        .iter()
        .map(|spec| format!("<tr><td>{}</td><td><code>{}</code></td><td>{}</td></tr>", spec.status, spec.code, escape(spec.detail)))
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>EduCounsel API</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <link rel=\"icon\" href=\"data:,\"><link rel=\"stylesheet\" href=\"/api/docs.css\"></head><body>\
         <a class=\"skip\" href=\"#content\">Skip to the content</a>\
         <header><h1>EduCounsel API <small>{version}</small></h1><p>{about}</p>\
         <p><a href=\"/api/v1/openapi.json\">OpenAPI 3.1 document</a></p></header>\
         <nav aria-label=\"Subjects\">{links}<a href=\"#events\">Events</a><a href=\"#shapes\">Shapes</a><a href=\"#errors\">Errors</a></nav>\
         <main id=\"content\">{subjects}\
         <section id=\"events\"><h2>Events</h2><p>Heard on sockets of the built-in app. Durable ones come again through \
         <code>/api/v1/sync</code> for who was away.</p>{events}</section>\
         <section id=\"shapes\"><h2>Shapes</h2>{shapes}</section>\
         <section id=\"errors\"><h2>Errors</h2><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Error codes\"><table><thead><tr>\
         <th scope=\"col\">Status</th><th scope=\"col\">Code</th><th scope=\"col\">Meaning</th></tr></thead><tbody>{codes}</tbody></table></div>\
         </section></main></body></html>\n",
        about = prose(about),
    )
}

fn subject(area: &Area) -> String {
    let operations: String = area.operations.iter().map(operation).collect();
    format!("<section id=\"{}\"><h2>{}</h2><p>{}</p>{operations}</section>", anchor(area.name), escape(area.name), prose(area.about))
}

fn operation(operation: &Operation) -> String {
    let Operation { method, path, name, summary, details, .. } = operation;
    let mut html = format!(
        "<details id=\"{name}\"><summary><span class=\"method {method}\">{}</span> <code>{}</code> <span class=\"what\">{}</span></summary>",
        method.to_uppercase(),
        escape(path),
        prose(summary)
    );
    if !details.is_empty() {
        let _ = write!(html, "<p>{}</p>", prose(details));
    }
    let _ = write!(html, "<p class=\"who\">{}</p>", who(operation));
    if !operation.parameters.is_empty() {
        let rows: String = operation.parameters.iter().map(parameter).collect();
        let _ = write!(html, "<h3>Parameters</h3><ul>{rows}</ul>");
    }
    for body in &operation.bodies {
        let _ = write!(html, "<h3>Body <small>{}</small></h3>{}", body.content_type, block(&body.schema));
    }
    html.push_str("<h3>Answers</h3>");
    for answer in &operation.answers {
        let _ = write!(
            html,
            "<p><b>{}</b> {}</p>{}",
            answer.status,
            prose(answer.meaning),
            answer.body.as_ref().map(content).unwrap_or_default()
        );
    }
    let codes: Vec<String> = operation.error_codes().into_iter().map(|code| format!("<code>{code}</code>")).collect();
    if !codes.is_empty() {
        let _ = write!(html, "<p class=\"errors\"><a href=\"#errors\">Errors</a>: {}</p>", codes.join(" "));
    }
    html.push_str("</details>");
    html
}

fn who(operation: &Operation) -> String {
    match operation.roles() {
        None => "For everybody.".to_owned(),
        Some(roles) if roles.len() == Role::ALL.len() => "For everybody who has signed in.".to_owned(),
        Some(roles) => format!("For: {}.", roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")),
    }
}

fn parameter(parameter: &Parameter) -> String {
    let Parameter { place, name, schema, meaning } = parameter;
    format!("<li><code>{}</code> <small>{place}</small> <code>{}</code> {}</li>", escape(name), inline(schema, 0), prose(meaning))
}

fn content(body: &Body) -> String {
    if body.content_type == "application/json" { block(&body.schema) } else { format!("<p><small>{}</small></p>", body.content_type) }
}

fn event(event: &Event) -> String {
    let channels: Vec<String> = event.channels().iter().map(|channel| format!("<code>{}</code>", escape(channel))).collect();
    let durable = if event.is_durable() { " <small>durable</small>" } else { "" };
    format!(
        "<details id=\"event-{name}\"><summary><code>{name}</code>{durable} <span class=\"what\">{}</span></summary><p>On {}.</p>{}</details>",
        prose(event.meaning),
        channels.join(", "),
        block(&event.data.schema),
        name = event.event.name(),
    )
}

fn named_shape(name: &str, schema: &Value) -> String {
    format!("<div class=\"shape\" id=\"shape-{name}\"><h3>{name}</h3>{}</div>", block(schema))
}

fn block(schema: &Value) -> String {
    let note = schema["description"].as_str().map(|text| format!("<p>{}</p>", prose(text))).unwrap_or_default();
    format!("{note}<pre tabindex=\"0\">{}</pre>", inline(schema, 0))
}

/// Writes a shape as one reads it: `{ id: uuid, name?: text }`.
fn inline(schema: &Value, depth: usize) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#shape-{name}\">{name}</a>");
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        return choices.iter().map(|choice| inline(choice, depth)).collect::<Vec<_>>().join(" | ");
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(|word| escape(&word.to_string())).collect::<Vec<_>>().join(" | ");
    }
    match &schema["type"] {
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).map(|kind| simple(kind, schema, depth)).collect::<Vec<_>>().join(" | ")
        }
        Value::String(kind) => simple(kind, schema, depth),
        _ => "any".to_owned(),
    }
}

fn simple(kind: &str, schema: &Value, depth: usize) -> String {
    match (kind, schema["format"].as_str()) {
        ("string", Some("date-time")) => "time".to_owned(),
        ("string", Some("binary")) => "bytes".to_owned(),
        ("string", Some(format)) => format.to_owned(),
        ("string", None) => match (schema["minLength"].as_u64(), schema["maxLength"].as_u64()) {
            (Some(shortest), Some(longest)) => format!("text({shortest}..{longest})"),
            _ => "text".to_owned(),
        },
        ("array", _) => format!("[{}]", inline(&schema["items"], depth)),
        ("object", _) => fields(schema, depth),
        _ => kind.to_owned(),
    }
}

fn fields(schema: &Value, depth: usize) -> String {
    let Some(properties) = schema["properties"].as_object() else {
        return format!("{{ [key]: {} }}", inline(&schema["additionalProperties"], depth));
    };
    let indent = "  ".repeat(depth + 1);
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut text = "{\n".to_owned();
    // The document sorts by name; what is required keeps the order in which it was described.
    let optional = properties.keys().map(String::as_str).filter(|name| !required.contains(name));
    for (name, property) in required.iter().copied().chain(optional).filter_map(|name| Some((name, properties.get(name)?))) {
        let mark = if required.contains(&name) { "" } else { "?" };
        let note = property["description"].as_str().map(|text| format!("  <i>{}</i>", prose(text))).unwrap_or_default();
        let _ = writeln!(text, "{indent}{}{mark}: {}{note}", escape(name), inline(property, depth + 1));
    }
    let _ = write!(text, "{}}}", "  ".repeat(depth));
    text
}

fn anchor(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}

/// Escapes text and makes code of what stands between backticks.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(number, part)| if number % 2 == 1 { format!("<code>{}</code>", escape(part)) } else { escape(part) }).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::shape::{Count, Id},
        http::openapi::shape::Shape,
    };
    use schemars::JsonSchema;
    use std::collections::BTreeMap;

    #[derive(JsonSchema)]
    struct User {}

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its shape is asked for")]
    struct Thing {
        id: Id,
        /// Say `hi`.
        #[schemars(length(min = 1, max = 9))]
        name: Option<String>,
        #[serde(default)]
        who: Option<User>,
        #[schemars(extend("enum" = ["a", "b"]))]
        word: String,
    }

    #[test]
    fn shapes_read_as_one_would_write_them() {
        let expected = "{\n  id: uuid\n  word: &quot;a&quot; | &quot;b&quot;\n  name?: text(1..9) | null  <i>Say <code>hi</code>.</i>\n  \
                        who?: <a href=\"#shape-User\">User</a> | null\n}";
        assert_eq!(inline(&Shape::fields::<Thing>().schema, 0), expected);
        assert_eq!(inline(&Shape::read::<Vec<Id>>().schema, 0), "[uuid]");
        assert_eq!(inline(&Shape::read::<BTreeMap<String, Count>>().schema, 0), "{ [key]: integer }");
    }

    #[test]
    fn nothing_in_a_description_becomes_markup() {
        assert_eq!(prose("a <b> `{x}&`"), "a &lt;b&gt; <code>{x}&amp;</code>");
    }
}
