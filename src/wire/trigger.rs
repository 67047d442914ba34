//! Owns the bodies that a backend posts to publish (docs/pusher-protocol.md, section 2.8): one
//! event for several channels, or a batch of events with one channel each. Called by
//! `http/resources/apps` and `services/apps/backend_api`.

use crate::domain::{
    ids::SocketId,
    live::channel::ChannelName,
    shape::{Anything, Text},
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use std::borrow::Cow;

/// Most channels of one event.
pub const MAX_CHANNELS: usize = 100;
/// Most events of one batch.
pub const MAX_BATCH: usize = 10;
/// Longest event name, in characters.
pub const MAX_EVENT_NAME: usize = 200;

/// Attributes of a channel that a backend asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attributes {
    /// The number of users; presence channels only.
    pub user_count: bool,
    /// The number of sockets that listen.
    pub subscription_count: bool,
    /// The last event; cache channels only.
    pub cache: bool,
}

/// An event to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Name of the event.
    pub name: String,
    /// Channels to publish on, each once.
    pub channels: Vec<ChannelName>,
    /// Data of the event: a JSON string as its content, other JSON as its text.
    pub data: String,
    /// Socket that does not receive the event.
    pub except: Option<SocketId>,
    /// Attributes of the channels that the answer must contain.
    pub info: Attributes,
}

/// Says why a body is refused. The text is for the programmer of the backend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TriggerError {
    /// The body does not read (status 400).
    #[error("{0}")]
    Malformed(String),
    /// The data of an event is too large (status 413).
    #[error("The data content of this event exceeds the allowed maximum ({limit} bytes)")]
    TooLarge {
        /// Largest size allowed, in bytes.
        limit: usize,
    },
}

fn malformed(text: impl Into<String>) -> TriggerError {
    TriggerError::Malformed(text.into())
}

impl Attributes {
    /// Reads a list such as `user_count,subscription_count`. Fails with a sentence if a name does
    /// not exist.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut attributes = Self::default();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "user_count" => attributes.user_count = true,
                "subscription_count" => attributes.subscription_count = true,
                "cache" => attributes.cache = true,
                _ => return Err("info knows user_count, subscription_count and cache".to_owned()),
            }
        }
        Ok(attributes)
    }

    /// Says whether the backend asks for no attribute.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// The body of `POST events`, and an event of a batch.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RawEvent<'a> {
    /// Its name.
    #[schemars(length(min = 1, max = MAX_EVENT_NAME))]
    name: String,
    /// Text, forwarded byte for byte; other JSON as its text. At most `payload_bytes` of the app,
    /// 10,240 by default.
    #[serde(borrow)]
    #[schemars(with = "Anything")]
    data: Option<&'a RawValue>,
    /// At most 100.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    channels: Option<Vec<String>>,
    /// Instead of `channels`.
    #[serde(default)]
    #[schemars(with = "Text")]
    channel: Option<String>,
    /// The socket that does not hear it.
    #[serde(default)]
    #[schemars(with = "Text")]
    socket_id: Option<String>,
    /// `user_count`, `subscription_count`: what the answer tells about the channels.
    #[serde(default)]
    #[schemars(with = "Text")]
    info: Option<String>,
}

/// The body of `POST batch_events`.
#[derive(Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RawBatch<'a> {
    /// At most 10.
    #[serde(borrow)]
    #[schemars(with = "Vec<BatchEvent>")]
    batch: Vec<RawEvent<'a>>,
}

/// The shape of an event of a batch: a [`RawEvent`] for one channel.
struct BatchEvent;

impl JsonSchema for BatchEvent {
    fn schema_name() -> Cow<'static, str> {
        "BatchEvent".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut event = RawEvent::json_schema(generator);
        if let Some(Value::Object(fields)) = event.get_mut("properties") {
            fields.remove("channels");
            if let Some(Value::Object(channel)) = fields.get_mut("channel") {
                channel.remove("description");
            }
        }
        if let Some(Value::Array(required)) = event.get_mut("required") {
            required.push("channel".into());
        }
        event
    }
}

/// Reads the body of `POST events`; at most `limit` bytes of data.
pub fn parse_event(body: &[u8], limit: usize) -> Result<Trigger, TriggerError> {
    let event: RawEvent<'_> = serde_json::from_slice(body).map_err(|_| malformed("the body must be JSON with name, data and channels"))?;
    event.read(limit)
}

/// Reads the body of `POST batch_events`; at most `limit` bytes of data each.
pub fn parse_batch(body: &[u8], limit: usize) -> Result<Vec<Trigger>, TriggerError> {
    let RawBatch { batch } =
        serde_json::from_slice(body).map_err(|_| malformed("the body must be JSON with a batch of name, data and channel"))?;
    if batch.len() > MAX_BATCH {
        return Err(malformed(format!("Batch too large ({} > {MAX_BATCH})", batch.len())));
    }
    batch.into_iter().map(|event| event.read(limit)).collect()
}

