//! Owns the frames that the server sends, as text of Pusher protocol 7. Called by the hub, the
//! sockets, the census and the companion. Source: docs/pusher-protocol.md, section 2.3; `S{…}`
//! there is a JSON string here.

use super::{codes::PusherCode, frame::Frame};
use crate::domain::{
    ids::SocketId,
    live::{channel::ChannelName, presence::Roster},
};
use serde::Serialize;
use serde_json::{json, value::RawValue};

/// An event on a channel.
#[derive(Serialize)]
struct ChannelEvent<'a, D: Serialize> {
    event: &'a str,
    channel: &'a str,
    data: D,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
}

/// A member that joined. `json!` would parse the info first, and panic if it is nested deeper than
/// its parser goes.
#[derive(Serialize)]
struct MemberAdded<'a> {
    user_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_info: Option<&'a RawValue>,
}

/// The members of a channel; does not use `json!` for the same reason.
#[derive(Serialize)]
struct Presence<'a> {
    presence: &'a Roster,
}

/// Writes a value whose serialisation cannot fail (strings and numbers only).
fn to_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The first frame of every socket.
#[must_use]
pub fn connection_established(socket: SocketId, activity_timeout_s: u64) -> Frame {
    let data = to_text(&json!({ "socket_id": socket.to_string(), "activity_timeout": activity_timeout_s }));
    Frame::text(&to_text(&json!({ "event": "pusher:connection_established", "data": data })))
}

/// The answer to a subscription of a channel without members.
#[must_use]
pub fn subscription_succeeded(channel: &ChannelName) -> Frame {
    channel_event(channel, "pusher_internal:subscription_succeeded", "{}")
}

/// The answer to a subscription of a presence channel; the members include the one that joins.
#[must_use]
pub fn presence_succeeded(channel: &ChannelName, roster: &Roster) -> Frame {
    channel_event(channel, "pusher_internal:subscription_succeeded", &to_text(&Presence { presence: roster }))
}

/// The refusal of a subscription; the socket stays open.
#[must_use]
pub fn subscription_error(channel: &str, kind: &str, message: &str, status: u16) -> Frame {
    Frame::text(&to_text(&json!({
        "event": "pusher:subscription_error",
        "channel": channel,
        "data": { "type": kind, "error": message, "status": status },
    })))
}

/// The first connection of a member joined.
#[must_use]
pub fn member_added(channel: &ChannelName, user_id: &str, user_info: Option<&RawValue>) -> Frame {
    channel_event(channel, "pusher_internal:member_added", &to_text(&MemberAdded { user_id, user_info }))
}

/// The last connection of a member left.
#[must_use]
pub fn member_removed(channel: &ChannelName, user_id: &str) -> Frame {
    channel_event(channel, "pusher_internal:member_removed", &to_text(&json!({ "user_id": user_id })))
}

/// An event on a channel; `data` is forwarded byte for byte as a JSON string.
#[must_use]
pub fn channel_event(channel: &ChannelName, event: &str, data: &str) -> Frame {
    Frame::text(&to_text(&ChannelEvent { event, channel: channel.as_str(), data, user_id: None }))
}

/// An event that a client sends to the other subscribers. `data` keeps its JSON type; `user_id` is
/// there on presence channels only.
#[must_use]
pub fn client_event(channel: &ChannelName, event: &str, data: &RawValue, user_id: Option<&str>) -> Frame {
    Frame::text(&to_text(&ChannelEvent { event, channel: channel.as_str(), data, user_id }))
}

/// A client event with a name only; `data` is an empty object.
#[must_use]
pub fn empty_client_event(channel: &ChannelName, event: &str, user_id: Option<&str>) -> Frame {
    Frame::text(&to_text(&ChannelEvent { event, channel: channel.as_str(), data: json!({}), user_id }))
}

/// The answer to a sign-in; `user_data` is the text that the client sent.
#[must_use]
pub fn signin_success(user_data: &str) -> Frame {
    let data = to_text(&json!({ "user_data": user_data }));
    Frame::text(&to_text(&json!({ "event": "pusher:signin_success", "data": data })))
}

