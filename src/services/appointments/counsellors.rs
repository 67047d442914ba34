//! Owns the list of counsellors as all users see it, with their status and how they can be met.
//! Called by `http/resources/counsellors`.

use crate::{
    backends::store::CounsellorRow,
    domain::{
        access::Action,
        appointments::appointment::{AppointmentMode, DutyStatus},
        live::channel::ChannelName,
        principal::Principal,
        shape::Id,
    },
    services::{Context, ServiceResult, shared::requester::require},
    wire::desk_event::DeskEvent,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

/// How long a status lasts unless it is set again, in ms: 12 h. After that it is offline.
pub(in crate::services) const STATUS_LASTS_MS: i64 = 12 * 3_600_000;

/// A counsellor as the contract shapes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Counsellor")]
pub struct CounsellorItem {
    /// The account.
    #[schemars(with = "Id")]
    pub id: String,
    /// Display name.
    pub name: String,
    /// Whether there.
    pub status: DutyStatus,
    /// `video` only where there is a video server.
    pub modes: Vec<AppointmentMode>,
}

/// What a change of status leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "CounsellorStatus")]
pub struct StatusItem {
    /// The account.
    #[schemars(with = "Id")]
    pub id: String,
    /// Whether there.
    pub status: DutyStatus,
}

/// Lists all counsellors, by name.
pub async fn list_counsellors(context: &Context, principal: &Principal) -> ServiceResult<Vec<CounsellorItem>> {
    require(principal, Action::SeeCounsellors)?;
    let now_ms = context.clock.now_ms();
    let modes = offered_modes(context);
    let show = |row: CounsellorRow| CounsellorItem {
        status: present_status(row.status, now_ms),
        id: row.id.to_string(),
        name: row.name,
        modes: modes.clone(),
    };
    Ok(context.store.list_counsellors().await?.into_iter().map(show).collect())
}

/// Sets the requester's own status and publishes it to all.
pub async fn set_status(context: &Context, principal: &Principal, status: DutyStatus) -> ServiceResult<StatusItem> {
    require(principal, Action::KeepAvailability)?;
    context.store.set_counsellor_status(principal.user_id, status, context.clock.now_ms()).await?;
    let item = StatusItem { id: principal.user_id.to_string(), status };
    context.announce.queue_event(&ChannelName::counsellor_status(), DeskEvent::CounsellorStatus, json!(item));
    Ok(item)
}

/// Returns how appointments can be held: by video only when a video server is configured.
#[must_use]
pub fn offered_modes(context: &Context) -> Vec<AppointmentMode> {
    AppointmentMode::ALL.iter().copied().filter(|mode| *mode != AppointmentMode::Video || context.config.has_video()).collect()
}

fn present_status(said: Option<(DutyStatus, i64)>, now_ms: i64) -> DutyStatus {
    match said {
        Some((status, at_ms)) if now_ms.saturating_sub(at_ms) < STATUS_LASTS_MS => status,
        _ => DutyStatus::Offline,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_forgotten_after_half_a_day() {
        assert_eq!(present_status(None, 0), DutyStatus::Offline);
        assert_eq!(present_status(Some((DutyStatus::Online, 5)), 5 + STATUS_LASTS_MS - 1), DutyStatus::Online);
        assert_eq!(present_status(Some((DutyStatus::Online, 5)), 5 + STATUS_LASTS_MS), DutyStatus::Offline);
    }
}
