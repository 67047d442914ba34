//! Owns an appointment's states, the one table of who may do what in which state, and the times of
//! reminders and video rooms. Called by `services/appointments`.

use crate::domain::{
    principal::Role,
    text::{FieldError, TextRule},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const TOPIC: TextRule = TextRule::line("topic", 1, 120);
const NOTE: TextRule = TextRule::block("note", 0, 2000);
const REASON: TextRule = TextRule::block("reason", 0, 500);
const REQUIRED_REASON: TextRule = TextRule::block("reason", 1, 500);

/// How long before an appointment both sides are reminded, in minutes.
pub const REMINDERS_MINUTES: [i64; 3] = [24 * 60, 60, 10];
/// Longest delay after which a reminder is still worth sending, in ms.
pub const REMINDER_PATIENCE_MS: i64 = 5 * 60_000;
/// The video room opens this long before the appointment begins, in ms.
pub const VIDEO_OPENS_BEFORE_MS: i64 = 10 * 60_000;
/// The video room closes this long after the appointment ends, in ms.
pub const VIDEO_CLOSES_AFTER_MS: i64 = 15 * 60_000;

/// Declares an enum of wire names with `as_str`, `parse` and `ALL`.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the wire and database name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads the wire name; `None` for anything else.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }
    };
}

named! {
    /// State of an appointment.
    AppointmentState {
        /// Proposed by one side; the other side has not confirmed it yet.
        Requested = "requested",
        /// Both sides have agreed.
        Confirmed = "confirmed",
        /// One side proposed a new time; the other side has not confirmed it yet.
        Rescheduled = "rescheduled",
        /// One side or an admin called it off.
        Cancelled = "cancelled",
        /// It took place.
        Completed = "completed",
        /// The student did not come.
        NoShow = "no_show",
    }
}

named! {
    /// How student and counsellor meet.
    AppointmentMode {
        /// At school.
        Onsite = "onsite",
        /// In the chat.
        Chat = "chat",
        /// In a video room.
        Video = "video",
    }
}

named! {
    /// Action on an appointment.
    AppointmentAction {
        /// Agree to the time that the other side proposed.
        Confirm = "confirm",
        /// Propose another time.
        Reschedule = "reschedule",
        /// Call it off.
        Cancel = "cancel",
        /// Record that it took place.
        Complete = "complete",
        /// Record that the student did not come.
        NoShow = "no-show",
    }
}

named! {
    /// Duty status of a counsellor, as the counsellor sets it.
    DutyStatus {
        /// On duty.
        Online = "online",
        /// Busy, or out for a moment.
        Away = "away",
        /// Not on duty.
        Offline = "offline",
    }
}

impl AppointmentState {
    /// Says whether the appointment holds its time: requested, confirmed and rescheduled ones do.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Requested | Self::Confirmed | Self::Rescheduled)
    }

    /// Says whether the side that did not propose the time still has to confirm it.
    #[must_use]
    pub const fn is_proposal(self) -> bool {
        matches!(self, Self::Requested | Self::Rescheduled)
    }
}

/// Part that an account has in an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    /// The student it is for.
    Student,
    /// The counsellor it is with.
    Counsellor,
    /// An administrator of the school.
    Admin,
}

impl Party {
    /// Returns the party of an account with this role, who may be the appointment's student or
    /// counsellor; `None` if the account has no part in it.
    #[must_use]
    pub fn of(role: Role, is_student: bool, is_counsellor: bool) -> Option<Self> {
        match role {
            Role::Admin => Some(Self::Admin),
            Role::Counsellor if is_counsellor => Some(Self::Counsellor),
            Role::Student if is_student => Some(Self::Student),
            Role::Counsellor | Role::Student => None,
        }
    }
}

/// Facts that decide whether an action is legal, besides the party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation {
    /// State of the appointment.
    pub state: AppointmentState,
    /// The side that proposed its present time: student or counsellor.
    pub proposed_by: Party,
    /// Whether its time has begun.
    pub has_begun: bool,
}

/// Parties that a rule allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// The side that did not propose the present time.
    OtherSide,
    /// Student and counsellor.
    BothSides,
    /// Student, counsellor and admin.
    Everybody,
    /// Counsellor and admin.
    Staff,
    /// The counsellor.
    Counsellor,
}

impl Who {
    fn includes(self, party: Party, proposed_by: Party) -> bool {
        match self {
            Self::OtherSide => party != Party::Admin && party != proposed_by,
            Self::BothSides => party != Party::Admin,
            Self::Everybody => true,
            Self::Staff => party != Party::Student,
            Self::Counsellor => party == Party::Counsellor,
        }
    }
}

/// One line of the table: from these states this action, before and after the appointment begins.
struct Rule {
    from: &'static [AppointmentState],
    action: AppointmentAction,
    before: Option<Who>,
    after: Option<Who>,
    to: AppointmentState,
}

const LIVE: &[AppointmentState] = &[AppointmentState::Requested, AppointmentState::Confirmed, AppointmentState::Rescheduled];
const PROPOSED: &[AppointmentState] = &[AppointmentState::Requested, AppointmentState::Rescheduled];
const AGREED: &[AppointmentState] = &[AppointmentState::Confirmed];

