//! Owns the bodies that the server sends to the webhooks of a connected app
//! (docs/pusher-protocol.md, section 2.9). Called by `services/apps/webhooks`. The text of an event
//! is made once, when the event happens. The body around it is made anew for every attempt, because
//! receivers refuse a time stamp older than five minutes.

use super::signature::to_hex;
use crate::domain::apps::app_happening::{AppHappening, AppHappeningKind};
use ring::digest;
use serde::{Deserialize, Serialize};

/// The JSON of an event, with the fields in the vendor's order.
#[derive(Debug, Serialize)]
struct EventText<'a> {
    name: &'static str,
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    socket_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription_count: Option<u64>,
}

/// Subject of an event that says that a channel is vacated or that a member left. Such an event is
/// cancelled if the subject returns in time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Absence {
    /// The channel.
    pub channel: String,
    /// The member that left; `None` if the channel was vacated.
    #[serde(default)]
    pub user_id: Option<String>,
}

impl Absence {
    /// Reads the subject from the text of a `channel_vacated` or `member_removed`; `None` if the
    /// text does not read.
    #[must_use]
    pub fn parse(event: &str) -> Option<Self> {
        serde_json::from_str(event).ok()
    }
}

/// Returns the text of an event: a JSON object.
#[must_use]
pub fn event_text(event: &AppHappening) -> String {
    let name = event.kind.webhook_event().as_str();
    let mut text = EventText {
        name,
        channel: event.channel.as_str(),
        event: None,
        data: None,
        socket_id: None,
        user_id: None,
        subscription_count: None,
    };
    let unquoted;
    match &event.kind {
        AppHappeningKind::Occupied | AppHappeningKind::Vacated | AppHappeningKind::CacheMiss => {}
        AppHappeningKind::MemberAdded { user_id } | AppHappeningKind::MemberRemoved { user_id } => text.user_id = Some(user_id),
        AppHappeningKind::Count(count) => text.subscription_count = Some(*count),
        AppHappeningKind::Client { event, data, socket, user_id } => {
            // The wire carries data as text: the string that the client sent, or the JSON that it
            // sent.
            unquoted = serde_json::from_str::<String>(data).unwrap_or_else(|_| data.clone());
            text.event = Some(event);
            text.data = Some(&unquoted);
            text.socket_id = Some(socket.to_string());
            text.user_id = user_id.as_deref();
        }
    }
    // Text and numbers always serialise.
    serde_json::to_string(&text).unwrap_or_default()
}

/// Returns the name in the text of an event.
#[must_use]
pub fn event_name(event: &str) -> Option<&str> {
    #[derive(Deserialize)]
    struct Named<'a> {
        name: &'a str,
    }
    serde_json::from_str::<Named<'_>>(event).ok().map(|named| named.name)
}

/// Returns the body of one attempt, stamped with `time_ms`.
#[must_use]
pub fn body_text<'a>(time_ms: i64, events: impl IntoIterator<Item = &'a str>) -> String {
    let events: Vec<&str> = events.into_iter().collect();
    format!(r#"{{"time_ms":{time_ms},"events":[{}]}}"#, events.join(","))
}

/// Returns a hash that identifies a subject within its app: 64 hex digits.
#[must_use]
pub fn fingerprint(parts: &[&str]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    to_hex(context.finish().as_ref())
}

/// Returns the subject that an event says has come or gone; `None` for events that are never
/// cancelled.
#[must_use]
pub fn subject(event: &AppHappening) -> Option<String> {
    let channel = event.channel.as_str();
    match &event.kind {
        AppHappeningKind::Occupied | AppHappeningKind::Vacated => Some(fingerprint(&["channel", channel])),
        AppHappeningKind::MemberAdded { user_id } | AppHappeningKind::MemberRemoved { user_id } => {
            Some(fingerprint(&["member", channel, user_id]))
        }
        AppHappeningKind::Client { .. } | AppHappeningKind::CacheMiss | AppHappeningKind::Count(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            ids::{AppId, SocketId},
            live::channel::ChannelName,
        },
        wire::signature::SecretKey,
    };

    fn event(channel: &str, kind: AppHappeningKind) -> AppHappening {
        AppHappening { app: AppId("1".into()), channel: ChannelName::parse(channel).unwrap(), kind }
    }

    #[test]
    fn the_vendors_vector_holds() {
        let body = body_text(1_327_078_148_132, [event_text(&event("my-channel", AppHappeningKind::Occupied)).as_str()]);
        assert_eq!(body, r#"{"time_ms":1327078148132,"events":[{"name":"channel_occupied","channel":"my-channel"}]}"#);
        let signature = SecretKey::new(b"7ad3773142a6692b25b8").sign(&body);
        assert_eq!(signature, "c19001ae3963ccb13bf618e5b16ba9848e7e74df0993aa0689168e341c6833cf");
    }

    #[test]
    fn events_have_the_fields_of_the_contract() {
        let text = |kind| event_text(&event("presence-a", kind));
        let ana = || "ana".to_owned();
        assert_eq!(event_name(&text(AppHappeningKind::Vacated)), Some("channel_vacated"));
        assert_eq!(text(AppHappeningKind::Vacated), r#"{"name":"channel_vacated","channel":"presence-a"}"#);
        assert_eq!(
            text(AppHappeningKind::MemberAdded { user_id: ana() }),
            r#"{"name":"member_added","channel":"presence-a","user_id":"ana"}"#
        );
        assert_eq!(
            text(AppHappeningKind::MemberRemoved { user_id: ana() }),
            r#"{"name":"member_removed","channel":"presence-a","user_id":"ana"}"#
        );
        assert_eq!(text(AppHappeningKind::CacheMiss), r#"{"name":"cache_miss","channel":"presence-a"}"#);
        assert_eq!(text(AppHappeningKind::Count(3)), r#"{"name":"subscription_count","channel":"presence-a","subscription_count":3}"#);
        let client = |data: &str| {
            let (event, data, user_id) = ("client-x".to_owned(), data.to_owned(), Some("ana".into()));
            text(AppHappeningKind::Client { event, data, socket: SocketId::new(1, 2), user_id })
        };
        let expected =
            r#"{"name":"client_event","channel":"presence-a","event":"client-x","data":"{\"a\":1}","socket_id":"1.2","user_id":"ana"}"#;
        assert_eq!(client(r#"{"a":1}"#), expected);
        assert_eq!(client(r#""{\"a\":1}""#), expected);
    }

    #[test]
    fn who_comes_and_who_goes_are_one_subject() {
        let of = |kind| subject(&event("presence-a", kind));
        assert_eq!(of(AppHappeningKind::Occupied), of(AppHappeningKind::Vacated));
        let member = |user: &str| of(AppHappeningKind::MemberAdded { user_id: user.to_owned() });
        assert_eq!(member("ana"), of(AppHappeningKind::MemberRemoved { user_id: "ana".into() }));
        assert!(member("ana") != member("budi") && member("ana") != of(AppHappeningKind::Vacated) && member("ana").is_some());
        assert_eq!(of(AppHappeningKind::CacheMiss), None);
        assert_ne!(fingerprint(&["a", "bc"]), fingerprint(&["ab", "c"]));
        let left = event_text(&event("presence-a", AppHappeningKind::MemberRemoved { user_id: "ana".into() }));
        assert_eq!(Absence::parse(&left), Some(Absence { channel: "presence-a".into(), user_id: Some("ana".into()) }));
    }
}
