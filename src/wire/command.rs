//! Owns the frames that a client sends. Called by `actors/sockets/session` and
//! `actors/sockets/sign_in`. Source: docs/pusher-protocol.md, section 2.2. Lenient where real
//! clients differ. Invariant: no frame makes it panic.

use serde::Deserialize;
use serde_json::value::RawValue;

/// Command of a client.
#[derive(Debug)]
pub enum Command {
    /// Join a channel.
    Subscribe(Subscription),
    /// Leave a channel; no reply.
    Unsubscribe {
        /// Name as sent.
        channel: String,
    },
    /// Sign the socket in as a user of the app.
    SignIn(SignIn),
    /// Ask whether the server answers.
    Ping,
    /// Answer a ping of the server.
    Pong,
    /// Send an event to the other subscribers of a channel.
    ClientEvent {
        /// Name; it begins with `client-`.
        event: String,
        /// Name as sent.
        channel: String,
        /// Forwarded with its JSON type.
        data: Box<RawValue>,
    },
    /// An event that this server does not accept from clients.
    Unknown {
        /// The name.
        event: String,
    },
}

/// Data of `pusher:subscribe`. Empty and null proofs count as absent, because pusher-js sends them.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Subscription {
    /// Name as sent.
    #[serde(default)]
    pub channel: String,
    /// `key:signature`.
    #[serde(default)]
    pub auth: Option<String>,
    /// Signed JSON text with `user_id` and `user_info`.
    #[serde(default)]
    pub channel_data: Option<String>,
}

/// Data of `pusher:signin`.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub struct SignIn {
    /// `key:signature`.
    pub auth: String,
    /// Signed JSON text with `id`, and perhaps `user_info` and `watchlist`.
    pub user_data: String,
}

/// Says why a frame is not a command. The server sends the text back to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedFrame {
    /// Not JSON, or not an object with an `event`.
    #[error("frame is not a JSON object with a text field 'event'")]
    NotAnEvent,
    /// `data` does not fit the event.
    #[error("field 'data' does not fit the event")]
    Data,
    /// A client event without a channel.
    #[error("client events need a text field 'channel'")]
    Channel,
}

#[derive(Deserialize)]
struct CommandEnvelope<'a> {
    event: String,
    #[serde(default)]
    channel: Option<String>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// Reads one text frame. Fails with [`MalformedFrame`]; the socket stays open.
pub fn parse(text: &str) -> Result<Command, MalformedFrame> {
    let envelope: CommandEnvelope<'_> = serde_json::from_str(text).map_err(|_| MalformedFrame::NotAnEvent)?;
    match envelope.event.as_str() {
        "pusher:subscribe" => {
            let mut subscription: Subscription = parse_data(envelope.data)?;
            subscription.auth = subscription.auth.filter(|auth| !auth.is_empty());
            if subscription.channel.is_empty() {
                return Err(MalformedFrame::Data);
            }
            Ok(Command::Subscribe(subscription))
        }
        "pusher:unsubscribe" => {
            let subscription: Subscription = parse_data(envelope.data)?;
            Ok(Command::Unsubscribe { channel: subscription.channel })
        }
        "pusher:signin" => Ok(Command::SignIn(parse_data(envelope.data)?)),
        "pusher:ping" => Ok(Command::Ping),
        "pusher:pong" => Ok(Command::Pong),
        event if event.starts_with("client-") => {
            let channel = envelope.channel.ok_or(MalformedFrame::Channel)?;
            let data = envelope.data.map_or_else(|| RawValue::NULL.to_owned(), ToOwned::to_owned);
            Ok(Command::ClientEvent { event: envelope.event, channel, data })
        }
        _ => Ok(Command::Unknown { event: envelope.event }),
    }
}

/// Reads `data` as an object, or as a JSON text of an object, because some SDKs encode twice.
fn parse_data<T: serde::de::DeserializeOwned>(data: Option<&RawValue>) -> Result<T, MalformedFrame> {
    let raw = data.ok_or(MalformedFrame::Data)?.get();
    if raw.starts_with('"') {
        let inner: String = serde_json::from_str(raw).map_err(|_| MalformedFrame::Data)?;
        return serde_json::from_str(&inner).map_err(|_| MalformedFrame::Data);
    }
    serde_json::from_str(raw).map_err(|_| MalformedFrame::Data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn subscription(text: &str) -> Subscription {
        match parse(text) {
            Ok(Command::Subscribe(subscription)) => subscription,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn empty_and_null_proofs_count_as_absent() {
        let plain = Subscription { channel: "news".into(), ..Subscription::default() };
        for text in [
            r#"{"event":"pusher:subscribe","data":{"channel":"news"}}"#,
            r#"{"event":"pusher:subscribe","data":{"channel":"news","auth":"","channel_data":null}}"#,
            r#"{"event":"pusher:subscribe","data":"{\"channel\":\"news\",\"auth\":null}"}"#,
        ] {
            assert_eq!(subscription(text), plain, "{text}");
        }
    }

    #[test]
    fn sign_ins_are_read_in_both_spellings() {
        let expected = SignIn { auth: "k:s".into(), user_data: r#"{"id":"7"}"#.into() };
        for data in [r#"{"auth":"k:s","user_data":"{\"id\":\"7\"}"}"#, r#""{\"auth\":\"k:s\",\"user_data\":\"{\\\"id\\\":\\\"7\\\"}\"}""#] {
            let Ok(Command::SignIn(read)) = parse(&format!(r#"{{"event":"pusher:signin","data":{data}}}"#)) else { panic!("{data}") };
            assert_eq!(read, expected);
        }
        assert_eq!(parse(r#"{"event":"pusher:signin","data":{"auth":"k:s"}}"#).unwrap_err(), MalformedFrame::Data);
    }

    #[test]
    fn pings_are_read_with_any_data_or_none() {
        for data in ["", r#","data":"""#, r#","data":{}"#, r#","data":null"#] {
            assert!(matches!(parse(&format!(r#"{{"event":"pusher:ping"{data}}}"#)), Ok(Command::Ping)));
        }
    }

    #[test]
    fn client_events_keep_the_json_type_of_their_data() {
        for data in ["1", r#""text""#, r#"{"a": 1}"#, "[]", "null"] {
            let text = format!(r#"{{"event":"client-x","channel":"private-a","data":{data}}}"#);
            let Ok(Command::ClientEvent { data: kept, .. }) = parse(&text) else { panic!("{text}") };
            assert_eq!(kept.get(), data);
        }
        assert_eq!(parse(r#"{"event":"client-x","data":1}"#).unwrap_err(), MalformedFrame::Channel);
    }

    #[test]
    fn other_frames_are_told_apart_from_malformed_ones() {
        assert!(matches!(parse(r#"{"event":"pusher:hello"}"#), Ok(Command::Unknown { .. })));
        for text in ["", "[]", "{}", "nonsense", r#"{"event":1}"#, r#"{"event":null}"#] {
            assert_eq!(parse(text).unwrap_err(), MalformedFrame::NotAnEvent, "{text}");
        }
        for text in [
            r#"{"event":"pusher:subscribe"}"#,
            r#"{"event":"pusher:subscribe","data":"{"}"#,
            r#"{"event":"pusher:subscribe","data":{"channel":1}}"#,
            r#"{"event":"pusher:subscribe","data":{}}"#,
        ] {
            assert_eq!(parse(text).unwrap_err(), MalformedFrame::Data, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn no_subscribe_data_makes_the_parser_panic(data in ".{0,80}") {
            let _ = parse(&format!(r#"{{"event":"pusher:subscribe","data":{data}}}"#));
        }
    }
}
