//! Durable events of the built-in app: the stored data with the id and position of its log row.

/// Returns the JSON object `data_text` with `id` and `cursor` put in front; both are known only once the row has its position. Spliced as text, because
/// parsing and writing it again would cost more and could change it. A key of the same name in the data would be there twice: writers leave them out.
#[must_use]
pub fn durable_data(id: &str, cursor: i64, data_text: &str) -> String {
    let rest = data_text.trim().strip_prefix('{').unwrap_or("}");
    let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
    format!(r#"{{"id":"{id}","cursor":"{cursor}"{comma}{rest}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_and_cursor_stand_in_front_of_the_data() {
        assert_eq!(durable_data("a", 7, r#"{"kind":"x"}"#), r#"{"id":"a","cursor":"7","kind":"x"}"#);
        assert_eq!(durable_data("a", 7, "{ }"), r#"{"id":"a","cursor":"7" }"#);
        assert_eq!(durable_data("a", 7, "null"), r#"{"id":"a","cursor":"7"}"#);
    }
}