/// The table: who may do what in which state, before and after the appointment begins. An action
/// that is not in it is illegal.
const TABLE: [Rule; 5] = {
    use AppointmentAction::{Cancel, Complete, Confirm, NoShow, Reschedule};
    use AppointmentState as To;
    const fn rule(from: &'static [To], action: AppointmentAction, before: Option<Who>, after: Option<Who>, to: To) -> Rule {
        Rule { from, action, before, after, to }
    }
    [
        rule(PROPOSED, Confirm, Some(Who::OtherSide), None, To::Confirmed),
        rule(LIVE, Reschedule, Some(Who::BothSides), None, To::Rescheduled),
        // After the beginning only staff may cancel, so that a student cannot avoid a no-show.
        rule(LIVE, Cancel, Some(Who::Everybody), Some(Who::Staff), To::Cancelled),
        // A meeting may have taken place although nobody confirmed it.
        rule(LIVE, Complete, None, Some(Who::Counsellor), To::Completed),
        // A no-show needs an appointment that both sides agreed to.
        rule(AGREED, NoShow, None, Some(Who::Counsellor), To::NoShow),
    ]
};

/// Returns the state that an action of `party` leads to; `None` when the action is illegal now.
#[must_use]
pub fn next_state(situation: Situation, action: AppointmentAction, party: Party) -> Option<AppointmentState> {
    let rule = TABLE.iter().find(|rule| rule.action == action && rule.from.contains(&situation.state))?;
    let who = if situation.has_begun { rule.after } else { rule.before };
    who.is_some_and(|who| who.includes(party, situation.proposed_by)).then_some(rule.to)
}

/// Returns the actions that `party` may take now, in the order of [`AppointmentAction`].
#[must_use]
pub fn actions_of(situation: Situation, party: Party) -> Vec<AppointmentAction> {
    AppointmentAction::ALL.iter().copied().filter(|action| next_state(situation, *action, party).is_some()).collect()
}

/// Returns the reminders of an appointment at `starts_at_ms` that are still to come, each as
/// minutes before the beginning and the instant it is due.
#[must_use]
pub fn reminders_due(starts_at_ms: i64, now_ms: i64) -> Vec<(i64, i64)> {
    let due = |minutes: i64| (minutes, starts_at_ms.saturating_sub(minutes * 60_000));
    REMINDERS_MINUTES.into_iter().map(due).filter(|(_, due_at_ms)| *due_at_ms > now_ms).collect()
}

/// Says whether a due reminder is still worth sending: at most [`REMINDER_PATIENCE_MS`] late, and
/// before the appointment begins.
#[must_use]
pub const fn is_reminder_fresh(due_at_ms: i64, starts_at_ms: i64, now_ms: i64) -> bool {
    now_ms - due_at_ms <= REMINDER_PATIENCE_MS && now_ms < starts_at_ms
}

/// The checked texts of a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppointmentText {
    /// 1 to 120 characters.
    pub topic: String,
    /// Up to 2,000 characters.
    pub note: Option<String>,
}

impl AppointmentText {
    /// Checks both texts and reports every error at once.
    pub fn parse(topic: &str, note: Option<&str>) -> Result<Self, Vec<FieldError>> {
        match (TOPIC.parse(topic), NOTE.parse(note.unwrap_or_default())) {
            (Ok(topic), Ok(note)) => Ok(Self { topic, note: Some(note).filter(|note| !note.is_empty()) }),
            (topic, note) => Err([topic.err(), note.err()].into_iter().flatten().collect()),
        }
    }
}

