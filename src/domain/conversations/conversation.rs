//! Owns conversations of a student with a counsellor: their states, the table of who may do what in
//! which state, and the rules for their texts. Called by `services/conversations`. Must not decide
//! who is in a conversation: the database knows.

use crate::domain::{
    ids::{ConversationId, InvalidId, UserId},
    principal::{Principal, Role},
    text::{FieldError, TextRule},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How long after sending a message may be edited, in ms (product rule: 15 min).
pub const EDIT_WINDOW_MS: i64 = 15 * 60 * 1000;
/// Most characters of a message (product rule).
pub const MAX_BODY_CHARS: usize = 4_000;
/// Characters of a message that lists show (see [`preview`]).
const PREVIEW_CHARS: usize = 120;

const SUBJECT: TextRule = TextRule::line("subject", 0, 120);
const BODY: TextRule = TextRule::block("body", 1, MAX_BODY_CHARS);
const BODY_BESIDE_FILE: TextRule = TextRule::block("body", 0, MAX_BODY_CHARS);
const PRIVATE_NOTE: TextRule = TextRule::block("body", 1, 4_000);
const TRANSFER_NOTE: TextRule = TextRule::block("note", 1, 2_000);
const CANNED_BODY: TextRule = TextRule::block("body", 1, 2_000);
const SEARCH: TextRule = TextRule::line("query", 1, 200);
const SHORTCUT: TextRule = TextRule::line("shortcut", 1, 32);

/// State of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConversationState {
    /// In the queue; no counsellor has taken it.
    Waiting,
    /// A counsellor has taken it.
    Open,
    /// It has ended; it may be opened again.
    Closed,
}

impl ConversationState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Open, Self::Closed];

    /// Returns the wire and database name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }

    /// Reads the wire name; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// The side of a conversation that somebody is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The student.
    Student,
    /// The counsellor.
    Counsellor,
}

/// An account that can be in conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Participant {
    /// The account.
    pub user_id: UserId,
    /// Its side.
    pub side: Side,
}

impl Participant {
    /// Returns the principal as a participant; `None` for admins, who are in no conversation.
    #[must_use]
    pub const fn of(principal: &Principal) -> Option<Self> {
        let side = match principal.role {
            Role::Student => Side::Student,
            Role::Counsellor => Side::Counsellor,
            Role::Admin => return None,
        };
        Some(Self { user_id: principal.user_id, side })
    }
}

/// Action of a member on a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversationAction {
    /// Write a message or edit one.
    Send,
    /// Give it to another counsellor.
    Transfer,
    /// End it; a waiting student leaves the queue.
    Close,
    /// Open it again.
    Reopen,
}

impl ConversationAction {
    /// All actions, in the order of the table.
    pub const ALL: [Self; 4] = [Self::Send, Self::Transfer, Self::Close, Self::Reopen];
}

/// Why a member cannot do something now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The conversation is closed.
    Closed,
    /// The state does not allow the action.
    IllegalTransition,
    /// This side may never do it.
    NotYours,
}

/// Says whether a member on `side` may do `action` while the conversation is in `state`.
pub const fn check_action(action: ConversationAction, side: Side, state: ConversationState) -> Result<(), Refusal> {
    use ConversationAction::{Close, Reopen, Send, Transfer};
    use ConversationState::{Closed, Open, Waiting};
    match (action, side, state) {
        (Transfer, Side::Student, _) => Err(Refusal::NotYours),
        (Send | Close, _, Waiting | Open) | (Transfer, _, Open) | (Reopen, _, Closed) => Ok(()),
        (Send | Close | Transfer, _, Closed) => Err(Refusal::Closed),
        (Transfer, _, Waiting) | (Reopen, _, Waiting | Open) => Err(Refusal::IllegalTransition),
    }
}

/// End of a page of conversations. Lists are sorted by a time, and by id where times are equal.
/// Text form: `MS.ID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListPosition {
    /// The time the list is sorted by, ms since 1970 UTC.
    pub at_ms: i64,
    /// The conversation.
    pub id: ConversationId,
}

impl fmt::Display for ListPosition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.at_ms, self.id)
    }
}

impl FromStr for ListPosition {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (at_ms, id) = text.split_once('.').ok_or(InvalidId)?;
        Ok(Self { at_ms: at_ms.parse().map_err(|_| InvalidId)?, id: ConversationId::parse(id)? })
    }
}

/// Returns the unique key that makes a second open conversation of the two impossible. 73
/// characters.
#[must_use]
pub fn open_key(student: UserId, counsellor: UserId) -> String {
    format!("{student}:{counsellor}")
}

/// Returns the unique key that keeps a student from waiting twice in the queue.
#[must_use]
pub fn waiting_key(student: UserId) -> String {
    format!("{student}:waiting")
}

/// Reads a subject: one line of at most 120 characters; an empty one counts as none.
pub fn parse_subject(text: &str) -> Result<Option<String>, FieldError> {
    Ok(Some(SUBJECT.parse(text)?).filter(|subject| !subject.is_empty()))
}

/// Reads a message: 1..4,000 characters; beside a file it may be empty.
pub fn parse_body(text: &str, has_file: bool) -> Result<String, FieldError> {
    if has_file { BODY_BESIDE_FILE.parse(text) } else { BODY.parse(text) }
}

