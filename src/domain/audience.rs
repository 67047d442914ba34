//! To whom a durable event is addressed. One row per audience, never a row per recipient.

use super::{channel::ChannelName, ids::UserId, principal::Role};
use std::fmt;

/// The addressee of a notice or a log row. Text form: `user:ID`, `role:R`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// One person, on all devices.
    User(UserId),
    /// Everybody with a role.
    Role(Role),
}

impl Audience {
    /// Reads the text form; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "user" => UserId::parse(rest).ok().map(Self::User),
            "role" => Role::parse(rest).map(Self::Role),
            _ => None,
        }
    }

    /// Returns the audiences a user belongs to.
    #[must_use]
    pub const fn of(user: UserId, role: Role) -> [Self; 2] {
        [Self::User(user), Self::Role(role)]
    }

    /// Returns the channel of the built-in app on which this audience listens.
    #[must_use]
    pub fn channel(self) -> ChannelName {
        match self {
            Self::User(id) => ChannelName::user(id),
            Self::Role(role) => ChannelName::role(role),
        }
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(formatter, "user:{id}"),
            Self::Role(role) => write!(formatter, "role:{}", role.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audiences_round_trip_as_text() {
        for audience in [Audience::User(UserId::generate()), Audience::Role(Role::Student)] {
            assert_eq!(Audience::parse(&audience.to_string()), Some(audience));
        }
        for text in ["", "user:", "user:x", "role:teacher", "class:7b", "role"] {
            assert_eq!(Audience::parse(text), None, "{text}");
        }
    }
}
