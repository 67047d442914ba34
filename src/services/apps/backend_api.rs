//! Owns what backends of connected apps can ask of the HTTP API
//! (docs/pusher-protocol.md, section 2.8): publish events, read channels, end a user's sockets.
//! Called by `http/resources/apps/backend_api` and, to publish for an admin, by [`super::console`].
//!
//! - Answers count the whole cluster, and include what this node did before it answered.

use super::table::App;
use crate::{
    backends::{
        BackendResult,
        census::{CachedEvent, ChannelFacts},
    },
    domain::{
        ids::AppId,
        live::channel::{ChannelKind, ChannelName},
        shape::Count,
        topic::Topic,
    },
    services::{Context, ServiceError, ServiceResult},
    telemetry,
    wire::{
        api_signature::{Claims, NotSigned},
        console::{Line, LineKind},
        envelope::Publication,
        pusher,
        trigger::{Attributes, Trigger},
    },
};
use futures_util::future::join_all;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc};

/// Finds the app that a request claims to come from: by the id in the path, or without one by the
/// key. The claim is not verified yet.
pub fn find_app(context: &Context, id: Option<&AppId>, claims: &Claims) -> Result<Arc<App>, NotSigned> {
    let found = match id {
        Some(id) => context.apps.by_id(id),
        None => context.apps.by_key(&claims.key),
    };
    found.filter(|app| !app.is_built_in && app.key == claims.key).ok_or(NotSigned)
}

/// The numbers that were asked for about a channel, and that it can have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChannelCounts {
    /// Sockets that listen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Count")]
    subscription_count: Option<u64>,
    /// Users, of a presence channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Count")]
    user_count: Option<u64>,
}

/// What was asked about several channels, by name.
pub type CountsByChannel = BTreeMap<String, ChannelCounts>;

/// The occupied channels of an app.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ChannelList {
    /// By name.
    channels: CountsByChannel,
}

/// The last event of a cache channel.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct KeptData {
    /// Its data, as text.
    data: String,
    /// Seconds.
    ttl: u64,
}

/// What was asked about one channel.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChannelState {
    /// The last event; null when there is none. Only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "kept_data_or_null")]
    cache: Option<Option<KeptData>>,
    /// Whether somebody listens.
    occupied: bool,
    /// The numbers.
    #[serde(flatten)]
    counts: ChannelCounts,
}

fn kept_data_or_null(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "anyOf": [generator.subschema_for::<KeptData>(), { "type": "null" }] })
}

/// A user of a presence channel.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ChannelUser {
    /// Its id in the app.
    id: String,
}

/// The users of a presence channel.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ChannelUsers {
    /// Each once.
    users: Vec<ChannelUser>,
}

/// Publishes events. Returns the requested facts about the channels of each. Fails with `TooMany`
/// above the app's rate; then nothing is published.
pub async fn trigger(context: &Context, app: &App, triggers: &[Trigger]) -> ServiceResult<Vec<CountsByChannel>> {
    take_turn(app, triggers.len())?;
    let mut publications = Vec::new();
    for trigger in triggers {
        for channel in &trigger.channels {
            let topic = Topic { app: app.id.clone(), channel: channel.clone() };
            let kept = channel.is_cache().then(|| CachedEvent { event: trigger.name.clone(), data: trigger.data.clone() });
            let frame = pusher::channel_event(channel, &trigger.name, &trigger.data);
            publications.push((Publication { except: trigger.except, ..Publication::new(topic, frame) }, kept));
        }
    }
    // Started together and in order: the events of one request reach the bus in one go.
    let published = join_all(publications.into_iter().map(|(publication, kept)| publish(context, publication, kept))).await;
    published.into_iter().collect::<BackendResult<()>>()?;
    triggers.iter().for_each(|trigger| context.watched.show(&app.id, || line_of(trigger)));
    if triggers.iter().all(|trigger| trigger.info.is_empty()) {
        return Ok(vec![CountsByChannel::new(); triggers.len()]);
    }
    context.announce.await_census().await;
    let mut told = Vec::with_capacity(triggers.len());
    for trigger in triggers {
        let mut channels = CountsByChannel::new();
        for channel in trigger.channels.iter().filter(|_| !trigger.info.is_empty()) {
            let facts = context.census.facts(&Topic { app: app.id.clone(), channel: channel.clone() }).await?;
            channels.insert(channel.to_string(), counts(channel, trigger.info, facts));
        }
        told.push(channels);
    }
    Ok(told)
}

