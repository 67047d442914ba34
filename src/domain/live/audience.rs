//! Owns the audiences of durable events. Called by the services that write notices and log rows, by
//! `services/live/sync` and by the log pump. Invariant: an event has one row per audience, never a
//! row per recipient.

use super::channel::ChannelName;
use crate::domain::{
    ids::{ConversationId, UserId},
    principal::Role,
};
use std::fmt;

/// Addressee of a notice or a log row. Text form: `user:ID`, `role:R`, `conversation:ID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// One person, on all devices.
    User(UserId),
    /// All users of a role.
    Role(Role),
    /// The people who are in a conversation at the time of reading or delivery.
    Conversation(ConversationId),
}

impl Audience {
    /// Reads the text form; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "user" => UserId::parse(rest).ok().map(Self::User),
            "role" => Role::parse(rest).map(Self::Role),
            "conversation" => ConversationId::parse(rest).ok().map(Self::Conversation),
            _ => None,
        }
    }

    /// Returns the audiences that a user belongs to by account and role. The user's conversations
    /// come on top; only the database knows them.
    #[must_use]
    pub const fn of(user: UserId, role: Role) -> [Self; 2] {
        [Self::User(user), Self::Role(role)]
    }

    /// Returns the channel of the built-in app on which this audience receives events.
    #[must_use]
    pub fn channel(self) -> ChannelName {
        match self {
            Self::User(id) => ChannelName::user(id),
            Self::Role(role) => ChannelName::role(role),
            Self::Conversation(id) => ChannelName::conversation(id),
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(formatter, "user:{id}"),
            Self::Role(role) => write!(formatter, "role:{}", role.as_str()),
            Self::Conversation(id) => write!(formatter, "conversation:{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audiences_round_trip_as_text() {
        for audience in
            [Audience::User(UserId::generate()), Audience::Role(Role::Student), Audience::Conversation(ConversationId::generate())]
        {
            assert_eq!(Audience::parse(&audience.to_string()), Some(audience));
        }
        for text in ["", "user:", "user:x", "role:teacher", "class:7b", "role", "conversation:x"] {
            assert_eq!(Audience::parse(text), None, "{text}");
        }
    }
}
