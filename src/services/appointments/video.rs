//! Owns the links into video rooms on the school's Jitsi server. Called by
//! `http/resources/appointments`. Source of the claims: Jitsi's token authentication for Prosody
//! (`aud`, `iss`, `sub`, `room`, `context.user`).
//!
//! - The room's name cannot be guessed.
//! - The token opens exactly this room, from 10 min before the appointment to 15 min after it.
//! - Only the counsellor is a moderator.

use super::{list::find_own, view::video_window};
use crate::{
    domain::{
        appointments::{appointment::Party, slots::Span},
        clock::rfc3339,
        ids::AppointmentId,
        principal::Principal,
        shape::Time,
    },
    services::{Context, ServiceError, ServiceResult},
    wire::{jwt::sign_hs256, signature::to_hex},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

/// A link into a video room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct VideoLink {
    /// With a token of this user.
    pub url: String,
    /// Until when it lets in.
    #[schemars(with = "Time")]
    pub expires_at: String,
}

/// Makes a fresh link into the room of an appointment for one of its two sides. Unknown
/// appointments, those of others, and admins: not found. Fails with `appointments.video_closed`
/// outside the window, and when there is no room.
pub async fn open_video(context: &Context, principal: &Principal, id: AppointmentId) -> ServiceResult<VideoLink> {
    const CLOSED: ServiceError = ServiceError::Conflict { code: "appointments.video_closed" };
    let (appointment, party) = find_own(context, principal, id).await?;
    if party == Party::Admin {
        return Err(ServiceError::NotFound);
    }
    let now_ms = context.clock.now_ms();
    let window = video_window(context, &appointment).filter(|window| (window.from_ms..window.to_ms).contains(&now_ms)).ok_or(CLOSED)?;
    let room = appointment.video_room.as_deref().ok_or(CLOSED)?;
    let settings = &context.config.jitsi;
    let claims = claims(context, principal, party, (room, window));
    let token = sign_hs256(&claims, settings.secret.as_bytes());
    let url = format!("{}/{room}?jwt={token}", settings.url.trim_end_matches('/'));
    Ok(VideoLink { url, expires_at: rfc3339(window.to_ms) })
}

/// Makes the name of a room: 128 random bits in hex.
pub(super) fn new_room() -> String {
    to_hex(&rand::random::<[u8; 16]>())
}

fn claims(context: &Context, principal: &Principal, party: Party, (room, window): (&str, Span)) -> Value {
    let settings = &context.config.jitsi;
    let host = settings.url.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
    let is_moderator = party == Party::Counsellor;
    json!({
        "aud": "jitsi",
        "iss": settings.app_id,
        "sub": host.split(':').next().unwrap_or_default(),
        "room": room,
        "iat": context.clock.now_ms() / 1000,
        "nbf": window.from_ms / 1000,
        "exp": window.to_ms / 1000,
        "moderator": is_moderator,
        "context": { "user": {
            "name": principal.name,
            "moderator": is_moderator,
            "affiliation": if is_moderator { "owner" } else { "member" },
        } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_have_128_random_bits() {
        let room = new_room();
        assert_eq!(room.len(), 32);
        assert!(room.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(room, new_room());
    }
}