/// Makes the console's line of an event.
fn line_of(trigger: &Trigger) -> Line {
    let line = Line::new(LineKind::ApiEvent).on_all(&trigger.channels).event(&trigger.name).data(&trigger.data);
    trigger.except.into_iter().fold(line, Line::socket)
}

/// Publishes an event. With `kept`, the census also keeps it as the last event of a cache channel.
async fn publish(context: &Context, publication: Publication, kept: Option<CachedEvent>) -> BackendResult<()> {
    let Some(kept) = kept else { return context.announce.publish(Arc::new(publication.into())).await };
    context.census.publish_kept(publication, &kept).await?;
    metrics::counter!(telemetry::PUBLICATIONS).increment(1);
    Ok(())
}

/// Lists the occupied channels of an app. Fails with a sentence for the client when `info` asks for
/// something these channels do not have.
pub async fn list_channels(
    context: &Context,
    app: &App,
    prefix: &str,
    info: Attributes,
) -> ServiceResult<Result<ChannelList, &'static str>> {
    if info.user_count && !prefix.starts_with("presence-") {
        return Ok(Err("user_count needs filter_by_prefix to begin with presence-"));
    }
    if info.cache {
        return Ok(Err("cache is told of one channel at a time"));
    }
    context.announce.await_census().await;
    let occupied = context.census.occupied(&app.id, prefix).await?;
    let channels = occupied.into_iter().map(|(channel, facts)| (channel.to_string(), counts(&channel, info, facts))).collect();
    Ok(Ok(ChannelList { channels }))
}

/// Returns the requested facts about one channel. Fails with a sentence for the client when the
/// channel cannot have them.
pub async fn read_channel(
    context: &Context,
    app: &App,
    channel: ChannelName,
    info: Attributes,
) -> ServiceResult<Result<ChannelState, &'static str>> {
    if info.user_count && channel.kind() != ChannelKind::Presence {
        return Ok(Err("only presence channels have a user_count"));
    }
    if info.cache && !channel.is_cache() {
        return Ok(Err("only cache channels have a cache"));
    }
    context.announce.await_census().await;
    let topic = Topic { app: app.id.clone(), channel };
    let facts = context.census.facts(&topic).await?;
    let cache = if info.cache {
        let kept = context.census.kept_event(&topic).await?;
        Some(kept.map(|kept| KeptData { data: kept.event.data, ttl: kept.left.as_secs() }))
    } else {
        None
    };
    Ok(Ok(ChannelState { cache, occupied: facts.subscriptions > 0, counts: counts(&topic.channel, info, facts) }))
}

/// Lists the users of a presence channel. Fails with a sentence on other channels.
pub async fn list_users(context: &Context, app: &App, channel: ChannelName) -> ServiceResult<Result<ChannelUsers, &'static str>> {
    if channel.kind() != ChannelKind::Presence {
        return Ok(Err("users can only be listed on presence channels"));
    }
    context.announce.await_census().await;
    let users = context.census.users(&Topic { app: app.id.clone(), channel }).await?;
    Ok(Ok(ChannelUsers { users: users.into_iter().map(|id| ChannelUser { id }).collect() }))
}

/// Closes the sockets signed in as a user, on every node.
pub async fn end_user(context: &Context, app: &App, user_id: &str) -> ServiceResult<()> {
    Ok(context.announce.end_user(&app.id, user_id).await?)
}

/// Fails when the events exceed the rate at which the app may publish.
fn take_turn(app: &App, events: usize) -> ServiceResult<()> {
    let (Some(rate), Some(events)) = (&app.event_rate, u32::try_from(events).ok().and_then(NonZeroU32::new)) else { return Ok(()) };
    match rate.check_n(events) {
        Ok(Ok(())) => Ok(()),
        _ => Err(ServiceError::TooMany { code: "rate_limited", retry_after_ms: 1_000 }),
    }
}

/// Returns the numbers that are asked for and that a channel can have.
fn counts(channel: &ChannelName, info: Attributes, facts: ChannelFacts) -> ChannelCounts {
    ChannelCounts {
        subscription_count: info.subscription_count.then_some(facts.subscriptions),
        user_count: (info.user_count && channel.kind() == ChannelKind::Presence).then_some(facts.users),
    }
}
