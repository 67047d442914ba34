//! Owns the messages between nodes: [`Envelope`], and its bytes for the bus over Redis. Called by
//! the hub, and by the buses and the census in `backends`. Must not carry a token or a key.
//!
//! - The bytes are a versioned header line; for publications the frame's text follows, as the
//!   sockets get it. So no node encodes it again.
//! - Lua in the census writes publications behind [`Envelope::publish_head`].

use super::frame::Frame;
use crate::domain::{
    ids::{AppId, LoginId, MessageId, SocketId, UserId},
    live::channel::ChannelName,
    topic::Topic,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const VERSION: u8 = 1;

/// A message for every node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Envelope {
    /// Send a frame to the listeners of a channel. Shared: each shard of a node gets the same one.
    Publish(Arc<Publication>),
    /// End the sockets of an account.
    EndSockets {
        /// The account.
        user: UserId,
        /// Only those of one login.
        login: Option<LoginId>,
        /// Sent to them before they are closed: an event of the account's channel.
        farewell: Box<Publication>,
    },
    /// Take the sockets of an account off a presence channel.
    LeaveChannel {
        /// The account; the id under which its sockets are members.
        user: UserId,
        /// The channel.
        topic: Topic,
    },
    /// End a growing answer of the companion, on the node where it grows.
    StopAnswer {
        /// Which.
        answer: MessageId,
    },
    /// Close the sockets that are signed in as a user of an app with 4009.
    EndUser {
        /// The topic they listen to: [`ChannelName::sign_in`].
        topic: Topic,
    },
    /// Connected apps changed in the database: load them anew.
    AppsChanged,
    /// An admin watches an app: tell what happens there for a while.
    WatchApp {
        /// Which.
        app: AppId,
    },
}

/// One frame for the listeners of one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Where to.
    pub topic: Topic,
    /// Encoded once.
    pub frame: Frame,
    /// The socket that caused it and does not hear it.
    pub except: Option<SocketId>,
    /// Position in the log, for events that have a row.
    pub position: Option<i64>,
    /// Version of who is there after this coming or going; versions grow from event to event.
    pub roster: Option<u64>,
    /// Version of an event that a cache channel keeps; versions grow from event to event.
    pub kept: Option<u64>,
}

impl Publication {
    /// Makes a publication for all listeners of a channel.
    #[must_use]
    pub const fn new(topic: Topic, frame: Frame) -> Self {
        Self { topic, frame, except: None, position: None, roster: None, kept: None }
    }
}

/// Says that bytes from the bus are not an envelope of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an envelope of version {VERSION}")]
pub struct InvalidEnvelope;

#[derive(Serialize, Deserialize)]
struct Header {
    v: u8,
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    app: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    except: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    roster: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    login: Option<LoginId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<MessageId>,
}

#[derive(Serialize, Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Publish,
    EndSockets,
    LeaveChannel,
    StopAnswer,
    EndUser,
    AppsChanged,
    WatchApp,
}

impl From<Publication> for Envelope {
    fn from(publication: Publication) -> Self {
        Self::Publish(Arc::new(publication))
    }
}

impl Envelope {
    /// Encodes for a bus that leaves this process.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let empty = |kind| Header {
            v: VERSION,
            kind,
            app: None,
            channel: None,
            except: None,
            position: None,
            roster: None,
            kept: None,
            user: None,
            login: None,
            answer: None,
        };
        let addressed = |kind, publication: &Publication| Header {
            app: Some(publication.topic.app.0.to_string()),
            channel: Some(publication.topic.channel.to_string()),
            except: publication.except.map(|socket| socket.to_string()),
            position: publication.position,
            roster: publication.roster,
            kept: publication.kept,
            ..empty(kind)
        };
        let (header, payload) = match self {
            Self::Publish(publication) => (addressed(Kind::Publish, publication), publication.frame.payload()),
            Self::EndSockets { user, login, farewell } => {
                let header = Header { user: Some(*user), login: *login, ..addressed(Kind::EndSockets, farewell) };
                (header, farewell.frame.payload())
            }
            Self::LeaveChannel { user, topic } => {
                let (app, channel) = (Some(topic.app.0.to_string()), Some(topic.channel.to_string()));
                (Header { user: Some(*user), app, channel, ..empty(Kind::LeaveChannel) }, Bytes::new())
            }
            Self::StopAnswer { answer } => (Header { answer: Some(*answer), ..empty(Kind::StopAnswer) }, Bytes::new()),
            Self::EndUser { topic } => {
                let (app, channel) = (Some(topic.app.0.to_string()), Some(topic.channel.to_string()));
                (Header { app, channel, ..empty(Kind::EndUser) }, Bytes::new())
            }
            Self::AppsChanged => (empty(Kind::AppsChanged), Bytes::new()),
            Self::WatchApp { app } => (Header { app: Some(app.0.to_string()), ..empty(Kind::WatchApp) }, Bytes::new()),
        };
        let mut bytes = serde_json::to_vec(&header).unwrap_or_default();
        bytes.push(b'\n');
        bytes.extend_from_slice(&payload);
        bytes.into()
    }

    /// Returns the beginning of a publication on the bus, for Lua that writes the rest of it:
    /// `,"key":value` members may follow, then `}`, a line feed and the frame's text.
    #[must_use]
    pub fn publish_head(topic: &Topic) -> String {
        let (app, channel) = (json_text(&topic.app.0), json_text(topic.channel.as_str()));
        format!(r#"{{"v":{VERSION},"kind":"publish","app":{app},"channel":{channel}"#)
    }

    /// Returns the position in the log, for publications that have a row.
    #[must_use]
    pub fn position(&self) -> Option<i64> {
        match self {
            Self::Publish(publication) => publication.position,
            Self::EndSockets { .. }
            | Self::LeaveChannel { .. }
            | Self::StopAnswer { .. }
            | Self::EndUser { .. }
            | Self::AppsChanged
            | Self::WatchApp { .. } => None,
        }
    }

    /// Parses the bytes of [`Self::to_bytes`]. Fails with [`InvalidEnvelope`] on anything else,
    /// other versions included.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidEnvelope> {
        let split = bytes.iter().position(|byte| *byte == b'\n').ok_or(InvalidEnvelope)?;
        let (head, rest) = bytes.split_at(split);
        let header: Header = serde_json::from_slice(head).map_err(|_| InvalidEnvelope)?;
        if header.v != VERSION {
            return Err(InvalidEnvelope);
        }
        match header.kind {
            Kind::Publish => Ok(header.publication(rest)?.into()),
            Kind::EndSockets => Ok(Self::EndSockets {
                user: header.user.ok_or(InvalidEnvelope)?,
                login: header.login,
                farewell: Box::new(header.publication(rest)?),
            }),
            Kind::LeaveChannel => Ok(Self::LeaveChannel { user: header.user.ok_or(InvalidEnvelope)?, topic: header.topic()? }),
            Kind::StopAnswer => Ok(Self::StopAnswer { answer: header.answer.ok_or(InvalidEnvelope)? }),
            Kind::EndUser => Ok(Self::EndUser { topic: header.topic()? }),
            Kind::AppsChanged => Ok(Self::AppsChanged),
            Kind::WatchApp => Ok(Self::WatchApp { app: header.app()? }),
        }
    }
}

