//! Owns the reading of missed events from the log. Called by `http/resources/live/sync`. A cursor
//! is a position of the log as text.

use crate::{
    backends::{
        BackendError,
        store::{LogHead, LogRow},
    },
    domain::{
        conversations::conversation::Participant,
        live::audience::Audience,
        principal::Principal,
        shape::{Anything, Cursor, Id},
        text::FieldError,
    },
    services::{Context, ServiceResult, notices::viewer_of},
    wire::desk_event::durable_data,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

/// How many events one answer can have.
const PAGE: u32 = 200;
/// How many conversations are included, those with the newest messages first. Others are read when
/// they are opened.
const CONVERSATIONS: u32 = 500;

/// A durable event.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SyncEvent {
    /// Its id; clients drop repeats.
    #[schemars(with = "Id")]
    pub id: String,
    /// Its name, as on the socket.
    pub event: String,
    /// As the socket would have brought it.
    #[schemars(with = "Anything")]
    pub data: Box<RawValue>,
}

/// What a user missed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct SyncAnswer {
    /// True when the cursor is out of reach: load the lists again.
    #[serde(skip_serializing_if = "is_false")]
    pub reset: bool,
    /// In order.
    pub events: Vec<SyncEvent>,
    /// `after` of the next request.
    #[schemars(with = "Cursor")]
    pub cursor: String,
    /// Ask again at once.
    pub more: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Parses a cursor: a position as decimal text, 0 or above. Fails with `unknown_value` on any other
/// text.
pub fn parse_cursor(text: &str) -> Result<i64, FieldError> {
    let unknown = || FieldError::new("after", "unknown_value", "not a cursor of this server");
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(unknown());
    }
    text.parse().map_err(|_| unknown())
}

/// Returns the user's durable events after `after`, at most 200. Without `after`: from the start of
/// the log's retention.
pub async fn events_after(context: &Context, principal: &Principal, after: Option<i64>) -> ServiceResult<SyncAnswer> {
    let viewer = viewer_of(principal);
    let from = after.unwrap_or(0);
    let audiences = audiences_of(context, principal).await?;
    let page = context.store.log_page(&audiences, viewer.since_ms, from, PAGE + 1).await?;
    if after.is_some_and(|cursor| is_out_of_reach(cursor, page.head)) {
        return Ok(SyncAnswer { reset: true, events: Vec::new(), cursor: page.head.position.to_string(), more: false });
    }
    let full = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = page.rows.len() > full;
    let shown: Vec<&LogRow> = page.rows.iter().take(full).collect();
    // A page that is not full reaches to the head that was read with it.
    let reached = shown.last().filter(|_| more).map_or(page.head.position, |last| last.position);
    let events = shown.into_iter().map(show).collect::<ServiceResult<Vec<_>>>()?;
    Ok(SyncAnswer { reset: false, events, cursor: reached.max(from).to_string(), more })
}

/// Returns the audiences a user belongs to now. A user who left a conversation gets none of its
/// events, not even earlier ones.
async fn audiences_of(context: &Context, principal: &Principal) -> ServiceResult<Vec<Audience>> {
    let mut audiences = Audience::of(principal.user_id, principal.role).to_vec();
    if let Some(who) = Participant::of(principal) {
        let conversations = context.store.conversation_ids_of(who, CONVERSATIONS).await?;
        audiences.extend(conversations.into_iter().map(Audience::Conversation));
    }
    Ok(audiences)
}

/// Says whether events after the cursor may have been trimmed, or the cursor is from another
/// history of this database.
const fn is_out_of_reach(cursor: i64, head: LogHead) -> bool {
    cursor < head.trimmed_to || cursor > head.position
}

fn show(row: &LogRow) -> ServiceResult<SyncEvent> {
    let id = row.id.to_string();
    let text = durable_data(&id, row.position, &row.data);
    let data = RawValue::from_string(text).map_err(|_| BackendError::Corrupt { what: "log.data" })?;
    Ok(SyncEvent { id, event: row.event.clone(), data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_a_plain_decimal_position() {
        assert_eq!(parse_cursor("0"), Ok(0));
        assert_eq!(parse_cursor("9223372036854775807"), Ok(i64::MAX));
        for text in ["", "-1", "+1", " 1", "1.0", "9223372036854775808", "x", "１"] {
            assert_eq!(parse_cursor(text).unwrap_err().code, "unknown_value", "{text:?}");
        }
    }

    #[test]
    fn only_cursors_between_the_trimmed_part_and_the_head_can_be_continued() {
        let head = LogHead { position: 10, published_to: 10, trimmed_to: 4 };
        let found: Vec<bool> = [3, 4, 10, 11].map(|cursor| is_out_of_reach(cursor, head)).into();
        assert_eq!(found, [true, false, false, true]);
    }
}
