//! Owns the watermarks of delivered and read messages, two per member. Called by
//! `http/resources/conversations`. A watermark only rises, and never passes the newest message.

use super::{
    Context, ServiceResult,
    change::{Change, publish_to_side},
    find_own, member, retry_contention,
    view::ConversationItem,
};
use crate::{
    backends::store::{ConversationRow, Marks},
    domain::{
        conversations::conversation::{Participant, Side},
        ids::{ConversationId, UserId},
        live::channel::ChannelName,
        principal::Principal,
        shape::Count,
        text::FieldError,
    },
    wire::desk_event::DeskEvent,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

/// The watermark to raise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The messages reached a device.
    Delivered,
    /// They were read, and so delivered too.
    Read,
}

/// Where the member's watermarks stand now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "OwnMarks")]
pub struct MarkAnswer {
    /// Everything up to here reached a device.
    #[schemars(with = "Count")]
    pub delivered_seq: i64,
    /// Everything up to here was read.
    #[schemars(with = "Count")]
    pub read_seq: i64,
    /// How many messages of the other side were not read.
    #[schemars(with = "Count")]
    pub unread_count: i64,
}

/// The data of `message.read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct MarksRaised {
    /// The member.
    user_id: UserId,
    /// Everything up to here reached a device of the member.
    #[schemars(with = "Count")]
    delivered_seq: i64,
    /// Everything up to here was read. Null when it is hidden.
    #[schemars(with = "Option<Count>")]
    read_seq: Option<i64>,
}

impl MarkAnswer {
    fn of(row: &ConversationRow, side: Side) -> Self {
        let marks = marks_of(row, side);
        let unread_count = ConversationItem::of(row, side).unread_count;
        Self { delivered_seq: marks.delivered_seq, read_seq: marks.read_seq, unread_count }
    }
}

const fn marks_of(row: &ConversationRow, side: Side) -> Marks {
    match side {
        Side::Student => row.student_marks,
        Side::Counsellor => row.counsellor_marks,
    }
}

/// Raises a watermark of the principal to `seq`, or to the newest message if that is lower. A
/// watermark that is higher already stays.
pub async fn mark(context: &Context, principal: &Principal, id: ConversationId, mark: Mark, seq: i64) -> ServiceResult<MarkAnswer> {
    let who = member(principal)?;
    if seq < 0 {
        return Err(FieldError::new("seq", "unknown_value", "0 or above").into());
    }
    let before = find_own(context, who, id).await?;
    let (seq, old) = (seq.min(before.last_seq), marks_of(&before, who.side));
    let new = Marks {
        delivered_seq: seq.max(old.delivered_seq),
        read_seq: if mark == Mark::Read { seq.max(old.read_seq) } else { old.read_seq },
    };
    if new == old {
        return Ok(MarkAnswer::of(&before, who.side));
    }
    retry_contention(async || Ok(context.store.raise_marks(id, who.user_id, new).await?)).await?;
    let after = find_own(context, who, id).await?;
    publish_marks(context, who, &after, old);
    Ok(MarkAnswer::of(&after, who.side))
}

/// Publishes the new watermarks to the other side, and the unread count to the member's own
/// devices. If the student hides read receipts, neither the read mark nor the moment of reading is
/// published.
fn publish_marks(context: &Context, who: Participant, row: &ConversationRow, before: Marks) {
    let marks = marks_of(row, who.side);
    let is_hidden = who.side == Side::Student && row.hides_read_receipts;
    if !is_hidden || marks.delivered_seq > before.delivered_seq {
        let read_seq = (!is_hidden).then_some(marks.read_seq);
        let data = json!(MarksRaised { user_id: who.user_id, delivered_seq: marks.delivered_seq, read_seq });
        context.announce.queue_event(&ChannelName::conversation(row.id), DeskEvent::MessageRead, data);
    }
    if marks.read_seq > before.read_seq {
        publish_to_side(context, Change::Read, row, who.side);
    }
}