/// Writes a text as JSON; cannot fail.
fn json_text(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

impl Header {
    fn app(&self) -> Result<AppId, InvalidEnvelope> {
        self.app.as_deref().map(|app| AppId(app.into())).ok_or(InvalidEnvelope)
    }

    fn topic(&self) -> Result<Topic, InvalidEnvelope> {
        let channel = self.channel.as_deref().ok_or(InvalidEnvelope)?;
        Ok(Topic { app: self.app()?, channel: ChannelName::parse_any(channel).map_err(|_| InvalidEnvelope)? })
    }

    fn publication(&self, rest: &[u8]) -> Result<Publication, InvalidEnvelope> {
        let text = rest.get(1..).and_then(|text| std::str::from_utf8(text).ok()).ok_or(InvalidEnvelope)?;
        let except = match self.except.as_deref() {
            Some(socket) => Some(SocketId::parse(socket).ok_or(InvalidEnvelope)?),
            None => None,
        };
        let (topic, frame) = (self.topic()?, Frame::text(text));
        Ok(Publication { topic, frame, except, position: self.position, roster: self.roster, kept: self.kept })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publication() -> Publication {
        Publication {
            topic: Topic { app: AppId("1001".into()), channel: ChannelName::parse("news").unwrap() },
            frame: Frame::text("{\"a\":\"line\\nline\"}\nand a real line feed"),
            except: Some(SocketId::new(1, 2)),
            position: Some(7),
            roster: Some(3),
            kept: Some(4),
        }
    }

    #[test]
    fn envelopes_round_trip() {
        let end = Envelope::EndSockets { user: UserId::generate(), login: Some(LoginId::generate()), farewell: Box::new(publication()) };
        let leave = Envelope::LeaveChannel { user: UserId::generate(), topic: publication().topic };
        let stop = Envelope::StopAnswer { answer: MessageId::generate() };
        let watch = Envelope::WatchApp { app: AppId("1001".into()) };
        let end_user = Envelope::EndUser { topic: Topic { channel: ChannelName::sign_in("7"), ..publication().topic } };
        for envelope in [publication().into(), end, leave, stop, end_user, Envelope::AppsChanged, watch] {
            assert_eq!(Envelope::parse(&envelope.to_bytes()), Ok(envelope));
        }
    }

    #[test]
    fn what_is_written_behind_a_head_is_read_as_a_publication() {
        let topic = Topic { channel: ChannelName::watched("a\"b"), ..publication().topic };
        let bytes = format!("{},\"except\":\"1.2\",\"roster\":3}}\n{{}}", Envelope::publish_head(&topic));
        let expected = Publication { except: Some(SocketId::new(1, 2)), roster: Some(3), ..Publication::new(topic, Frame::text("{}")) };
        assert_eq!(Envelope::parse(bytes.as_bytes()), Ok(expected.into()));
    }

    #[test]
    fn other_versions_and_noise_are_refused() {
        for bytes in [
            &b""[..],
            b"\n",
            b"{}",
            b"{\"v\":2,\"kind\":\"publish\"}\n{}",
            b"{\"v\":1,\"kind\":\"publish\"}\n{}",
            b"{\"v\":1,\"kind\":\"leave_channel\"}\n",
            b"{\"v\":1,\"kind\":\"stop_answer\"}\n",
            b"{\"v\":1,\"kind\":\"watch_app\"}\n",
            b"\xff\n",
        ] {
            assert_eq!(Envelope::parse(bytes), Err(InvalidEnvelope));
        }
    }
}
