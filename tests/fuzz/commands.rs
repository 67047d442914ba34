//! Fuzzes the text frames of clients.

use crate::damage::{Dice, damage};
use educounsel::wire::command::{Command, Subscription, parse};
use serde_json::{Value, json, value::RawValue};
use std::{str::from_utf8, sync::LazyLock};

static CORPUS: LazyLock<Vec<&[u8]>> = LazyLock::new(|| include_str!("corpus/commands.txt").lines().map(str::as_bytes).collect());

/// Reads a damaged frame. Returns whether it is a command.
pub fn case(dice: &mut Dice) -> bool {
    let frame = dice.pick(&CORPUS).to_vec();
    let frame = damage(dice, frame, &CORPUS);
    // Bytes that are not UTF-8 end the socket before they get here.
    let Ok(text) = from_utf8(&frame) else { return false };
    let Ok(command) = parse(text) else { return false };
    check(text, &command);
    for again in spellings(&command) {
        let read = parse(&again).unwrap_or_else(|error| panic!("{text} was accepted, {again} is not: {error}"));
        assert_eq!(format!("{read:?}"), format!("{command:?}"), "{text} as {again}");
    }
    true
}

fn check(text: &str, command: &Command) {
    match command {
        Command::Subscribe(Subscription { channel, auth, .. }) => assert!(!channel.is_empty() && auth.as_deref() != Some(""), "{text}"),
        Command::ClientEvent { event, data, .. } => {
            assert!(event.starts_with("client-"), "{text}");
            assert!(data.get() == "null" || text.contains(data.get()), "{text}: the data is forwarded as it came, not as {data}");
        }
        Command::Unknown { event } => assert!(!event.starts_with("client-") && event != "pusher:subscribe", "{text}"),
        Command::Unsubscribe { .. } | Command::SignIn(_) | Command::Ping | Command::Pong => {}
    }
}

/// Writes a command anew: with an object as its data, and encoded twice as some SDKs do.
fn spellings(command: &Command) -> Vec<String> {
    let (event, data): (&str, Value) = match command {
        Command::Subscribe(subscription) => ("pusher:subscribe", data_of(subscription)),
        Command::Unsubscribe { channel } => ("pusher:unsubscribe", json!({ "channel": channel })),
        Command::SignIn(request) => ("pusher:signin", json!({ "auth": request.auth, "user_data": request.user_data })),
        Command::Ping => ("pusher:ping", json!({})),
        Command::Pong => ("pusher:pong", json!("")),
        Command::ClientEvent { event, channel, data } => return vec![client_event(event, channel, data)],
        Command::Unknown { event } => return vec![json!({ "event": event }).to_string()],
    };
    vec![json!({ "event": event, "data": data }).to_string(), json!({ "data": data.to_string(), "event": event }).to_string()]
}

fn data_of(Subscription { channel, auth, channel_data }: &Subscription) -> Value {
    json!({ "channel": channel, "auth": auth, "channel_data": channel_data })
}

/// Keeps the spelling of the data, which a [`Value`] would lose.
fn client_event(event: &str, channel: &str, data: &RawValue) -> String {
    format!(r#"{{"event":{},"channel":{},"data":{data}}}"#, json!(event), json!(channel))
}
