//! Owns which channels of the built-in app a user may join, and the signed proofs for them. Called
//! by `http/resources/live/channel_access` and, at every join, by `actors/sockets/session`.

use crate::{
    domain::{
        ids::{ConversationId, LoginId, SocketId, UserId},
        live::{
            channel::{ChannelKind, ChannelName, channels_of, may_join},
            join_refusal::JoinRefusal,
            registry::SocketOwner,
        },
        principal::Principal,
        shape::{Cursor, Text},
    },
    services::{Context, ServiceError, ServiceResult, apps::table::App, dashboards::SchoolFacts},
    telemetry,
    wire::signature::{channel_text, user_text},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

/// How long after it was made a proof finds its owner, in ms. Clients join as soon as they have it.
const PROOF_LIFETIME_MS: u64 = 3_600_000;

/// Tells a client what to listen to.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct RealtimeInfo {
    /// Key of the built-in app.
    pub key: String,
    /// Channels this user listens to.
    pub channels: Vec<String>,
    /// Newest position of the log: start `/sync` from here.
    #[schemars(with = "Cursor")]
    pub cursor: String,
    /// Every role shows times in the school's zone.
    pub school: SchoolFacts,
}

/// Proof that lets a socket join one channel.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ChannelProof")]
pub struct ChannelAuth {
    /// `key:signature`
    pub auth: String,
    /// JSON text with the member, on presence channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Text")]
    pub channel_data: Option<String>,
}

/// Proof that a socket belongs to a user.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct UserAuth {
    /// `key:signature`.
    pub auth: String,
    /// JSON text with the user's id and info.
    pub user_data: String,
}

/// Returns the app's key, the user's channels, and the newest position of the log.
pub async fn describe(context: &Context, app: &App, principal: &Principal) -> ServiceResult<RealtimeInfo> {
    let head = context.store.log_head().await?;
    let channels = channels_of(principal).iter().map(ToString::to_string).collect();
    let school = SchoolFacts { zone: context.config.school.zone.clone() };
    Ok(RealtimeInfo { key: app.key.clone(), channels, cursor: head.position.to_string(), school })
}

/// Signs a channel of the built-in app for a socket, and stores for whom. Fails with `Denied` when
/// the name is no channel, the socket no id, the channel public or joined by login only, or when
/// this user may not join it now.
pub async fn authorise_channel(
    context: &Context,
    app: &App,
    principal: &Principal,
    socket: &str,
    channel: &str,
) -> ServiceResult<ChannelAuth> {
    let refuse = |refusal: JoinRefusal| {
        record_refusal(app, Some(principal.user_id), channel, refusal);
        ServiceError::Denied
    };
    let socket = SocketId::parse(socket).ok_or(ServiceError::Denied)?;
    let channel = ChannelName::parse(channel).map_err(|invalid| refuse(invalid.into()))?;
    match channel.conversation_id() {
        Some(conversation) if is_in_conversation(context, conversation, &principal.user_id.to_string()).await? => {}
        Some(_) => return Err(refuse(JoinRefusal::NotInConversation)),
        None if !channel.is_app_console() && may_join(principal, &channel) => {}
        None => return Err(refuse(JoinRefusal::NotAllowed)),
    }
    // A signature does not name its owner and never expires. This entry does both.
    let owner = format!("{} {}", principal.user_id, principal.login_id);
    context.cache.put_value(&proof_key(socket, &channel), &owner, PROOF_LIFETIME_MS).await?;
    let channel_data = (channel.kind() == ChannelKind::Presence).then(|| member_data(principal));
    let auth = app.proof(&channel_text(&socket.to_string(), &channel, channel_data.as_deref()));
    Ok(ChannelAuth { auth, channel_data })
}

/// Counts a refused join and logs its cause, for whoever has to find out why somebody cannot join.
/// Nobody can fill the log with it: the line of a socket without a login is one for debugging. The
/// channels of connected apps stay out of the log: their names may tell of people.
pub fn record_refusal(app: &App, user: Option<UserId>, channel: &str, refusal: JoinRefusal) {
    let reason = refusal.reason();
    metrics::counter!(telemetry::JOINS_REFUSED, "reason" => reason).increment(1);
    let channel = ChannelName::parse(channel).ok().filter(|_| app.is_built_in);
    let channel = channel.as_ref().map(ChannelName::as_str);
    match user {
        Some(user) => tracing::info!(reason, channel, %user, app = &*app.id.0, "join refused"),
        None => tracing::debug!(reason, channel, app = &*app.id.0, "join refused"),
    }
}

/// Returns the owner of a proof: the login that asked for this channel and socket. `None`: none
/// did, or too long ago.
pub async fn owner_of_proof(context: &Context, socket: SocketId, channel: &ChannelName) -> ServiceResult<Option<SocketOwner>> {
    let Some(value) = context.cache.get_value(&proof_key(socket, channel)).await? else { return Ok(None) };
    let parts = value.text.split_once(' ');
    Ok(parts.and_then(|(user, login)| Some(SocketOwner { user: UserId::parse(user).ok()?, login: LoginId::parse(login).ok()? })))
}

fn proof_key(socket: SocketId, channel: &ChannelName) -> String {
    format!("proof:{socket}:{channel}")
}

/// Signs a socket as this user's. Fails with `Denied` when `socket` is not an id.
pub fn authorise_user(app: &App, principal: &Principal, socket: &str) -> ServiceResult<UserAuth> {
    let socket = SocketId::parse(socket).ok_or(ServiceError::Denied)?;
    let user_data = json!({ "id": principal.user_id, "user_info": { "name": principal.name, "role": principal.role } }).to_string();
    Ok(UserAuth { auth: app.proof(&user_text(&socket.to_string(), &user_data)), user_data })
}

/// Says whether this account is a member of a conversation now. Checked at every join, even with a
/// valid signature, because signatures do not expire.
pub async fn is_in_conversation(context: &Context, conversation: ConversationId, user_id: &str) -> ServiceResult<bool> {
    match UserId::parse(user_id) {
        Ok(user) => Ok(context.store.is_in_conversation(conversation, user).await?),
        Err(_) => Ok(false),
    }
}

/// Returns the `channel_data` of a user: the member of a presence channel of the built-in app, from
/// the server's own data.
#[must_use]
pub fn member_data(principal: &Principal) -> String {
    json!({ "user_id": principal.user_id, "user_info": { "name": principal.name, "role": principal.role } }).to_string()
}