/// Checks the reason of an action: cancelling needs one, rescheduling may have one, other actions
/// have none.
pub fn parse_reason(action: AppointmentAction, reason: Option<&str>) -> Result<Option<String>, FieldError> {
    let text = reason.unwrap_or_default();
    match action {
        AppointmentAction::Cancel => REQUIRED_REASON.parse(text).map(Some),
        AppointmentAction::Reschedule => REASON.parse(text).map(|reason| Some(reason).filter(|reason| !reason.is_empty())),
        AppointmentAction::Confirm | AppointmentAction::Complete | AppointmentAction::NoShow => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        AppointmentAction::{Cancel, Complete, Confirm, NoShow, Reschedule},
        AppointmentState::{Cancelled, Completed, Confirmed, Requested, Rescheduled},
        *,
    };

    const ACTIONS: [AppointmentAction; 5] = [Confirm, Reschedule, Cancel, Complete, NoShow];

    /// The expected table. Columns are [`ACTIONS`]; a cell names who may act before / after the
    /// appointment begins: `o` the side that did not propose the time, `p` the side that did, `c`
    /// the counsellor in any case, `a` the admin.
    const CELLS: [(AppointmentState, [&str; 5]); 6] = [
        (Requested, ["o/", "op/", "opa/ca", "/c", "/"]),
        (Confirmed, ["/", "op/", "opa/ca", "/c", "/c"]),
        (Rescheduled, ["o/", "op/", "opa/ca", "/c", "/"]),
        (Cancelled, ["/", "/", "/", "/", "/"]),
        (Completed, ["/", "/", "/", "/", "/"]),
        (AppointmentState::NoShow, ["/", "/", "/", "/", "/"]),
    ];

    const fn goal(action: AppointmentAction) -> AppointmentState {
        match action {
            Confirm => Confirmed,
            Reschedule => Rescheduled,
            Cancel => Cancelled,
            Complete => Completed,
            NoShow => AppointmentState::NoShow,
        }
    }

    #[test]
    fn every_cell_of_the_transition_table_holds() {
        for (state, row) in CELLS {
            for (action, cell) in ACTIONS.into_iter().zip(row) {
                let (before, after) = cell.split_once('/').unwrap();
                for proposed_by in [Party::Student, Party::Counsellor] {
                    assert_cell(Situation { state, proposed_by, has_begun: false }, action, before);
                    assert_cell(Situation { state, proposed_by, has_begun: true }, action, after);
                }
            }
        }
    }

    /// Asserts that of all parties exactly the `allowed` ones may take one action in one situation.
    fn assert_cell(situation: Situation, action: AppointmentAction, allowed: &str) {
        for party in [Party::Student, Party::Counsellor, Party::Admin] {
            let side = if party == situation.proposed_by { 'p' } else { 'o' };
            let is_allowed = match party {
                Party::Admin => allowed.contains('a'),
                Party::Counsellor => allowed.contains('c') || allowed.contains(side),
                Party::Student => allowed.contains(side),
            };
            let expected = is_allowed.then_some(goal(action));
            assert_eq!(next_state(situation, action, party), expected, "{situation:?} {action:?} by {party:?}");
            assert_eq!(actions_of(situation, party).contains(&action), is_allowed);
        }
    }

    #[test]
    fn the_table_names_every_state_and_action_once() {
        assert_eq!(CELLS.map(|(state, _)| state).as_slice(), AppointmentState::ALL);
        assert_eq!(ACTIONS.as_slice(), AppointmentAction::ALL);
        assert_eq!(LIVE, AppointmentState::ALL.iter().copied().filter(|state| state.is_live()).collect::<Vec<_>>());
        assert_eq!(PROPOSED, AppointmentState::ALL.iter().copied().filter(|state| state.is_proposal()).collect::<Vec<_>>());
    }

    #[test]
    fn names_round_trip() {
        for state in AppointmentState::ALL {
            assert_eq!(AppointmentState::parse(state.as_str()), Some(*state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        assert_eq!(AppointmentAction::parse("no-show"), Some(NoShow));
        assert_eq!(AppointmentAction::parse("no_show"), None);
        assert_eq!(AppointmentMode::parse("video"), Some(AppointmentMode::Video));
        assert_eq!(DutyStatus::parse("busy"), None);
    }

    #[test]
    fn strangers_are_no_party() {
        assert_eq!(Party::of(Role::Student, true, false), Some(Party::Student));
        assert_eq!(Party::of(Role::Student, false, false), None);
        assert_eq!(Party::of(Role::Counsellor, false, true), Some(Party::Counsellor));
        assert_eq!(Party::of(Role::Counsellor, true, false), None, "whoever became a counsellor acts as one only");
        assert_eq!(Party::of(Role::Admin, false, false), Some(Party::Admin));
    }

    #[test]
    fn reminders_are_those_to_come_and_stay_fresh_for_five_minutes() {
        const HOUR: i64 = 3_600_000;
        let start = 100 * HOUR;
        assert_eq!(reminders_due(start, 0), [(1440, 76 * HOUR), (60, 99 * HOUR), (10, start - 600_000)]);
        assert_eq!(reminders_due(start, 76 * HOUR), [(60, 99 * HOUR), (10, start - 600_000)]);
        assert_eq!(reminders_due(start, start), []);
        assert!(is_reminder_fresh(99 * HOUR, start, 99 * HOUR + 300_000));
        assert!(!is_reminder_fresh(99 * HOUR, start, 99 * HOUR + 300_001));
        assert!(!is_reminder_fresh(start - 1, start, start));
    }

    #[test]
    fn texts_are_checked_together() {
        let errors = AppointmentText::parse(" ", Some(&"x".repeat(2001))).unwrap_err();
        let found: Vec<_> = errors.iter().map(|error| (error.field, error.code)).collect();
        assert_eq!(found, [("topic", "required"), ("note", "too_long")]);
        assert_eq!(AppointmentText::parse("Karier", Some(" ")).unwrap().note, None);
    }

    #[test]
    fn only_cancelling_needs_a_reason() {
        assert_eq!(parse_reason(Cancel, None).unwrap_err().code, "required");
        assert_eq!(parse_reason(Cancel, Some(&"x".repeat(501))).unwrap_err().code, "too_long");
        assert_eq!(parse_reason(Cancel, Some(" Sakit ")).unwrap().as_deref(), Some("Sakit"));
        assert_eq!(parse_reason(Reschedule, Some("")).unwrap(), None);
        assert_eq!(parse_reason(Confirm, Some("x")).unwrap(), None);
    }
}
