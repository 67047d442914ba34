//! Fuzzes the bodies with which backends publish.

use crate::damage::{Dice, damage};
use educounsel::{
    domain::live::channel::ChannelName,
    wire::trigger::{Attributes, MAX_BATCH, MAX_CHANNELS, MAX_EVENT_NAME, Trigger, parse_batch, parse_event},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::LazyLock};

/// Small, so that damage can exceed it.
const LIMIT: usize = 40;

static CORPUS: LazyLock<Vec<&[u8]>> = LazyLock::new(|| include_str!("corpus/events.txt").lines().map(str::as_bytes).collect());

/// Reads a damaged body as one event and as a batch. Returns whether it is one of them.
pub fn case(dice: &mut Dice) -> bool {
    let body = dice.pick(&CORPUS).to_vec();
    let body = damage(dice, body, &CORPUS);
    let event = parse_event(&body, LIMIT);
    let batch = parse_batch(&body, LIMIT);
    if let Ok(event) = &event {
        check(event);
        assert_eq!(parse_event(written(event).to_string().as_bytes(), LIMIT).as_ref(), Ok(event));
    }
    if let Ok(batch) = &batch {
        assert!(batch.len() <= MAX_BATCH);
        batch.iter().for_each(check);
        let again = json!({ "batch": batch.iter().map(written).collect::<Vec<_>>() });
        assert_eq!(parse_batch(again.to_string().as_bytes(), LIMIT).as_ref(), Ok(batch));
    }
    for error in [event.as_ref().err(), batch.as_ref().err()].into_iter().flatten() {
        let text = error.to_string();
        assert!((1..200).contains(&text.len()), "the sentence is for a programmer: {text}");
    }
    event.is_ok() || batch.is_ok()
}

fn check(Trigger { name, channels, data, .. }: &Trigger) {
    assert!((1..=MAX_EVENT_NAME).contains(&name.chars().count()), "{name}");
    assert!((1..=MAX_CHANNELS).contains(&channels.len()));
    assert_eq!(channels.iter().collect::<BTreeSet<_>>().len(), channels.len(), "each channel once: {channels:?}");
    assert!(channels.iter().all(|channel| ChannelName::parse(channel.as_str()).as_ref() == Ok(channel)), "{channels:?}");
    assert!(data.len() <= LIMIT, "{data}");
}

fn written(Trigger { name, channels, data, except, info }: &Trigger) -> Value {
    let channels: Vec<&str> = channels.iter().map(ChannelName::as_str).collect();
    json!({ "name": name, "channels": channels, "data": data, "socket_id": except.map(|socket| socket.to_string()), "info": asked(*info) })
}

fn asked(Attributes { user_count, subscription_count, cache }: Attributes) -> String {
    let names = [(user_count, "user_count"), (subscription_count, "subscription_count"), (cache, "cache")];
    names.into_iter().filter(|(is_asked, _)| *is_asked).map(|(_, name)| name).collect::<Vec<_>>().join(",")
}
