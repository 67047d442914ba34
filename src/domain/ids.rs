//! Owns the id types. Rows have a UUIDv7, as text on the wire and in the database, so ids sort by
//! time and look the same on all three engines. Apps and sockets have the ids of the Pusher
//! protocol. Used by every module.

use super::shape::Id;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};
use uuid::Uuid;

/// Says that a text is not an id (36 characters, hyphenated UUID).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct InvalidId;

macro_rules! id_type {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new id (UUIDv7), later than all ids that this process made before.
            #[must_use]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// Returns when the id was made, ms since 1970 UTC; 0 for an id that was not made by
            /// [`Self::generate`].
            #[must_use]
            pub fn made_at_ms(self) -> i64 {
                let (seconds, nanos) = self.0.get_timestamp().map_or((0, 0), |timestamp| timestamp.to_unix());
                i64::try_from(seconds).unwrap_or_default().saturating_mul(1000) + i64::from(nanos / 1_000_000)
            }

            /// Reads the hyphenated form. Fails with [`InvalidId`] on anything else.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                if text.len() != 36 {
                    return Err(InvalidId);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(formatter)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                Id::schema_name()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                Id::json_schema(generator)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text: Cow<'_, str> = Deserialize::deserialize(deserializer)?;
                Self::parse(&text).map_err(D::Error::custom)
            }
        }
    )+};
}

id_type! {
    /// A person with an account.
    UserId,
    /// A login (one cookie or bearer token), not a socket.
    LoginId,
    /// A material.
    MaterialId,
    /// A notice; equal to the id of the log row that announces it.
    NoticeId,
    /// A row of the durable log; clients drop an event whose id they have seen.
    LogId,
    /// A running server process; holds leases.
    NodeId,
    /// A line of the audit trail.
    AuditId,
    /// An appointment of a student with a counsellor.
    AppointmentId,
    /// A conversation of a student with a counsellor.
    ConversationId,
    /// A message of a conversation; equal to the id of the log row that announces it.
    MessageId,
    /// A private note of counsellors about a conversation.
    NoteId,
    /// A prepared answer of counsellors.
    CannedReplyId,
    /// A student's thread with the companion.
    ThreadId,
    /// A warning to the counsellors about a student.
    AlertId,
    /// An event that waits for a webhook of a connected app.
    WebhookEventId,
}

impl From<MessageId> for LogId {
    fn from(message: MessageId) -> Self {
        Self(message.0)
    }
}

impl From<NoticeId> for LogId {
    fn from(notice: NoticeId) -> Self {
        Self(notice.0)
    }
}

/// Id of a socket, `123.456` on the wire. It is part of every channel signature, so it must be
/// unguessable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SocketId(u64, u64);

impl SocketId {
    /// Makes an id of two random numbers.
    #[must_use]
    pub const fn new(first: u64, second: u64) -> Self {
        Self(first, second)
    }

    /// Reads `digits.digits`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (first, second) = text.split_once('.')?;
        let number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
        Some(Self(number(first)?, number(second)?))
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0, self.1)
    }
}

/// Public id of an app; cheap to clone. Any text reads as one; most name no app.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "String")]
pub struct AppId(pub Arc<str>);

impl From<String> for AppId {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_as_text_and_sort_by_time() {
        let first = UserId::generate();
        let second = UserId::generate();
        assert_eq!(UserId::parse(&first.to_string()), Ok(first));
        assert!(first < second);
    }

    #[test]
    fn other_spellings_of_a_uuid_are_refused() {
        let id = UserId::generate().to_string();
        assert_eq!(UserId::parse(&id.replace('-', "")), Err(InvalidId));
        assert!(serde_json::from_value::<UserId>(id.replace('-', "").into()).is_err(), "in paths and bodies too");
        assert!(serde_json::from_value::<UserId>(id.clone().into()).is_ok());
        assert_eq!(UserId::parse(&format!("{{{id}}}")), Err(InvalidId));
        assert_eq!(UserId::parse(""), Err(InvalidId));
    }

    #[test]
    fn socket_ids_read_only_digits_and_a_dot() {
        assert_eq!(SocketId::parse("123.456"), Some(SocketId::new(123, 456)));
        for text in ["", ".", "1", "1.", "+1.2", "1.2.3", "a.b", "99999999999999999999.1"] {
            assert_eq!(SocketId::parse(text), None, "{text}");
        }
    }
}
