//! Channel names: what is legal, what kind a prefix makes, and who listens to which channel of the built-in app.
//! Source of the rules: Pusher Channels v7, sections 2.6 and 2.7 of the wire contract.

use super::{
    ids::UserId,
    principal::{Principal, Role},
};
use std::{fmt, sync::Arc};

/// The longest name accepted: 200, as the vendors' SDKs validate (their documentation says 164).
pub const MAX_CHANNEL_NAME: usize = 200;

/// What a channel's prefix makes of it. Prefixes are anchored and the longest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelKind {
    /// Anybody may subscribe.
    Public,
    /// Subscribing needs a signature (or, in the built-in app, the right session).
    Private,
    /// Private, and the payload is encrypted between publisher and subscriber.
    PrivateEncrypted,
    /// Private, and members see each other.
    Presence,
}

/// A legal channel name; cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelName(Arc<str>);

/// Says why a text is not a channel name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("channel names are 1 to {MAX_CHANNEL_NAME} characters of A-Z a-z 0-9 _ - = @ , . ;")]
pub struct InvalidChannelName;

impl ChannelName {
    /// Reads a name a client sent. Fails with [`InvalidChannelName`] on length or alphabet.
    pub fn parse(text: &str) -> Result<Self, InvalidChannelName> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_-=@,.;".contains(&byte);
        if text.is_empty() || text.len() > MAX_CHANNEL_NAME || !text.bytes().all(legal) {
            return Err(InvalidChannelName);
        }
        Ok(Self(text.into()))
    }

    /// Returns the channel of one user of the built-in app.
    #[must_use]
    pub fn user(id: UserId) -> Self {
        Self(format!("private-user.{id}").into())
    }

    /// Returns the channel of a whole role of the built-in app.
    #[must_use]
    pub fn role(role: Role) -> Self {
        Self(format!("private-role.{}", role.as_str()).into())
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns what the prefix makes of the channel.
    #[must_use]
    pub fn kind(&self) -> ChannelKind {
        let name = self.as_str();
        if name.starts_with("private-encrypted-") {
            ChannelKind::PrivateEncrypted
        } else if name.starts_with("private-") {
            ChannelKind::Private
        } else if name.starts_with("presence-") {
            ChannelKind::Presence
        } else {
            ChannelKind::Public
        }
    }

    /// Says whether subscribing needs a proof.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        self.kind() != ChannelKind::Public
    }

    /// Says whether the built-in app passes a client event on: only that somebody is typing in a conversation. Whatever else clients could tell each
    /// other would pass by the log and by who may write to whom; a role's channel reaches the whole school.
    #[must_use]
    pub fn takes_built_in_client_event(&self, event: &str) -> bool {
        event == "client-typing" && self.as_str().starts_with("presence-conversation.")
    }

    /// Says whether clients may send `client-` events here: private and presence, not encrypted.
    #[must_use]
    pub fn allows_client_events(&self) -> bool {
        matches!(self.kind(), ChannelKind::Private | ChannelKind::Presence)
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for ChannelName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, formatter)
    }
}

/// Returns the channels a user of the built-in app listens to.
#[must_use]
pub fn channels_of(principal: &Principal) -> Vec<ChannelName> {
    vec![ChannelName::user(principal.user_id), ChannelName::role(principal.role)]
}

/// Says whether a user of the built-in app may join a guarded channel by right of its session.
#[must_use]
pub fn may_join(principal: &Principal, channel: &ChannelName) -> bool {
    channels_of(principal).contains(channel)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::LoginId;

    fn student() -> Principal {
        Principal {
            user_id: UserId::generate(),
            login_id: LoginId::generate(),
            role: Role::Student,
            name: "Ana".into(),
            login: "ana".into(),
            user_since_ms: 0,
        }
    }

    #[test]
    fn prefixes_are_anchored_and_the_longest_wins() {
        let kind = |name: &str| ChannelName::parse(name).unwrap().kind();
        assert_eq!(kind("news"), ChannelKind::Public);
        assert_eq!(kind("private-a"), ChannelKind::Private);
        assert_eq!(kind("private-encrypted-a"), ChannelKind::PrivateEncrypted);
        assert_eq!(kind("private-cache-a"), ChannelKind::Private);
        assert_eq!(kind("presence-a"), ChannelKind::Presence);
        assert_eq!(kind("my-private-a"), ChannelKind::Public);
        assert_eq!(kind("privateer"), ChannelKind::Public);
        assert_eq!(kind("presence"), ChannelKind::Public);
    }

    #[test]
    fn names_outside_the_alphabet_or_length_are_refused() {
        assert!(ChannelName::parse(&"a".repeat(200)).is_ok());
        for name in ["", "a b", "a#b", "a/b", "a\n", "ä", &"a".repeat(201)] {
            assert_eq!(ChannelName::parse(name), Err(InvalidChannelName), "{name:?}");
        }
    }

    #[test]
    fn the_built_in_app_takes_typing_in_conversations_and_nothing_else() {
        let takes = |channel: &str, event: &str| ChannelName::parse(channel).unwrap().takes_built_in_client_event(event);
        assert!(takes("presence-conversation.1", "client-typing"));
        assert!(!takes("presence-conversation.1", "client-notice") && !takes("presence-room", "client-typing"));
        assert!(!takes("private-role.student", "client-typing") && !takes("private-user.1", "client-typing"));
    }

    #[test]
    fn a_user_joins_only_the_own_channels_by_session() {
        let me = student();
        assert!(may_join(&me, &ChannelName::user(me.user_id)));
        assert!(may_join(&me, &ChannelName::role(Role::Student)));
        assert!(!may_join(&me, &ChannelName::role(Role::Counsellor)));
        assert!(!may_join(&me, &ChannelName::user(UserId::generate())));
        assert!(!may_join(&me, &ChannelName::parse("private-other").unwrap()));
    }
}
