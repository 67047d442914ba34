//! Owns how appointments are shown to each of their parties. Called by the other files of this
//! module.

use super::counsellors::offered_modes;
use crate::{
    backends::store::AppointmentRow,
    domain::{
        appointments::{
            appointment::{
                AppointmentAction, AppointmentMode, AppointmentState, Party, Situation, VIDEO_CLOSES_AFTER_MS, VIDEO_OPENS_BEFORE_MS,
                actions_of,
            },
            slots::Span,
        },
        clock::rfc3339,
        ids::UserId,
        principal::Principal,
        shape::{Count, Day, Id, Time},
    },
    services::{Context, shared::person::PersonItem},
};
use schemars::JsonSchema;
use serde::Serialize;

/// Where and when the video room of an appointment is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "VideoRoom")]
pub struct VideoItem {
    /// Path that gives the link.
    pub url: String,
    /// From when the room is open.
    #[schemars(with = "Time")]
    pub opens_at: String,
    /// Until when it is open.
    #[schemars(with = "Time")]
    pub closes_at: String,
}

/// What both sides may know of an appointment; also what events carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "SharedAppointment")]
pub struct SharedItem {
    /// Its id.
    #[schemars(with = "Id")]
    pub id: String,
    /// With whom.
    pub counsellor: PersonItem,
    /// For whom.
    pub student: PersonItem,
    /// When it begins.
    #[schemars(with = "Time")]
    pub starts_at: String,
    /// When it ends.
    #[schemars(with = "Time")]
    pub ends_at: String,
    /// Where it stands.
    pub state: AppointmentState,
    /// How they meet.
    pub mode: AppointmentMode,
    /// Null for admins.
    pub topic: Option<String>,
    /// Why it was cancelled, or moved last.
    pub reason: Option<String>,
    /// Who cancelled it.
    pub cancelled_by: Option<PersonItem>,
    /// While it waits for the other side's confirm.
    pub proposed_by: Option<PersonItem>,
    /// How often it was changed.
    #[schemars(with = "Count")]
    pub sequence: i64,
    /// When it was made.
    #[schemars(with = "Time")]
    pub created_at: String,
    /// When it was changed last.
    #[schemars(with = "Time")]
    pub updated_at: String,
}

/// An appointment as the contract shapes it for one user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Appointment")]
pub struct AppointmentItem {
    /// What both sides may know.
    #[serde(flatten)]
    pub shared: SharedItem,
    /// Null for admins.
    pub note: Option<String>,
    /// What this user may do now.
    pub actions: Vec<AppointmentAction>,
    /// Of a confirmed one by video; null for admins.
    pub video: Option<VideoItem>,
}

/// The data of `appointment.changed`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AppointmentChanged {
    /// What became of it.
    pub change: AppointmentState,
    /// Who did it.
    pub actor_id: UserId,
    /// As it is now.
    pub appointment: SharedItem,
}

/// The data of `slots.changed`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct SlotsChanged<'a> {
    /// Whose slots.
    pub counsellor_id: UserId,
    /// The days to load again.
    #[schemars(with = "Vec<Day>")]
    pub dates: &'a [String],
}

impl SharedItem {
    /// Shows an appointment to both of its sides.
    #[must_use]
    pub fn new(appointment: &AppointmentRow) -> Self {
        let proposer = if appointment.proposed_by == appointment.counsellor.id { &appointment.counsellor } else { &appointment.student };
        Self {
            id: appointment.id.to_string(),
            counsellor: (&appointment.counsellor).into(),
            student: (&appointment.student).into(),
            starts_at: rfc3339(appointment.time.from_ms),
            ends_at: rfc3339(appointment.time.to_ms),
            state: appointment.state,
            mode: appointment.mode,
            topic: Some(appointment.topic.clone()),
            reason: appointment.reason.clone(),
            cancelled_by: appointment.cancelled_by.as_ref().map(PersonItem::from),
            proposed_by: appointment.state.is_proposal().then(|| proposer.into()),
            sequence: appointment.sequence,
            created_at: rfc3339(appointment.created_at_ms),
            updated_at: rfc3339(appointment.updated_at_ms),
        }
    }
}

impl AppointmentItem {
    /// Shows an appointment to one of its parties. Admins see who meets and when, but not why.
    #[must_use]
    pub fn new(context: &Context, appointment: &AppointmentRow, party: Party) -> Self {
        let is_private = party == Party::Admin;
        let mut shared = SharedItem::new(appointment);
        shared.topic = shared.topic.filter(|_| !is_private);
        Self {
            shared,
            note: appointment.note.clone().filter(|_| !is_private),
            actions: actions_of(situation(appointment, context.clock.now_ms()), party),
            video: video_item(context, appointment).filter(|_| !is_private),
        }
    }
}

/// Returns the role of a user in an appointment; `None` for strangers.
pub(super) fn party_of(principal: &Principal, appointment: &AppointmentRow) -> Option<Party> {
    let user = principal.user_id;
    Party::of(principal.role, user == appointment.student.id, user == appointment.counsellor.id)
}

/// Returns the facts that decide which actions are allowed at a moment.
pub(super) fn situation(appointment: &AppointmentRow, now_ms: i64) -> Situation {
    let proposed_by = if appointment.proposed_by == appointment.counsellor.id { Party::Counsellor } else { Party::Student };
    Situation { state: appointment.state, proposed_by, has_begun: now_ms >= appointment.time.from_ms }
}

/// Returns the time in which the video room is open. `None` when there is no room: another mode,
/// not confirmed, or no video server.
pub(super) fn video_window(context: &Context, appointment: &AppointmentRow) -> Option<Span> {
    let has_room = appointment.mode == AppointmentMode::Video
        && appointment.state == AppointmentState::Confirmed
        && offered_modes(context).contains(&AppointmentMode::Video);
    has_room
        .then(|| Span { from_ms: appointment.time.from_ms - VIDEO_OPENS_BEFORE_MS, to_ms: appointment.time.to_ms + VIDEO_CLOSES_AFTER_MS })
}

fn video_item(context: &Context, appointment: &AppointmentRow) -> Option<VideoItem> {
    let window = video_window(context, appointment)?;
    Some(VideoItem {
        url: format!("/api/v1/appointments/{}/video", appointment.id),
        opens_at: rfc3339(window.from_ms),
        closes_at: rfc3339(window.to_ms),
    })
}