impl Trigger {
    /// Reads an event for all subscribers, of at most `limit` bytes of data.
    pub fn read(name: String, names: &[String], data: Option<&RawValue>, limit: usize) -> Result<Self, TriggerError> {
        if name.is_empty() || name.chars().count() > MAX_EVENT_NAME {
            return Err(malformed(format!("name has 1 to {MAX_EVENT_NAME} characters")));
        }
        if names.is_empty() || names.len() > MAX_CHANNELS {
            return Err(malformed(format!("an event has 1 to {MAX_CHANNELS} channels")));
        }
        let mut channels = Vec::with_capacity(names.len());
        for channel in names {
            let channel = ChannelName::parse(channel).map_err(|invalid| malformed(invalid.to_string()))?;
            if !channels.contains(&channel) {
                channels.push(channel);
            }
        }
        let data = data.map(data_text).ok_or_else(|| malformed("data is missing"))?;
        if data.len() > limit {
            return Err(TriggerError::TooLarge { limit });
        }
        Ok(Self { name, channels, data, except: None, info: Attributes::default() })
    }
}

impl RawEvent<'_> {
    fn read(self, limit: usize) -> Result<Trigger, TriggerError> {
        let names = self.channels.or(self.channel.map(|channel| vec![channel])).unwrap_or_default();
        let trigger = Trigger::read(self.name, &names, self.data, limit)?;
        let except = match self.socket_id.as_deref() {
            Some(socket) => Some(SocketId::parse(socket).ok_or_else(|| malformed("socket_id is not one"))?),
            None => None,
        };
        let info = Attributes::parse(self.info.as_deref().unwrap_or_default()).map_err(TriggerError::Malformed)?;
        Ok(Trigger { except, info, ..trigger })
    }
}

/// Returns the content of a JSON string, or the text of other JSON.
fn data_text(data: &RawValue) -> String {
    serde_json::from_str(data.get()).unwrap_or_else(|_| data.get().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn event(body: serde_json::Value) -> Result<Trigger, TriggerError> {
        parse_event(body.to_string().as_bytes(), 10)
    }

    fn refusal(body: serde_json::Value) -> String {
        event(body).unwrap_err().to_string()
    }

    #[test]
    fn an_event_has_channels_or_one_channel_each_of_them_once() {
        let read =
            event(json!({ "name": "e", "data": "d", "channels": ["a", "b", "a"], "socket_id": "1.2", "info": "user_count" })).unwrap();
        assert_eq!(read.channels, ["a", "b"].map(|name| ChannelName::parse(name).unwrap()));
        assert_eq!(read.except, Some(SocketId::new(1, 2)));
        assert!(read.info.user_count);
        assert!(!read.info.cache);
        let read = event(json!({ "name": "e", "data": "d", "channel": "a", "socket_id": null, "info": null })).unwrap();
        assert_eq!(read.channels.len(), 1);
        assert_eq!(read.except, None);
        assert!(read.info.is_empty());
    }

    #[test]
    fn text_is_data_as_it_is_and_other_json_as_its_text() {
        for (data, text) in [(r#""""#, ""), (r#""a\"b""#, "a\"b"), (r#"{"a": 1}"#, r#"{"a": 1}"#), (r#""null""#, "null"), ("[1]", "[1]")] {
            let body = format!(r#"{{"name":"e","channel":"a","data":{data}}}"#);
            assert_eq!(parse_event(body.as_bytes(), 10).unwrap().data, text);
        }
    }

    #[test]
    fn limits_hold_at_their_edge() {
        assert!(event(json!({ "name": "e".repeat(200), "data": "0123456789", "channel": "a" })).is_ok());
        assert!(refusal(json!({ "name": "e", "data": "0123456789x", "channel": "a" })).contains("content of this event"));
        assert!(refusal(json!({ "name": "e".repeat(201), "data": "", "channel": "a" })).contains("name has"));
        let channels: Vec<String> = (0..101).map(|n| format!("c{n}")).collect();
        assert!(event(json!({ "name": "e", "data": "", "channels": channels[..100] })).is_ok());
        assert!(refusal(json!({ "name": "e", "data": "", "channels": channels })).contains("1 to 100 channels"));
        let batch = |count: usize| json!({ "batch": vec![json!({ "name": "e", "data": "", "channel": "a" }); count] }).to_string();
        assert_eq!(parse_batch(batch(10).as_bytes(), 10).unwrap().len(), 10);
        assert!(parse_batch(batch(11).as_bytes(), 10).unwrap_err().to_string().contains("Batch too large"));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (body, word) in [
            (json!({ "data": "", "channel": "a" }), "name"),
            (json!({ "name": "e", "channel": "a" }), "data"),
            (json!({ "name": "e", "channel": "a", "data": null }), "data"),
            (json!({ "name": "e", "data": "" }), "channels"),
            (json!({ "name": "e", "data": "", "channels": [] }), "channels"),
            (json!({ "name": "e", "data": "", "channel": "no spaces" }), "channel names"),
            (json!({ "name": "e", "data": "", "channel": "a", "socket_id": "x" }), "socket_id"),
            (json!({ "name": "e", "data": "", "channel": "a", "info": "users" }), "info"),
            (json!([]), "JSON"),
        ] {
            assert!(refusal(body.clone()).contains(word), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_the_parsers_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_event(&body, 10);
            let _ = parse_batch(&body, 10);
        }
    }
}
