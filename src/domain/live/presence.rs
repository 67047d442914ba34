//! Owns the rosters of presence channels. Called by the hub, the sockets and `wire/pusher`.
//! Invariant: a member is a user, not a connection; it joins with its first connection and leaves
//! with its last.

use serde::{Serialize, Serializer, ser::SerializeStruct};
use serde_json::value::RawValue;
use std::{collections::BTreeMap, sync::Arc};

/// Most members of one presence channel (docs/pusher-protocol.md, section 2.6).
pub const MAX_MEMBERS: usize = 100;
/// Most characters of a member's id.
pub const MAX_USER_ID: usize = 128;
/// Most bytes of a member's info.
pub const MAX_USER_INFO_BYTES: usize = 1024;

/// A user on a presence channel: the canonical text id, and the info as the application signed it.
#[derive(Debug, Clone)]
pub struct Member {
    /// Id of the user; text, also when the application sent a number.
    pub user_id: Arc<str>,
    /// Any JSON, forwarded untouched.
    pub user_info: Option<Arc<RawValue>>,
}

/// Reason why a member cannot join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// `channel_data` is not an object with a `user_id`.
    #[error("channel_data must be a JSON object with a user_id")]
    Malformed,
    /// The id or the info is over its limit.
    #[error("user_id has at most {MAX_USER_ID} characters and user_info at most {MAX_USER_INFO_BYTES} bytes")]
    TooLarge,
    /// The channel has [`MAX_MEMBERS`] members.
    #[error("a presence channel has at most {MAX_MEMBERS} members")]
    Full,
}

impl Member {
    /// Reads the `channel_data` of a presence subscription. The id may be a JSON number or text.
    pub fn parse(channel_data: &str) -> Result<Self, MemberError> {
        #[derive(serde::Deserialize)]
        struct ChannelData {
            user_id: serde_json::Value,
            #[serde(default)]
            user_info: Option<Box<RawValue>>,
        }
        let data: ChannelData = serde_json::from_str(channel_data).map_err(|_| MemberError::Malformed)?;
        let user_id = match data.user_id {
            serde_json::Value::String(text) if !text.is_empty() => text,
            serde_json::Value::Number(number) => number.to_string(),
            _ => return Err(MemberError::Malformed),
        };
        let info_bytes = data.user_info.as_ref().map_or(0, |info| info.get().len());
        if user_id.chars().count() > MAX_USER_ID || info_bytes > MAX_USER_INFO_BYTES {
            return Err(MemberError::TooLarge);
        }
        Ok(Self { user_id: user_id.into(), user_info: data.user_info.map(Arc::from) })
    }
}

/// The members of one channel, each with its number of connections. Serialises to the `presence`
/// object of docs/pusher-protocol.md, section 2.3.
#[derive(Debug, Default)]
pub struct Roster {
    members: BTreeMap<Arc<str>, RosterEntry>,
}

#[derive(Debug)]
struct RosterEntry {
    user_info: Option<Arc<RawValue>>,
    connections: u32,
}

impl Roster {
    /// Adds a connection of a member. Returns whether it is the member's first. Fails when the
    /// channel is full.
    pub fn join(&mut self, member: &Member) -> Result<bool, MemberError> {
        if let Some(entry) = self.members.get_mut(&member.user_id) {
            entry.connections += 1;
            return Ok(false);
        }
        if self.members.len() >= MAX_MEMBERS {
            return Err(MemberError::Full);
        }
        self.members.insert(member.user_id.clone(), RosterEntry { user_info: member.user_info.clone(), connections: 1 });
        Ok(true)
    }

    /// Removes one connection of a member. Returns whether it was the member's last.
    pub fn leave(&mut self, user_id: &str) -> bool {
        let Some(entry) = self.members.get_mut(user_id) else { return false };
        entry.connections -= 1;
        if entry.connections > 0 {
            return false;
        }
        self.members.remove(user_id);
        true
    }

    /// Returns the members, each with the info that other members see.
    pub fn members(&self) -> impl Iterator<Item = (&Arc<str>, Option<&Arc<RawValue>>)> {
        self.members.iter().map(|(user_id, entry)| (user_id, entry.user_info.as_ref()))
    }

    /// Makes a roster of members that another source counted.
    #[must_use]
    pub fn of(members: impl IntoIterator<Item = (Arc<str>, Option<Arc<RawValue>>)>) -> Self {
        Self { members: members.into_iter().map(|(user_id, user_info)| (user_id, RosterEntry { user_info, connections: 1 })).collect() }
    }

    /// Returns the number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Says whether the channel has no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

impl Serialize for Roster {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ids: Vec<&str> = self.members.keys().map(AsRef::as_ref).collect();
        let hash: BTreeMap<&str, Option<&RawValue>> =
            self.members.iter().map(|(id, entry)| (id.as_ref(), entry.user_info.as_deref())).collect();
        let mut presence = serializer.serialize_struct("presence", 3)?;
        presence.serialize_field("count", &ids.len())?;
        presence.serialize_field("hash", &hash)?;
        presence.serialize_field("ids", &ids)?;
        presence.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(data: &str) -> Member {
        Member::parse(data).unwrap()
    }

    #[test]
    fn a_member_joins_with_the_first_and_leaves_with_the_last_connection() {
        let mut roster = Roster::default();
        let ana = member(r#"{"user_id":"1","user_info":{"name":"Ana"}}"#);
        assert_eq!([roster.join(&ana), roster.join(&ana)], [Ok(true), Ok(false)]);
        assert_eq!([roster.leave("1"), roster.leave("1"), roster.leave("1")], [false, true, false]);
        assert!(roster.is_empty());
    }

    #[test]
    fn numeric_ids_become_text() {
        assert_eq!(&*member(r#"{"user_id":10}"#).user_id, "10");
        for data in ["", "[]", "{}", r#"{"user_id":""}"#, r#"{"user_id":null}"#, r#"{"user_id":{}}"#] {
            assert_eq!(Member::parse(data).unwrap_err(), MemberError::Malformed, "{data}");
        }
        let large = format!(r#"{{"user_id":"1","user_info":"{}"}}"#, "x".repeat(1024));
        assert_eq!(Member::parse(&large).unwrap_err(), MemberError::TooLarge);
    }

    #[test]
    fn the_hundred_and_first_member_is_refused_but_not_another_tab() {
        let mut roster = Roster::default();
        for id in 0..MAX_MEMBERS {
            assert_eq!(roster.join(&member(&format!(r#"{{"user_id":{id}}}"#))), Ok(true));
        }
        assert_eq!(roster.join(&member(r#"{"user_id":"new"}"#)), Err(MemberError::Full));
        assert_eq!(roster.join(&member(r#"{"user_id":5}"#)), Ok(false));
        assert_eq!(roster.len(), MAX_MEMBERS);
    }
}
