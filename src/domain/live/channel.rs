//! Owns channel names: which are legal, which kind a prefix makes, and which channels of the
//! built-in app a user may join. Called by the hub, the sockets, the census and the services. Must
//! not ask the database: `services/live/channel_access` decides about conversations. Source of the
//! rules: docs/pusher-protocol.md, sections 2.6 and 2.7.

use crate::domain::{
    access::{Action, may},
    ids::{AppId, ConversationId, UserId},
    principal::{Principal, Role},
};
use std::{fmt, sync::Arc};

/// The longest name accepted: 200, as the vendors' SDKs validate (their documentation says 164).
pub const MAX_CHANNEL_NAME: usize = 200;
/// Prefix of the channel of a conversation.
const CONVERSATION: &str = "presence-conversation.";

/// Prefix of the channel on which a backend reaches one signed-in user of its app.
const SERVER_TO_USER: &str = "#server-to-user-";
/// Prefix of the topic of all sockets that are signed in as one user of an app. No client can name
/// it.
const SIGN_IN: &str = "#user-";
/// Prefix of the topic of the sockets that watch whether a user of an app is online. No client can
/// name it.
const WATCHED: &str = "#watch-";

const SLOTS_PREFIX: &str = "private-slots.";
/// Prefix of the channel on which admins watch a connected app.
const APP_CONSOLE: &str = "private-app-console.";

/// Kind of a channel, by its prefix. Prefixes are anchored and the longest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelKind {
    /// Anybody may subscribe.
    Public,
    /// Subscribing needs a signature (or, in the built-in app, the right login).
    Private,
    /// Private, and the payload is encrypted between publisher and subscriber.
    PrivateEncrypted,
    /// Private, and members see each other.
    Presence,
    /// Only for sockets signed in as the user it names.
    ServerToUser,
    /// A topic that only this server uses, such as the sockets of a user.
    Internal,
}

/// A legal channel name; cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelName(Arc<str>);

/// Says that a text is not a channel name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("channel names are 1 to {MAX_CHANNEL_NAME} characters of A-Z a-z 0-9 _ - = @ , . ; or #server-to-user- and an id")]
pub struct InvalidChannelName;

impl ChannelName {
    /// Reads a name that a client sent. Fails with [`InvalidChannelName`] on length or alphabet.
    pub fn parse(text: &str) -> Result<Self, InvalidChannelName> {
        if let Some(user) = text.strip_prefix(SERVER_TO_USER) {
            return if is_user_id(user) { Ok(Self(text.into())) } else { Err(InvalidChannelName) };
        }
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_-=@,.;".contains(&byte);
        if text.is_empty() || text.len() > MAX_CHANNEL_NAME || !text.bytes().all(legal) {
            return Err(InvalidChannelName);
        }
        Ok(Self(text.into()))
    }

    /// Reads a name that another node sent: one of [`Self::parse`], or a topic that only this
    /// server uses.
    pub fn parse_any(text: &str) -> Result<Self, InvalidChannelName> {
        let own = text.strip_prefix(SIGN_IN).or_else(|| text.strip_prefix(WATCHED));
        if own.is_some_and(is_user_id) { Ok(Self(text.into())) } else { Self::parse(text) }
    }

    /// Returns the topic of the sockets that are signed in as a user of an app.
    #[must_use]
    pub fn sign_in(user_id: &str) -> Self {
        Self(format!("{SIGN_IN}{user_id}").into())
    }

    /// Returns the topic of the sockets that watch a user of an app.
    #[must_use]
    pub fn watched(user_id: &str) -> Self {
        Self(format!("{WATCHED}{user_id}").into())
    }

    /// Returns the user that a backend reaches on this channel; `None` for other channels.
    #[must_use]
    pub fn server_to_user(&self) -> Option<&str> {
        self.as_str().strip_prefix(SERVER_TO_USER)
    }

