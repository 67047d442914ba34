//! Owns the durable events and notices that warnings send to staff. Called by the other files of
//! this module. Must not carry what the student wrote.

use super::view::AlertNews;
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
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

/// The audiences that may see warnings.
pub(super) const STAFF: [Audience; 2] = [Audience::Role(Role::Counsellor), Audience::Role(Role::Admin)];

/// A change of a warning, as events name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum AlertChange {
    /// It is new, of level 2.
    Concern,
    /// It is new, of level 3.
    Raised,
    /// It was raised again while it was open.
    Repeated,
    /// Nobody took it up in time: everybody is called.
    Escalated,
    /// Somebody took it up.
    Acknowledged,
    /// Somebody opened a conversation about it.
    Chat,
}

/// The data of `risk.raised`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RiskRaised {
    /// The warning.
    pub alert: AlertNews,
}

/// The data of `risk.changed`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RiskChanged {
    /// What became of it.
    pub change: AlertChange,
    /// As it is now.
    pub alert: AlertNews,
}

/// Notifies these audiences of a risk: an event that rings, and a notice that stays.
pub(super) async fn append_raised(tx: &mut Tx, id: AlertId, audiences: &[Audience], now_ms: i64) -> BackendResult<()> {
    let data = json!(RiskRaised { alert: item(tx, id).await? }).to_string();
    for audience in audiences {
        append(tx, *audience, DeskEvent::RiskRaised, data.clone(), now_ms).await?;
        let kind = NoticeKind::RiskRaised { alert_id: id.to_string() };
        append_notice(tx, &NewNotice { audience: *audience, kind }, now_ms).await?;
    }
    Ok(())
}

/// Writes the event that updates the lists of all staff.
pub(super) async fn append_changed(tx: &mut Tx, change: AlertChange, id: AlertId, now_ms: i64) -> BackendResult<()> {
    let data = json!(RiskChanged { change, alert: item(tx, id).await? }).to_string();
    for audience in STAFF {
        append(tx, audience, DeskEvent::RiskChanged, data.clone(), now_ms).await?;
    }
    Ok(())
}

async fn append(tx: &mut Tx, audience: Audience, event: DeskEvent, data: String, now_ms: i64) -> BackendResult<()> {
    tx.append_log(&LogEntry { id: LogId::generate(), audience, event: event.name().to_owned(), data, created_at_ms: now_ms }).await
}

/// Returns the warning as events carry it: as in lists, without the student's words.
async fn item(tx: &mut Tx, id: AlertId) -> BackendResult<AlertNews> {
    let row = tx.find_alert(id).await?.ok_or(BackendError::Internal("a warning that was just written is gone"))?;
    Ok(AlertNews::from(&row))
}