/// Reads a private note: 1..4,000 characters.
pub fn parse_private_note(text: &str) -> Result<String, FieldError> {
    PRIVATE_NOTE.parse(text)
}

/// Reads the note that goes with a transfer: 1..2,000 characters.
pub fn parse_transfer_note(text: &str) -> Result<String, FieldError> {
    TRANSFER_NOTE.parse(text)
}

/// Reads a prepared answer: 1..2,000 characters.
pub fn parse_canned_body(text: &str) -> Result<String, FieldError> {
    CANNED_BODY.parse(text)
}

/// Reads the words of a search: 1..200 characters.
pub fn parse_search(text: &str) -> Result<String, FieldError> {
    SEARCH.parse(text)
}

/// Reads the shortcut that a counsellor types behind `/` for a prepared answer: 1..32 of
/// `a-z 0-9 -`.
pub fn parse_shortcut(text: &str) -> Result<String, FieldError> {
    let shortcut = SHORTCUT.parse(text)?;
    if shortcut.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
        Ok(shortcut)
    } else {
        Err(FieldError::new("shortcut", "unknown_value", "only a-z, 0-9 and hyphen"))
    }
}

/// Returns the beginning of a message on one line: at most 120 characters and an ellipsis. A
/// message that is only a file is shown by the file's name.
#[must_use]
pub fn preview(body: &str, file_name: Option<&str>) -> String {
    let text = if body.is_empty() { file_name.unwrap_or_default() } else { body };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= PREVIEW_CHARS {
        return line;
    }
    let cut: String = line.chars().take(PREVIEW_CHARS).collect();
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ConversationAction::{Close, Reopen, Send, Transfer};
    use Refusal::{Closed, IllegalTransition, NotYours};

    type Cell = Result<(), Refusal>;

    /// The expected table: action, side, and the results while waiting, open and closed.
    const TABLE: [(ConversationAction, Side, [Cell; 3]); 8] = [
        (Send, Side::Student, [Ok(()), Ok(()), Err(Closed)]),
        (Send, Side::Counsellor, [Ok(()), Ok(()), Err(Closed)]),
        (Transfer, Side::Student, [Err(NotYours), Err(NotYours), Err(NotYours)]),
        (Transfer, Side::Counsellor, [Err(IllegalTransition), Ok(()), Err(Closed)]),
        (Close, Side::Student, [Ok(()), Ok(()), Err(Closed)]),
        (Close, Side::Counsellor, [Ok(()), Ok(()), Err(Closed)]),
        (Reopen, Side::Student, [Err(IllegalTransition), Err(IllegalTransition), Ok(())]),
        (Reopen, Side::Counsellor, [Err(IllegalTransition), Err(IllegalTransition), Ok(())]),
    ];

    #[test]
    fn every_cell_of_the_state_table_holds() {
        for (action, side, row) in TABLE {
            for (state, expected) in ConversationState::ALL.into_iter().zip(row) {
                assert_eq!(check_action(action, side, state), expected, "{action:?} {side:?} {state:?}");
            }
        }
        let named: Vec<_> = TABLE.iter().step_by(2).map(|(action, ..)| *action).collect();
        assert_eq!(named, ConversationAction::ALL);
    }

    #[test]
    fn states_round_trip_as_text() {
        for state in ConversationState::ALL {
            assert_eq!(ConversationState::parse(state.as_str()), Some(state));
        }
        assert_eq!(ConversationState::parse("Open"), None);
    }

    #[test]
    fn positions_round_trip_as_text() {
        let position = ListPosition { at_ms: 17, id: ConversationId::generate() };
        assert_eq!(position.to_string().parse(), Ok(position));
        for text in ["", "17", "x.y", "17.", "1.5.0197f0c0-0000-7000-8000-000000000000"] {
            assert!(text.parse::<ListPosition>().is_err(), "{text}");
        }
    }

    #[test]
    fn keys_differ_by_pair_and_fit_their_column() {
        let (student, first, second) = (UserId::generate(), UserId::generate(), UserId::generate());
        assert_ne!(open_key(student, first), open_key(student, second));
        assert_ne!(open_key(student, first), waiting_key(student));
        assert!(open_key(student, first).len() <= 80);
    }

    #[test]
    fn texts_are_bounded() {
        assert_eq!(parse_body(" hai\r\n ", false).unwrap(), "hai");
        assert_eq!(parse_body("", false).unwrap_err().code, "required");
        assert_eq!(parse_body("", true).unwrap(), "");
        assert_eq!(parse_body(&"é".repeat(4001), true).unwrap_err().code, "too_long");
        assert_eq!(parse_subject("  ").unwrap(), None);
        assert_eq!(parse_subject("a\nb").unwrap_err().code, "control_character");
        assert_eq!(parse_shortcut("salam-1").unwrap(), "salam-1");
        for (text, code) in [("", "required"), ("Salam", "unknown_value"), ("a b", "unknown_value"), (&*"a".repeat(33), "too_long")] {
            assert_eq!(parse_shortcut(text).unwrap_err().code, code, "{text:?}");
        }
    }

    #[test]
    fn previews_are_one_short_line() {
        assert_eq!(preview("halo\n\n  Bu", None), "halo Bu");
        assert_eq!(preview("", Some("surat.pdf")), "surat.pdf");
        let long = preview(&"kata ".repeat(100), None);
        assert!(long.ends_with('…') && long.chars().count() <= 121, "{long}");
    }
}