/// The users of a watchlist that are online and that are offline; belongs to no channel.
#[must_use]
pub fn watchlist_events(online: &[&str], offline: &[&str]) -> Frame {
    let lists = [("online", online), ("offline", offline)].into_iter().filter(|(_, users)| !users.is_empty());
    let events: Vec<_> = lists.map(|(name, users)| json!({ "name": name, "user_ids": users })).collect();
    let data = to_text(&json!({ "events": events }));
    Frame::text(&to_text(&json!({ "event": "pusher_internal:watchlist_events", "data": data })))
}

/// The number of sockets that listen to a channel.
#[must_use]
pub fn subscription_count(channel: &ChannelName, count: u64) -> Frame {
    channel_event(channel, "pusher_internal:subscription_count", &to_text(&json!({ "subscription_count": count })))
}

/// Says that a cache channel holds no event.
#[must_use]
pub fn cache_miss(channel: &ChannelName) -> Frame {
    channel_event(channel, "pusher:cache_miss", "{}")
}

/// An error of the whole socket. `data` is an object, because Pysher does not read a string there.
#[must_use]
pub fn error(code: Option<PusherCode>, message: &str) -> Frame {
    Frame::text(&to_text(&json!({ "event": "pusher:error", "data": { "message": message, "code": code.map(PusherCode::number) } })))
}

/// Asks a silent client whether it is there.
#[must_use]
pub fn ping() -> Frame {
    Frame::text(r#"{"event":"pusher:ping","data":"{}"}"#)
}

/// Answers a client's ping.
#[must_use]
pub fn pong() -> Frame {
    Frame::text(r#"{"event":"pusher:pong","data":"{}"}"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::live::presence::Member;

    fn text(frame: &Frame) -> String {
        String::from_utf8(frame.payload().to_vec()).unwrap()
    }

    fn channel(name: &str) -> ChannelName {
        ChannelName::parse(name).unwrap()
    }

    #[test]
    fn what_is_told_about_a_member_is_passed_on_as_it_was_signed_however_it_is_nested() {
        let info = format!("{}12345678901234567890123{}", "[".repeat(400), "]".repeat(400));
        let member = Member::parse(&format!(r#"{{"user_id":"1","user_info":{info}}}"#)).unwrap();
        let mut roster = Roster::default();
        roster.join(&member).unwrap();
        let room = channel("presence-a");
        for frame in [presence_succeeded(&room, &roster), member_added(&room, "1", member.user_info.as_deref())] {
            assert!(text(&frame).contains(&info), "{}", text(&frame));
        }
    }

    #[test]
    fn frames_equal_the_golden_texts() {
        let established = connection_established(SocketId::new(123, 456), 120);
        let mut roster = Roster::default();
        roster.join(&Member::parse(r#"{"user_id":"1","user_info":{"name":"Ana"}}"#).unwrap()).unwrap();
        let info = RawValue::from_string(r#"{"name":"Ana"}"#.into()).unwrap();
        let golden = include_str!("../../tests/golden/pusher_frames.txt");
        let frames = [
            established,
            subscription_succeeded(&channel("news")),
            presence_succeeded(&channel("presence-a"), &roster),
            subscription_error("private-a", "AuthError", "not authorised", 401),
            member_added(&channel("presence-a"), "1", Some(&info)),
            member_removed(&channel("presence-a"), "1"),
            channel_event(&channel("news"), "hello", "{\"a\": \"é\"}"),
            client_event(&channel("presence-a"), "client-typing", &info, Some("1")),
            client_event(&channel("private-a"), "client-typing", &info, None),
            empty_client_event(&channel("presence-a"), "client-typing", Some("1")),
            signin_success(r#"{"id":"7"}"#),
            watchlist_events(&["8"], &["5"]),
            subscription_count(&channel("news"), 3),
            cache_miss(&channel("cache-a")),
            error(Some(PusherCode::NoSuchApp), "Application does not exist"),
            error(None, "malformed frame"),
            ping(),
            pong(),
        ];
        let written: Vec<_> = frames.iter().map(text).collect();
        assert_eq!(written, golden.lines().collect::<Vec<_>>(), "\n{}", written.join("\n"));
    }
}
