//! Durable events of the built-in app: the stored data with the id and position of its log row.

use crate::domain::ids::ConversationId;
use serde::Deserialize;

/// Tells a member what became of a conversation.
pub const CONVERSATION_CHANGED: &str = "conversation.changed";
/// Calls staff: a student may be in danger.
pub const RISK_RAISED: &str = "risk.raised";
/// Tells staff what became of a warning.
pub const RISK_CHANGED: &str = "risk.changed";
/// The change that tells a counsellor that a conversation is not theirs any more.
pub const LEFT_CONVERSATION: &str = "left";

/// Returns the conversation that the addressee of a durable event has just lost; `None` for every other event.
#[must_use]
pub fn conversation_left(event: &str, data_text: &str) -> Option<ConversationId> {
    #[derive(Deserialize)]
    struct Changed<'a> {
        change: &'a str,
        conversation_id: ConversationId,
    }
    if event != CONVERSATION_CHANGED {
        return None;
    }
    let changed: Changed<'_> = serde_json::from_str(data_text).ok()?;
    (changed.change == LEFT_CONVERSATION).then_some(changed.conversation_id)
}

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
    fn only_a_loss_names_the_conversation_that_was_left() {
        let id = ConversationId::generate();
        let data = |change: &str| format!(r#"{{"change":"{change}","conversation":null,"conversation_id":"{id}"}}"#);
        assert_eq!(conversation_left("conversation.changed", &data("left")), Some(id));
        assert_eq!(conversation_left("conversation.changed", &data("closed")), None);
        assert_eq!(conversation_left("message.created", &data("left")), None);
        assert_eq!(conversation_left("conversation.changed", "{}"), None);
    }

    #[test]
    fn id_and_cursor_stand_in_front_of_the_data() {
        assert_eq!(durable_data("a", 7, r#"{"kind":"x"}"#), r#"{"id":"a","cursor":"7","kind":"x"}"#);
        assert_eq!(durable_data("a", 7, "{ }"), r#"{"id":"a","cursor":"7" }"#);
        assert_eq!(durable_data("a", 7, "null"), r#"{"id":"a","cursor":"7"}"#);
    }
}
