//! Owns the durable events and notices that warnings send to staff. Called by the other files of
//! this module. Must not carry what the student wrote.

use super::view::AlertItem;
use crate::{
    backends::{
        BackendError, BackendResult,
        store::{LogEntry, Tx},
    },
    domain::{
        ids::{AlertId, LogId},
        live::audience::Audience,
        notices::kind::{NewNotice, NoticeKind},
        principal::Role,
    },
    services::notices::append_notice,
    wire::desk_event::DeskEvent,
};
use serde_json::{Value, json};

/// The audiences that may see warnings.
pub(super) const STAFF: [Audience; 2] = [Audience::Role(Role::Counsellor), Audience::Role(Role::Admin)];

/// A change of a warning, as events name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AlertChange {
    Concern,
    Raised,
    Repeated,
    Escalated,
    Acknowledged,
    Chat,
}

impl AlertChange {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Concern => "concern",
            Self::Raised => "raised",
            Self::Repeated => "repeated",
            Self::Escalated => "escalated",
            Self::Acknowledged => "acknowledged",
            Self::Chat => "chat",
        }
    }
}

/// Notifies these audiences of a risk: an event that rings, and a notice that stays.
pub(super) async fn append_raised(tx: &mut Tx, id: AlertId, audiences: &[Audience], now_ms: i64) -> BackendResult<()> {
    let data = json!({ "alert": item(tx, id).await? }).to_string();
    for audience in audiences {
        append(tx, *audience, DeskEvent::RiskRaised, data.clone(), now_ms).await?;
        let kind = NoticeKind::RiskRaised { alert_id: id.to_string() };
        append_notice(tx, &NewNotice { audience: *audience, kind }, now_ms).await?;
    }
    Ok(())
}

/// Writes the event that updates the lists of all staff.
pub(super) async fn append_changed(tx: &mut Tx, change: AlertChange, id: AlertId, now_ms: i64) -> BackendResult<()> {
    let data = json!({ "change": change.as_str(), "alert": item(tx, id).await? }).to_string();
    for audience in STAFF {
        append(tx, audience, DeskEvent::RiskChanged, data.clone(), now_ms).await?;
    }
    Ok(())
}

async fn append(tx: &mut Tx, audience: Audience, event: DeskEvent, data: String, now_ms: i64) -> BackendResult<()> {
    tx.append_log(&LogEntry { id: LogId::generate(), audience, event: event.name().to_owned(), data, created_at_ms: now_ms }).await
}

/// Returns the warning as events carry it: as in lists, without the student's words.
async fn item(tx: &mut Tx, id: AlertId) -> BackendResult<Value> {
    let row = tx.find_alert(id).await?.ok_or(BackendError::Internal("a warning that was just written is gone"))?;
    let mut item = json!(AlertItem::without_words(&row));
    if let Some(fields) = item.as_object_mut() {
        fields.remove("excerpt");
    }
    Ok(item)
}
