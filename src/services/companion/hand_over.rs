//! Owns the handing over of a thread to a counsellor: as a chat that begins with the summary, or as
//! text for a booking. Called by `http/resources/companion`.

use super::{Context, ServiceResult, find_own_thread, prompt::Prompt};
use crate::{
    domain::{companion::parse_summary, ids::ThreadId, language::Language, principal::Principal, shape::Id, text::FieldError},
    services::{
        conversations::{FirstMessage, NewConversation, open_conversation},
        shared::idempotency::fingerprint,
    },
};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

/// How many characters the note of a booking can have.
const MAX_NOTE_CHARS: usize = 2_000;

/// A chat that waits for a counsellor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct NewChat {
    /// The conversation.
    #[schemars(with = "Id")]
    pub conversation_id: String,
}

/// What the page of bookings begins with; nothing is booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct BookingDraft {
    /// What it is about.
    pub topic: String,
    /// What the counsellor should know.
    pub note: String,
}

/// What a hand-over led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum HandedOver {
    /// A chat.
    Chat(NewChat),
    /// The beginning of a booking.
    Booking(BookingDraft),
}

/// Hands a thread over `to` `chat` or `booking` with the summary as the student edited it. A repeat
/// with the same summary sends nothing twice.
pub async fn hand_over(
    context: &Context,
    principal: &Principal,
    id: ThreadId,
    (to, summary): (&str, &str),
    language: Language,
) -> ServiceResult<HandedOver> {
    let thread = find_own_thread(context, principal, id).await?;
    let summary = parse_summary(summary)?;
    let topic = if thread.title.is_empty() { Prompt::built_in()?.booking_topic.in_language(language).to_owned() } else { thread.title };
    match to {
        "chat" => {
            let print = fingerprint(&context.secret, &[b"hand-over", id.to_string().as_bytes(), summary.as_bytes()]);
            let first = FirstMessage { client_id: uuid_of(&print).to_string(), body: summary };
            let new = NewConversation { subject: Some(topic), first_message: Some(first), ..NewConversation::default() };
            let opened = open_conversation(context, principal, new).await?;
            Ok(HandedOver::Chat(NewChat { conversation_id: opened.conversation.id }))
        }
        "booking" if summary.chars().count() > MAX_NOTE_CHARS => {
            Err(FieldError::new("summary", "too_long", format!("at most {MAX_NOTE_CHARS} characters for a booking")).into())
        }
        "booking" => Ok(HandedOver::Booking(BookingDraft { topic, note: summary })),
        _ => Err(FieldError::new("to", "unknown_value", "chat or booking").into()),
    }
}

/// Makes a UUID (version 8) from a fingerprint: equal only for equal texts.
fn uuid_of(print: &str) -> Uuid {
    let mut bytes = [0; 16];
    for (byte, digits) in bytes.iter_mut().zip(print.as_bytes().chunks(2)) {
        *byte = std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or_default();
    }
    uuid::Builder::from_bytes(bytes).with_version(uuid::Version::Custom).with_variant(uuid::Variant::RFC4122).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_words_make_equal_ids() {
        let print = |byte: &str| byte.repeat(32);
        assert_eq!(uuid_of(&print("ab")), uuid_of(&print("ab")));
        assert_ne!(uuid_of(&print("ab")), uuid_of(&print("ac")));
        assert_eq!(uuid_of(&print("ab")).get_version_num(), 8);
    }
}
