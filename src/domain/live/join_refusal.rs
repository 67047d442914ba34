//! Owns the causes for which a socket may not join a channel, or get a proof for one: the answer to
//! the client, and the word under which metrics and log lines count each. Called by
//! `services/live/channel_access`, the session and its shard. Must not name a user.

use super::{channel::InvalidChannelName, presence::MemberError};

/// Why a socket may not join a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoinRefusal {
    /// The name is none of a channel.
    #[error(transparent)]
    InvalidName(#[from] InvalidChannelName),
    /// The socket has neither a login nor a signature.
    #[error("this channel needs a login or a signature")]
    NoLogin,
    /// The role of the account has no right to the channel.
    #[error("this account may not join this channel")]
    NotAllowed,
    /// The account is in another conversation, or was taken out of this one.
    #[error("this account is not in this conversation")]
    NotInConversation,
    /// The channel belongs to one signed-in user.
    #[error("this channel needs a sign-in as its user")]
    NotSignedIn,
    /// The signature is not the one of this socket and channel.
    #[error("invalid signature")]
    InvalidSignature,
    /// A presence channel without a member.
    #[error("presence channels need channel_data or a sign-in")]
    NoMember,
    /// The member does not read.
    #[error("channel_data is not valid")]
    InvalidMember,
    /// The socket already belongs to another login.
    #[error("this socket is somebody else's")]
    OtherLogin,
    /// The proof was given too long ago, or never.
    #[error("this authorisation is too old; ask for another one")]
    ProofExpired,
    /// The database or the cache does not answer.
    #[error("not available now; try again")]
    Unavailable,
    /// The socket listens to this channel already.
    #[error("already subscribed")]
    Already,
    /// The socket has as many channels as it may.
    #[error("too many channels on one socket")]
    TooManyChannels,
    /// The app has as many channels as it may.
    #[error("this app has as many channels as it may")]
    TooManyAppChannels,
    /// The presence channel cannot take the member.
    #[error(transparent)]
    Member(#[from] MemberError),
}

impl JoinRefusal {
    /// Returns the word under which this cause is counted, logged and shown in consoles.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::InvalidName(_) => "invalid_name",
            Self::NoLogin => "no_login",
            Self::NotAllowed => "not_allowed",
            Self::NotInConversation => "not_in_conversation",
            Self::NotSignedIn => "not_signed_in",
            Self::InvalidSignature => "invalid_signature",
            Self::NoMember => "no_member",
            Self::InvalidMember | Self::Member(MemberError::Malformed | MemberError::TooLarge) => "invalid_member",
            Self::OtherLogin => "other_login",
            Self::ProofExpired => "proof_expired",
            Self::Unavailable => "unavailable",
            Self::Already => "already",
            Self::TooManyChannels => "too_many_channels",
            Self::TooManyAppChannels => "too_many_app_channels",
            Self::Member(MemberError::Full) => "channel_full",
        }
    }

    /// Returns the type of `pusher:subscription_error`.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::InvalidName(_) => "InvalidChannel",
            Self::Already | Self::TooManyChannels | Self::TooManyAppChannels | Self::Member(_) => "SubscriptionRefused",
            _ => "AuthError",
        }
    }

    /// Returns the HTTP-like status of `pusher:subscription_error`.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidName(_) | Self::NoMember | Self::InvalidMember => 400,
            Self::Already | Self::TooManyChannels | Self::TooManyAppChannels | Self::Member(_) => 409,
            Self::Unavailable => 503,
            _ => 401,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_cause_has_a_word_and_a_sentence_of_its_own() {
        let all = [
            JoinRefusal::InvalidName(InvalidChannelName),
            JoinRefusal::NoLogin,
            JoinRefusal::NotAllowed,
            JoinRefusal::NotInConversation,
            JoinRefusal::NotSignedIn,
            JoinRefusal::InvalidSignature,
            JoinRefusal::NoMember,
            JoinRefusal::InvalidMember,
            JoinRefusal::OtherLogin,
            JoinRefusal::ProofExpired,
            JoinRefusal::Unavailable,
            JoinRefusal::Already,
            JoinRefusal::TooManyChannels,
            JoinRefusal::TooManyAppChannels,
            JoinRefusal::Member(MemberError::Full),
        ];
        assert_eq!(all.map(JoinRefusal::reason), crate::telemetry::JOIN_REFUSALS);
        let sentences: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(sentences.len(), all.len());
        assert_eq!((JoinRefusal::NotInConversation.kind(), JoinRefusal::NotInConversation.status()), ("AuthError", 401));
        assert_eq!((JoinRefusal::Member(MemberError::Full).kind(), JoinRefusal::Unavailable.status()), ("SubscriptionRefused", 503));
    }
}