    /// Returns the user whose signed-in sockets listen to this topic; `None` for other topics.
    #[must_use]
    pub fn sign_in_user(&self) -> Option<&str> {
        self.as_str().strip_prefix(SIGN_IN)
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

    /// Returns the channel of changes of the counsellors' duty status; every user of the built-in
    /// app may join it.
    #[must_use]
    pub fn counsellor_status() -> Self {
        Self("private-counsellors.status".into())
    }

    /// Returns the channel of changes of a counsellor's free slots; every user of the built-in app
    /// may join it.
    #[must_use]
    pub fn slots(counsellor: UserId) -> Self {
        Self(format!("{SLOTS_PREFIX}{counsellor}").into())
    }

    /// Returns the channel of the built-in app on which admins watch a connected app.
    #[must_use]
    pub fn app_console(app: &AppId) -> Self {
        Self(format!("{APP_CONSOLE}{}", app.0).into())
    }

    /// Says whether this is the console channel of a connected app. Only a socket with a login may
    /// join it: a proof does not expire and names no user, so a socket that joined by proof would
    /// stay after its user is no longer an admin.
    #[must_use]
    pub fn is_app_console(&self) -> bool {
        self.as_str().starts_with(APP_CONSOLE)
    }

    /// Returns the channel of a conversation of the built-in app.
    #[must_use]
    pub fn conversation(id: ConversationId) -> Self {
        Self(format!("{CONVERSATION}{id}").into())
    }

    /// Returns the conversation of this channel of the built-in app; `None` for all other channels.
    /// Accepts only the spelling of [`Self::conversation`], so that one conversation has one
    /// channel.
    #[must_use]
    pub fn conversation_id(&self) -> Option<ConversationId> {
        let id = ConversationId::parse(self.as_str().strip_prefix(CONVERSATION)?).ok()?;
        (Self::conversation(id) == *self).then_some(id)
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the kind of the channel.
    #[must_use]
    pub fn kind(&self) -> ChannelKind {
        let name = self.as_str();
        if name.starts_with(SERVER_TO_USER) {
            ChannelKind::ServerToUser
        } else if name.starts_with('#') {
            ChannelKind::Internal
        } else if name.starts_with("private-encrypted-") {
            ChannelKind::PrivateEncrypted
        } else if name.starts_with("private-") {
            ChannelKind::Private
        } else if name.starts_with("presence-") {
            ChannelKind::Presence
        } else {
            ChannelKind::Public
        }
    }

    /// Says whether a socket that joins gets the last event at once.
    #[must_use]
    pub fn is_cache(&self) -> bool {
        ["cache-", "private-cache-", "private-encrypted-cache-", "presence-cache-"].iter().any(|prefix| self.as_str().starts_with(prefix))
    }

    /// Says whether backends see this channel in lists, counts and webhooks.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        !self.as_str().starts_with('#')
    }

    /// Says whether subscribing needs a proof.
    #[must_use]
    pub fn is_guarded(&self) -> bool {
        self.kind() != ChannelKind::Public
    }

    /// Says whether clients may send `client-` events here: private and presence, not encrypted.
    #[must_use]
    pub fn allows_client_events(&self) -> bool {
        matches!(self.kind(), ChannelKind::Private | ChannelKind::Presence)
    }
}

/// Says whether a text can be the id of an app's user in a channel name. The SDKs accept up to 200
/// characters.
fn is_user_id(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= MAX_CHANNEL_NAME && !text.chars().any(char::is_control)
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

/// Returns the channels that a user of the built-in app listens to by account and role.
#[must_use]
pub fn channels_of(principal: &Principal) -> Vec<ChannelName> {
    vec![ChannelName::user(principal.user_id), ChannelName::role(principal.role)]
}

/// Says whether a user of the built-in app may join a guarded channel because of the login alone.
/// `services/live/channel_access` asks the database about channels of conversations.
#[must_use]
pub fn may_join(principal: &Principal, channel: &ChannelName) -> bool {
    channels_of(principal).contains(channel) || is_for_all_users(channel) || is_for_app_admins(principal, channel)
}

/// Says whether this is the console channel of a connected app and the user manages apps.
fn is_for_app_admins(principal: &Principal, channel: &ChannelName) -> bool {
    channel.is_app_console() && may(principal.role, Action::ManageApps)
}

/// Says whether every user of the built-in app may join. Nothing personal is published on these
/// channels.
fn is_for_all_users(channel: &ChannelName) -> bool {
    let slots_of = channel.as_str().strip_prefix(SLOTS_PREFIX);
    *channel == ChannelName::counsellor_status() || slots_of.is_some_and(|counsellor| UserId::parse(counsellor).is_ok())
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
        assert_eq!(kind("private-encrypted-cache-a"), ChannelKind::PrivateEncrypted);
        assert_eq!(kind("presence-cache-a"), ChannelKind::Presence);
        assert_eq!(kind("cache-a"), ChannelKind::Public);
        assert_eq!(kind("#server-to-user-1"), ChannelKind::ServerToUser);
    }

    #[test]
    fn cache_channels_are_told_by_an_anchored_prefix_of_any_kind() {
        let is_cache = |name: &str| ChannelName::parse(name).unwrap().is_cache();
        for name in ["cache-a", "private-cache-a", "private-encrypted-cache-a", "presence-cache-a"] {
            assert!(is_cache(name), "{name}");
        }
        for name in ["cachet", "my-cache-a", "private-a-cache-b", "private-cache", "presence-cach-e", "private-encrypted-a"] {
            assert!(!is_cache(name), "{name}");
        }
    }

    #[test]
    fn a_hash_is_reserved_for_users_and_this_servers_own_topics() {
        let channel = ChannelName::parse("#server-to-user-ana@sma 1").unwrap();
        assert_eq!(channel.server_to_user(), Some("ana@sma 1"));
        assert!(!channel.is_listed());
        let own = [ChannelName::sign_in("7"), ChannelName::watched("7")];
        for name in own.iter().map(ChannelName::as_str).chain(["#server-to-user-", "#other", "#server-to-user-a\nb"]) {
            assert_eq!(ChannelName::parse(name), Err(InvalidChannelName), "{name:?}");
        }
        for name in own {
            assert_eq!(ChannelName::parse_any(name.as_str()), Ok(name.clone()));
            assert_eq!(name.kind(), ChannelKind::Internal);
        }
        assert!(ChannelName::parse_any("#user-").is_err() && ChannelName::parse_any("#x").is_err());
        assert_eq!(ChannelName::sign_in("7").sign_in_user(), Some("7"));
    }

    #[test]
    fn names_outside_the_alphabet_or_length_are_refused() {
        assert!(ChannelName::parse(&"a".repeat(200)).is_ok());
        for name in ["", "a b", "a#b", "a/b", "a\n", "ä", &"a".repeat(201)] {
            assert_eq!(ChannelName::parse(name), Err(InvalidChannelName), "{name:?}");
        }
    }

    #[test]
    fn a_conversation_has_one_channel() {
        let id = ConversationId::generate();
        let channel = ChannelName::conversation(id);
        assert_eq!(channel.conversation_id(), Some(id));
        assert_eq!(channel.kind(), ChannelKind::Presence);
        let upper = format!("{CONVERSATION}{}", id.to_string().to_uppercase());
        for name in [upper.as_str(), "presence-conversation.", "presence-conversation.x", "presence-other", "private-conversation.x"] {
            assert_eq!(ChannelName::parse(name).unwrap().conversation_id(), None, "{name}");
        }
    }

    #[test]
    fn a_user_joins_only_the_own_channels_by_session() {
        let me = student();
        assert!(may_join(&me, &ChannelName::user(me.user_id)));
        assert!(may_join(&me, &ChannelName::role(Role::Student)));
        assert!(!may_join(&me, &ChannelName::role(Role::Counsellor)));
        assert!(!may_join(&me, &ChannelName::user(UserId::generate())));
        assert!(!may_join(&me, &ChannelName::parse("private-other").unwrap()));
        assert!(!may_join(&me, &ChannelName::conversation(ConversationId::generate())));
    }

    #[test]
    fn consoles_of_connected_apps_are_for_those_who_manage_them() {
        let console = ChannelName::app_console(&AppId("10000001".into()));
        assert_eq!(ChannelName::parse("private-app-console.10000001").unwrap(), console);
        for role in Role::ALL {
            assert_eq!(may_join(&Principal { role, ..student() }, &console), role == Role::Admin, "{role:?}");
        }
    }

    #[test]
    fn every_user_hears_of_duty_and_free_slots() {
        let me = student();
        assert!(may_join(&me, &ChannelName::counsellor_status()));
        assert!(may_join(&me, &ChannelName::slots(UserId::generate())));
        for name in ["private-slots.", "private-slots.all", "private-slots.1,2", "private-counsellors.status.x", "private-counsellors"] {
            assert!(!may_join(&me, &ChannelName::parse(name).unwrap()), "{name}");
        }
    }
}
